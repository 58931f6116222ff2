/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * hwirq/histogram.h - how long runs of the handler took: buckets and percentiles
 *
 * The fdinfo of a link has a line for each queue whose handler has run:
 *
 *	handler_ns_hist:	QUEUE LOW:COUNT LOW:COUNT ...
 *
 * COUNT runs took at least LOW ns, and less than the LOW of the next bucket. Buckets
 * are 1 ns wide below 16 ns; from there on each power of two has eight. Empty ones are
 * left out.
 */
#ifndef HWIRQ_HISTOGRAM_H
#define HWIRQ_HISTOGRAM_H

#include "message.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HWIRQ_HISTOGRAM_KEY	"handler_ns_hist:"

/* Up to the largest 64-bit number. */
#define HWIRQ_HISTOGRAM_BUCKETS	496U

/**
 * struct hwirq_histogram - how many runs of the handler took how long
 * @counts: by bucket; hwirq_histogram__low() says where one begins
 */
struct hwirq_histogram {
	__u64 counts[HWIRQ_HISTOGRAM_BUCKETS];
};

/**
 * hwirq_histogram__low - the shortest time of a bucket, in ns
 * @bucket: below HWIRQ_HISTOGRAM_BUCKETS
 */
static inline __u64 hwirq_histogram__low(unsigned int bucket)
{
	return bucket < 8 ? bucket : (__u64)(8 + (bucket & 7)) << ((bucket >> 3) - 1);
}

/**
 * hwirq_histogram__high - the longest time of a bucket, in ns
 * @bucket: below HWIRQ_HISTOGRAM_BUCKETS
 *
 * It exceeds no time in the bucket by more than an eighth.
 */
static inline __u64 hwirq_histogram__high(unsigned int bucket)
{
	return bucket < 8 ? bucket : hwirq_histogram__low(bucket) + (1ULL << ((bucket >> 3) - 1)) - 1;
}

/**
 * hwirq_histogram__bucket - which bucket a time belongs to
 * @ns: time
 */
static inline unsigned int hwirq_histogram__bucket(__u64 ns)
{
	unsigned int shift;

	if (ns < 8)
		return (unsigned int)ns;
	shift = 60 - (unsigned int)__builtin_clzll(ns);
	return (shift + 1) << 3 | ((unsigned int)(ns >> shift) & 7);
}

/* A decimal number; NULL if there is none, or too large a one. */
static inline const char *hwirq__decimal(const char *text, __u64 *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return NULL;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno ? NULL : end;
}

/**
 * hwirq_histogram__add_line - add the runs of one queue
 * @h: histogram
 * @line: of an fdinfo text, with or without a newline
 *
 * Says nothing. Return: 0, -ENOENT if the line is not about a histogram, or -EPROTO if
 * its format is not the one of this SDK; @h has a part of it then.
 */
static inline int hwirq_histogram__add_line(struct hwirq_histogram *h, const char *line)
{
	const size_t len = strlen(HWIRQ_HISTOGRAM_KEY);
	__u64 low, count;
	unsigned int i;

	if (strncmp(line, HWIRQ_HISTOGRAM_KEY, len))
		return -ENOENT;
	line += len;
	line += strspn(line, " \t");
	line = hwirq__decimal(line, &count);	/* the queue */
	while (line && *line == ' ' && line[1] != '\n' && line[1]) {
		line = hwirq__decimal(line + 1, &low);
		if (!line || *line != ':')
			return -EPROTO;
		line = hwirq__decimal(line + 1, &count);
		i = hwirq_histogram__bucket(low);
		if (!line || hwirq_histogram__low(i) != low)
			return -EPROTO;
		h->counts[i] += count;
	}
	return line && line[strspn(line, " \n")] == '\0' ? 0 : -EPROTO;
}

/**
 * hwirq_histogram__subtract - leave what came later
 * @h: histogram
 * @before: an earlier one of the same link
 */
static inline void hwirq_histogram__subtract(struct hwirq_histogram *h,
					     const struct hwirq_histogram *before)
{
	unsigned int i;

	for (i = 0; i < HWIRQ_HISTOGRAM_BUCKETS; i++)
		h->counts[i] -= before->counts[i];
}

/* How many runs are in it. */
static inline __u64 hwirq_histogram__runs(const struct hwirq_histogram *h)
{
	__u64 runs = 0;
	unsigned int i;

	for (i = 0; i < HWIRQ_HISTOGRAM_BUCKETS; i++)
		runs += h->counts[i];
	return runs;
}

/**
 * hwirq_histogram__quantile - the time that so many of 1000 runs did not exceed
 * @h: histogram
 * @permille: 1 to 1000; the 99.9th percentile is 999
 *
 * Return: the longest time of the bucket that the run in question is in, which is at
 * most 12.5 % more than what it took; 0 without any runs.
 */
static inline __u64 hwirq_histogram__quantile(const struct hwirq_histogram *h,
					      unsigned int permille)
{
	__u64 runs = hwirq_histogram__runs(h), rank, seen = 0;
	unsigned int i;

	if (!runs)
		return 0;
	rank = runs / 1000 * permille + (runs % 1000 * permille + 999) / 1000;
	for (i = 0; i < HWIRQ_HISTOGRAM_BUCKETS - 1; i++) {
		seen += h->counts[i];
		if (seen >= rank)
			break;
	}
	return hwirq_histogram__high(i);
}

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HWIRQ_HISTOGRAM_H */
