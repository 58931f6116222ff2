/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hist.h - histograms as hwirqsim exports them, their sums and percentiles
 *
 * All values are ns. Percentiles of several runs come from the merged histogram, never
 * from an average.
 */
#ifndef HWIRQ_LAB_HIST_H
#define HWIRQ_LAB_HIST_H

#include <stddef.h>
#include <stdint.h>

struct hist_bucket {
	uint64_t low, high;	/* both inclusive */
	uint64_t count;
};

struct hist {
	struct hist_bucket *bucket;	/* rising, without gaps in count */
	size_t buckets, room;
	uint64_t count, min, max;
	unsigned __int128 sum;
};

/* A percentile as a fraction: 999/1000 is p99.9. */
struct quantile {
	const char *name;
	uint64_t num, den;
};

enum hist_status {
	HIST_OK,
	HIST_FEW,	/* fewer than HIST_BEYOND samples lie beyond: no such figure */
	HIST_LOST,	/* so many were lost that this percentile never arrived */
};

#define HIST_BEYOND 10
#define HIST_QUANTILES 5

extern const struct quantile hist_quantiles[HIST_QUANTILES];

/* Add a bucket behind or among those there are. 0, -ENOMEM, or -EINVAL if it overlaps another. */
int hist_add(struct hist *h, uint64_t low, uint64_t high, uint64_t count);
/* The exact extremes and sum of what was added by hist_add(). 0 or -EINVAL if impossible. */
int hist_seal(struct hist *h, uint64_t count, uint64_t sum, uint64_t min, uint64_t max);
/* 0 or an error of hist_add(); then @to is unusable. */
int hist_merge(struct hist *to, const struct hist *from);
/*
 * The least value that at least the fraction @q of @total samples do not exceed.
 * @total may be more than the histogram holds: the rest was lost, that is, infinitely
 * late. The value is the upper end of a bucket, at most 0.1 % too large.
 */
enum hist_status hist_quantile(const struct hist *h, const struct quantile *q, uint64_t total,
			       uint64_t *value);
void hist_free(struct hist *h);

#endif
