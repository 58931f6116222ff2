// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * test_echo.c - templates/echo/echo.bpf.c, compiled for the host, frame by frame
 *
 * The program reads pointers from 32-bit fields, so frames lie below 4 GiB,
 * each ending where a page without access begins. Its .rodata has been made
 * writable by objcopy: the tests configure it as a loader does before load.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"
#include <hwirq_abi.h>

int echo(struct hwirq_md *ctx);

extern volatile __u16 echo_port;
extern volatile __u8 own_mac[6];
extern volatile __be32 own_ip4;
extern volatile __be32 own_ip6[4];

#define ROOM 8192
#define LOW_ADDRESS 0x20000000UL

static unsigned char *frame_end;

static int setup_memory(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (ROOM + page - 1) / page * page;
	unsigned char *p;

	p = mmap((void *)LOW_ADDRESS, room + page, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (p == MAP_FAILED || mprotect(p + room, page, PROT_NONE))
		return -1;
	frame_end = p + room;
	return 0;
}

static void configure(unsigned int port, const unsigned char *ip4,
		      const unsigned char *ip6)
{
	unsigned int i;
	__u32 word;

	echo_port = (__u16)port;
	for (i = 0; i < 6; i++)
		own_mac[i] = mac_us[i];
	own_ip4 = 0;
	if (ip4) {
		memcpy(&word, ip4, 4);
		own_ip4 = word;
	}
	for (i = 0; i < 4; i++) {
		own_ip6[i] = 0;
		if (!ip6)
			continue;
		memcpy(&word, ip6 + 4 * i, 4);
		own_ip6[i] = word;
	}
}

/* Run the program on the frame; the frame becomes what the program left. */
static int run(struct frame *f)
{
	unsigned char *p = frame_end - f->len;
	struct hwirq_md ctx = { 0 };
	int verdict;

	memcpy(p, f->data, f->len);
	/* what lies before the frame must not change */
	p[-1] = 0xa5;
	ctx.data = (__u32)(uintptr_t)p;
	ctx.data_end = (__u32)(uintptr_t)frame_end;
	verdict = echo(&ctx);
	assert_int_equal(p[-1], 0xa5);
	memcpy(f->data, p, f->len);
	return verdict;
}

#define assert_pass(f) do {						\
	struct frame before_ = *(f);					\
	assert_int_equal(run(f), HWIRQ_PASS);				\
	assert_memory_equal((f)->data, before_.data, before_.len);	\
} while (0)

/* The frame comes back: what has to change did, and nothing else. */
static void assert_echo(struct frame *f)
{
	struct frame want = *f;
	unsigned char *l3 = want.data + want.l3, *l4 = want.data + want.l4;
	bool v6 = l3[0] >> 4 == 6;
	size_t addr = v6 ? 16 : 4, at = v6 ? 8 : 12;

	memcpy(want.data, f->data + 6, 6);
	memcpy(want.data + 6, f->data, 6);
	memcpy(l3 + at, f->data + f->l3 + at + addr, addr);
	memcpy(l3 + at + addr, f->data + f->l3 + at, addr);
	memcpy(l4, f->data + f->l4 + 2, 2);
	memcpy(l4 + 2, f->data + f->l4, 2);
	l3[v6 ? 7 : 8] = 64;
	if (!v6) {
		put16(l3 + 10, 0);
		put16(l3 + 10, ref_csum(ref_sum(0, l3, (l3[0] & 15U) * 4)));
	}
	assert_int_equal(run(f), HWIRQ_TX);
	assert_memory_equal(f->data, want.data, want.len);
	if (get16(l4 + 6))
		assert_int_equal(ref_udp_sum(f->data + f->l3, f->data + f->l4),
				 0xffff);
}

static void payload_sizes(void **state)
{
	struct frame f;
	size_t len;

	(void)state;
	configure(7, NULL, NULL);
	for (len = 0; len <= 1472; len++) {
		frame_udp4(&f, 7, len);
		assert_echo(&f);
		frame_udp6(&f, 7, len);
		assert_echo(&f);
	}
}

static void other_port(void **state)
{
	struct frame f;

	(void)state;
	configure(4711, NULL, NULL);
	frame_udp4(&f, 7, 10);
	assert_pass(&f);
	frame_udp6(&f, 7, 10);
	assert_pass(&f);
	frame_udp4(&f, 4711, 10);
	assert_echo(&f);
	frame_udp6(&f, 4711, 10);
	assert_echo(&f);
	configure(7, NULL, NULL);
}

