// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include "test.h"
#include <hwirq_helpers.h>

/* What a parser said about a frame of an exactly sized buffer. */
struct result {
	int ret;
	__u32 value, len;	/* EtherType or protocol; length handed out */
	size_t pos;		/* offset of the cursor */
};

#define CURSOR(f, copy) \
	unsigned char *copy = frame_exact(f); \
	struct hwirq_cursor cur = { .pos = copy, .end = copy + (f)->len }

static struct result parse_l2(const struct frame *f)
{
	struct result r = { 0 };
	struct ethhdr *eth;
	__be16 proto = 0;
	CURSOR(f, copy);

	r.ret = hwirq_parse_eth(&cur, &eth, &proto);
	if (!r.ret) {
		assert_ptr_equal(eth, copy);
		r.ret = hwirq_parse_vlan(&cur, &proto);
	}
	r.value = (__u16)bpf_ntohs(proto);
	r.pos = (size_t)((unsigned char *)cur.pos - copy);
	free(copy);
	return r;
}

static struct result parse_ip4(const struct frame *f)
{
	struct result r = { 0 };
	struct ethhdr *eth;
	struct iphdr *ip;
	__be16 proto;
	CURSOR(f, copy);

	assert_int_equal(hwirq_parse_eth(&cur, &eth, &proto), 0);
	r.ret = hwirq_parse_ipv4(&cur, &ip, &r.len);
	if (!r.ret)
		r.value = ip->protocol;
	r.pos = (size_t)((unsigned char *)cur.pos - copy);
	assert_int_equal(hwirq_offset(copy, cur.pos), r.pos);
	assert_int_equal(hwirq_offset(copy, cur.end), f->len);
	free(copy);
	return r;
}

static struct result parse_ip6(const struct frame *f)
{
	struct result r = { 0 };
	struct ipv6hdr *ip6;
	struct ethhdr *eth;
	__be16 type;
	__u8 proto = 0;
	CURSOR(f, copy);

	assert_int_equal(hwirq_parse_eth(&cur, &eth, &type), 0);
	r.ret = hwirq_parse_ipv6(&cur, &ip6, &proto, &r.len);
	r.value = proto;
	r.pos = (size_t)((unsigned char *)cur.pos - copy);
	free(copy);
	return r;
}

/* From the IPv4 header on. */
static struct result parse_udp(const struct frame *f)
{
	struct result r = { 0 };
	struct udphdr *udp;
	struct ethhdr *eth;
	struct iphdr *ip;
	__be16 proto;
	__u32 len;
	CURSOR(f, copy);

	assert_int_equal(hwirq_parse_eth(&cur, &eth, &proto), 0);
	assert_int_equal(hwirq_parse_ipv4(&cur, &ip, &len), 0);
	r.ret = hwirq_parse_udp(&cur, len, &udp, &r.len);
	if (!r.ret)
		r.value = (__u16)bpf_ntohs(udp->dest);
	r.pos = (size_t)((unsigned char *)cur.pos - copy);
	free(copy);
	return r;
}

static void eth_every_length(void **state)
{
	struct frame f;
	size_t len;

	(void)state;
	for (len = 0; len < 20; len++) {
		frame_eth(&f, mac_us, mac_them);
		put16(f.data + 12, 0x1234);
		f.len = len;
		if (len < 14) {
			assert_int_equal(parse_l2(&f).ret, HWIRQ_E_SHORT);
			continue;
		}
		assert_int_equal(parse_l2(&f).ret, 0);
		assert_int_equal(parse_l2(&f).value, 0x1234);
		assert_int_equal(parse_l2(&f).pos, 14);
	}
}

