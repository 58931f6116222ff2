// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include "test.h"
#include <hwirq_helpers.h>

/* Words as they lie in a frame. */
static __be16 be16(unsigned int value)
{
	return (__be16)bpf_htons((__u16)value);
}

static void fold(void **state)
{
	(void)state;
	assert_int_equal(hwirq_csum_fold(0), 0);
	assert_int_equal(hwirq_csum_fold(0xffff), 0xffff);
	assert_int_equal(hwirq_csum_fold(0x10000), 1);
	assert_int_equal(hwirq_csum_fold(0x1fffe), 0xffff);
	assert_int_equal(hwirq_csum_fold(0xffffffff), 0xffff);
	assert_int_equal(hwirq_csum_fold(0x100000000), 1);
	assert_int_equal(hwirq_csum_fold(0x1ffffffff), 1);
	assert_int_equal(hwirq_csum_fold(~0ULL), 0xffff);
}

/* RFC 1624, section 4: the case that RFC 1141 got wrong. */
static void rfc1624_example(void **state)
{
	__sum16 csum = be16(0xdd2f);

	(void)state;
	hwirq_csum_replace16(&csum, be16(0x5555), be16(0x3285));
	assert_int_equal(csum, be16(0x0000));
}

/* Change random words of random data, compare with the sum in full. */
static void replace_random(void **state)
{
	unsigned long count = rng_start("csum.replace_random", 20000), n;
	unsigned char data[64];
	__be16 old16, new16;
	__be32 old32, new32;
	__sum16 csum16, csum32;
	unsigned int i, at;

	(void)state;
	for (n = 0; n < count; n++) {
		/* runs of ones and zeros are where folding goes wrong */
		for (i = 0; i < sizeof(data); i++)
			data[i] = n % 3 == 0 ? (unsigned char)rng() :
				  n % 3 == 1 ? 0xff : (unsigned char)-rng_below(2);
		csum16 = be16(ref_csum(ref_sum(0, data, sizeof(data))));
		csum32 = csum16;
		at = rng_below(sizeof(data) / 4) * 4;
		new32 = (__be32)rng();
		memcpy(&old32, data + at, 4);
		memcpy(data + at, &new32, 4);
		hwirq_csum_replace32(&csum32, old32, new32);
		/* the same change as two of 16 bits */
		for (i = 0; i < 4; i += 2) {
			memcpy(&old16, (char *)&old32 + i, 2);
			memcpy(&new16, (char *)&new32 + i, 2);
			hwirq_csum_replace16(&csum16, old16, new16);
		}
		assert_int_equal(csum16, csum32);
		put16((unsigned char *)&old16,
		      ref_csum(ref_sum(0, data, sizeof(data))));
		/* data of zeros only has no other sum than zero */
		if (csum16 != old16)
			assert_true((csum16 == 0 && old16 == 0xffff) ||
				    (csum16 == 0xffff && old16 == 0));
	}
}

/* As replace_random(), a byte at a time: exactly the sum in full. */
static void replace_byte(void **state)
{
	unsigned long count = rng_start("csum.replace_byte", 20000), n;
	unsigned char data[20], old;
	unsigned int i, at;
	__sum16 csum;

	(void)state;
	for (n = 0; n < count; n++) {
		for (i = 0; i < sizeof(data); i++)
			data[i] = n % 3 == 0 ? (unsigned char)rng() :
				  n % 3 == 1 ? 0xff : (unsigned char)-rng_below(2);
		data[1] = 1;	/* the sum is not zero */
		csum = be16(ref_csum(ref_sum(0, data, sizeof(data))));
		at = rng_below(sizeof(data) / 2) * 2;
		old = data[at];
		data[at] = n % 2 ? (unsigned char)rng() : (unsigned char)-rng_below(2);
		hwirq_csum_replace8(&csum, old, data[at]);
		assert_int_equal(csum, be16(ref_csum(ref_sum(0, data, sizeof(data)))));
	}
}

static void udp_zero_rule(void **state)
{
	__sum16 csum = 0;

	(void)state;
	/* none stays none */
	hwirq_csum_udp_replace16(&csum, be16(1), be16(2));
	hwirq_csum_udp_replace32(&csum, 1, 2);
	assert_int_equal(csum, 0);

	/* a result of zero is sent as ones, see rfc1624_example */
	csum = be16(0xdd2f);
	hwirq_csum_udp_replace16(&csum, be16(0x5555), be16(0x3285));
	assert_int_equal(csum, 0xffff);
	csum = be16(0xdd2f);
	hwirq_csum_udp_replace32(&csum, bpf_htonl(0x5555), bpf_htonl(0x3285));
	assert_int_equal(csum, 0xffff);
}