static void source_port(void **state)
{
	struct frame f;

	(void)state;
	configure(7, NULL, NULL);
	frame_udp4(&f, 7, 10);
	put16(f.data + f.l4, 7);
	frame_finish(&f);
	assert_pass(&f);
	put16(f.data + f.l4, 0);
	frame_finish(&f);
	assert_pass(&f);
}

static void no_udp_checksum(void **state)
{
	struct frame f;

	(void)state;
	configure(7, NULL, NULL);
	frame_udp4(&f, 7, 10);
	put16(f.data + f.l4 + 6, 0);
	assert_echo(&f);
	assert_int_equal(get16(f.data + f.l4 + 6), 0);
	/* forbidden over IPv6 */
	frame_udp6(&f, 7, 10);
	put16(f.data + f.l4 + 6, 0);
	assert_pass(&f);
}

static void bad_checksums(void **state)
{
	struct frame f;

	(void)state;
	configure(7, NULL, NULL);
	frame_udp4(&f, 7, 10);
	f.data[f.l3 + 10] ^= 1;
	assert_pass(&f);
	/* a damaged payload goes back damaged, its checksum still says so */
	frame_udp4(&f, 7, 10);
	f.data[f.l4 + 9] ^= 1;
	assert_int_equal(run(&f), HWIRQ_TX);
	assert_int_not_equal(ref_udp_sum(f.data + f.l3, f.data + f.l4), 0xffff);
}

static void vlan(void **state)
{
	static const unsigned int tpid[] = { 0x88a8, 0x8100, 0x8100 };
	struct frame f;
	size_t tags, i, v6;

	(void)state;
	configure(7, NULL, NULL);
	for (tags = 1; tags <= ARRAY_SIZE(tpid); tags++) {
		for (v6 = 0; v6 < 2; v6++) {
			frame_eth(&f, mac_us, mac_them);
			for (i = 0; i < tags; i++)
				frame_vlan(&f, tpid[i], 0x2064 + (unsigned int)i);
			if (v6)
				frame_ip6(&f, 17, ip6_them, ip6_us);
			else
				frame_ip4(&f, 17, ip4_them, ip4_us, NULL, 0);
			frame_udp(&f, 40000, 7, "hello", 5);
			frame_finish(&f);
			if (tags > 2)
				assert_pass(&f);
			else
				assert_echo(&f);
		}
	}
}

static void ip_options(void **state)
{
	unsigned char options[40];
	struct frame f;
	size_t len;

	(void)state;
	configure(7, NULL, NULL);
	memset(options, 1, sizeof(options));	/* no-operation */
	for (len = 4; len <= sizeof(options); len += 4) {
		frame_eth(&f, mac_us, mac_them);
		frame_ip4(&f, 17, ip4_them, ip4_us, options, len);
		frame_udp(&f, 40000, 7, "hello", 5);
		frame_finish(&f);
		assert_echo(&f);
		/* the checksum covers the options */
		frame_finish(&f);
		f.data[f.l3 + 20] ^= 0x80;
		assert_pass(&f);
	}
}

static void ipv6_extension_headers(void **state)
{
	struct frame f;

	(void)state;
	configure(7, NULL, NULL);
	frame_eth(&f, mac_us, mac_them);
	frame_ip6(&f, 0, ip6_them, ip6_us);
	frame_ext(&f, 60, 16, 0);
	frame_ext(&f, 17, 8, 0);
	frame_udp(&f, 40000, 7, "hello", 5);
	frame_finish(&f);
	assert_echo(&f);

	frame_eth(&f, mac_us, mac_them);
	frame_ip6(&f, 43, ip6_them, ip6_us);
	frame_ext(&f, 17, 24, 1);
	frame_udp(&f, 40000, 7, "hello", 5);
	frame_finish(&f);
	assert_pass(&f);
}

static void fragments(void **state)
{
	static const unsigned int frag_off[] = { 0x2000, 0x2001, 0x0001 };
	struct frame f;
	size_t i;

	(void)state;
	configure(7, NULL, NULL);
	for (i = 0; i < ARRAY_SIZE(frag_off); i++) {
		frame_udp4(&f, 7, 64);
		put16(f.data + f.l3 + 6, frag_off[i]);
		frame_finish(&f);
		assert_pass(&f);
	}
	frame_eth(&f, mac_us, mac_them);
	frame_ip6(&f, 44, ip6_them, ip6_us);
	frame_ext(&f, 17, 8, 0);
	frame_udp(&f, 40000, 7, "hello", 5);
	frame_finish(&f);
	assert_pass(&f);
}

