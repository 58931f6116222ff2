/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* payload-log.h - a record, as program and consumer see it */
#ifndef PAYLOAD_LOG_H
#define PAYLOAD_LOG_H

#include <linux/types.h>

#define LOG_BYTES 256	/* of a frame, headers included */

struct log_record {
	__u64 timestamp;	/* ns, CLOCK_MONOTONIC: when the interrupt took the frame */
	__u32 length;		/* of the frame */
	__u32 captured;		/* bytes of it in data[] */
	__u8 data[LOG_BYTES];
};

#endif /* PAYLOAD_LOG_H */
