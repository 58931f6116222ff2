// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* ring.c - ring dump: take the records out of the rings that load has kept */
#include <glob.h>
#include <inttypes.h>

#include "command.h"

/* Whether it has reached stdout. */
static bool print_record(const struct common *c, const struct hwirq_record *rec)
{
	const unsigned char *data = (const unsigned char *)rec->data;
	struct json_object *json;
	char *hex;
	size_t i;

	hex = malloc(2 * rec->size + 1);
	if (!hex) {
		hwirq__no_memory();
		return false;
	}
	hex[0] = '\0';
	for (i = 0; i < rec->size; i++)
		snprintf(hex + 2 * i, 3, "%02x", data[i]);
	if (c->json) {
		json = json_object_new_object();
		add_queue(json, rec->queue);
		add_number(json, "seq", rec->seq);
		add_number(json, "lost", rec->lost);
		add_number(json, "size", rec->size);
		add_string(json, "data", hex);
		print_json(json);
	} else {
		printf("queue %d, record %" PRIu64 ", %" PRIu64 " lost before it, %zu bytes: %s\n",
		       rec->queue, (uint64_t)rec->seq, (uint64_t)rec->lost, rec->size, hex);
		fflush(stdout);
	}
	free(hex);
	return !ferror(stdout);
}

/* Until there is no more, or for ever, or so many. */
static int dump(const struct common *c, struct hwirq_ring *ring)
{
	const struct hwirq_record *rec;
	long n = 0;
	int got;

	while (!c->count || n < c->count) {
		got = hwirq_ring__next(ring, &rec);
		if (got < 0)
			return EXIT_REFUSED;
		if (got) {
			if (!print_record(c, rec)) {
				ring->held = 0;	/* it stays for the next one who asks */
				return EXIT_REFUSED;
			}
			n++;
			continue;
		}
		if (!c->follow)
			break;
		got = hwirq_ring__wait(ring, -1);
		if (got < 0 && got != -EINTR)
			return EXIT_REFUSED;
	}
	return 0;
}

/* Of all queues, or of one: the file's name tells which. */
static int add_rings(const struct common *c, int ifindex, struct hwirq_ring *ring)
{
	char pattern[PATH_MAX];
	int fd, queue, n = 0;
	glob_t found;
	size_t i;

	snprintf(pattern, sizeof(pattern), BPFFS "/hwirq_%d_q*_ring_*", ifindex);
	if (glob(pattern, 0, NULL, &found))
		return 0;
	for (i = 0; n >= 0 && i < found.gl_pathc; i++) {
		if (sscanf(found.gl_pathv[i], BPFFS "/hwirq_%*d_q%d_ring_", &queue) != 1 ||
		    (c->queue != HWIRQ_ALL_QUEUES && queue != c->queue))
			continue;
		fd = bpf_obj_get(found.gl_pathv[i]);
		if (fd < 0)
			fprintf(stderr, "hwirq: cannot open the ring %s: %s. Run it as root\n",
				found.gl_pathv[i], strerror(errno));
		if (fd < 0 || hwirq__ring_add(ring, fd, queue, NULL, NULL))
			n = -1;
		else
			n++;
	}
	globfree(&found);
	return n;
}

int do_ring_dump(int argc, char **argv)
{
	static const struct argp_option options[] = {
		OPTION_DEV, OPTION_QUEUE, OPTION_JSON,
		OPTION_COUNT("End after N records"),
		{ "follow", 'f', NULL, 0, "Wait for more (default: end when there are none)", 0 },
		{ 0 },
	};
	struct common c = { .queue = HWIRQ_ALL_QUEUES };
	struct hwirq_ring *ring;
	int ifindex, n, status = EXIT_REFUSED;

	parse(argc, argv, options, NULL,
	      "Print the records of the rings of a program that load has attached, and give their "
	      "room back: a record is printed once. A ring has one reader at a time.",
	      false, true, &c);
	ifindex = hwirq_ifindex(c.dev);
	if (ifindex < 0 || need_bpffs())
		return EXIT_REFUSED;
	ring = hwirq__ring_set();
	if (!ring)
		return EXIT_REFUSED;
	n = add_rings(&c, ifindex, ring);
	if (n > 0)
		status = dump(&c, ring);
	else if (!n)
		fprintf(stderr, "hwirq: 'hwirq load' keeps no ring for %s; the program must have one (HWIRQ_RING)\n",
			c.dev);
	hwirq_ring__free(ring);
	return status;
}