static void vlan_depth(void **state)
{
	static const unsigned int tpid[] = { 0x88a8, 0x8100, 0x8100 };
	struct frame f;
	size_t tags, i;

	(void)state;
	for (tags = 0; tags <= ARRAY_SIZE(tpid); tags++) {
		frame_eth(&f, mac_us, mac_them);
		for (i = 0; i < tags; i++)
			frame_vlan(&f, tpid[i], 0x6000 + (unsigned int)i);
		put16(f.data + f.type, 0x0800);
		if (tags > HWIRQ_VLAN_MAX) {
			assert_int_equal(parse_l2(&f).ret, HWIRQ_E_BOUND);
			continue;
		}
		assert_int_equal(parse_l2(&f).ret, tags);
		assert_int_equal(parse_l2(&f).value, 0x0800);
		assert_int_equal(parse_l2(&f).pos, 14 + 4 * tags);
	}
}

static void vlan_short(void **state)
{
	struct frame f;

	(void)state;
	frame_eth(&f, mac_us, mac_them);
	frame_vlan(&f, 0x8100, 1);
	put16(f.data + f.type, 0x0800);
	for (f.len = 14; f.len < 18; f.len++)
		assert_int_equal(parse_l2(&f).ret, HWIRQ_E_SHORT);
	assert_int_equal(parse_l2(&f).ret, 1);
}

static int arp_ret(const struct frame *f)
{
	struct hwirq_arp *arp;
	struct ethhdr *eth;
	__be16 proto;
	int ret;
	CURSOR(f, copy);

	assert_int_equal(hwirq_parse_eth(&cur, &eth, &proto), 0);
	ret = hwirq_parse_arp(&cur, &arp);
	if (!ret)
		assert_memory_equal(&arp->tpa, ip4_us, 4);
	free(copy);
	return ret;
}

static void arp_fields(void **state)
{
	/* offset into the packet of each byte that must not differ */
	static const size_t fixed[] = { 0, 1, 2, 3, 4, 5 };
	struct frame f;
	size_t i;

	(void)state;
	frame_eth(&f, mac_us, mac_them);
	frame_arp(&f, 1, mac_them, ip4_them, ip4_us);
	assert_int_equal(arp_ret(&f), 0);
	for (i = 0; i < ARRAY_SIZE(fixed); i++) {
		f.data[14 + fixed[i]] ^= 1;
		assert_int_equal(arp_ret(&f), HWIRQ_E_FORMAT);
		f.data[14 + fixed[i]] ^= 1;
	}
	for (f.len = 14; f.len < 42; f.len++)
		assert_int_equal(arp_ret(&f), HWIRQ_E_SHORT);
}

static void ipv4_lengths(void **state)
{
	struct result r;
	struct frame f;

	(void)state;
	frame_udp4(&f, 7, 10);
	r = parse_ip4(&f);
	assert_int_equal(r.ret, 0);
	assert_int_equal(r.value, 17);
	assert_int_equal(r.len, 18);
	assert_int_equal(r.pos, 34);

	/* every truncation */
	for (f.len = 14; f.len < 52; f.len++)
		assert_int_equal(parse_ip4(&f).ret, HWIRQ_E_SHORT);

	/* padding belongs to the frame, not to the datagram */
	frame_udp4(&f, 7, 10);
	frame_pad(&f, 8);
	assert_int_equal(parse_ip4(&f).len, 18);

	/* total length at, below and above its limits */
	put16(f.data + 16, 20);
	assert_int_equal(parse_ip4(&f).ret, 0);
	assert_int_equal(parse_ip4(&f).len, 0);
	put16(f.data + 16, 19);
	assert_int_equal(parse_ip4(&f).ret, HWIRQ_E_FORMAT);
	put16(f.data + 16, (unsigned int)f.len - 14);
	assert_int_equal(parse_ip4(&f).ret, 0);
	put16(f.data + 16, (unsigned int)f.len - 13);
	assert_int_equal(parse_ip4(&f).ret, HWIRQ_E_SHORT);
	put16(f.data + 16, 0xffff);
	assert_int_equal(parse_ip4(&f).ret, HWIRQ_E_SHORT);
}

