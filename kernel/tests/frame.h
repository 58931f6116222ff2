/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * frame.h - Ethernet frames for the tests, built from a description
 *
 * Written without a look at the SDK's own parsers and checksum helpers: the
 * tests compare the two.
 */
#ifndef HWIRQ_TESTS_FRAME_H
#define HWIRQ_TESTS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX	10240	/* malformed ones too */
#define MAC_LEN		6
#define ETH_HEADER	14

/* The addresses of the test network; scripts/boot and guest/init use them too. */
extern const uint8_t GUEST_MAC[MAC_LEN], CLIENT_MAC[MAC_LEN], BROADCAST_MAC[MAC_LEN];
#define GUEST_IP	0x0a00020f	/* 10.0.2.15 */
#define PEER_IP		0x0a000202	/* 10.0.2.2: the TCP/IP stack outside */
#define CLIENT_IP	0x0a000263	/* 10.0.2.99: the frame client */
extern const uint8_t GUEST_IP6[16], CLIENT_IP6[16];

struct frame {
	size_t len;
	uint8_t data[FRAME_MAX];
};

/* A UDP datagram, all in host byte order. */
struct udp {
	uint8_t dst_mac[MAC_LEN], src_mac[MAC_LEN];
	uint16_t vlan[3];		/* tags, outermost first; 0 ends */
	bool v6;
	uint32_t src_ip, dst_ip;
	uint8_t src_ip6[16], dst_ip6[16];
	uint8_t ip_options;		/* bytes of NOP options, multiple of 4 */
	uint16_t ip_id;
	uint16_t ip_frag;		/* flags and offset field */
	uint8_t ttl;
	uint16_t src_port, dst_port;
	bool no_checksum;
	size_t payload;			/* length; content follows from seed */
	uint32_t seed;
	size_t padding;			/* bytes after the IP packet */
};

struct udp udp_to_guest(uint16_t port, size_t payload, uint32_t seed);
/* The answer an echo server with TTL 64 gives. */
struct udp udp_reply(const struct udp *req);
void frame_udp(struct frame *f, const struct udp *u);

void frame_arp(struct frame *f, uint16_t op, const uint8_t *dst_mac,
	       const uint8_t *sha, uint32_t spa, const uint8_t *tha, uint32_t tpa);
void frame_ping(struct frame *f, bool reply, uint16_t id, uint16_t seq, size_t payload);
/* IPv4 without options, and no VLAN tag; not looked at any further */
bool frame_is_udp4(const struct frame *f);
/* From the guest's stack the IP id may be anything: compare without it. */
bool frame_is_pong(const struct frame *f, uint16_t id, uint16_t seq, size_t payload);

uint16_t inet_sum(const void *data, size_t len, uint32_t start);
/* Recompute the IPv4 header checksum after a header was changed by hand. */
void frame_fix_ip(struct frame *f);
/* Byte value of a payload: nothing repeats with a period that buffers have. */
uint8_t payload_byte(uint32_t seed, size_t i);
/* Where two frames differ, in words; NULL if they do not. */
const char *frame_diff(const struct frame *got, const struct frame *want);
const char *frame_describe(const struct frame *f);

#endif
