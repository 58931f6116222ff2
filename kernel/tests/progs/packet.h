/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The little that the test programs parse: IPv4 without options, UDP. */
#ifndef HWIRQ_TESTS_PACKET_H
#define HWIRQ_TESTS_PACKET_H

#define TO_PTR(x)	((__u8 *)(long)(x))
#define UDP_AT		34		/* Ethernet and IPv4 header */
#define PAYLOAD_AT	42

/* UDP destination port of a frame that has at least one byte of payload, or 0. */
static __attribute__((always_inline)) inline __u16
udp_port(const __u8 *data, const __u8 *end)
{
	if (data + PAYLOAD_AT + 1 > end)
		return 0;
	if (data[12] != 0x08 || data[13] || data[14] != 0x45 || data[23] != 17)
		return 0;
	return (__u16)(data[UDP_AT + 2] << 8 | data[UDP_AT + 3]);
}

#endif
