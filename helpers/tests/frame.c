// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * frame.c - build frames byte by byte, without the headers under test
 */
#include <time.h>
#include <unistd.h>

#include "test.h"

const unsigned char mac_us[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
const unsigned char mac_them[6] = { 0x52, 0x54, 0, 0xab, 0xcd, 0xef };
const unsigned char mac_other[6] = { 0x52, 0x54, 0, 1, 2, 3 };
const unsigned char ip4_us[4] = { 10, 0, 0, 2 };
const unsigned char ip4_them[4] = { 10, 0, 0, 1 };
const unsigned char ip6_us[16] = { 0xfd, [15] = 2 };
const unsigned char ip6_them[16] = { 0xfd, [15] = 1 };

static uint64_t rng_state = 1;

uint64_t rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state;
}

unsigned int rng_below(unsigned int n)
{
	return (unsigned int)(rng() >> 11) % n;
}

unsigned long rng_start(const char *test, unsigned long count)
{
	const char *seed = getenv("SEED"), *n = getenv("COUNT");

	rng_state = seed ? (uint64_t)strtoull(seed, NULL, 0) :
			   (uint64_t)time(NULL) << 16 ^ (unsigned int)getpid();
	rng_state |= !rng_state;	/* zero would stay zero */
	if (n)
		count = strtoul(n, NULL, 0);
	printf("%s: SEED=%#llx COUNT=%lu\n", test,
	       (unsigned long long)rng_state, count);
	fflush(stdout);
	return count;
}

void put16(unsigned char *p, unsigned int value)
{
	p[0] = (unsigned char)(value >> 8);
	p[1] = (unsigned char)value;
}

