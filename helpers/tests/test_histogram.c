// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* test_histogram.c - times of the handler: the kernel's lines, buckets, percentiles */
#include "test.h"
#include <hwirq/histogram.h>

#define KEY HWIRQ_HISTOGRAM_KEY "\t"
#define RUNS 5000

static struct hwirq_histogram h;

static int setup(void **state)
{
	(void)state;
	memset(&h, 0, sizeof(h));
	return 0;
}

/* Without gaps, and none wider than an eighth of what is in it. */
static void buckets(void **state)
{
	unsigned int i;
	__u64 low, high;

	(void)state;
	for (i = 0; i < HWIRQ_HISTOGRAM_BUCKETS; i++) {
		low = hwirq_histogram__low(i);
		high = hwirq_histogram__high(i);
		assert_int_equal(hwirq_histogram__bucket(low), i);
		assert_int_equal(hwirq_histogram__bucket(high), i);
		assert_true(high - low <= low / 8);
		if (i + 1 < HWIRQ_HISTOGRAM_BUCKETS)
			assert_true(hwirq_histogram__low(i + 1) == high + 1);
		else
			assert_true(high == ~0ULL);
	}
	assert_int_equal(hwirq_histogram__low(0), 0);
	assert_int_equal(hwirq_histogram__low(16), 16);
	assert_int_equal(hwirq_histogram__low(17), 18);
	assert_int_equal(hwirq_histogram__low(24), 32);
}

static void lines(void **state)
{
	(void)state;
	assert_int_equal(hwirq_histogram__add_line(&h, KEY "0 7:1 896:20 1024:3\n"), 0);
	assert_int_equal(hwirq_histogram__add_line(&h, KEY "12 896:1 17293822569102704640:2"), 0);
	assert_int_equal(h.counts[7], 1);
	assert_int_equal(h.counts[hwirq_histogram__bucket(900)], 21);
	assert_int_equal(h.counts[hwirq_histogram__bucket(1024)], 3);
	assert_int_equal(h.counts[HWIRQ_HISTOGRAM_BUCKETS - 1], 2);
	assert_int_equal(hwirq_histogram__runs(&h), 27);
	/* a queue whose handler has not run, and one with a blank at the end */
	assert_int_equal(hwirq_histogram__add_line(&h, KEY "1\n"), 0);
	assert_int_equal(hwirq_histogram__add_line(&h, KEY "1 \n"), 0);
	assert_int_equal(hwirq_histogram__add_line(&h, KEY "1 8:1 \n"), 0);
	assert_int_equal(hwirq_histogram__runs(&h), 28);
}

static void other_lines(void **state)
{
	static const char *const wrong[] = {
		KEY "\n", KEY "all 8:1\n", KEY "-1 8:1\n", KEY "0 8\n", KEY "0 8:\n",
		KEY "0 :1\n", KEY "0 8:-1\n", KEY "0 8: 1\n", KEY "0 8:1,9:1\n", KEY "0 8:1x\n",
		KEY "0  8:1\n", KEY "0 8:1 x\n", KEY "0 17:1\n", KEY "0 1023:1\n",
		KEY "0 18446744073709551616:1\n", KEY "0 8:18446744073709551616\n",
	};
	size_t i;

	(void)state;
	assert_int_equal(hwirq_histogram__add_line(&h, ""), -ENOENT);
	assert_int_equal(hwirq_histogram__add_line(&h, "ns_max:\t8\n"), -ENOENT);
	assert_int_equal(hwirq_histogram__runs(&h), 0);
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		if (hwirq_histogram__add_line(&h, wrong[i]) != -EPROTO)
			fail_msg("accepted: %s", wrong[i]);
}

static void few_runs(void **state)
{
	(void)state;
	assert_int_equal(hwirq_histogram__quantile(&h, 500), 0);
	h.counts[hwirq_histogram__bucket(1000)] = 1;
	assert_int_equal(hwirq_histogram__quantile(&h, 1), 1023);
	assert_int_equal(hwirq_histogram__quantile(&h, 1000), 1023);
	/* the rank is rounded up: half of three is two */
	h.counts[3] = 1;
	h.counts[5] = 1;
	assert_int_equal(hwirq_histogram__quantile(&h, 333), 3);
	assert_int_equal(hwirq_histogram__quantile(&h, 334), 5);
	assert_int_equal(hwirq_histogram__quantile(&h, 500), 5);
	assert_int_equal(hwirq_histogram__quantile(&h, 667), 1023);
	/* numbers that a product would not hold */
	memset(&h, 0, sizeof(h));
	h.counts[3] = 1ULL << 62;
	h.counts[5] = 1ULL << 62;
	assert_int_equal(hwirq_histogram__quantile(&h, 500), 3);
	assert_int_equal(hwirq_histogram__quantile(&h, 501), 5);
	assert_int_equal(hwirq_histogram__quantile(&h, 999), 5);
}

static int ascending(const void *a, const void *b)
{
	const __u64 *x = (const __u64 *)a, *y = (const __u64 *)b;

	return (*x > *y) - (*x < *y);
}

/* Compared with what sorting says: never less, and at most an eighth more. */
static void percentiles(void **state)
{
	static const unsigned int permilles[] = { 1, 500, 900, 990, 999, 1000 };
	unsigned long rounds = rng_start("histogram.percentiles", 200), n;
	static __u64 runs[RUNS];
	unsigned int count, i;
	__u64 exact, said;

	(void)state;
	while (rounds--) {
		memset(&h, 0, sizeof(h));
		count = 1 + rng_below(RUNS);
		for (i = 0; i < count; i++) {
			runs[i] = rng() >> rng_below(64);
			h.counts[hwirq_histogram__bucket(runs[i])]++;
		}
		qsort(runs, count, sizeof(runs[0]), ascending);
		for (i = 0; i < ARRAY_SIZE(permilles); i++) {
			n = (count * (unsigned long)permilles[i] + 999) / 1000;
			exact = runs[n - 1];
			said = hwirq_histogram__quantile(&h, permilles[i]);
			if (said < exact || said - exact > exact / 8)
				fail_msg("%u of 1000: %llu, but the histogram says %llu", permilles[i],
					 (unsigned long long)exact, (unsigned long long)said);
		}
	}
}

static void intervals(void **state)
{
	struct hwirq_histogram before;

	(void)state;
	h.counts[9] = 7;
	before = h;
	h.counts[9] += 2;
	h.counts[10] = 1;
	hwirq_histogram__subtract(&h, &before);
	assert_int_equal(h.counts[9], 2);
	assert_int_equal(hwirq_histogram__runs(&h), 3);
	assert_int_equal(hwirq_histogram__quantile(&h, 500), 9);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		TEST(buckets),
		TEST(lines),
		TEST(other_lines),
		TEST(few_runs),
		TEST(percentiles),
		TEST(intervals),
	};

	return run_group("histogram", tests);
}
