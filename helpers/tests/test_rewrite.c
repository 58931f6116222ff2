// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include "test.h"
#include <hwirq_helpers.h>

static void swap_mac(void **state)
{
	struct frame f;

	(void)state;
	frame_udp4(&f, 7, 4);
	hwirq_swap_mac((struct ethhdr *)f.data);
	assert_memory_equal(f.data, mac_them, 6);
	assert_memory_equal(f.data + 6, mac_us, 6);
	assert_int_equal(get16(f.data + 12), 0x0800);
}

static void swap_ipv4_udp(void **state)
{
	unsigned char *l3, *l4;
	struct frame f;

	(void)state;
	frame_udp4(&f, 7, 33);
	l3 = f.data + f.l3;
	l4 = f.data + f.l4;
	hwirq_swap_ipv4((struct iphdr *)l3);
	hwirq_swap_udp((struct udphdr *)l4);
	assert_memory_equal(l3 + 12, ip4_us, 4);
	assert_memory_equal(l3 + 16, ip4_them, 4);
	assert_int_equal(get16(l4), 7);
	assert_int_equal(get16(l4 + 2), 40000);
	assert_int_equal(ref_sum(0, l3, 20), 0xffff);
	assert_int_equal(ref_udp_sum(l3, l4), 0xffff);
}

static void swap_ipv6_udp(void **state)
{
	unsigned char *l3, *l4;
	struct frame f;

	(void)state;
	frame_udp6(&f, 7, 33);
	l3 = f.data + f.l3;
	l4 = f.data + f.l4;
	hwirq_swap_ipv6((struct ipv6hdr *)l3);
	hwirq_swap_udp((struct udphdr *)l4);
	assert_memory_equal(l3 + 8, ip6_us, 16);
	assert_memory_equal(l3 + 24, ip6_them, 16);
	assert_int_equal(ref_udp_sum(l3, l4), 0xffff);
}

static void ttl(void **state)
{
	struct frame f;
	unsigned int from, to;

	(void)state;
	for (from = 0; from < 256; from++) {
		for (to = 0; to < 256; to++) {
			frame_udp4(&f, 7, 0);
			f.data[f.l3 + 8] = (unsigned char)from;
			frame_finish(&f);
			hwirq_ipv4_set_ttl((struct iphdr *)(f.data + f.l3),
					   (__u8)to);
			assert_int_equal(f.data[f.l3 + 8], to);
			assert_int_equal(ref_sum(0, f.data + f.l3, 20), 0xffff);
		}
	}
}

static void arp_reply(void **state)
{
	struct frame f, want;
	unsigned char broadcast[6];

	(void)state;
	memset(broadcast, 0xff, sizeof(broadcast));
	frame_eth(&f, broadcast, mac_them);
	frame_arp(&f, 1, mac_them, ip4_them, ip4_us);
	hwirq_arp_reply((struct ethhdr *)f.data,
			(struct hwirq_arp *)(f.data + f.l3), mac_us);

	frame_eth(&want, mac_them, mac_us);
	frame_arp(&want, 2, mac_us, ip4_us, ip4_them);
	memcpy(want.data + 14 + 18, mac_them, 6);
	assert_memory_equal(f.data, want.data, want.len);
}

/* An echo request of @rest bytes behind the first 8, in place of a datagram. */
static void ping(struct frame *f, bool v6, size_t rest)
{
	unsigned char *icmp;
	unsigned int sum = 0;

	if (v6)
		frame_udp6(f, 7, rest);
	else
		frame_udp4(f, 7, rest);
	f->data[f->l3 + (v6 ? 6 : 9)] = v6 ? 58 : 1;
	frame_finish_nocsum(f);
	icmp = f->data + f->l4;
	icmp[0] = v6 ? 128 : 8;
	icmp[1] = 0;
	put16(icmp + 2, 0);
	put16(icmp + 4, 0x1234);
	put16(icmp + 6, (unsigned int)rest);
	if (v6)
		sum = ref_sum(58 + (unsigned int)(8 + rest),
			      f->data + f->l3 + 8, 32);
	put16(icmp + 2, ref_csum(ref_sum(sum, icmp, 8 + rest)));
}

