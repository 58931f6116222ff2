// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * rate-limit.c - hand out tokens to rate-limit.bpf.c, so many a second
 *
 * The program fills a ring and stops answering when it is full. This process, its
 * consumer, makes room at the rate that is allowed. The room is the burst.
 */
#include <inttypes.h>
#include <signal.h>
#include <time.h>

#include <hwirq_user.h>

#include "rate-limit.skel.h"

enum { EXIT_USAGE = 2, RING_BYTES = 4096, HEADER_BYTES = 16, TICK_NS = 10000000 };

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int on_token(void *ctx, void *data, size_t size)
{
	(void)data;
	(void)size;
	++*(uint64_t *)ctx;
	return 0;
}

/*
 * As many tokens as the time that went by is worth; what is left over counts for the
 * next time. A ring that is empty takes none, so they do not pile up beyond a burst.
 */
static int hand_out(struct hwirq_ring *ring, double rate)
{
	struct timespec tick = { .tv_nsec = TICK_NS };
	uint64_t last = now_ns(), now;
	double owed = 0;
	int err = 0;

	while (!stop && err >= 0) {
		nanosleep(&tick, NULL);
		now = now_ns();
		owed += (double)(now - last) * rate / 1e9;
		last = now;
		err = owed >= 1 ? hwirq_ring__consume_n(ring, (size_t)owed) : 0;
		owed -= (double)(uint64_t)owed;
	}
	return err < 0 ? err : 0;
}

static int open_queues(const char *dev, unsigned short port, unsigned long burst, uint64_t *count,
		       struct hwirq_queues **qs)
{
	int err, ifindex = hwirq_ifindex(dev);
	struct rate_limit_bpf__rodata *config;
	unsigned int i;
	size_t size;
	const void *elf = rate_limit_bpf__elf_bytes(&size);

	if (ifindex < 0)
		return ifindex;
	err = hwirq_queues__open_mem(elf, size, NULL, ifindex, HWIRQ_ALL_QUEUES, qs);
	for (i = 0; !err && i < hwirq_queues__count(*qs); i++) {
		config = hwirq_queues__rodata(*qs, i, sizeof(*config));
		if (!config)
			return -EPROTO;
		config->port = port;
		config->token_bytes = (RING_BYTES / (unsigned int)burst & ~7U) - HEADER_BYTES;
	}
	return err ? err : hwirq_queues__attach(*qs, NULL, NULL, on_token, count);
}

/* 0 if it is none. */
static unsigned short parse_port(const char *text)
{
	char *end;
	long port = strtol(text, &end, 10);

	return *end || port < 1 || port > 65535 ? 0 : (unsigned short)port;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct hwirq_queues *qs = NULL;
	unsigned short port = 0;
	unsigned long burst = 0;
	struct hwirq_stats stats;
	uint64_t answered = 0;
	double rate = 0;
	int err;

	if (argc == 5) {
		port = parse_port(argv[2]);
		rate = strtod(argv[3], NULL);
		burst = strtoul(argv[4], NULL, 10);
	}
	if (!port || !(rate > 0) || burst < 1 || burst > RING_BYTES / (HEADER_BYTES + 8)) {
		fprintf(stderr,
			"Usage: rate-limit DEV PORT RATE BURST\n"
			"Answer at most RATE datagrams a second on each receive queue, and BURST at\n"
			"once, 1 to %d.\n", RING_BYTES / (HEADER_BYTES + 8));
		return EXIT_USAGE;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	err = open_queues(argv[1], port, burst, &answered, &qs);
	if (!err) {
		printf("limiting\n");
		err = hand_out(hwirq_queues__ring(qs), rate);
	}
	if (!err)
		err = hwirq_queues__stats(qs, &stats);
	if (!err)
		printf("%" PRIu64 " answered, %" PRIu64 " above the limit\n", (uint64_t)stats.tx,
		       (uint64_t)stats.drop);
	hwirq_queues__free(qs);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
