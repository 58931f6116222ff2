/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lab.h - a guest under test: boot it, run commands in it, exchange frames
 *
 * The guest is started by scripts/boot. Commands go over a virtio-serial port,
 * frames over the wire of its first NIC: the Unix datagram sockets of QEMU's
 * "dgram" backend, or a packet socket on the tap device.
 *
 * Functions return 0 or more for success and -1 for failure; lab_error() says
 * what failed, in words.
 */
#ifndef HWIRQ_TESTS_LAB_H
#define HWIRQ_TESTS_LAB_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "frame.h"

struct lab_config {
	const char *name;
	const char *nic;	/* for scripts/boot --nic */
	int cpus;
	int mem;		/* MiB */
	int tap_queues;		/* 0: dgram */
	bool user_net;		/* --nic switch: pass frames to and from QEMU's user network */
	const char *append;	/* kernel command line */
	bool icount;		/* virtual time */
	bool one_thread;	/* for all emulated CPUs, see scripts/boot */
	bool hotplug;		/* the NIC can be unplugged, see lab_qmp() */
	bool qtest;		/* its rings can be taken over, see badnet.h */
};

struct wire_frame {
	struct wire_frame *next;
	struct frame frame;
};

struct wire {
	int fd;
	bool tap;
	int peer_fd;		/* QEMU's user network, if frames are switched to it */
	char guest_path[108], peer_path[108];
	pthread_t receiver;
	pthread_mutex_t lock;
	pthread_cond_t arrived;
	struct wire_frame *first, **last;
	bool running;
	unsigned long sent, received;
};

struct lab {
	const struct lab_config *config;
	const char *kernel, *initramfs;
	int patience;		/* factor for all time limits; above 1 also twice the memory */
	pid_t boot;
	bool lost;		/* the guest ended by itself */
	int control;
	char dir[64];
	char console[80];
	long log_seen;
	char *output;		/* of the last command */
	size_t output_len;
	char answer[2048];	/* to the last lab_qmp() */
	struct wire wire;
};

int lab_boot(struct lab *lab, const struct lab_config *config);
/* Power the guest off; -1 if it died, hung or left a splat. */
int lab_shutdown(struct lab *lab);
/* Has a splat appeared since the last look? -1 if so. */
int lab_check_log(struct lab *lab);
const char *lab_error(void);
/* Is a tap device in a private network namespace possible? Enters it. */
bool lab_can_tap(void);
/* Leave the guest's log and QEMU's in this directory. */
int lab_keep_log(struct lab *lab, const char *dir);

/* Run a shell command line; its exit status, or -1. Output in lab->output. */
int lab_run(struct lab *lab, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A command for QEMU's monitor: {"execute":...}. Done once QEMU says so, in lab->answer. */
int lab_qmp(struct lab *lab, const char *command);

int wire_send(struct lab *lab, const struct frame *f);
/* The same for a sender that does not wait: 1 if the wire took it, 0 if it is full. */
int wire_offer(struct lab *lab, const struct frame *f);
/* The next frame to the client within the time; 1, 0 if none came. */
int wire_receive(struct lab *lab, struct frame *f, int timeout_ms);
/* Forget what came until now. */
void wire_flush(struct lab *lab);
/* Frames to the guest that a tap device dropped until now, its queues full; other wires wait. */
unsigned long wire_dropped(const struct lab *lab);

/* The lines of a kernel log that match one of the splat patterns. */
int splat_init(const char *patterns);
bool splat_match(const char *line);

/* scripts/ of this source tree */
const char *scripts_dir(void);
uint64_t now_ms(void);

#endif
