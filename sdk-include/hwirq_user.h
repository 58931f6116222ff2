/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * hwirq_user.h - load and attach hard-IRQ programs from user space
 *
 * Header-only; link with -lbpf. C and C++; with -std=c11 and the like -D_GNU_SOURCE
 * as well.
 *
 *	hwirq_register();
 *	skel = NAME__open();			  bpftool gen skeleton
 *	skel->rodata->port = 7;
 *	hwirq_object__load_skeleton(skel->skeleton);
 *	hwirq_program__attach(skel->progs.NAME, hwirq_ifindex("eth0"),
 *			      HWIRQ_ALL_QUEUES, &link);
 *	hwirq_link__stats(link, &stats);
 *	hwirq_link__destroy(link);
 *
 * Records of a ring, for a program on each receive queue: see hwirq/queues.h, and
 * hwirq/consumer.h for what comes out of it.
 *
 * Each function returns 0 or a negative errno. On failure it has told in one
 * sentence what failed, why, and what to do next: to stderr, or to the function
 * that was given to hwirq_set_print().
 */
#ifndef HWIRQ_USER_H
#define HWIRQ_USER_H

#include <hwirq_abi.h>
#include <hwirq/message.h>
#include <hwirq/histogram.h>
#include <hwirq/object.h>
#include <hwirq/link.h>
#include <hwirq/consumer.h>
#include <hwirq/queues.h>

#endif /* HWIRQ_USER_H */
