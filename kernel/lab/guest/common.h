/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * common.h - what the lab's systems and loads have in common
 *
 * Each prints "ready" when it does its work, and after SIGINT or SIGTERM one line
 * "served N" or "count N": the agent compares that with what the device saw.
 */
#ifndef HWIRQ_LAB_COMMON_H
#define HWIRQ_LAB_COMMON_H

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t stop;

static inline void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

/* Signals interrupt system calls: no SA_RESTART. */
static inline void stop_on_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

static inline void ready(void)
{
	puts("ready");
	fflush(stdout);
}

static inline int failed(const char *what, int err)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(abs(err)));
	return EXIT_FAILURE;
}

/* 0 or -errno */
static inline int mac_of(const char *dev, unsigned char *mac)
{
	struct ifreq req = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), err = 0;

	if (fd < 0)
		return -errno;
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", dev);
	if (ioctl(fd, SIOCGIFHWADDR, &req))
		err = -errno;
	else
		memcpy(mac, req.ifr_hwaddr.sa_data, 6);
	close(fd);
	return err;
}

#endif