/* Every length of a frame whose headers promise more. */
static void truncated(void **state)
{
	struct frame f, whole;
	size_t len;
	int kind;

	(void)state;
	configure(7, ip4_us, ip6_us);
	for (kind = 0; kind < 3; kind++) {
		if (kind == 0)
			frame_udp4(&whole, 7, 30);
		else if (kind == 1)
			frame_udp6(&whole, 7, 30);
		else {
			frame_eth(&whole, mac_us, mac_them);
			frame_arp(&whole, 1, mac_them, ip4_them, ip4_us);
		}
		for (len = 0; len < whole.len; len++) {
			f = whole;
			f.len = len;
			assert_pass(&f);
		}
	}
}

static void padded(void **state)
{
	struct frame f;

	(void)state;
	configure(7, NULL, NULL);
	frame_udp4(&f, 7, 1);
	frame_pad(&f, 60 - f.len);
	assert_echo(&f);
}

static void inconsistent_lengths(void **state)
{
	struct frame f;

	(void)state;
	configure(7, NULL, NULL);
	/* UDP longer than IP, and shorter than its own header */
	frame_udp4(&f, 7, 10);
	put16(f.data + f.l4 + 4, 19);
	assert_pass(&f);
	frame_udp4(&f, 7, 10);
	put16(f.data + f.l4 + 4, 7);
	assert_pass(&f);
	/* IP longer than the frame; header longer than the datagram */
	frame_udp4(&f, 7, 10);
	put16(f.data + f.l3 + 2, 39);
	assert_pass(&f);
	frame_udp4(&f, 7, 0);
	f.data[f.l3] = 0x4f;
	assert_pass(&f);
	frame_udp6(&f, 7, 10);
	put16(f.data + f.l3 + 4, 19);
	assert_pass(&f);
}

static void foreign(void **state)
{
	static const unsigned char group[6] = { 1, 0, 0x5e, 0, 0, 1 };
	static const unsigned char multicast[4] = { 224, 0, 0, 1 };
	static const unsigned char broadcast[4] = { 255, 255, 255, 255 };
	static const unsigned char zero[16];
	unsigned char all_nodes[16] = { 0xff, 2, [15] = 1 };
	struct frame f;

	(void)state;
	configure(7, NULL, NULL);
	/* not to our MAC address, to a group, from a group */
	frame_udp4(&f, 7, 10);
	memcpy(f.data, mac_other, 6);
	assert_pass(&f);
	memcpy(f.data, group, 6);
	assert_pass(&f);
	frame_udp4(&f, 7, 10);
	memcpy(f.data + 6, group, 6);
	assert_pass(&f);
	/* to and from addresses of nobody in particular */
	frame_udp4(&f, 7, 10);
	memcpy(f.data + f.l3 + 16, multicast, 4);
	frame_finish(&f);
	assert_pass(&f);
	memcpy(f.data + f.l3 + 16, broadcast, 4);
	frame_finish(&f);
	assert_pass(&f);
	frame_udp4(&f, 7, 10);
	memcpy(f.data + f.l3 + 12, zero, 4);
	frame_finish(&f);
	assert_pass(&f);
	frame_udp6(&f, 7, 10);
	memcpy(f.data + f.l3 + 24, all_nodes, 16);
	frame_finish(&f);
	assert_pass(&f);
	frame_udp6(&f, 7, 10);
	memcpy(f.data + f.l3 + 8, zero, 16);
	frame_finish(&f);
	assert_pass(&f);
}

static void own_addresses(void **state)
{
	struct frame f;

	(void)state;
	configure(7, ip4_us, ip6_us);
	frame_udp4(&f, 7, 10);
	assert_echo(&f);
	frame_udp6(&f, 7, 10);
	assert_echo(&f);
	frame_udp4(&f, 7, 10);
	f.data[f.l3 + 19] = 3;
	frame_finish(&f);
	assert_pass(&f);
	frame_udp6(&f, 7, 10);
	f.data[f.l3 + 39] = 3;
	frame_finish(&f);
	assert_pass(&f);
}

static void other_protocols(void **state)
{
	unsigned int proto;
	struct frame f;

	(void)state;
	configure(7, NULL, NULL);
	for (proto = 0; proto < 256; proto++) {
		if (proto == 17)
			continue;
		frame_udp4(&f, 7, 30);
		f.data[f.l3 + 9] = (unsigned char)proto;
		frame_finish(&f);
		assert_pass(&f);
		/* the UDP header is no valid extension header */
		frame_udp6(&f, 7, 30);
		f.data[f.l3 + 6] = (unsigned char)proto;
		f.data[f.l4 + 1] = 0xff;
		assert_pass(&f);
	}
	frame_udp4(&f, 7, 30);
	put16(f.data + 12, 0x88cc);
	assert_pass(&f);
	put16(f.data + 12, 46);		/* 802.3 length */
	assert_pass(&f);
}

