// SPDX-License-Identifier: GPL-2.0-only
/* Histograms: what is added, merged, and which percentiles there are */
#include "hist.h"

#include <errno.h>

#include <test.h>

static const struct quantile *quantile(const char *name)
{
	size_t i;

	for (i = 0; i < HIST_QUANTILES; i++)
		if (!strcmp(hist_quantiles[i].name, name))
			return &hist_quantiles[i];
	fail_msg("no percentile %s", name);
	return NULL;
}

/* The definition of a percentile, over a sorted list */
static uint64_t by_hand(const uint64_t *sorted, size_t total, const struct quantile *q)
{
	size_t rank = (total * q->num + q->den - 1) / q->den;

	return sorted[rank - 1];
}

static void fill(struct hist *h, const uint64_t *values, size_t count)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		assert_int_equal(hist_add(h, values[i], values[i], 1), 0);
		sum += values[i];
	}
	assert_int_equal(hist_seal(h, count, sum, values[0], values[count - 1]), 0);
}

static void assert_quantile(const struct hist *h, const char *name, uint64_t planned, uint64_t expected)
{
	uint64_t value;

	assert_int_equal(hist_quantile(h, quantile(name), planned, &value), HIST_OK);
	assert_int_equal(value, expected);
}

static void test_percentiles(void **state)
{
	enum { COUNT = 20000 };
	static uint64_t values[COUNT];
	struct hist h = { 0 };
	uint64_t value;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT; i++)
		values[i] = 100 + i * i / 7;
	fill(&h, values, COUNT);
	for (i = 0; i < HIST_QUANTILES; i++) {
		const struct quantile *q = &hist_quantiles[i];

		if (!strcmp(q->name, "p99.99"))
			continue;
		assert_int_equal(hist_quantile(&h, q, COUNT, &value), HIST_OK);
		assert_int_equal(value, by_hand(values, COUNT, q));
	}
	hist_free(&h);
}

/* Ten samples must lie beyond a percentile, or it is the luck of a few. */
static void test_few(void **state)
{
	struct hist h = { 0 };
	uint64_t value;

	(void)state;
	assert_int_equal(hist_add(&h, 5, 5, 9999), 0);
	assert_int_equal(hist_quantile(&h, quantile("p99.9"), 9999, &value), HIST_FEW);
	assert_int_equal(hist_add(&h, 5, 5, 1), 0);
	assert_int_equal(hist_seal(&h, 10000, 50000, 5, 5), 0);
	assert_int_equal(hist_quantile(&h, quantile("p99.9"), 10000, &value), HIST_OK);
	assert_int_equal(hist_quantile(&h, quantile("p99.99"), 10000, &value), HIST_FEW);
	hist_free(&h);
	assert_int_equal(hist_quantile(&h, quantile("p50"), 0, &value), HIST_FEW);
}

/* What was lost was infinitely late: it does not improve a percentile. */
static void test_lost(void **state)
{
	struct hist h = { 0 };
	uint64_t value;

	(void)state;
	assert_int_equal(hist_add(&h, 10, 10, 600), 0);
	assert_int_equal(hist_add(&h, 20, 20, 300), 0);
	assert_int_equal(hist_seal(&h, 900, 12000, 10, 20), 0);
	assert_quantile(&h, "p50", 1000, 10);
	assert_quantile(&h, "p90", 1000, 20);
	assert_int_equal(hist_quantile(&h, quantile("p99"), 1000, &value), HIST_LOST);
	hist_free(&h);
}

/* A wide bucket tells its upper end, but nothing above the greatest sample. */
static void test_wide_bucket(void **state)
{
	struct hist h = { 0 };

	(void)state;
	assert_int_equal(hist_add(&h, 4096, 4099, 100), 0);
	assert_int_equal(hist_add(&h, 8192, 8199, 100), 0);
	assert_int_equal(hist_seal(&h, 200, 200, 4097, 8194), 0);
	assert_quantile(&h, "p50", 200, 4099);
	assert_quantile(&h, "p90", 200, 8194);
	hist_free(&h);
}

/* Percentiles of two runs are those of all their samples, in any order. */
static void test_merge(void **state)
{
	static const uint64_t odd[] = { 1, 3, 5, 7, 9 }, even[] = { 2, 3, 4, 100 };
	struct hist a = { 0 }, b = { 0 }, both = { 0 };
	size_t i;

	(void)state;
	fill(&a, odd, ARRAY_SIZE(odd));
	fill(&b, even, ARRAY_SIZE(even));
	assert_int_equal(hist_merge(&both, &b), 0);
	assert_int_equal(hist_merge(&both, &a), 0);
	assert_int_equal(both.count, 9);
	assert_int_equal(both.min, 1);
	assert_int_equal(both.max, 100);
	assert_int_equal(both.sum, 134);
	assert_int_equal(both.buckets, 8);
	for (i = 1; i < both.buckets; i++)
		assert_true(both.bucket[i - 1].high < both.bucket[i].low);
	hist_free(&a);
	assert_int_equal(hist_merge(&both, &a), 0);	/* of nothing */
	assert_int_equal(both.min, 1);
	hist_free(&b);
	hist_free(&both);
}

static void test_impossible(void **state)
{
	struct hist h = { 0 };

	(void)state;
	assert_int_equal(hist_add(&h, 8, 4, 1), -EINVAL);
	assert_int_equal(hist_add(&h, 4, 8, 0), -EINVAL);
	assert_int_equal(hist_add(&h, 4, 8, 2), 0);
	assert_int_equal(hist_add(&h, 8, 9, 1), -EINVAL);
	assert_int_equal(hist_add(&h, 0, 4, 1), -EINVAL);
	assert_int_equal(hist_add(&h, 5, 5, 1), -EINVAL);
	assert_int_equal(hist_seal(&h, 3, 12, 5, 7), -EINVAL);
	assert_int_equal(hist_seal(&h, 2, 12, 3, 7), -EINVAL);
	assert_int_equal(hist_seal(&h, 2, 12, 5, 9), -EINVAL);
	assert_int_equal(hist_seal(&h, 2, 12, 5, 7), 0);
	hist_free(&h);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_percentiles), cmocka_unit_test(test_few),
	cmocka_unit_test(test_lost),	    cmocka_unit_test(test_wide_bucket),
	cmocka_unit_test(test_merge),	    cmocka_unit_test(test_impossible),
};

int main(void)
{
	return run_group("hist", tests);
}