static void icmp_echo_reply(void **state)
{
	struct frame f, was;
	size_t rest;

	(void)state;
	for (rest = 0; rest < 300; rest++) {
		ping(&f, false, rest);
		was = f;
		hwirq_icmp_echo_reply((struct ethhdr *)f.data,
				      (struct iphdr *)(f.data + f.l3),
				      (struct hwirq_icmp *)(f.data + f.l4), 64);
		assert_memory_equal(f.data, mac_them, 6);
		assert_memory_equal(f.data + 6, mac_us, 6);
		assert_memory_equal(f.data + f.l3 + 12, ip4_us, 4);
		assert_memory_equal(f.data + f.l3 + 16, ip4_them, 4);
		assert_int_equal(f.data[f.l3 + 8], 64);
		assert_int_equal(f.data[f.l4], 0);
		assert_int_equal(ref_sum(0, f.data + f.l3, 20), 0xffff);
		assert_int_equal(ref_sum(0, f.data + f.l4, 8 + rest), 0xffff);
		assert_memory_equal(f.data + f.l4 + 4, was.data + f.l4 + 4,
				    4 + rest);
	}
}

static void icmp6_echo_reply(void **state)
{
	struct frame f, was;
	unsigned int sum;
	size_t rest;

	(void)state;
	for (rest = 0; rest < 300; rest++) {
		ping(&f, true, rest);
		was = f;
		hwirq_icmp6_echo_reply((struct ethhdr *)f.data,
				       (struct ipv6hdr *)(f.data + f.l3),
				       (struct hwirq_icmp *)(f.data + f.l4), 64);
		assert_memory_equal(f.data, mac_them, 6);
		assert_memory_equal(f.data + f.l3 + 8, ip6_us, 16);
		assert_memory_equal(f.data + f.l3 + 24, ip6_them, 16);
		assert_int_equal(f.data[f.l3 + 7], 64);
		assert_int_equal(f.data[f.l4], 129);
		sum = ref_sum(58 + (unsigned int)(8 + rest),
			      f.data + f.l3 + 8, 32);
		assert_int_equal(ref_sum(sum, f.data + f.l4, 8 + rest), 0xffff);
		assert_memory_equal(f.data + f.l4 + 4, was.data + f.l4 + 4,
				    4 + rest);
	}
}

/* A neighbour solicitation for our address, from them, with a right checksum. */
static void solicit(struct frame *f)
{
	static const unsigned char group[16] = { 0xff, 2, [11] = 1, [12] = 0xff };
	unsigned char *ip6, *ndp;

	frame_udp6(f, 7, 24);
	ip6 = f->data + f->l3;
	ndp = f->data + f->l4;
	ip6[6] = 58;
	ip6[7] = 255;
	memcpy(ip6 + 24, group, 13);
	memcpy(ip6 + 37, ip6_us + 13, 3);
	memset(ndp, 0, 32);
	ndp[0] = 135;
	memcpy(ndp + 8, ip6_us, 16);
	ndp[24] = 1;
	ndp[25] = 1;
	memcpy(ndp + 26, mac_them, 6);
	put16(ndp + 2, ref_csum(ref_sum(ref_sum(58 + 32, ip6 + 8, 32), ndp, 32)));
}

static int parse_solicit(struct frame *f, struct hwirq_ndp **ndp)
{
	struct hwirq_cursor cur = { f->data + f->l3, f->data + f->len };
	struct ipv6hdr *ip6;
	__u32 len;
	__u8 proto;

	if (hwirq_parse_ipv6(&cur, &ip6, &proto, &len))
		return HWIRQ_E_FORMAT;
	return hwirq_parse_ndp_solicit(&cur, ip6, len, ndp);
}