static void assert_arp_reply(struct frame *f)
{
	struct frame want = *f;
	unsigned char *arp = want.data + want.l3;

	memcpy(want.data, mac_them, 6);
	memcpy(want.data + 6, mac_us, 6);
	arp[7] = 2;
	memcpy(arp + 18, f->data + f->l3 + 8, 10);
	memcpy(arp + 8, mac_us, 6);
	memcpy(arp + 14, ip4_us, 4);
	assert_int_equal(run(f), HWIRQ_TX);
	assert_memory_equal(f->data, want.data, want.len);
}

static void arp(void **state)
{
	static const unsigned char zero[4];
	unsigned char broadcast[6];
	struct frame f;

	(void)state;
	memset(broadcast, 0xff, 6);
	configure(7, ip4_us, NULL);
	frame_eth(&f, broadcast, mac_them);
	frame_arp(&f, 1, mac_them, ip4_them, ip4_us);
	assert_arp_reply(&f);
	/* padded as on a real wire, unicast as a refresh, tagged, a probe */
	frame_eth(&f, mac_us, mac_them);
	frame_arp(&f, 1, mac_them, ip4_them, ip4_us);
	frame_pad(&f, 18);
	assert_arp_reply(&f);
	frame_eth(&f, broadcast, mac_them);
	frame_vlan(&f, 0x8100, 100);
	frame_arp(&f, 1, mac_them, ip4_them, ip4_us);
	assert_arp_reply(&f);
	frame_eth(&f, broadcast, mac_them);
	frame_arp(&f, 1, mac_them, zero, ip4_us);
	assert_arp_reply(&f);
}

static void arp_not_ours(void **state)
{
	unsigned char broadcast[6];
	struct frame f;

	(void)state;
	memset(broadcast, 0xff, 6);
	configure(7, ip4_us, NULL);
	/* a reply, another target, an announcement of our address */
	frame_eth(&f, mac_us, mac_them);
	frame_arp(&f, 2, mac_them, ip4_them, ip4_us);
	assert_pass(&f);
	frame_eth(&f, broadcast, mac_them);
	frame_arp(&f, 1, mac_them, ip4_us, ip4_them);
	assert_pass(&f);
	frame_eth(&f, broadcast, mac_them);
	frame_arp(&f, 1, mac_them, ip4_us, ip4_us);
	assert_pass(&f);
	/* a group address as sender; not IPv4 over Ethernet */
	frame_eth(&f, broadcast, mac_them);
	frame_arp(&f, 1, broadcast, ip4_them, ip4_us);
	assert_pass(&f);
	frame_eth(&f, broadcast, mac_them);
	frame_arp(&f, 1, mac_them, ip4_them, ip4_us);
	f.data[f.l3 + 5] = 16;
	assert_pass(&f);
	/* without an address there is nothing to answer for */
	configure(7, NULL, NULL);
	frame_eth(&f, broadcast, mac_them);
	frame_arp(&f, 1, mac_them, ip4_them, ip4_us);
	assert_pass(&f);
}

/*
 * What the program has to do, from the description in the README and with
 * offsets instead of headers: NULL to pass, or the place of the UDP header.
 */
