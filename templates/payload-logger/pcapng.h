/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * pcapng.h - write a pcap-ng file: one section, one Ethernet interface
 *
 * Each function returns 0, or a negative errno of the stream.
 */
#ifndef PAYLOAD_LOGGER_PCAPNG_H
#define PAYLOAD_LOGGER_PCAPNG_H

#include <stdint.h>
#include <stdio.h>

struct pcapng_packet {
	uint64_t time;		/* ns since 1970, UTC */
	const void *data;
	uint32_t captured;	/* bytes of @data */
	uint32_t length;	/* of the frame on the wire */
	uint64_t lost;		/* packets between the previous one and this */
	uint32_t queue;
};

/* @snaplen: most bytes that are captured of a frame */
int pcapng_begin(FILE *f, const char *ifname, uint32_t snaplen);
int pcapng_packet(FILE *f, const struct pcapng_packet *p);
/* @received and @dropped packets altogether, at the end */
int pcapng_end(FILE *f, uint64_t time, uint64_t received, uint64_t dropped);

#endif /* PAYLOAD_LOGGER_PCAPNG_H */