static void ipv4_version_and_ihl(void **state)
{
	unsigned int version, ihl;
	struct result r;
	struct frame f;

	(void)state;
	for (version = 0; version < 16; version++) {
		for (ihl = 0; ihl < 16; ihl++) {
			frame_udp4(&f, 7, 64);
			f.data[14] = (unsigned char)(version << 4 | ihl);
			r = parse_ip4(&f);
			if (version != 4 || ihl < 5) {
				assert_int_equal(r.ret, HWIRQ_E_FORMAT);
				continue;
			}
			assert_int_equal(r.ret, 0);
			assert_int_equal(r.pos, 14 + 4 * ihl);
			assert_int_equal(r.len, 92 - 4 * ihl);
		}
	}
	/* options longer than the datagram */
	frame_udp4(&f, 7, 0);
	f.data[14] = 0x4f;
	assert_int_equal(parse_ip4(&f).ret, HWIRQ_E_FORMAT);
}

static void ipv4_fragments(void **state)
{
	static const struct {
		unsigned int frag_off;
		bool fragment;
	} cases[] = {
		{ 0x0000, false }, { 0x4000, false }, { 0x8000, false },
		{ 0x2000, true }, { 0x0001, true }, { 0x1fff, true },
		{ 0x6001, true },
	};
	struct iphdr ip = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ip.frag_off = (__be16)bpf_htons((__u16)cases[i].frag_off);
		assert_int_equal(hwirq_ipv4_is_fragment(&ip), cases[i].fragment);
	}
}

