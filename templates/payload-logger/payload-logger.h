/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* payload-logger.h - a record, as program and consumer see it */
#ifndef PAYLOAD_LOGGER_H
#define PAYLOAD_LOGGER_H

#include <linux/types.h>

/* Room for the headers; longer ones leave less for the payload. */
#define LOGGER_HEADERS_MAX	128
#define LOGGER_PAYLOAD_MAX	1500

struct logger_record {
	__u64 timestamp;	/* ns, CLOCK_MONOTONIC */
	__u32 frame_len;	/* of the whole frame */
	__u32 captured;		/* how much of it is in frame[] */
	__u32 payload_at;	/* offset of the UDP payload in the frame */
	__u32 payload_len;
	__u16 sport;		/* host byte order */
	__u16 dport;
	__u8 family;		/* 4 or 6 */
	__u8 verdict;
	__u16 reserved;
	__u8 saddr[16];		/* as in the frame; IPv4 in the first 4 bytes */
	__u8 daddr[16];
	__u8 frame[];		/* as it came in */
};

#endif /* PAYLOAD_LOGGER_H */