static const unsigned char *expect_udp(const struct frame *f, size_t *l3)
{
	const unsigned char *d = f->data, *ip;
	size_t at = 14, end, tags;
	unsigned int type, next;

	if (f->len < 14 || memcmp(d, mac_us, 6) || (d[6] & 1))
		return NULL;
	type = get16(d + 12);
	for (tags = 0; type == 0x8100 || type == 0x88a8; tags++) {
		if (tags == 2 || f->len < at + 4)
			return NULL;
		type = get16(d + at + 2);
		at += 4;
	}
	*l3 = at;
	ip = d + at;
	if (type == 0x0800) {
		if (f->len < at + 20 || ip[0] >> 4 != 4 || (ip[0] & 15) < 5)
			return NULL;
		end = at + get16(ip + 2);
		at += (ip[0] & 15U) * 4;
		if (end > f->len || at > end || (get16(ip + 6) & 0x3fff))
			return NULL;
		if (ip[9] != 17 || ref_sum(0, ip, at - *l3) != 0xffff)
			return NULL;
		if (memcmp(ip + 16, ip4_us, 4) || !ip[12] || ip[12] == 127 ||
		    ip[12] >= 224)
			return NULL;
	} else if (type == 0x86dd) {
		static const unsigned char zero[15];

		if (f->len < at + 40 || ip[0] >> 4 != 6)
			return NULL;
		end = at + 40 + get16(ip + 4);
		next = ip[6];
		at += 40;
		if (end > f->len)
			return NULL;
		for (tags = 0; next == 0 || next == 43 || next == 60; tags++) {
			if (tags == 4 || (next == 0 && tags) || end < at + 8 ||
			    end < at + (d[at + 1] + 1U) * 8)
				return NULL;
			if (next == 43 && d[at + 3])
				return NULL;
			next = d[at];
			at += (d[at + 1] + 1U) * 8;
		}
		if (next != 17 || memcmp(ip + 24, ip6_us, 16) || ip[8] == 0xff ||
		    (!memcmp(ip + 8, zero, 15) && ip[23] < 2))
			return NULL;
	} else {
		return NULL;
	}
	if (end < at + 8 || get16(d + at + 4) < 8 || at + get16(d + at + 4) > end)
		return NULL;
	if (get16(d + at + 2) != 7 || !get16(d + at) || get16(d + at) == 7)
		return NULL;
	if (type == 0x86dd && !get16(d + at + 6))
		return NULL;
	return d + at;
}

static bool expect_arp(const struct frame *f, size_t *l3)
{
	static const unsigned char fixed[8] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	unsigned int type, tags;
	size_t at = 14;

	if (f->len < 14 || (f->data[6] & 1))
		return false;
	type = get16(f->data + 12);
	for (tags = 0; type == 0x8100 || type == 0x88a8; tags++) {
		if (tags == 2 || f->len < at + 4)
			return false;
		type = get16(f->data + at + 2);
		at += 4;
	}
	*l3 = at;
	return type == 0x0806 && f->len >= at + 28 &&
	       !memcmp(f->data + at, fixed, 8) &&
	       !memcmp(f->data + at + 24, ip4_us, 4) &&
	       memcmp(f->data + at + 14, ip4_us, 4) && !(f->data[at + 8] & 1);
}

static void random_frames(void **state)
{
	unsigned long n = rng_start("echo.random_frames", 300000), i;
	unsigned long echoed = 0, replied = 0;
	const unsigned char *udp;
	struct frame f, before;

	(void)state;
	configure(7, ip4_us, ip6_us);
	for (i = 0; i < n; i++) {
		frame_random(&f);
		frame_mutate(&f);
		before = f;
		udp = expect_udp(&before, &f.l3);
		if (udp) {
			f.l4 = (size_t)(udp - before.data);
			/* a damaged payload may fail; only compare bytes */
			if (ref_udp_sum(f.data + f.l3, f.data + f.l4) == 0xffff)
				assert_echo(&f);
			else
				assert_int_equal(run(&f), HWIRQ_TX);
			echoed++;
		} else if (expect_arp(&before, &f.l3)) {
			assert_int_equal(run(&f), HWIRQ_TX);
			assert_int_equal(f.data[f.l3 + 7], 2);
			replied++;
		} else {
			assert_pass(&f);
		}
	}
	printf("echo.random_frames: %lu echoed, %lu ARP replies, %lu passed\n",
	       echoed, replied, n - echoed - replied);
	assert_true(n < 1000 || (echoed > n / 20 && replied > n / 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(payload_sizes),
		cmocka_unit_test(other_port),
		cmocka_unit_test(source_port),
		cmocka_unit_test(no_udp_checksum),
		cmocka_unit_test(bad_checksums),
		cmocka_unit_test(vlan),
		cmocka_unit_test(ip_options),
		cmocka_unit_test(ipv6_extension_headers),
		cmocka_unit_test(fragments),
		cmocka_unit_test(truncated),
		cmocka_unit_test(padded),
		cmocka_unit_test(inconsistent_lengths),
		cmocka_unit_test(foreign),
		cmocka_unit_test(own_addresses),
		cmocka_unit_test(other_protocols),
		cmocka_unit_test(arp),
		cmocka_unit_test(arp_not_ours),
		cmocka_unit_test(random_frames),
	};

	if (setup_memory()) {
		perror("test_echo: no memory below 4 GiB");
		return EXIT_FAILURE;
	}
	return run_group("echo", tests);
}
