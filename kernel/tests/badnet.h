/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * badnet - the rings of the guest's NIC in the hands of the test
 *
 * QEMU's device is sensible. By QEMU's qtest protocol, which reads and writes the guest's
 * memory and devices, badnet takes its place at the rings: it takes the buffers that the
 * driver makes available, writes what it likes into them and into the used ring, and sends
 * the queue's interrupt message. The driver, its PCI transport and the interrupt are those
 * of every other case.
 *
 * The receive ring cannot have two masters. From badnet_start() until the driver resets the
 * queue, as each attach and detach does, no frame may come from the wire. QEMU goes on
 * sending what is in the transmit ring.
 *
 * Split rings without indirect descriptors, the first queue pair of nic0. Any of these
 * functions ends the case with a message when it fails.
 */
#ifndef HWIRQ_TESTS_BADNET_H
#define HWIRQ_TESTS_BADNET_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stdint.h>

#include "frame.h"

enum badnet_queue { BADNET_RX, BADNET_TX, BADNET_QUEUES };

#define BADNET_NUM	256	/* entries of a ring */

/* The rings as they are now: what is used is what QEMU took. */
void badnet_start(void);

/* Has the driver made receive buffers available that were not taken? */
bool badnet_available(void);
/* Take the next receive buffer that the driver has made available: its id. */
uint32_t badnet_take(void);
/* Write a header and a frame into it. Returns the length to report for it. */
uint32_t badnet_fill(uint32_t id, const struct virtio_net_hdr_v1 *hdr, const struct frame *f);
/* An entry for the used ring, any id and length; the driver sees it with the next publish. */
void badnet_use(enum badnet_queue queue, uint32_t id, uint32_t len);
/* The id of the last entry of the used ring. */
uint32_t badnet_last_used(enum badnet_queue queue);
/* Let the used index run ahead by n without writing entries. As many buffers of those that
 * the driver has made available count as taken.
 */
void badnet_jump(enum badnet_queue queue, uint16_t n);
/* Write the used index; interrupt unless the driver asked not to. */
void badnet_publish(enum badnet_queue queue);

/* Run a command in the guest (see lab_run()) while a function of its kernel does nothing but
 * return value, as on a machine whose device fails. Only in kernels that are not relocated.
 */
int badnet_run_failing(const char *function, int32_t value, const char *cmd);

/* Replace each call of a function by its result, in those functions of the guest's kernel whose
 * names match a regular expression (of awk), until badnet_mend(). Only in such kernels, too.
 */
void badnet_break_calls(const char *function, int32_t value, const char *callers);
void badnet_mend(void);

#endif
