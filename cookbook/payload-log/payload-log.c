// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * payload-log.c - write the records of payload-log.bpf.c to a pcap-ng file
 *
 * pcapng.c is that of templates/payload-logger.
 */
#include <signal.h>
#include <time.h>

#include <hwirq_user.h>

#include "payload-log.h"
#include "payload-log.skel.h"
#include "pcapng.h"

enum { EXIT_USAGE = 2 };

struct log {
	FILE *file;
	struct hwirq_ring *ring;
	uint64_t offset;	/* from CLOCK_MONOTONIC to 1970, ns */
	uint64_t received;
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int on_record(void *ctx, void *data, size_t size)
{
	const struct log_record *rec = data;
	const struct hwirq_record *meta;
	struct log *log = ctx;
	struct pcapng_packet packet;

	if (size < sizeof(*rec))
		return -EPROTO;
	meta = hwirq_ring__record(log->ring);
	packet = (struct pcapng_packet){
		.time = rec->timestamp + log->offset,
		.data = rec->data,
		.captured = rec->captured,
		.length = rec->length,
		.lost = meta->lost,
		.queue = (uint32_t)meta->queue,
	};
	log->received++;
	return pcapng_packet(log->file, &packet);
}

static int capture(struct hwirq_queues *qs, struct log *log)
{
	int err;

	do
		err = hwirq_ring__poll(log->ring, 200);
	while (!stop && (err >= 0 || err == -EINTR));
	/* what was recorded before the end belongs into the file, too */
	hwirq_queues__detach(qs);
	if (err >= 0 || err == -EINTR)
		err = hwirq_ring__consume(log->ring);
	if (err >= 0)
		err = pcapng_end(log->file, clock_ns(CLOCK_REALTIME), log->received,
				 hwirq_ring__dropped(log->ring));
	return err < 0 ? err : 0;
}

static int open_queues(const char *dev, unsigned short port, struct log *log,
		       struct hwirq_queues **qs)
{
	struct payload_log_bpf__rodata *config;
	int err, ifindex = hwirq_ifindex(dev);
	unsigned int i;
	size_t size;
	const void *elf = payload_log_bpf__elf_bytes(&size);

	if (ifindex < 0)
		return ifindex;
	err = hwirq_queues__open_mem(elf, size, NULL, ifindex, HWIRQ_ALL_QUEUES, qs);
	for (i = 0; !err && i < hwirq_queues__count(*qs); i++) {
		config = hwirq_queues__rodata(*qs, i, sizeof(*config));
		if (!config)
			return -EPROTO;
		config->port = port;
	}
	if (!err)
		err = hwirq_queues__attach(*qs, NULL, NULL, on_record, log);
	if (!err)
		log->ring = hwirq_queues__ring(*qs);
	return err;
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
	struct log log = { 0 };
	unsigned short port;
	int err;

	if (argc != 4 || !(port = parse_port(argv[2]))) {
		fputs("Usage: payload-log DEV PORT FILE\n"
		      "Record datagrams to a UDP port into a pcap-ng file until Ctrl-C.\n",
		      stderr);
		return EXIT_USAGE;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	log.offset = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	log.file = fopen(argv[3], "we");
	if (!log.file) {
		fprintf(stderr, "payload-log: cannot create %s: %s\n", argv[3], strerror(errno));
		return EXIT_FAILURE;
	}
	err = pcapng_begin(log.file, argv[1], LOG_BYTES);
	if (!err)
		err = open_queues(argv[1], port, &log, &qs);
	if (!err) {
		printf("recording\n");
		err = capture(qs, &log);
	}
	hwirq_queues__free(qs);
	if (fclose(log.file) && !err)
		err = -errno;
	if (err)
		fprintf(stderr, "payload-log: %s\n", strerror(-err));
	else
		printf("%llu records\n", (unsigned long long)log.received);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
