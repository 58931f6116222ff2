// SPDX-License-Identifier: GPL-2.0-only
/*
 * lab-churn DIR - timers and RCU callbacks
 *
 * Threads that wait for a datagram with a time-out of one tick: their timers are of
 * the timer wheel and expire together, in TIMER_SOFTIRQ. The main thread creates and
 * removes files, pipes and sockets, whose inodes are freed by RCU callbacks.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/time.h>

#include "common.h"

#define THREADS 64
#define BATCH 64	/* objects alive at a time */

static uint64_t timeouts[THREADS];

static void *wait_for_nothing(void *arg)
{
	struct timeval tick = { .tv_usec = 1000 };
	uint64_t *count = (uint64_t *)arg;
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char byte;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof(tick)))
		exit(failed("socket", errno));
	while (!stop)
		if (recv(fd, &byte, 1, 0) < 0 && errno == EAGAIN)
			__atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
	close(fd);
	return NULL;
}

/* Inodes made and given up, or -errno */
static int batch(const char *dir)
{
	int fds[BATCH], ends[2], i, inodes = 0;
	char path[128];

	for (i = 0; i < BATCH; i++) {
		snprintf(path, sizeof(path), "%s/churn-%d", dir, i);
		fds[i] = open(path, O_CREAT | O_EXCL | O_RDWR, 0600);
		if (fds[i] < 0)
			return -errno;
		if (unlink(path))
			return -errno;
	}
	for (i = 0; i < BATCH; i++)
		inodes += !close(fds[i]);
	for (i = 0; i < BATCH; i++) {
		if (pipe(ends))
			return -errno;
		close(ends[0]);
		close(ends[1]);
		inodes++;
	}
	return inodes;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	uint64_t expired = 0, inodes = 0;
	int i, n;

	if (argc != 2) {
		fputs("usage: lab-churn DIR\n", stderr);
		return 2;
	}
	stop_on_signals();
	for (i = 0; i < THREADS; i++) {
		n = pthread_create(&threads[i], NULL, wait_for_nothing, &timeouts[i]);
		if (n)
			return failed("thread", n);
	}
	ready();
	while (!stop) {
		n = batch(argv[1]);
		if (n < 0)
			return failed(argv[1], n);
		inodes += (uint64_t)n;
		usleep(500);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		expired += timeouts[i];
	}
	printf("count %" PRIu64 "\ntimeouts %" PRIu64 "\ninodes %" PRIu64 "\n", expired + inodes,
	       expired, inodes);
	return EXIT_SUCCESS;
}
