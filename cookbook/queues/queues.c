// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* queues.c - count the events of queues.bpf.c by receive queue */
#include <inttypes.h>
#include <signal.h>

#include <hwirq_user.h>

#include "queues.skel.h"

enum { EXIT_USAGE = 2 };

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

/* All there is, ring by ring; each record says from which queue it is. */
static int take(struct hwirq_ring *ring, uint64_t *events)
{
	const struct hwirq_record *rec;
	int err;

	while ((err = hwirq_ring__next(ring, &rec)) > 0)
		events[rec->queue]++;
	return err;
}

static int run(struct hwirq_queues *qs)
{
	struct hwirq_ring *ring;
	uint64_t *events;
	unsigned int i;
	int err;

	err = hwirq_queues__attach(qs, NULL, NULL, NULL, NULL);
	if (err)
		return err;
	events = calloc(hwirq_queues__count(qs), sizeof(*events));
	if (!events)
		return -ENOMEM;
	ring = hwirq_queues__ring(qs);
	printf("%u queues\n", hwirq_queues__count(qs));
	do
		err = take(ring, events);
	while (!err && !stop && hwirq_ring__wait(ring, 200) != -EPROTO);
	hwirq_queues__detach(qs);
	if (!err)
		err = take(ring, events);
	for (i = 0; i < hwirq_queues__count(qs); i++)
		printf("queue %u: %" PRIu64 " events\n", i, events[i]);
	printf("%llu lost\n", (unsigned long long)hwirq_ring__dropped(ring));
	free(events);
	return err;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct hwirq_queues *qs = NULL;
	int err, ifindex;
	size_t size;
	const void *elf = queues_bpf__elf_bytes(&size);

	if (argc != 2) {
		fputs("Usage: queues DEV\nCount frames by receive queue until Ctrl-C.\n", stderr);
		return EXIT_USAGE;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	ifindex = hwirq_ifindex(argv[1]);
	if (ifindex < 0)
		return EXIT_FAILURE;
	err = hwirq_queues__open_mem(elf, size, NULL, ifindex, HWIRQ_ALL_QUEUES, &qs);
	if (!err)
		err = run(qs);
	hwirq_queues__free(qs);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