unsigned int get16(const unsigned char *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

static unsigned char *grow(struct frame *f, size_t len)
{
	unsigned char *p = f->data + f->len;

	if (f->len + len > sizeof(f->data))
		abort();
	memset(p, 0, len);
	f->len += len;
	return p;
}

void frame_eth(struct frame *f, const unsigned char *dst,
	       const unsigned char *src)
{
	unsigned char *p;

	memset(f, 0, sizeof(*f));
	p = grow(f, 14);
	memcpy(p, dst, 6);
	memcpy(p + 6, src, 6);
	f->type = 12;
}

void frame_vlan(struct frame *f, unsigned int tpid, unsigned int tci)
{
	unsigned char *p = grow(f, 4);

	put16(f->data + f->type, tpid);
	put16(p, tci);
	f->type += 4;
}

void frame_arp(struct frame *f, unsigned int op, const unsigned char *sha,
	       const unsigned char *spa, const unsigned char *tpa)
{
	unsigned char *p = grow(f, 28);

	put16(f->data + f->type, 0x0806);
	put16(p, 1);
	put16(p + 2, 0x0800);
	p[4] = 6;
	p[5] = 4;
	put16(p + 6, op);
	memcpy(p + 8, sha, 6);
	memcpy(p + 14, spa, 4);
	memcpy(p + 24, tpa, 4);
	f->l3 = (size_t)(p - f->data);
}

void frame_ip4(struct frame *f, unsigned int proto, const unsigned char *src,
	       const unsigned char *dst, const void *options, size_t len)
{
	unsigned char *p = grow(f, 20 + len);

	put16(f->data + f->type, 0x0800);
	p[0] = (unsigned char)(0x40 | ((20 + len) / 4));
	put16(p + 4, 0x1234);
	put16(p + 6, 0x4000);	/* don't fragment */
	p[8] = 61;
	p[9] = (unsigned char)proto;
	memcpy(p + 12, src, 4);
	memcpy(p + 16, dst, 4);
	if (len)
		memcpy(p + 20, options, len);
	f->l3 = (size_t)(p - f->data);
}

void frame_ip6(struct frame *f, unsigned int next, const unsigned char *src,
	       const unsigned char *dst)
{
	unsigned char *p = grow(f, 40);

	put16(f->data + f->type, 0x86dd);
	p[0] = 0x60;
	p[6] = (unsigned char)next;
	p[7] = 61;
	memcpy(p + 8, src, 16);
	memcpy(p + 24, dst, 16);
	f->l3 = (size_t)(p - f->data);
}

void frame_ext(struct frame *f, unsigned int next, size_t len,
	       unsigned int segments_left)
{
	unsigned char *p = grow(f, len);

	p[0] = (unsigned char)next;
	p[1] = (unsigned char)(len / 8 - 1);
	p[2] = 1;		/* PadN, or a routing type */
	p[3] = (unsigned char)segments_left;
}

void frame_udp(struct frame *f, unsigned int sport, unsigned int dport,
	       const void *payload, size_t len)
{
	unsigned char *p = grow(f, 8 + len);

	f->l4 = (size_t)(p - f->data);
	put16(p, sport);
	put16(p + 2, dport);
	put16(p + 4, (unsigned int)(8 + len));
	if (len)
		memcpy(p + 8, payload, len);
}

void frame_pad(struct frame *f, size_t len)
{
	memset(grow(f, len), 0xee, len);
}

unsigned int ref_sum(unsigned int sum, const unsigned char *p, size_t len)
{
	for (; len > 1; p += 2, len -= 2) {
		sum += get16(p);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	if (len)
		sum += (unsigned int)p[0] << 8;
	return (sum & 0xffff) + (sum >> 16);
}

unsigned int ref_csum(unsigned int sum)
{
	return ~sum & 0xffff;
}

unsigned int ref_udp_sum(const unsigned char *l3, const unsigned char *udp)
{
	unsigned int sum = 17 + get16(udp + 4);

	if (l3[0] >> 4 == 4)
		sum = ref_sum(sum, l3 + 12, 8);
	else
		sum = ref_sum(sum, l3 + 8, 32);
	return ref_sum(sum, udp, get16(udp + 4));
}

void frame_finish_nocsum(struct frame *f)
{
	unsigned char *l3 = f->data + f->l3;
	size_t hlen = (l3[0] & 15U) * 4;

	if (l3[0] >> 4 == 6) {
		put16(l3 + 4, (unsigned int)(f->len - f->l3 - 40));
		return;
	}
	put16(l3 + 2, (unsigned int)(f->len - f->l3));
	put16(l3 + 10, 0);
	put16(l3 + 10, ref_csum(ref_sum(0, l3, hlen)));
}

void frame_finish(struct frame *f)
{
	unsigned char *l3 = f->data + f->l3, *udp = f->data + f->l4;
	unsigned int csum;

	frame_finish_nocsum(f);
	put16(udp + 6, 0);
	csum = ref_csum(ref_udp_sum(l3, udp));
	put16(udp + 6, csum ? csum : 0xffff);
}

static const unsigned char *pattern(size_t len)
{
	static unsigned char bytes[2048];
	size_t i;

	if (len > sizeof(bytes))
		abort();
	for (i = 0; i < len; i++)
		bytes[i] = (unsigned char)(i * 7 + len);
	return bytes;
}

void frame_udp4(struct frame *f, unsigned int dport, size_t payload)
{
	frame_eth(f, mac_us, mac_them);
	frame_ip4(f, 17, ip4_them, ip4_us, NULL, 0);
	frame_udp(f, 40000, dport, pattern(payload), payload);
	frame_finish(f);
}

void frame_udp6(struct frame *f, unsigned int dport, size_t payload)
{
	frame_eth(f, mac_us, mac_them);
	frame_ip6(f, 17, ip6_them, ip6_us);
	frame_udp(f, 40000, dport, pattern(payload), payload);
	frame_finish(f);
}

void frame_random(struct frame *f)
{
	static const unsigned char types[] = { 0, 17, 43, 44, 60, 6, 58 };
	unsigned char options[40];
	unsigned int i, n;

	frame_eth(f, mac_us, mac_them);
	for (n = rng_below(8) < 6 ? 0 : rng_below(4); n; n--)
		frame_vlan(f, rng_below(2) ? 0x8100 : 0x88a8, rng_below(65536));
	switch (rng_below(5)) {
	case 0:
		frame_arp(f, rng_below(3), mac_them, ip4_them, ip4_us);
		break;
	case 1:
	case 2:
		for (i = 0; i < sizeof(options); i++)
			options[i] = (unsigned char)rng();
		frame_ip4(f, 17, ip4_them, ip4_us, options,
			  rng_below(3) ? 0 : rng_below(11) * 4);
		frame_udp(f, rng_below(65536), 7, options, rng_below(40));
		frame_finish(f);
		break;
	default:
		frame_ip6(f, 17, ip6_them, ip6_us);
		n = rng_below(2) ? 0 : rng_below(6);
		i = rng_below(ARRAY_SIZE(types));
		if (n)
			f->data[f->l3 + 6] = types[i];
		for (; n; n--) {
			i = rng_below(ARRAY_SIZE(types));
			frame_ext(f, n == 1 ? 17 : types[i],
				  8 + rng_below(4) * 8, !rng_below(4));
		}
		frame_udp(f, rng_below(65536), 7, types, rng_below(8));
		frame_finish(f);
	}
	if (!rng_below(3))
		frame_pad(f, rng_below(40));
}

/* A few bits, one byte, a length, the end: what goes wrong on wires. */
void frame_mutate(struct frame *f)
{
	unsigned int n = rng_below(4);
	size_t at;

	for (; n && f->len > 1; n--) {
		at = rng_below((unsigned int)f->len);
		switch (rng_below(4)) {
		case 0:
			f->data[at] ^= (unsigned char)(1 << rng_below(8));
			break;
		case 1:
			f->data[at] = (unsigned char)rng();
			break;
		case 2:
			put16(f->data + (at & ~1UL), rng_below(64));
			break;
		default:
			f->len = at;
		}
	}
	/* a right header checksum lets mutations of the header through */
	if (f->len >= f->l3 + 20 && f->data[f->l3] == 0x45 && rng_below(2)) {
		put16(f->data + f->l3 + 10, 0);
		put16(f->data + f->l3 + 10,
		      ref_csum(ref_sum(0, f->data + f->l3, 20)));
	}
}

unsigned char *frame_exact(const struct frame *f)
{
	unsigned char *p = malloc(f->len);

	if (!p)
		abort();
	memcpy(p, f->data, f->len);
	return p;
}
