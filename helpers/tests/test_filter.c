// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * test_filter.c - templates/drop-filter on the host: what its rules say, and what
 * the program then does with frames
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"
#include <hwirq_helpers.h>
#include "../../templates/drop-filter/rules.h"

/* The program, compiled as a function; its configuration is writable there. */
extern unsigned int nr_rules;
extern struct filter_rule rules[FILTER_RULES_MAX];
int drop_filter(struct hwirq_md *ctx);

/* As in test_echo.c: frames lie below 4 GiB, before a page without access. */
#define ROOM 8192
#define LOW_ADDRESS 0x20000000UL

static unsigned char *frame_end;

static int setup_memory(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (ROOM + page - 1) / page * page;
	unsigned char *p;

	p = mmap((void *)LOW_ADDRESS, room + page, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (p == MAP_FAILED || mprotect(p + room, page, PROT_NONE))
		return -1;
	frame_end = p + room;
	return 0;
}

static char said[4096];

static bool parse(struct rule_list *list, const char *text, bool lines)
{
	FILE *errors;
	bool ok;

	memset(said, 0, sizeof(said));
	errors = fmemopen(said, sizeof(said) - 1, "w");
	assert_non_null(errors);
	list->count = 0;
	ok = rules_parse(list, text, "test", lines, errors);
	fclose(errors);
	if (ok)
		assert_string_equal(said, "");
	return ok;
}

static void set_rules(const char *text)
{
	struct rule_list list;

	if (!parse(&list, text, false))
		fail_msg("'%s' is refused: %s", text, said);
	nr_rules = list.count;
	memcpy(rules, list.rules, sizeof(rules));
}

static int run(const struct frame *f)
{
	unsigned char *p = frame_end - f->len;
	struct hwirq_md ctx = { 0 };
	int verdict;

	memcpy(p, f->data, f->len);
	ctx.data = (__u32)(uintptr_t)p;
	ctx.data_end = (__u32)(uintptr_t)frame_end;
	verdict = drop_filter(&ctx);
	/* a filter changes nothing */
	assert_memory_equal(p, f->data, f->len);
	return verdict;
}

static void counts(void **state)
{
	struct rule_list list;
	char many[FILTER_RULES_MAX * 8 + 16] = "";
	int i;

	(void)state;
	assert_true(parse(&list, "", false));
	assert_int_equal(list.count, 0);
	assert_true(parse(&list, " ; ;\t;\n\n # all ; of ; this\n;", false));
	assert_int_equal(list.count, 0);
	assert_true(parse(&list, "udp;tcp ; ip", false));
	assert_int_equal(list.count, 3);
	assert_true(parse(&list, "udp # not tcp; nor ip\ntcp\r\n\n  ip\t;ip6", true));
	assert_int_equal(list.count, 4);
	for (i = 0; i < FILTER_RULES_MAX; i++)
		strcat(many, "udp;");
	assert_true(parse(&list, many, false));
	assert_int_equal(list.count, FILTER_RULES_MAX);
	strcat(many, " ip6");
	assert_false(parse(&list, many, false));
	assert_string_equal(said, "drop-filter: test: this is one rule more than the 32 that fit\n"
				  "    ip6\n"
				  "    ^^^\n");
}

static void parsed(void **state)
{
	static const unsigned char ten[4] = { 10 }, fd[16] = { 0xfd };
	const struct filter_rule *r;
	struct rule_list list;

	(void)state;
	assert_true(parse(&list, "dst fd00::/9 udp sport 7 dport 53-1000", false));
	r = &list.rules[0];
	assert_int_equal(r->family, 6);
	assert_int_equal(r->proto, IPPROTO_UDP);
	assert_memory_equal(r->daddr, fd, 16);
	assert_memory_equal(r->dmask, "\xff\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_int_equal(r->smask[0] | r->smask[1], 0);
	assert_int_equal(r->sport_min, 7);
	assert_int_equal(r->sport_max, 7);
	assert_int_equal(r->dport_min, 53);
	assert_int_equal(r->dport_max, 1000);
	assert_true(parse(&list, "src 10.0.0.0/8", false));
	r = &list.rules[0];
	assert_int_equal(r->family, 4);
	assert_memory_equal(r->saddr, ten, 4);
	assert_memory_equal(r->smask, "\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_int_equal(r->proto_mask, 0);
	assert_int_equal(r->sport_min, 0);
	assert_int_equal(r->sport_max, FILTER_NO_PORT);
}

/* Each complaint: what it says, and what it points at. */
static void refused(void **state)
{
	static const struct {
		const char *text, *says, *points;
	} wrong[] = {
		{ "all", "this is none of", "^^^" },
		{ "UDP", "this is none of", "^^^" },
		{ "udp dport", "'dport' takes a port", "         ^" },
		{ "udp dport x", "'dport' takes a port", "          ^" },
		{ "udp dport 65536", "from 0 to 65535", "          ^^^^^" },
		{ "udp dport 99999999999999999999", "from 0 to 65535", "          ^^^^^^^^^^^^^^^^^^^^" },
		{ "sport 7-", "takes a port", "      ^^" },
		{ "sport -7", "takes a port", "      ^^" },
		{ "sport 7-8-9", "takes a port", "      ^^^^^" },
		{ "sport 9-8", "did you mean 8-9?", "      ^^^" },
		{ "sport 7 sport 8", "'sport' stands here twice", "        ^^^^^" },
		{ "dport 7 tcp dport 8", "'dport' stands here twice", "            ^^^^^" },
		{ "tcp udp", "a rule has one protocol", "    ^^^" },
		{ "tcp proto 17", "a rule has one protocol", "          ^^" },
		{ "proto", "number from 0 to 255", "     ^" },
		{ "proto 256", "number from 0 to 255", "      ^^^" },
		{ "proto tcp", "number from 0 to 255", "      ^^^" },
		{ "icmp dport 7", "has no ports", "     ^^^^^" },
		{ "sport 7 proto 50", "has no ports", "^^^^^" },
		{ "ip ip6", "this is IPv6, but the rule is about IPv4", "   ^^^" },
		{ "ip6 icmp", "'icmp' is IPv4's, but the rule is about IPv6", "    ^^^^" },
		{ "src 10.0.0.0/8 dst fd00::/8", "the other family", "                   ^^^^^^^^" },
		{ "src", "takes an address", "   ^" },
		{ "src 10", "takes an address", "    ^^" },
		{ "src 10.0.0.256", "takes an address", "    ^^^^^^^^^^" },
		{ "src fd00:::1", "takes an address", "    ^^^^^^^^" },
		{ "src 10.0.0.0/33", "from 0 to 32", "    ^^^^^^^^^^^" },
		{ "src fd00::/129", "from 0 to 128", "    ^^^^^^^^^^" },
		{ "src 10.0.0.0/", "from 0 to 32", "    ^^^^^^^^^" },
		{ "src 10.0.0.0/8x", "from 0 to 32", "    ^^^^^^^^^^^" },
		{ "src 10.0.0.0/8/8", "from 0 to 32", "    ^^^^^^^^^^^^" },
		{ "src 10.1.2.3/15", "did you mean 10.0.0.0/15?", "    ^^^^^^^^^^^" },
		{ "dst fd00::1/64", "did you mean fd00::/64?", "    ^^^^^^^^^^" },
		{ "src 10.0.0.1 src 10.0.0.2", "'src' stands here twice", "             ^^^" },
		{ "udp\tfoo", "this is none of", "   \t^^^" },
	};
	char text[256], expect[512];
	struct rule_list list;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		if (parse(&list, wrong[i].text, false))
			fail_msg("'%s' is accepted", wrong[i].text);
		if (!strstr(said, wrong[i].says))
			fail_msg("'%s' is not in: %s", wrong[i].says, said);
		snprintf(expect, sizeof(expect), "\n    %s\n    %s\n", wrong[i].text,
			 wrong[i].points);
		if (!strstr(said, expect))
			fail_msg("not what is meant: %s", said);
		/* the same among others, which are not shown */
		snprintf(text, sizeof(text), "udp\n\n tcp ;  %s ; ip # foo", wrong[i].text);
		assert_false(parse(&list, text, true));
		assert_true(!strncmp(said, "drop-filter: test:3: ", 21));
		assert_non_null(strstr(said, expect));
	}
}

static bool drops(const char *text, const struct frame *f)
{
	int verdict;

	set_rules(text);
	verdict = run(f);
	assert_true(verdict == HWIRQ_DROP || verdict == HWIRQ_PASS);
	return verdict == HWIRQ_DROP;
}

static void verdicts4(void **state)
{
	struct frame f;

	(void)state;
	frame_udp4(&f, 53, 20);
	assert_false(drops("", &f));
	assert_true(drops("ip", &f));
	assert_false(drops("ip6", &f));
	assert_true(drops("udp", &f));
	assert_false(drops("tcp", &f));
	assert_true(drops("tcp;udp", &f));
	assert_true(drops("dport 53", &f));
	assert_false(drops("dport 0-52", &f));
	assert_true(drops("dport 53-53", &f));
	assert_false(drops("dport 54-65535", &f));
	assert_true(drops("dport 0-65535", &f));
	assert_true(drops("src 10.0.0.1", &f));
	assert_false(drops("src 10.0.0.0", &f));
	assert_true(drops("src 10.0.0.0/31 dst 10.0.0.2/31", &f));
	assert_false(drops("src 10.0.0.0/31 dst 10.0.0.0/31", &f));
	assert_false(drops("src ::/0", &f));
	/* cut before, in and behind the ports */
	f.len = f.l4 + 3;
	assert_false(drops("udp", &f));
	put16(f.data + f.l3 + 2, (unsigned int)(f.len - f.l3));
	assert_true(drops("udp", &f));
	assert_false(drops("dport 53", &f));
	f.len = f.l4 + 4;
	put16(f.data + f.l3 + 2, (unsigned int)(f.len - f.l3));
	assert_true(drops("dport 53", &f));
	/* the ports must belong to the packet, not to Ethernet's padding */
	put16(f.data + f.l3 + 2, 23);
	assert_false(drops("dport 53", &f));
	assert_true(drops("udp", &f));
}

static void verdicts6(void **state)
{
	struct frame f;
	unsigned int i;

	(void)state;
	frame_udp6(&f, 53, 20);
	assert_true(drops("ip6", &f));
	assert_false(drops("ip", &f));
	assert_true(drops("udp dport 53 src fd00::1 dst fd00::2", &f));
	assert_false(drops("src fd00::2", &f));
	assert_true(drops("src fd00::/127", &f));
	assert_false(drops("src 0.0.0.0/0", &f));

	/* extension headers that are done with */
	frame_eth(&f, mac_us, mac_them);
	frame_ip6(&f, IPPROTO_HOPOPTS, ip6_them, ip6_us);
	frame_ext(&f, IPPROTO_DSTOPTS, 8, 0);
	frame_ext(&f, IPPROTO_UDP, 16, 0);
	frame_udp(&f, 40000, 53, "payload", 8);
	frame_finish(&f);
	assert_true(drops("udp dport 53", &f));

	/* more than are followed: no protocol, but addresses */
	frame_eth(&f, mac_us, mac_them);
	frame_ip6(&f, IPPROTO_DSTOPTS, ip6_them, ip6_us);
	for (i = 0; i < 6; i++)
		frame_ext(&f, i < 5 ? IPPROTO_DSTOPTS : IPPROTO_UDP, 8, 0);
	frame_udp(&f, 40000, 53, "payload", 8);
	frame_finish(&f);
	assert_false(drops("udp", &f));
	assert_false(drops("proto 60; proto 0; proto 255", &f));
	assert_true(drops("src fd00::1", &f));

	/* a first and a later fragment */
	frame_eth(&f, mac_us, mac_them);
	frame_ip6(&f, IPPROTO_FRAGMENT, ip6_them, ip6_us);
	frame_ext(&f, IPPROTO_UDP, 8, 0);
	frame_udp(&f, 40000, 53, "payload", 8);
	frame_finish(&f);
	put16(f.data + f.l3 + 40 + 2, 1);
	assert_true(drops("udp dport 53", &f));
	put16(f.data + f.l3 + 40 + 2, 8);
	assert_true(drops("udp", &f));
	assert_false(drops("dport 53", &f));
	assert_false(drops("proto 44", &f));
}

/* What the filter says, said another way. */
static bool expected(const struct rule_list *list, unsigned int family,
		     const unsigned char *src, const unsigned char *dst,
		     unsigned int proto, unsigned int sport, unsigned int dport)
{
	const struct filter_rule *r;
	unsigned int i, b;

	for (r = list->rules; r < list->rules + list->count; r++) {
		const unsigned char *sa = (const unsigned char *)r->saddr;
		const unsigned char *sm = (const unsigned char *)r->smask;
		const unsigned char *da = (const unsigned char *)r->daddr;
		const unsigned char *dm = (const unsigned char *)r->dmask;
		bool hit = true;

		if (r->family_mask && r->family != family)
			continue;
		if (r->proto_mask && r->proto != proto)
			continue;
		if (sport < r->sport_min || sport > r->sport_max ||
		    dport < r->dport_min || dport > r->dport_max)
			continue;
		for (i = 0; i < (family == 6 ? 16U : 4U); i++) {
			for (b = 0x80; b; b >>= 1) {
				if ((sm[i] & b) && (sa[i] & b) != (src[i] & b))
					hit = false;
				if ((dm[i] & b) && (da[i] & b) != (dst[i] & b))
					hit = false;
			}
		}
		if (hit)
			return true;
	}
	return false;
}

static size_t random_rule(char *text, size_t size)
{
	static const char *const protos[] = { "", "udp ", "tcp ", "proto 17 " };
	static const char *const srcs[2][4] = {
		{ "", "src 10.0.0.0/30 ", "src 10.0.0.1 ", "src 0.0.0.0/0 " },
		{ "", "src fd00::/127 ", "src fd00::1 ", "src fd00::/65 " },
	};
	static const char *const dsts[2][3] = {
		{ "", "dst 10.0.0.0/31 ", "dst 10.0.0.2/31 " },
		{ "", "dst fd00::/126 ", "dst fd00::2 " },
	};
	unsigned int family = rng_below(2);
	unsigned int low = rng_below(8), high = low + rng_below(4);
	int n;

	n = snprintf(text, size, "%s%s%sdport %u-%u sport %u-%u\n",
		     protos[rng_below(ARRAY_SIZE(protos))],
		     srcs[family][rng_below(4)], dsts[family][rng_below(3)], low, high,
		     rng_below(2) * 40000, 40000 + rng_below(2) * 9);
	return (size_t)n;
}

static void random_rules(void **state)
{
	unsigned long n, count = rng_start("random_rules", 20000), dropped = 0;
	struct rule_list list;
	unsigned int i, max, port;
	char text[8192];
	struct frame f;
	bool v6, want;
	size_t len;

	(void)state;
	for (n = 0; n < count; n++) {
		max = rng_below(FILTER_RULES_MAX + 1);
		for (i = 0, len = 0; i < max; i++)
			len += random_rule(text + len, sizeof(text) - len);
		text[len] = '\0';
		if (!parse(&list, text, true))
			fail_msg("refused: %s", said);
		nr_rules = list.count;
		memcpy(rules, list.rules, sizeof(rules));
		port = rng_below(12);
		v6 = rng_below(2);
		(v6 ? frame_udp6 : frame_udp4)(&f, port, rng_below(50));
		want = expected(&list, v6 ? 6 : 4, v6 ? ip6_them : ip4_them,
				v6 ? ip6_us : ip4_us, IPPROTO_UDP,
				get16(f.data + f.l4), port);
		assert_int_equal(run(&f) == HWIRQ_DROP, want);
		dropped += want;
	}
	assert_true(dropped > count / 20);
}

/* Anything may come in; ASan watches over the end of the frame. */
static void random_frames(void **state)
{
	unsigned long n, count = rng_start("random_frames", 50000);
	struct frame f;
	int verdict;

	(void)state;
	set_rules("udp dport 0-100; src fd00::/8; icmp; dst 10.0.0.2 tcp sport 7");
	for (n = 0; n < count; n++) {
		frame_random(&f);
		frame_mutate(&f);
		verdict = run(&f);
		assert_true(verdict == HWIRQ_DROP || verdict == HWIRQ_PASS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(parsed),
		cmocka_unit_test(refused),
		cmocka_unit_test(verdicts4),
		cmocka_unit_test(verdicts6),
		cmocka_unit_test(random_rules),
		cmocka_unit_test(random_frames),
	};

	if (setup_memory()) {
		fprintf(stderr, "test_filter: no memory below 4 GiB\n");
		return EXIT_FAILURE;
	}
	return run_group("filter", tests);
}