static void ipv4_header(void **state)
{
	unsigned char options[40], *copy;
	unsigned int i, n;
	struct iphdr *ip;
	struct frame f;
	__sum16 csum;

	(void)state;
	for (n = 0; n <= sizeof(options); n += 4) {
		for (i = 0; i < n; i++)
			options[i] = (unsigned char)rng();
		frame_eth(&f, mac_us, mac_them);
		frame_ip4(&f, 17, ip4_them, ip4_us, options, n);
		frame_finish_nocsum(&f);
		copy = frame_exact(&f);
		ip = (struct iphdr *)(copy + 14);
		assert_true(hwirq_csum_ipv4_ok(ip, copy + f.len));
		assert_int_equal(hwirq_csum_ipv4(ip, copy + f.len, &csum), 0);
		assert_int_equal(csum, ip->check);
		/* whatever the field says now does not matter */
		ip->check = (__sum16)~ip->check;
		assert_false(hwirq_csum_ipv4_ok(ip, copy + f.len));
		assert_int_equal(hwirq_csum_ipv4(ip, copy + f.len, &csum), 0);
		assert_int_equal(csum, (__sum16)~ip->check);
		ip->check = (__sum16)~ip->check;
		/* each byte counts */
		for (i = 14; i < f.len; i++) {
			copy[i] ^= 0x10;
			if (i != 14)
				assert_false(hwirq_csum_ipv4_ok(ip, copy + f.len));
			copy[i] ^= 0x10;
		}
		free(copy);
	}
}

static void ipv4_header_errors(void **state)
{
	unsigned char options[40] = { 0 }, *copy;
	struct frame f;
	__sum16 csum;
	size_t len;

	(void)state;
	frame_eth(&f, mac_us, mac_them);
	frame_ip4(&f, 17, ip4_them, ip4_us, options, sizeof(options));
	frame_finish_nocsum(&f);
	for (len = 34; len < 74; len++) {
		f.len = len;
		copy = frame_exact(&f);
		assert_int_equal(hwirq_csum_ipv4((struct iphdr *)(copy + 14),
						 copy + len, &csum),
				 HWIRQ_E_SHORT);
		free(copy);
	}
	f.len = 74;
	f.data[14] = 0x44;
	copy = frame_exact(&f);
	assert_int_equal(hwirq_csum_ipv4((struct iphdr *)(copy + 14),
					 copy + f.len, &csum),
			 HWIRQ_E_FORMAT);
	free(copy);
}

static int udp_csum(const struct frame *f, bool v6, __sum16 *csum)
{
	unsigned char *copy = frame_exact(f);
	struct udphdr *udp = (struct udphdr *)(copy + f->l4);
	int ret;

	/* not read: the result must not depend on what is there */
	udp->check = 0x1234;
	if (v6)
		ret = hwirq_csum_udp6((struct ipv6hdr *)(copy + f->l3), udp,
				      copy + f->len, csum);
	else
		ret = hwirq_csum_udp4((struct iphdr *)(copy + f->l3), udp,
				      copy + f->len, csum);
	free(copy);
	return ret;
}

static void udp_full(void **state)
{
	struct frame f;
	__sum16 csum;
	size_t len;

	(void)state;
	for (len = 0; len <= HWIRQ_CSUM_MAX - 8; len++) {
		frame_udp4(&f, 7, len);
		assert_int_equal(udp_csum(&f, false, &csum), 0);
		assert_memory_equal(&csum, f.data + f.l4 + 6, 2);
		frame_udp6(&f, 7, len);
		assert_int_equal(udp_csum(&f, true, &csum), 0);
		assert_memory_equal(&csum, f.data + f.l4 + 6, 2);
	}
	frame_udp4(&f, 7, len);
	assert_int_equal(udp_csum(&f, false, &csum), HWIRQ_E_BOUND);
	frame_udp6(&f, 7, len);
	assert_int_equal(udp_csum(&f, true, &csum), HWIRQ_E_BOUND);
}

static void udp_full_is_never_zero(void **state)
{
	struct frame f;
	__sum16 csum;

	(void)state;
	frame_udp4(&f, 7, 2);
	/* make the payload absorb the rest of the sum */
	put16(f.data + f.l4 + 6, 0);
	put16(f.data + f.l4 + 8, 0);
	put16(f.data + f.l4 + 8,
	      ref_csum(ref_udp_sum(f.data + f.l3, f.data + f.l4)));
	assert_int_equal(udp_csum(&f, false, &csum), 0);
	assert_int_equal(csum, 0xffff);
}

static void udp_full_errors(void **state)
{
	struct frame f;
	__sum16 csum;

	(void)state;
	frame_udp4(&f, 7, 11);
	for (f.len = f.l4 + 8; f.len < f.l4 + 19; f.len++)
		assert_int_equal(udp_csum(&f, false, &csum), HWIRQ_E_SHORT);
	assert_int_equal(udp_csum(&f, false, &csum), 0);
	put16(f.data + f.l4 + 4, 7);
	assert_int_equal(udp_csum(&f, false, &csum), HWIRQ_E_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fold),
		cmocka_unit_test(rfc1624_example),
		cmocka_unit_test(replace_random),
		cmocka_unit_test(replace_byte),
		cmocka_unit_test(udp_zero_rule),
		cmocka_unit_test(ipv4_header),
		cmocka_unit_test(ipv4_header_errors),
		cmocka_unit_test(udp_full),
		cmocka_unit_test(udp_full_is_never_zero),
		cmocka_unit_test(udp_full_errors),
	};

	return run_group("csum", tests);
}
