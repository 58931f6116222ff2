/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * test.h - what the unit tests share: a runner with a filter, a frame builder
 */
#ifndef HWIRQ_TEST_H
#define HWIRQ_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Exit status of a test program in which the filter selects nothing. */
#define EXIT_NOTHING 77

/*
 * Run those tests whose "group.name" contains the environment variable T. The
 * counts go to the file that RESULTS names, for run.sh to add up. With LIST in
 * the environment only print the names.
 */
#define run_group(group, tests) run_filtered(group, tests, ARRAY_SIZE(tests))

static inline int run_filtered(const char *group, const struct CMUnitTest *tests,
			       size_t count)
{
	const char *filter = getenv("T"), *results = getenv("RESULTS");
	struct CMUnitTest *selected;
	char name[256];
	size_t i, n = 0;
	int failed;
	FILE *f;

	selected = (struct CMUnitTest *)calloc(count, sizeof(*selected));
	if (!selected)
		return EXIT_FAILURE;
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s.%s", group, tests[i].name);
		if (filter && !strstr(name, filter))
			continue;
		selected[n++] = tests[i];
		if (getenv("LIST"))
			puts(name);
	}
	if (getenv("LIST")) {
		free(selected);
		return EXIT_SUCCESS;
	}
	if (!n) {
		free(selected);
		return EXIT_NOTHING;
	}
	failed = _cmocka_run_group_tests(group, selected, n, NULL, NULL);
	free(selected);
	f = results ? fopen(results, "a") : NULL;
	if (f) {
		fprintf(f, "%zu %d\n", n, failed);
		fclose(f);
	}
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* A frame under construction. Offsets are those of the innermost headers. */
struct frame {
	unsigned char data[4096];
	size_t len;
	size_t type;		/* where the EtherType of the next header goes */
	size_t l3;
	size_t l4;
};

extern const unsigned char mac_us[6], mac_them[6], mac_other[6];
extern const unsigned char ip4_us[4], ip4_them[4];
extern const unsigned char ip6_us[16], ip6_them[16];

void put16(unsigned char *p, unsigned int value);
unsigned int get16(const unsigned char *p);

void frame_eth(struct frame *f, const unsigned char *dst,
	       const unsigned char *src);
void frame_vlan(struct frame *f, unsigned int tpid, unsigned int tci);
void frame_arp(struct frame *f, unsigned int op, const unsigned char *sha,
	       const unsigned char *spa, const unsigned char *tpa);
/* @options: multiple of 4 bytes, may be NULL */
void frame_ip4(struct frame *f, unsigned int proto, const unsigned char *src,
	       const unsigned char *dst, const void *options, size_t len);
void frame_ip6(struct frame *f, unsigned int next, const unsigned char *src,
	       const unsigned char *dst);
/* Extension header; @next is what comes behind it. */
void frame_ext(struct frame *f, unsigned int next, size_t len,
	       unsigned int segments_left);
void frame_udp(struct frame *f, unsigned int sport, unsigned int dport,
	       const void *payload, size_t len);
/* Append bytes that belong to no datagram. */
void frame_pad(struct frame *f, size_t len);
/* Fill in lengths and checksums of the innermost headers, UDP's included. */
void frame_finish(struct frame *f);
/* The same with the UDP checksum left zero. */
void frame_finish_nocsum(struct frame *f);

/* Common cases, from them to us: Ethernet, [VLAN,] IPv4 or IPv6, UDP. */
void frame_udp4(struct frame *f, unsigned int dport, size_t payload);
void frame_udp6(struct frame *f, unsigned int dport, size_t payload);

/*
 * Sum of 16-bit big-endian words, byte by byte as RFC 1071 words it: what the
 * helpers are compared with shares no code with them.
 */
unsigned int ref_sum(unsigned int sum, const unsigned char *p, size_t len);
unsigned int ref_csum(unsigned int sum);
/* Sum over a UDP datagram and its pseudo-header; 0xffff if all is well. */
unsigned int ref_udp_sum(const unsigned char *l3, const unsigned char *udp);

/*
 * The frame in a heap buffer of exactly its size, so that ASan sees its end.
 * To be freed.
 */
unsigned char *frame_exact(const struct frame *f);

/*
 * xorshift: the same numbers on every machine for the same seed. rng_start()
 * takes the seed from the environment variable SEED or the time, prints it, and
 * returns how often to try: COUNT or the default.
 */
uint64_t rng(void);
unsigned int rng_below(unsigned int n);
unsigned long rng_start(const char *test, unsigned long count);

/* A plausible frame of a kind that the parsers know. */
void frame_random(struct frame *f);
/* Damage it, or not. */
void frame_mutate(struct frame *f);

#endif /* HWIRQ_TEST_H */
