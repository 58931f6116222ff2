// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * lease.c - an application whose heartbeats are answered while it works
 *
 * Renewal belongs to the place that proves progress: here the end of each round of
 * the main loop. Do not move it to a thread of its own, which would outlive the work.
 */
#include <inttypes.h>
#include <signal.h>
#include <time.h>

#include <hwirq_user.h>

#include "lease.skel.h"

enum { EXIT_USAGE = 2 };

static volatile sig_atomic_t stop, hang;

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		hang = !hang;
	else
		stop = 1;
}

static __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (__u64)ts.tv_sec * 1000000000 + (__u64)ts.tv_nsec;
}

/* The program with a lease that begins now, when the work is known to be done. */
static struct lease_bpf *load(unsigned short port, __u64 lease_ns)
{
	__u64 expires = now_ns() + lease_ns;	/* before loading, which takes its time */
	struct lease_bpf *skel = lease_bpf__open();

	if (!skel)
		return NULL;
	skel->rodata->port = port;
	skel->rodata->expires = expires;
	if (hwirq_object__load_skeleton(skel->skeleton)) {
		lease_bpf__destroy(skel);
		return NULL;
	}
	return skel;
}

/* On failure the lease simply runs out. */
static int renew(struct hwirq_link *link, struct lease_bpf **skel, unsigned short port,
		 __u64 lease_ns)
{
	struct lease_bpf *next = load(port, lease_ns);

	if (!next)
		return -EAGAIN;
	if (hwirq_link__update(link, next->progs.lease)) {
		lease_bpf__destroy(next);
		return -EAGAIN;
	}
	lease_bpf__destroy(*skel);
	*skel = next;
	return 0;
}

/* What the application is there for. SIGUSR1 makes it hang, and go on again. */
static void work(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
	while (hang && !stop)
		nanosleep(&ts, NULL);
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
	struct hwirq_link *link = NULL;
	unsigned long renewals = 0;
	struct lease_bpf *skel;
	unsigned short port;
	long lease_ms;
	int ifindex;

	if (argc != 4 || !(port = parse_port(argv[2])) ||
	    (lease_ms = strtol(argv[3], NULL, 10)) < 30) {
		fputs("Usage: lease DEV PORT LEASE_MS\n"
		      "Work, and have heartbeats to a UDP port answered meanwhile. LEASE_MS is\n"
		      "at least 30; it is renewed three times as often.\n", stderr);
		return EXIT_USAGE;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);

	ifindex = hwirq_ifindex(argv[1]);
	if (ifindex < 0 || hwirq_register())
		return EXIT_FAILURE;
	skel = load(port, (__u64)lease_ms * 1000000);
	if (!skel || hwirq_program__attach(skel->progs.lease, ifindex, HWIRQ_ALL_QUEUES, &link)) {
		lease_bpf__destroy(skel);
		return EXIT_FAILURE;
	}
	printf("alive\n");
	while (!stop) {
		work(lease_ms / 3);
		if (!stop && !hang && !renew(link, &skel, port, (__u64)lease_ms * 1000000))
			renewals++;
	}
	printf("%lu renewals\n", renewals);
	hwirq_link__destroy(link);
	lease_bpf__destroy(skel);
	return EXIT_SUCCESS;
}
