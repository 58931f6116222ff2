// SPDX-License-Identifier: GPL-2.0-only
#include "frame.h"

#include <stdio.h>
#include <string.h>

const uint8_t GUEST_MAC[MAC_LEN] = { 2, 0, 0, 0, 2, 0x15 };
const uint8_t CLIENT_MAC[MAC_LEN] = { 2, 0, 0, 0, 2, 0x99 };
const uint8_t BROADCAST_MAC[MAC_LEN] = { 255, 255, 255, 255, 255, 255 };
const uint8_t GUEST_IP6[16] = { 0xfd, 0, [14] = 2, [15] = 0x15 };
const uint8_t CLIENT_IP6[16] = { 0xfd, 0, [14] = 2, [15] = 0x99 };

#define ETHERTYPE_IP4	0x0800
#define ETHERTYPE_ARP	0x0806
#define ETHERTYPE_IP6	0x86dd
#define ETHERTYPE_VLAN	0x8100
#define ETHERTYPE_QINQ	0x88a8
#define PROTO_ICMP	1
#define PROTO_UDP	17

static uint8_t *put8(uint8_t *p, uint8_t v)
{
	*p = v;
	return p + 1;
}

static uint8_t *put16(uint8_t *p, uint16_t v)
{
	return put8(put8(p, v >> 8), v & 0xff);
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	return put16(put16(p, v >> 16), v & 0xffff);
}

static uint8_t *put(uint8_t *p, const void *data, size_t len)
{
	memcpy(p, data, len);
	return p + len;
}

static uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

uint8_t payload_byte(uint32_t seed, size_t i)
{
	uint32_t x = seed * 2654435761u + (uint32_t)i * 2246822519u;

	x ^= x >> 15;
	return x * 3266489917u >> 24;
}

