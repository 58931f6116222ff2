// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* attachments.c - status and stats: the kernel's links, whoever holds them */
#include <inttypes.h>
#include <time.h>

#include "command.h"

/* What the kernel has counted since attach. */
struct counters {
	struct hwirq_stats stats;
	struct hwirq_histogram times;
	bool has_times;
};

static uint32_t link_id(int fd)
{
	struct bpf_link_info info;
	__u32 len = sizeof(info);

	memset(&info, 0, sizeof(info));
	return bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

/* Is this link what is pinned under our name for its queue? */
static void find_pin(struct attachment *a)
{
	char path[PATH_MAX];
	int fd;

	pin_path(path, sizeof(path), a->ifindex, a->queue, NULL);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return;
	if (link_id(fd) == a->id)
		snprintf(a->pin, sizeof(a->pin), "%s", path);
	close(fd);
}

static void describe_program(struct attachment *a)
{
	struct bpf_prog_info info;
	__u32 len = sizeof(info);
	char buf[32];
	int fd;

	fd = bpf_prog_get_fd_by_id(a->program_id);
	if (fd < 0)
		return;
	memset(&info, 0, sizeof(info));
	if (!bpf_obj_get_info_by_fd(fd, &info, &len))
		snprintf(a->program, sizeof(a->program), "%s", info.name);
	if (!hwirq__fdinfo(fd, "hwirq_max_path_cost", buf, sizeof(buf)))
		a->path_cost = (unsigned int)strtoul(buf, NULL, 10);
	close(fd);
}

/* False if it is a link of another type. */
static bool describe(int fd, struct attachment *a)
{
	struct bpf_link_info info;
	__u32 len = sizeof(info);
	char buf[32];

	memset(a, 0, sizeof(*a));
	memset(&info, 0, sizeof(info));
	if (bpf_obj_get_info_by_fd(fd, &info, &len) ||
	    (unsigned int)info.type != BPF_LINK_TYPE_HWIRQ)
		return false;
	a->fd = fd;
	a->id = info.id;
	a->program_id = info.prog_id;
	if (!hwirq__fdinfo(fd, "ifindex", buf, sizeof(buf)))
		a->ifindex = atoi(buf);
	a->queue = HWIRQ_ALL_QUEUES;
	if (!hwirq__fdinfo(fd, "queue", buf, sizeof(buf)) && strcmp(buf, "all"))
		a->queue = atoi(buf);
	if (a->ifindex)
		hwirq__ifname(a->ifindex, a->ifname);
	else
		snprintf(a->ifname, sizeof(a->ifname), "(gone)");
	describe_program(a);
	find_pin(a);
	return true;
}

int attachments_get(int ifindex, int queue, struct attachment **list, size_t *count)
{
	struct attachment a, *grown;
	__u32 id = 0;
	int fd, err;

	*list = NULL;
	*count = 0;
	for (;;) {
		err = bpf_link_get_next_id(id, &id) ? -errno : 0;
		if (err)
			break;
		fd = bpf_link_get_fd_by_id(id);
		if (fd < 0)
			continue;	/* ended in the meantime */
		if (!describe(fd, &a) || (ifindex && a.ifindex != ifindex) ||
		    (queue != HWIRQ_ALL_QUEUES && a.queue != HWIRQ_ALL_QUEUES &&
		     a.queue != queue)) {
			close(fd);
			continue;
		}
		grown = realloc(*list, (*count + 1) * sizeof(**list));
		if (!grown) {
			close(fd);
			return hwirq__no_memory();
		}
		*list = grown;
		grown[(*count)++] = a;
	}
	if (err == -ENOENT)
		return 0;
	if (err == -EPERM)
		fprintf(stderr, "hwirq: cannot list the kernel's links: this needs CAP_SYS_ADMIN. Run it as root\n");
	else
		fprintf(stderr, "hwirq: cannot list the kernel's links: %s\n", strerror(-err));
	return err;
}

void attachments_free(struct attachment *list, size_t count)
{
	while (count--)
		close(list[count].fd);
	free(list);
}

static int attachment_counters(const struct attachment *a, struct counters *c)
{
	struct hwirq_link link = { .fd = a->fd, .ifindex = a->ifindex, .queue = a->queue };
	int err;

	memcpy(link.ifname, a->ifname, sizeof(link.ifname));
	err = hwirq_link__stats(&link, &c->stats);
	if (err)
		return err;
	err = hwirq_link__histogram(&link, &c->times);
	c->has_times = !err;
	return err == -ENODATA ? 0 : err;
}

static struct json_object *attachment_json(const struct attachment *a)
{
	struct json_object *json = json_object_new_object();

	add_string(json, "dev", a->ifname);
	add_number(json, "ifindex", (uint64_t)a->ifindex);
	add_queue(json, a->queue);
	add_number(json, "link", a->id);
	add_string(json, "program", a->program);
	add_number(json, "program_id", a->program_id);
	add_number(json, "path_cost", a->path_cost);
	add_string(json, "pin", a->pin[0] ? a->pin : NULL);
	return json;
}

/* 0 or an exit status. An empty @dev stands for all. */
static int select_links(const struct common *c, struct attachment **list, size_t *count)
{
	int ifindex = 0;

	*list = NULL;
	*count = 0;
	if (c->dev) {
		ifindex = hwirq_ifindex(c->dev);
		if (ifindex < 0)
			return EXIT_REFUSED;
	}
	return attachments_get(ifindex, c->queue, list, count) ? EXIT_REFUSED : 0;
}

int do_status(int argc, char **argv)
{
	static const struct argp_option options[] = {
		OPTION_DEV, OPTION_QUEUE, OPTION_JSON, { 0 },
	};
	struct common c = { .queue = HWIRQ_ALL_QUEUES };
	struct json_object *all;
	struct attachment *list;
	char driver[64], queue[32];
	size_t count, i;
	int status;

	parse(argc, argv, options, NULL, "What is attached where, and who keeps it.",
	      false, false, &c);
	status = select_links(&c, &list, &count);
	if (status)
		return status;
	if (c.json) {
		all = json_object_new_array();
		for (i = 0; i < count; i++)
			json_object_array_add(all, attachment_json(&list[i]));
		print_json(all);
	} else if (!count) {
		printf("no hard-IRQ program is attached%s%s\n", c.dev ? " to " : "",
		       c.dev ? c.dev : "");
	} else {
		printf("%-16s %-12s %-5s %6s %-16s %9s  %s\n", "DEV", "DRIVER", "QUEUE", "LINK",
		       "PROGRAM", "PATH COST", "KEPT BY");
		for (i = 0; i < count; i++)
			printf("%-16s %-12s %-5s %6u %-16s %9u  %s\n", list[i].ifname,
			       hwirq_ifdriver(list[i].ifindex, driver, sizeof(driver)),
			       queue_name(list[i].queue, queue, sizeof(queue)), list[i].id,
			       list[i].program, list[i].path_cost,
			       list[i].pin[0] ? list[i].pin : "a process");
	}
	attachments_free(list, count);
	return 0;
}

/* Links come and go between two looks: the one before is found by its number. */
struct look {
	double when;		/* seconds */
	size_t count;
	struct attachment *list;
	struct counters *counters;
};

static void look_free(struct look *l)
{
	attachments_free(l->list, l->count);
	free(l->counters);
	memset(l, 0, sizeof(*l));
}

static int look(const struct common *c, struct look *l)
{
	struct timespec ts;
	size_t i, kept = 0;
	int status;

	status = select_links(c, &l->list, &l->count);
	l->counters = calloc(l->count + 1, sizeof(*l->counters));
	if (!status && !l->counters) {
		hwirq__no_memory();
		status = EXIT_REFUSED;
	}
	if (status)
		return status;
	for (i = 0; i < l->count; i++) {
		/* A link whose device is gone has nothing to say. */
		if (l->list[i].ifindex && !attachment_counters(&l->list[i], &l->counters[kept]))
			l->list[kept++] = l->list[i];
		else
			close(l->list[i].fd);
	}
	l->count = kept;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	l->when = (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
	if (kept)
		return 0;
	fprintf(stderr, "hwirq: no hard-IRQ program is attached%s%s\n", c->dev ? " to " : "",
		c->dev ? c->dev : "");
	return EXIT_REFUSED;
}

static const struct counters *counters_before(const struct look *l, uint32_t id)
{
	static const struct counters none;
	size_t i;

	for (i = 0; i < l->count; i++)
		if (l->list[i].id == id)
			return &l->counters[i];
	return &none;
}

/* Percentiles of the handler's time, and their names. */
static const struct {
	unsigned int permille;
	const char *name, *json;
} percentiles[] = {
	{ 500, "p50", "p50_ns_of_handler" },
	{ 900, "p90", "p90_ns_of_handler" },
	{ 990, "p99", "p99_ns_of_handler" },
	{ 999, "p99.9", "p99_9_ns_of_handler" },
};

#define NR_PERCENTILES (sizeof(percentiles) / sizeof(percentiles[0]))

struct rates {
	double seconds;
	uint64_t packets, hardirq;
	double mean_ns;		/* of a packet in the handler; 0 without one */
	uint64_t runs;		/* of the handler, as far as the kernel tells */
	uint64_t ns[NR_PERCENTILES];
};

static struct rates rates_of(const struct counters *now, const struct counters *before,
			     double seconds)
{
	struct rates r = { .seconds = seconds };
	struct hwirq_histogram times = now->times;
	size_t i;

	r.packets = now->stats.packets - before->stats.packets;
	r.hardirq = now->stats.hardirq_packets - before->stats.hardirq_packets;
	if (r.hardirq)
		r.mean_ns = (double)(now->stats.ns_total - before->stats.ns_total) /
			    (double)r.hardirq;
	hwirq_histogram__subtract(&times, &before->times);
	r.runs = hwirq_histogram__runs(&times);
	for (i = 0; i < NR_PERCENTILES; i++)
		r.ns[i] = hwirq_histogram__quantile(&times, percentiles[i].permille);
	return r;
}

static void print_rates_json(const struct attachment *a, const struct counters *now,
			     const struct rates *r)
{
	struct json_object *json = attachment_json(a), *counters = json_object_new_object();
	size_t i;

	json_object_object_add(json, "seconds", json_object_new_double(r->seconds));
	json_object_object_add(json, "packets_per_second",
			       json_object_new_double((double)r->packets / r->seconds));
	json_object_object_add(json, "hardirq_share", r->packets ?
			       json_object_new_double((double)r->hardirq / (double)r->packets) :
			       NULL);
	json_object_object_add(json, "mean_ns_per_packet", r->hardirq ?
			       json_object_new_double(r->mean_ns) : NULL);
	for (i = 0; now->has_times && i < NR_PERCENTILES; i++)
		json_object_object_add(json, percentiles[i].json,
				       r->runs ? json_object_new_uint64(r->ns[i]) : NULL);
	add_number(json, "max_ns_of_handler", now->stats.ns_max);
#define FIELD(name) add_number(counters, #name, now->stats.name);
	HWIRQ_STATS(FIELD)
#undef FIELD
	json_object_object_add(json, "counters", counters);
	print_json(json);
}

static void print_rates(const struct attachment *a, const struct hwirq_stats *now,
			const struct hwirq_stats *before, const struct rates *r)
{
	char queue[32];
	size_t i;

	printf("%s queue %s: %.0f packets/s: %.0f tx, %.0f pass, %.0f drop, %.0f aborted",
	       a->ifname, queue_name(a->queue, queue, sizeof(queue)),
	       (double)r->packets / r->seconds,
	       (double)(now->tx - before->tx) / r->seconds,
	       (double)(now->pass - before->pass) / r->seconds,
	       (double)(now->drop - before->drop) / r->seconds,
	       (double)(now->aborted - before->aborted) / r->seconds);
	if (r->packets)
		printf("; %.1f %% in hard IRQ", 100.0 * (double)r->hardirq / (double)r->packets);
	if (r->hardirq)
		printf(", %.0f ns each", r->mean_ns);
	printf("; handler");
	for (i = 0; i < NR_PERCENTILES; i++) {
		if (r->runs)
			printf(" %s %" PRIu64 ",", percentiles[i].name, r->ns[i]);
		else
			printf(" %s -,", percentiles[i].name);
	}
	printf(" at most %" PRIu64 " ns, %" PRIu64 " packets since attach\n",
	       (uint64_t)now->ns_max, (uint64_t)now->packets);
}

static void report(const struct common *c, const struct look *now, const struct look *before)
{
	const struct counters *last;
	struct rates r;
	size_t i;

	for (i = 0; i < now->count; i++) {
		last = counters_before(before, now->list[i].id);
		r = rates_of(&now->counters[i], last, now->when - before->when);
		if (c->json)
			print_rates_json(&now->list[i], &now->counters[i], &r);
		else
			print_rates(&now->list[i], &now->counters[i].stats, &last->stats, &r);
	}
	fflush(stdout);
}

int do_stats(int argc, char **argv)
{
	static const struct argp_option options[] = {
		OPTION_DEV, OPTION_QUEUE, OPTION_JSON,
		{ "interval", 'i', "SEC", 0, "Seconds between reports (default: 1)", 0 },
		OPTION_COUNT("End after N reports (default: on Ctrl-C)"),
		{ 0 },
	};
	struct common c = { .queue = HWIRQ_ALL_QUEUES, .interval = 1 };
	struct look now = { 0 }, before = { 0 };
	struct timespec pause;
	int status;
	long n;

	parse(argc, argv, options, NULL,
	      "For each attached program: packets per second, its verdicts, the share that ran in "
	      "hard IRQ, mean time per packet and percentiles of the handler's runs in the "
	      "interval, and its longest run since attach, in ns. JSON has all counters since "
	      "attach as well.", false, false, &c);
	pause.tv_sec = (time_t)c.interval;
	pause.tv_nsec = (long)((c.interval - (double)pause.tv_sec) * 1e9);
	status = look(&c, &before);
	for (n = 0; !status && (!c.count || n < c.count); n++) {
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
		status = look(&c, &now);
		if (!status)
			report(&c, &now, &before);
		look_free(&before);
		before = now;
		memset(&now, 0, sizeof(now));
	}
	look_free(&before);
	return status;
}
