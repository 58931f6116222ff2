/* SPDX-License-Identifier: GPL-2.0-only */
/* The cases of e2e_device.c, for the table in e2e.c */
#ifndef HWIRQ_TESTS_E2E_DEVICE_H
#define HWIRQ_TESTS_E2E_DEVICE_H

void device_lengths(void);
void device_num_buffers(void);
void device_headers(void);
void device_repeats(void);
void device_jumps(void);
void device_rx_ids(void);
void device_tx_ids(void);
void device_resets(void);
void device_reset_at_detach(void);
void device_keeps_buffers(void);
void device_random(void);

#endif