uint16_t inet_sum(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *p = data;

	for (; len > 1; len -= 2, p += 2)
		sum += get16(p);
	if (len)
		sum += *p << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

struct udp udp_to_guest(uint16_t port, size_t payload, uint32_t seed)
{
	struct udp u = {
		.src_ip = CLIENT_IP, .dst_ip = GUEST_IP, .ip_id = seed, .ttl = 63,
		.src_port = 40000, .dst_port = port,
		.payload = payload, .seed = seed,
	};

	memcpy(u.dst_mac, GUEST_MAC, MAC_LEN);
	memcpy(u.src_mac, CLIENT_MAC, MAC_LEN);
	memcpy(u.src_ip6, CLIENT_IP6, 16);
	memcpy(u.dst_ip6, GUEST_IP6, 16);
	return u;
}

struct udp udp_reply(const struct udp *req)
{
	struct udp u = *req;

	memcpy(u.dst_mac, req->src_mac, MAC_LEN);
	memcpy(u.src_mac, req->dst_mac, MAC_LEN);
	memcpy(u.dst_ip6, req->src_ip6, 16);
	memcpy(u.src_ip6, req->dst_ip6, 16);
	u.dst_ip = req->src_ip;
	u.src_ip = req->dst_ip;
	u.dst_port = req->src_port;
	u.src_port = req->dst_port;
	u.ttl = 64;
	return u;
}

static uint8_t *put_eth(uint8_t *p, const uint8_t *dst, const uint8_t *src, uint16_t type)
{
	return put16(put(put(p, dst, MAC_LEN), src, MAC_LEN), type);
}

static uint8_t *put_ip4(uint8_t *p, const struct udp *u, uint8_t proto, size_t len)
{
	uint8_t *ip = p;
	size_t header = 20 + u->ip_options;

	p = put8(p, 0x40 | header / 4);
	p = put8(p, 0);
	p = put16(p, header + len);
	p = put16(p, u->ip_id);
	p = put16(p, u->ip_frag);
	p = put8(p, u->ttl);
	p = put8(p, proto);
	p = put16(p, 0);
	p = put32(p, u->src_ip);
	p = put32(p, u->dst_ip);
	memset(p, 1, u->ip_options);
	p += u->ip_options;
	put16(ip + 10, inet_sum(ip, header, 0));
	return p;
}

static uint32_t pseudo_sum(const struct udp *u, uint8_t proto, size_t len)
{
	uint32_t sum = proto + len;
	int i;

	if (!u->v6)
		return sum + (u->src_ip >> 16) + (u->src_ip & 0xffff) +
		       (u->dst_ip >> 16) + (u->dst_ip & 0xffff);
	for (i = 0; i < 16; i += 2)
		sum += get16(u->src_ip6 + i) + get16(u->dst_ip6 + i);
	return sum;
}

void frame_udp(struct frame *f, const struct udp *u)
{
	size_t len = 8 + u->payload, i;
	uint8_t *p = f->data, *udp;
	uint16_t sum;

	p = put(put(p, u->dst_mac, MAC_LEN), u->src_mac, MAC_LEN);
	for (i = 0; i < 3 && u->vlan[i]; i++) {
		p = put16(p, i + 1 < 3 && u->vlan[i + 1] ? ETHERTYPE_QINQ : ETHERTYPE_VLAN);
		p = put16(p, u->vlan[i]);
	}
	p = put16(p, u->v6 ? ETHERTYPE_IP6 : ETHERTYPE_IP4);
	if (u->v6) {
		p = put32(p, 0x60000000);
		p = put16(p, len);
		p = put8(p, PROTO_UDP);
		p = put8(p, u->ttl);
		p = put(p, u->src_ip6, 16);
		p = put(p, u->dst_ip6, 16);
	} else {
		p = put_ip4(p, u, PROTO_UDP, len);
	}
	udp = p;
	p = put16(p, u->src_port);
	p = put16(p, u->dst_port);
	p = put16(p, len);
	p = put16(p, 0);
	for (i = 0; i < u->payload; i++)
		p = put8(p, payload_byte(u->seed, i));
	if (!u->no_checksum) {
		sum = inet_sum(udp, len, pseudo_sum(u, PROTO_UDP, len));
		put16(udp + 6, sum ? sum : 0xffff);
	}
	memset(p, 0, u->padding);
	f->len = p + u->padding - f->data;
}

void frame_arp(struct frame *f, uint16_t op, const uint8_t *dst_mac,
	       const uint8_t *sha, uint32_t spa, const uint8_t *tha, uint32_t tpa)
{
	static const uint8_t unknown[MAC_LEN];
	uint8_t *p = put_eth(f->data, dst_mac, sha, ETHERTYPE_ARP);

	p = put32(p, 0x00010800);
	p = put16(p, MAC_LEN << 8 | 4);
	p = put16(p, op);
	p = put32(put(p, sha, MAC_LEN), spa);
	p = put32(put(p, tha ? tha : unknown, MAC_LEN), tpa);
	f->len = p - f->data;
}

void frame_ping(struct frame *f, bool reply, uint16_t id, uint16_t seq, size_t payload)
{
	struct udp u = udp_to_guest(0, 0, seq);
	uint8_t *p, *icmp;
	size_t i;

	if (reply)
		u = udp_reply(&u);
	p = put_eth(f->data, u.dst_mac, u.src_mac, ETHERTYPE_IP4);
	p = put_ip4(p, &u, PROTO_ICMP, 8 + payload);
	icmp = p;
	p = put16(p, reply ? 0 : 0x0800);
	p = put16(p, 0);
	p = put16(p, id);
	p = put16(p, seq);
	for (i = 0; i < payload; i++)
		p = put8(p, payload_byte(seq, i));
	put16(icmp + 2, inet_sum(icmp, 8 + payload, 0));
	f->len = p - f->data;
}

bool frame_is_udp4(const struct frame *f)
{
	return f->len >= ETH_HEADER + 28 && f->data[12] == 0x08 && f->data[13] == 0x00 &&
	       f->data[14] == 0x45 && f->data[23] == 17;
}

bool frame_is_pong(const struct frame *f, uint16_t id, uint16_t seq, size_t payload)
{
	static _Thread_local struct frame want;

	frame_ping(&want, true, id, seq, payload);
	if (f->len != want.len || inet_sum(f->data + ETH_HEADER, 20, 0))
		return false;
	memcpy(want.data + ETH_HEADER + 4, f->data + ETH_HEADER + 4, 2);
	memcpy(want.data + ETH_HEADER + 10, f->data + ETH_HEADER + 10, 2);
	return !memcmp(f->data, want.data, f->len);
}

void frame_fix_ip(struct frame *f)
{
	uint8_t *ip = f->data + ETH_HEADER;
	size_t header = (ip[0] & 15) * 4;

	if (header < 20 || ETH_HEADER + header > f->len)
		header = 20;
	put16(ip + 10, 0);
	put16(ip + 10, inet_sum(ip, header, 0));
}

const char *frame_describe(const struct frame *f)
{
	static _Thread_local char text[256];
	size_t n = 0, i;

	n += snprintf(text, sizeof(text), "%zu bytes:", f->len);
	for (i = 0; i < f->len && i < 64; i++)
		n += snprintf(text + n, sizeof(text) - n, "%s%02x", i % 4 ? "" : " ", f->data[i]);
	if (i < f->len)
		snprintf(text + n, sizeof(text) - n, " ...");
	return text;
}

const char *frame_diff(const struct frame *got, const struct frame *want)
{
	static _Thread_local char text[640];
	size_t i;
	int n;

	if (got->len == want->len && !memcmp(got->data, want->data, got->len))
		return NULL;
	for (i = 0; i < got->len && i < want->len && got->data[i] == want->data[i]; i++)
		;
	n = snprintf(text, sizeof(text), "differs from offset %zu\n  got  %s\n", i,
		     frame_describe(got));
	snprintf(text + n, sizeof(text) - n, "  want %s", frame_describe(want));
	return text;
}