static void ndp_reply(void **state)
{
	struct hwirq_ndp *ndp;
	struct ipv6hdr *ip6;
	unsigned int sum;
	struct frame f;

	(void)state;
	solicit(&f);
	assert_int_equal(parse_solicit(&f, &ndp), 0);
	ip6 = (struct ipv6hdr *)(f.data + f.l3);
	assert_true(hwirq_csum_ndp_ok(ip6, ndp));
	hwirq_ndp_reply((struct ethhdr *)f.data, ip6, ndp, mac_us);
	assert_memory_equal(f.data, mac_them, 6);
	assert_memory_equal(f.data + 6, mac_us, 6);
	assert_memory_equal(f.data + f.l3 + 8, ip6_us, 16);
	assert_memory_equal(f.data + f.l3 + 24, ip6_them, 16);
	assert_int_equal(f.data[f.l3 + 7], 255);
	assert_int_equal(f.data[f.l4], 136);
	assert_int_equal(f.data[f.l4 + 4], 0x60);
	assert_memory_equal(f.data + f.l4 + 8, ip6_us, 16);
	assert_int_equal(f.data[f.l4 + 24], 2);
	assert_memory_equal(f.data + f.l4 + 26, mac_us, 6);
	sum = ref_sum(58 + 32, f.data + f.l3 + 8, 32);
	assert_int_equal(ref_sum(sum, f.data + f.l4, 32), 0xffff);
}

/* What RFC 4861 says must be ignored, and what does not fit into its place. */
static void ndp_refused(void **state)
{
	static const struct {
		size_t at;	/* from the IPv6 header */
		unsigned char value;
		int ret;
	} wrong[] = {
		{ 7, 254, HWIRQ_E_FORMAT },	/* hop limit */
		{ 5, 24, HWIRQ_E_SHORT },	/* payload: no option */
		{ 8, 0xff, HWIRQ_E_FORMAT },	/* from a group */
		{ 40, 136, HWIRQ_E_FORMAT },	/* type */
		{ 41, 1, HWIRQ_E_FORMAT },	/* code */
		{ 48, 0xff, HWIRQ_E_FORMAT },	/* target is a group */
		{ 64, 2, HWIRQ_E_FORMAT },	/* another option */
		{ 65, 2, HWIRQ_E_FORMAT },	/* a longer one */
	};
	struct hwirq_ndp *ndp;
	struct frame f;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		solicit(&f);
		f.data[f.l3 + wrong[i].at] = wrong[i].value;
		assert_int_equal(parse_solicit(&f, &ndp), wrong[i].ret);
	}
	/* from ::, which looks for duplicates of an address */
	solicit(&f);
	memset(f.data + f.l3 + 8, 0, 16);
	assert_int_equal(parse_solicit(&f, &ndp), HWIRQ_E_FORMAT);
	/* each bit counts */
	for (i = 8 * 8; i < 72 * 8; i++) {
		solicit(&f);
		f.data[f.l3 + i / 8] ^= (unsigned char)(1 << i % 8);
		assert_false(hwirq_csum_ndp_ok((struct ipv6hdr *)(f.data + f.l3),
					       (struct hwirq_ndp *)(f.data + f.l4)));
	}
}

static void swap_tcp(void **state)
{
	struct frame f;

	(void)state;
	frame_udp4(&f, 7, 33);
	hwirq_swap_tcp((struct tcphdr *)(f.data + f.l4));
	assert_int_equal(get16(f.data + f.l4), 7);
	assert_int_equal(get16(f.data + f.l4 + 2), 40000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(swap_mac),
		cmocka_unit_test(swap_ipv4_udp),
		cmocka_unit_test(swap_ipv6_udp),
		cmocka_unit_test(ttl),
		cmocka_unit_test(swap_tcp),
		cmocka_unit_test(arp_reply),
		cmocka_unit_test(icmp_echo_reply),
		cmocka_unit_test(icmp6_echo_reply),
		cmocka_unit_test(ndp_reply),
		cmocka_unit_test(ndp_refused),
	};

	return run_group("rewrite", tests);
}