static void ipv4_unicast(void **state)
{
	static const struct {
		__u32 addr;
		bool unicast;
	} cases[] = {
		{ 0x00000000, false }, { 0x00ffffff, false },
		{ 0x01000000, true }, { 0x0a000001, true },
		{ 0x7f000001, false }, { 0x80000001, true },
		{ 0xdfffffff, true }, { 0xe0000001, false },
		{ 0xf0000001, false }, { 0xffffffff, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(hwirq_ipv4_is_unicast(bpf_htonl(cases[i].addr)),
				 cases[i].unicast);
}

static void ipv6_lengths(void **state)
{
	struct result r;
	struct frame f;

	(void)state;
	frame_udp6(&f, 7, 10);
	r = parse_ip6(&f);
	assert_int_equal(r.ret, 0);
	assert_int_equal(r.value, 17);
	assert_int_equal(r.len, 18);
	assert_int_equal(r.pos, 54);
	for (f.len = 14; f.len < 72; f.len++)
		assert_int_equal(parse_ip6(&f).ret, HWIRQ_E_SHORT);
	f.len = 72;
	put16(f.data + 18, 0xffff);
	assert_int_equal(parse_ip6(&f).ret, HWIRQ_E_SHORT);
	put16(f.data + 18, 0);
	assert_int_equal(parse_ip6(&f).ret, 0);
	assert_int_equal(parse_ip6(&f).len, 0);
	f.data[14] = 0x40;
	assert_int_equal(parse_ip6(&f).ret, HWIRQ_E_FORMAT);
}

enum { HBH = 0, ROUTING = 43, FRAGMENT = 44, AH = 51, NONE = 59, DST = 60 };

static void ipv6_extensions(void **state)
{
	struct result r;
	struct frame f;

	(void)state;
	/* hop-by-hop, destination, finished routing, destination, UDP */
	frame_eth(&f, mac_us, mac_them);
	frame_ip6(&f, HBH, ip6_them, ip6_us);
	frame_ext(&f, DST, 8, 0);
	frame_ext(&f, ROUTING, 16, 0);
	frame_ext(&f, DST, 24, 0);
	frame_ext(&f, 17, 2048, 0);
	frame_udp(&f, 1, 2, "x", 1);
	frame_finish(&f);
	r = parse_ip6(&f);
	assert_int_equal(r.ret, 0);
	assert_int_equal(r.value, 17);
	assert_int_equal(r.len, 9);
	assert_int_equal(r.pos, f.l4);

	/* one more is one too many */
	put16(f.data + f.l4, DST << 8);
	f.data[f.l4 - 2048] = DST;
	assert_int_equal(parse_ip6(&f).ret, HWIRQ_E_BOUND);
}

static void ipv6_extension_stops(void **state)
{
	static const unsigned int stops[] = { FRAGMENT, AH, NONE, 6, 58, 255 };
	struct result r;
	struct frame f;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(stops); i++) {
		frame_eth(&f, mac_us, mac_them);
		frame_ip6(&f, HBH, ip6_them, ip6_us);
		frame_ext(&f, stops[i], 8, 0);
		frame_ext(&f, 17, 8, 0);
		frame_finish_nocsum(&f);
		r = parse_ip6(&f);
		assert_int_equal(r.ret, 0);
		assert_int_equal(r.value, stops[i]);
		assert_int_equal(r.len, 8);
		assert_int_equal(r.pos, 62);
	}
	/* not at its destination yet */
	frame_eth(&f, mac_us, mac_them);
	frame_ip6(&f, ROUTING, ip6_them, ip6_us);
	frame_ext(&f, 17, 24, 1);
	frame_finish_nocsum(&f);
	r = parse_ip6(&f);
	assert_int_equal(r.ret, 0);
	assert_int_equal(r.value, ROUTING);
	assert_int_equal(r.pos, 54);
}

static void ipv6_extension_malformed(void **state)
{
	struct frame f;
	size_t len;

	(void)state;
	/* hop-by-hop options anywhere but first */
	frame_eth(&f, mac_us, mac_them);
	frame_ip6(&f, DST, ip6_them, ip6_us);
	frame_ext(&f, HBH, 8, 0);
	frame_ext(&f, 17, 8, 0);
	frame_finish_nocsum(&f);
	assert_int_equal(parse_ip6(&f).ret, HWIRQ_E_FORMAT);

	/* longer than the payload, also where the frame goes on */
	frame_eth(&f, mac_us, mac_them);
	frame_ip6(&f, DST, ip6_them, ip6_us);
	frame_ext(&f, 17, 16, 0);
	frame_finish_nocsum(&f);
	frame_pad(&f, 64);
	assert_int_equal(parse_ip6(&f).ret, 0);
	f.data[55] = 2;
	assert_int_equal(parse_ip6(&f).ret, HWIRQ_E_FORMAT);

	/* payload of every length too short for it */
	for (len = 0; len < 16; len++) {
		frame_eth(&f, mac_us, mac_them);
		frame_ip6(&f, DST, ip6_them, ip6_us);
		frame_ext(&f, 17, 16, 0);
		f.len = 54 + len;
		frame_finish_nocsum(&f);
		assert_int_equal(parse_ip6(&f).ret, HWIRQ_E_FORMAT);
	}
}

static void ipv6_unicast(void **state)
{
	struct in6_addr addr;

	(void)state;
	memcpy(&addr, ip6_us, 16);
	assert_true(hwirq_ipv6_is_unicast(&addr));
	addr.s6_addr[0] = 0xff;
	assert_false(hwirq_ipv6_is_unicast(&addr));
	memset(&addr, 0, sizeof(addr));
	assert_false(hwirq_ipv6_is_unicast(&addr));
	addr.s6_addr[15] = 1;
	assert_false(hwirq_ipv6_is_unicast(&addr));
	addr.s6_addr[15] = 2;
	assert_true(hwirq_ipv6_is_unicast(&addr));
	addr.s6_addr[15] = 0;
	addr.s6_addr[4] = 1;
	assert_true(hwirq_ipv6_is_unicast(&addr));
}

static void udp_lengths(void **state)
{
	unsigned int len;
	struct result r;
	struct frame f;

	(void)state;
	frame_udp4(&f, 7, 10);
	frame_pad(&f, 20);
	for (len = 0; len < 40; len++) {
		put16(f.data + f.l4 + 4, len);
		r = parse_udp(&f);
		if (len < 8 || len > 18) {
			assert_int_equal(r.ret, HWIRQ_E_FORMAT);
			continue;
		}
		assert_int_equal(r.ret, 0);
		assert_int_equal(r.value, 7);
		assert_int_equal(r.len, len - 8);
		assert_int_equal(r.pos, 42);
	}
	/* the IP datagram ends inside the UDP header, the frame does not */
	for (len = 20; len < 28; len++) {
		put16(f.data + 16, len);
		assert_int_equal(parse_udp(&f).ret, HWIRQ_E_SHORT);
	}
}

static void mac_tests(void **state)
{
	static const unsigned char group[6] = { 1, 0, 0x5e, 0, 0, 1 };
	unsigned char mac[6];
	size_t i;

	(void)state;
	assert_true(hwirq_mac_is_group(group));
	assert_false(hwirq_mac_is_group(mac_us));
	for (i = 0; i < 6; i++) {
		memcpy(mac, mac_us, 6);
		assert_true(hwirq_mac_equal(mac, mac_us));
		mac[i] ^= 0x80;
		assert_false(hwirq_mac_equal(mac, mac_us));
	}
}

static void context(void **state)
{
	struct hwirq_md ctx = { .data = 0x1000, .data_end = 0x1040 };
	struct hwirq_cursor cur = hwirq_cursor_init(&ctx);

	(void)state;
	assert_int_equal((uintptr_t)cur.pos, 0x1000);
	assert_int_equal((uintptr_t)cur.end, 0x1040);
}

/*
 * Whatever comes, nothing is read beyond the frame (ASan sees to that), and
 * what the parsers promise lies inside it.
 */
static void random_frames(void **state)
{
	unsigned long n = rng_start("parse.random_frames", 300000), i;
	struct hwirq_arp *arp;
	struct ipv6hdr *ip6;
	struct udphdr *udp;
	struct ethhdr *eth;
	struct iphdr *ip;
	__u32 len, payload;
	struct frame f;
	__sum16 csum;
	__be16 type;
	__u8 proto;
	int err;

	(void)state;
	for (i = 0; i < n; i++) {
		frame_random(&f);
		frame_mutate(&f);
		CURSOR(&f, copy);
		ip = NULL;
		ip6 = NULL;
		err = hwirq_parse_eth(&cur, &eth, &type) ||
		      hwirq_parse_vlan(&cur, &type) < 0;
		if (!err && type == bpf_htons(ETH_P_ARP)) {
			hwirq_parse_arp(&cur, &arp);
			err = 1;
		} else if (!err && type == bpf_htons(ETH_P_IPV6)) {
			err = hwirq_parse_ipv6(&cur, &ip6, &proto, &len);
		} else if (!err) {
			err = hwirq_parse_ipv4(&cur, &ip, &len);
			if (!err)
				hwirq_csum_ipv4_ok(ip, cur.end);
		}
		if (!err)
			assert_true((char *)cur.pos + len <= (char *)cur.end);
		if (!err && !hwirq_parse_udp(&cur, len, &udp, &payload)) {
			assert_true((char *)cur.pos + payload <= (char *)cur.end);
			if (ip)
				hwirq_csum_udp4(ip, udp, cur.end, &csum);
			else
				hwirq_csum_udp6(ip6, udp, cur.end, &csum);
		}
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(context),
		cmocka_unit_test(eth_every_length),
		cmocka_unit_test(vlan_depth),
		cmocka_unit_test(vlan_short),
		cmocka_unit_test(arp_fields),
		cmocka_unit_test(ipv4_lengths),
		cmocka_unit_test(ipv4_version_and_ihl),
		cmocka_unit_test(ipv4_fragments),
		cmocka_unit_test(ipv4_unicast),
		cmocka_unit_test(ipv6_lengths),
		cmocka_unit_test(ipv6_extensions),
		cmocka_unit_test(ipv6_extension_stops),
		cmocka_unit_test(ipv6_extension_malformed),
		cmocka_unit_test(ipv6_unicast),
		cmocka_unit_test(udp_lengths),
		cmocka_unit_test(mac_tests),
		cmocka_unit_test(random_frames),
	};

	return run_group("parse", tests);
}
