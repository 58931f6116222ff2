/* SPDX-License-Identifier: GPL-2.0-only */
/* record.h - what the map experiment writes for each frame that is answered */
#ifndef HWIRQ_LAB_RECORD_H
#define HWIRQ_LAB_RECORD_H

#include <linux/types.h>

struct lab_record {
	__u64 timestamp;	/* ns, CLOCK_MONOTONIC */
	__u32 peer;		/* IPv4 address of the sender, network byte order */
	__u32 seq;		/* the payload's first four bytes, host byte order */
	__u32 payload[2];	/* what follows them, as in the frame */
};

#define LAB_RECORD_SLOTS 1024	/* of the array map; a power of two */

/* Offsets in a frame that the echo has answered: IPv4 without options, no tags */
#define LAB_PEER_AT	30	/* destination by now */
#define LAB_PAYLOAD_AT	42
#define LAB_FRAME_MIN	54

#endif
