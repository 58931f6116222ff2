/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * harness.h - what the end-to-end cases are written in
 *
 * A case is a function; it runs once for each configuration that its mask
 * names, in a guest that was booted once for all cases of the configuration.
 * Any of these functions ends the case with a message when it fails.
 */
#ifndef HWIRQ_TESTS_HARNESS_H
#define HWIRQ_TESTS_HARNESS_H

#include "lab.h"

/* Configurations, as bits for a case's mask. */
enum {
	SMALL		= 1 << 0,	/* one buffer per frame */
	MERGEABLE	= 1 << 1,	/* large frames span buffers */
	MULTI		= 1 << 2,	/* tap, four queues, offloads */
	THREADED	= 1 << 3,	/* kernel parameter threadirqs */
	SHARED		= 1 << 4,	/* one interrupt vector for all queues */
	STOCK		= 1 << 5,	/* the distribution's kernel */
	NO_RESET	= 1 << 6,	/* no resetting of single queues */
	NO_OFFLOAD_CTRL	= 1 << 7,	/* offloads that cannot be turned off */
	NO_TX_NAPI	= 1 << 8,	/* kernel parameter virtio_net.napi_tx=0 */
	SIM		= 1 << 9,	/* hwirqsim in virtual time */
	SIM_SMP		= 1 << 10,	/* hwirqsim on two CPUs */
	IOMMU		= 1 << 11,	/* the device's memory is mapped by the DMA API */
	CONFIGS		= 12,
	ALL		= SMALL | MERGEABLE | MULTI,
	/* with the checkers in one of them: how the device is set up makes no difference */
	ALL_ONCE	= ALL | 1 << CONFIGS,
	/* about a program or user space: --once leaves it out, no line of the kernel is its own */
	USER		= 1 << (CONFIGS + 1),
	/* about queues that work at once: --once has it in multiqueue, too */
	QUEUES		= 1 << (CONFIGS + 2),
};

struct e2e_case {
	const char *name;
	void (*run)(void);
	unsigned int configs;
};

extern const struct e2e_case e2e_cases[];
extern const size_t nr_e2e_cases;
extern struct lab lab;
extern unsigned int lab_is;	/* the configuration's bit */

/* Milliseconds after which an answer counts as missing. */
#define ANSWER_MS	(3000 * lab.patience)

/* Run a command in the guest; its output. It must succeed. */
const char *guest(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same for a command that must fail. */
const char *guest_refuses(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Repeat a command for up to some seconds until it succeeds. */
void guest_until(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
long guest_number(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The guest's kernel log since the case began has a line that matches. */
void guest_log_has(const char *pattern);
/* verdict.bpf.c is refused; the kernel has to say why, in exactly these words. */
void refuses_attach(const char *error, const char *reason);

void send_frame(const struct frame *f);
/* A datagram of 80 bytes to a port of the guest */
void send_to_port(uint16_t port, uint16_t src_port, uint32_t seed);
/* The next frame to the client must be this one. */
void expect_frame(const struct frame *want);
void expect_no_frame(int ms);
/* The guest's stack answers a ping; frames before the answer are unexpected. */
void expect_ping(uint16_t seq, size_t payload);
/* UDP to a port of the guest: the stack answers "port unreachable". */
void expect_unreachable(uint16_t port);

/* Until the end of the case, programs may take all of a CPU. The guest's clock goes on while
 * a busy host does not let it run: time that a program did not take, but is charged for.
 */
void guest_unlimited(void);

/* One counter of a link, from its fdinfo. */
long stat_of(const char *text, const char *key);
/* All counters of a pinned link (a copy that lives until the next call). */
const char *link_stats(const char *pin);
/* The same once the program has met so many frames, or when that takes too long. */
const char *link_stats_when(const char *pin, long packets);

/* Up to two threads beside the case, each until it is stopped or the case has ended: *stop
 * is set, and it is waited for. What it works on has to outlive a case that fails.
 */
void background_start(void *(*run)(void *), void *arg, bool *stop);
void background_stop(bool *stop);

/* Datagrams of 100 bytes to a UDP port, by such a thread, at some 2,000 a second. Source
 * ports from 41000 on, one of 16; the IP id and the seed count them.
 */
struct traffic {
	bool stop;
	uint16_t port;
	uint32_t dst_ip;
	unsigned int sent;	/* once it is stopped: without what the wire dropped */
	unsigned long dropped;
	char error[256];
};

void traffic_start(struct traffic *t, uint16_t port, uint32_t dst_ip);
void traffic_stop(struct traffic *t);

void fail_case(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void skip_case(const char *reason) __attribute__((noreturn));

#define check(cond, fmt, ...) do {						\
	if (!(cond))								\
		fail_case("%s:%d: " fmt, __FILE__, __LINE__, ##__VA_ARGS__);	\
} while (0)

#endif
