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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(swap_mac),
		cmocka_unit_test(swap_ipv4_udp),
		cmocka_unit_test(swap_ipv6_udp),
		cmocka_unit_test(ttl),
		cmocka_unit_test(arp_reply),
	};

	return run_group("rewrite", tests);
}
