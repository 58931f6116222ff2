// SPDX-License-Identifier: GPL-2.0-only
#include "hist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct quantile hist_quantiles[HIST_QUANTILES] = {
	{ "p50", 50, 100 },	{ "p90", 90, 100 },	  { "p99", 99, 100 },
	{ "p99.9", 999, 1000 }, { "p99.99", 9999, 10000 },
};

/* Index of the first bucket that does not end before @low */
static size_t find(const struct hist *h, uint64_t low)
{
	size_t from = 0, to = h->buckets, mid;

	while (from < to) {
		mid = from + (to - from) / 2;
		if (h->bucket[mid].high < low)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

static int grow(struct hist *h)
{
	size_t room = h->room ? 2 * h->room : 256;
	struct hist_bucket *bucket;

	if (h->buckets < h->room)
		return 0;
	bucket = (struct hist_bucket *)realloc(h->bucket, room * sizeof(*bucket));
	if (!bucket)
		return -ENOMEM;
	h->bucket = bucket;
	h->room = room;
	return 0;
}

int hist_add(struct hist *h, uint64_t low, uint64_t high, uint64_t count)
{
	size_t i = find(h, low);
	struct hist_bucket *b = h->bucket ? &h->bucket[i] : NULL;

	if (high < low || !count)
		return -EINVAL;
	if (i < h->buckets && b->low == low && b->high == high) {
		b->count += count;
	} else {
		if (i < h->buckets && b->low <= high)
			return -EINVAL;
		if (grow(h))
			return -ENOMEM;
		b = &h->bucket[i];
		memmove(b + 1, b, (h->buckets - i) * sizeof(*b));
		*b = (struct hist_bucket){ low, high, count };
		h->buckets++;
	}
	h->count += count;
	return 0;
}

int hist_seal(struct hist *h, uint64_t count, uint64_t sum, uint64_t min, uint64_t max)
{
	const struct hist_bucket *last = h->buckets ? &h->bucket[h->buckets - 1] : NULL;

	if (count != h->count)
		return -EINVAL;
	if (!last)
		return 0;
	if (min < h->bucket[0].low || min > h->bucket[0].high || max < last->low || max > last->high)
		return -EINVAL;
	h->min = min;
	h->max = max;
	h->sum = sum;
	return 0;
}

int hist_merge(struct hist *to, const struct hist *from)
{
	size_t i;
	int err;

	if (!from->count)
		return 0;
	if (!to->count || from->min < to->min)
		to->min = from->min;
	if (from->max > to->max)
		to->max = from->max;
	to->sum += from->sum;
	for (i = 0; i < from->buckets; i++) {
		err = hist_add(to, from->bucket[i].low, from->bucket[i].high, from->bucket[i].count);
		if (err)
			return err;
	}
	return 0;
}

enum hist_status hist_quantile(const struct hist *h, const struct quantile *q, uint64_t total,
			       uint64_t *value)
{
	uint64_t beyond = (uint64_t)((unsigned __int128)total * (q->den - q->num) / q->den);
	uint64_t rank = total - beyond, seen = 0;
	size_t i;

	if (beyond < HIST_BEYOND)
		return HIST_FEW;
	if (rank > h->count)
		return HIST_LOST;
	for (i = 0; i < h->buckets; i++) {
		seen += h->bucket[i].count;
		if (seen >= rank)
			break;
	}
	*value = h->bucket[i].high < h->max ? h->bucket[i].high : h->max;
	return HIST_OK;
}

void hist_free(struct hist *h)
{
	free(h->bucket);
	memset(h, 0, sizeof(*h));
}
