// SPDX-License-Identifier: GPL-2.0-only
/*
 * End-to-end cases of the templates drop-filter and payload-logger, which run in
 * the guest as their users run them. Those of echo are in e2e.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "e2e_templates.h"
#include "harness.h"

/*
 * What the stack takes without a word: a datagram to the subnet's broadcast address
 * that no socket wants. It counts them as Udp IgnoredMulti.
 */
#define QUIET_IP	0x0a0002ff

/* A number in a line of JSON, -1 if the line has none of this name. */
static long long json_number(const char *json, const char *name)
{
	char key[64];
	const char *at;

	snprintf(key, sizeof(key), "\"%s\":", name);
	at = strstr(json, key);
	return at ? strtoll(at + strlen(key), NULL, 10) : -1;
}

/* The fdinfo texts of all links that a process in the guest has. */
static const char *links_of(const char *name)
{
	static char text[16384];

	snprintf(text, sizeof(text), "%s",
		 guest("cat $(grep -l ^hardirq_packets: /proc/$(pidof %s)/fdinfo/*)", name));
	return text;
}

/* A counter, added up over the links. */
static long sum_of(const char *text, const char *key)
{
	char line[64];
	long sum = 0;
	const char *at;

	snprintf(line, sizeof(line), "\n%s:\t", key);
	for (at = text; (at = strstr(at, line)); at++)
		sum += strtol(at + strlen(line), NULL, 10);
	return sum;
}

/* Until the program has seen so many frames; the counters then. */
static const char *links_when(const char *name, long packets)
{
	const char *text = "";
	int i;

	for (i = 0; i < 100; i++) {
		text = links_of(name);
		if (sum_of(text, "packets") >= packets)
			return text;
		usleep(50000 * lab.patience);
	}
	fail_case("%ld frames sent, but the program has seen only %ld:\n%s", packets,
		  sum_of(text, "packets"), text);
}

static long stack_took(void)
{
	return guest_number("awk '/^Udp:/ { if (!n) { for (i = 1; i <= NF; i++) if ($i == \"IgnoredMulti\") n = i } else { print $n; exit } }' /proc/net/snmp");
}

/* drop-filter */

static void filter_start(const char *options)
{
	guest("hwirq-drop-filter --dev eth0 --json %s >/run/filter.log 2>&1 &", options);
	guest_until("grep -q '\"event\":\"attached\"' /run/filter.log || { cat /run/filter.log; exit 1; }");
}

/* Put a list into the file of rules, and wait until it is in force. */
static void filter_rules_are(const char *rules, int generation)
{
	guest("echo '%s' >/run/rules && kill -HUP $(pidof hwirq-drop-filter)", rules);
	guest_until("grep -q '\"event\":\"replaced\",\"generation\":%d,' /run/filter.log || { cat /run/filter.log; exit 1; }",
		    generation);
}

static const uint8_t NET6_A[16] = { 0xfd, 0, 0, 0xaa, [15] = 1 };
static const uint8_t NET6_B[16] = { 0xfd, 0, 0, 0xab, [15] = 1 };
static const uint8_t NET6_C[16] = { 0xfd, 0, 0, 0xaa, [8] = 0x80, [15] = 1 };

/* A datagram; what is left out is as in all others. */
struct probe {
	bool v6;
	uint8_t proto;
	uint16_t sport, dport, vlan, frag;
	uint32_t src, dst;
	const uint8_t *src6, *dst6;
	uint8_t options;
};

static void send_probe(const struct probe *p)
{
	struct udp u = udp_to_guest(p->dport ? p->dport : 1200, 40, 1);
	struct frame f;
	size_t l3;

	u.src_port = p->sport ? p->sport : 40000;
	u.vlan[0] = p->vlan;
	u.v6 = p->v6;
	u.ip_frag = p->frag;
	u.ip_options = p->options;
	if (p->src)
		u.src_ip = p->src;
	u.dst_ip = p->dst ? p->dst : QUIET_IP;
	if (p->src6)
		memcpy(u.src_ip6, p->src6, 16);
	if (p->dst6)
		memcpy(u.dst_ip6, p->dst6, 16);
	frame_udp(&f, &u);
	l3 = ETH_HEADER + (p->vlan ? 4 : 0);
	if (p->proto)
		f.data[l3 + (p->v6 ? 6 : 9)] = p->proto;
	if (p->proto && !p->v6)
		frame_fix_ip(&f);
	send_frame(&f);
}

void filter_rules(void)
{
	static const struct {
		const char *rules;
		struct probe drop, pass;
	} kinds[] = {
		{ "udp", { 0 }, { .proto = 6 } },
		{ "udp", { .v6 = true }, { .v6 = true, .proto = 6 } },
		{ "tcp", { .proto = 6 }, { 0 } },
		{ "icmp", { .proto = 1 }, { .v6 = true, .proto = 1 } },
		{ "icmp6", { .v6 = true, .proto = 58 }, { .proto = 58 } },
		{ "sctp dport 7", { .proto = 132, .dport = 7 }, { .proto = 132, .dport = 8 } },
		{ "proto 47", { .proto = 47 }, { .proto = 46 } },
		{ "ip", { 0 }, { .v6 = true } },
		{ "ip6", { .v6 = true }, { 0 } },
		{ "dport 53", { .dport = 53 }, { .dport = 54 } },
		{ "dport 53", { .v6 = true, .proto = 6, .dport = 53 }, { .proto = 47, .dport = 53 } },
		{ "sport 6000-6063", { .sport = 6000 }, { .sport = 5999 } },
		{ "sport 6000-6063", { .sport = 6063 }, { .sport = 6064 } },
		{ "udp dport 0-1023 sport 1024-65535", { .sport = 1024, .dport = 1023 }, { .sport = 1024, .dport = 1024 } },
		{ "src 192.0.2.0/24", { .src = 0xc00002ff }, { .src = 0xc0000300 } },
		{ "src 192.0.2.7", { .src = 0xc0000207 }, { .src = 0xc0000206 } },
		{ "src 192.0.2.128/31", { .src = 0xc0000281 }, { .src = 0xc0000282 } },
		{ "dst 10.0.2.255", { 0 }, { .dst = 0x0a0002fe } },
		{ "src 0.0.0.0/0", { 0 }, { .v6 = true } },
		{ "src fd00:aa::/32", { .v6 = true, .src6 = NET6_A }, { .v6 = true, .src6 = NET6_B } },
		{ "dst fd00:aa::1", { .v6 = true, .dst6 = NET6_A }, { .v6 = true, .dst6 = NET6_B } },
		{ "src fd00:aa::/31 dport 9", { .v6 = true, .src6 = NET6_B, .dport = 9 }, { .v6 = true, .src6 = NET6_B } },
		{ "udp dport 53 src 10.0.0.0/8", { .dport = 53 }, { .dport = 53, .src = 0xc0000201 } },
		/* options, tags, first and later fragments */
		{ "dport 53", { .dport = 53, .options = 40 }, { .dport = 54, .options = 40 } },
		{ "dport 53", { .dport = 53, .frag = 0x2000 }, { .dport = 53, .frag = 0x2001 } },
		{ "udp", { .frag = 0x2001 }, { .frag = 0x2001, .proto = 6 } },
		{ "dport 53", { .dport = 53, .vlan = 9 }, { .dport = 54, .vlan = 9 } },
		/* any of several */
		{ "tcp; udp dport 1; udp dport 2", { .dport = 2 }, { .dport = 3 } },
		/* nothing of the file: what the command line says stays */
		{ "", { .v6 = true, .src6 = NET6_C }, { .v6 = true, .src6 = NET6_A } },
	};
	long drop = 0, pass = 0;
	const char *stats = "";
	size_t i;

	guest("ip link add link eth0 name vlan9 type vlan id 9 && ip link set vlan9 up");
	guest("echo tcp >/run/rules");
	filter_start("--drop 'src fd00:aa:0:0:8000::/65' --rules /run/rules");
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		filter_rules_are(kinds[i].rules, i + 1);
		send_probe(&kinds[i].drop);
		send_probe(&kinds[i].pass);
		drop++;
		pass++;
		stats = links_when("hwirq-drop-filter", drop + pass);
		check(sum_of(stats, "drop") == drop && sum_of(stats, "pass") == pass,
		      "rules '%s', pair %zu: %ld dropped and %ld passed, not %ld and %ld",
		      kinds[i].rules, i, sum_of(stats, "drop"), sum_of(stats, "pass"), drop, pass);
	}
	check(sum_of(stats, "packets") == drop + pass, "more than was sent:\n%s", stats);
	expect_ping(1, 100);
}

/* Rules from all sources, refused ones, and the end. */
void filter_reload(void)
{
	struct probe udp = { 0 }, tcp = { .proto = 6 };
	const char *stats;
	long before;

	before = stack_took();
	guest("mkfifo /run/filter.in; printf 'tcp\\n' >/run/rules");
	/* A writer of its own keeps the fifo open. */
	guest("sleep 1000 >/run/filter.in &");
	filter_start("--drop 'udp dport 1200' --rules /run/rules --stdin --interval 0.2 </run/filter.in");
	send_probe(&udp);
	send_probe(&tcp);
	stats = links_when("hwirq-drop-filter", 2);
	check(sum_of(stats, "drop") == 2, "one by the command line, one by the file:\n%s", stats);

	/* What is wrong changes nothing, and says where it is. */
	guest("printf 'ip6\\nudp dport 70000\\n' >/run/rules && kill -HUP $(pidof hwirq-drop-filter)");
	guest_until("grep -q '\"event\":\"refused\",\"generation\":0,' /run/filter.log");
	guest("grep -q '/run/rules:2: ' /run/filter.log && grep -q '^              ^^^^^$' /run/filter.log");
	guest("echo 'udp; drop all' >/run/filter.in");
	guest_until("[ $(grep -c '\"event\":\"refused\"' /run/filter.log) = 2 ]");
	guest("grep -q 'stdin: ' /run/filter.log");
	send_probe(&udp);
	send_probe(&tcp);
	stats = links_when("hwirq-drop-filter", 4);
	check(sum_of(stats, "drop") == 4, "the rules before stay in force:\n%s", stats);

	/* An empty list replaces all; statistics go on. */
	guest("echo >/run/filter.in");
	guest_until("grep -q '\"event\":\"replaced\",\"generation\":1,\"rules\":0,' /run/filter.log");
	send_probe(&udp);
	send_probe(&tcp);
	stats = links_when("hwirq-drop-filter", 6);
	check(sum_of(stats, "drop") == 4 && sum_of(stats, "pass") == 2,
	      "an empty list passes everything:\n%s", stats);
	check(stack_took() == before + 1, "the stack has the datagram that passed");
	guest_until("grep '\"event\":\"stats\"' /run/filter.log | tail -n 1 | grep -q '\"drop\":4,\"pass\":2,'");

	guest("killall -INT hwirq-drop-filter");
	guest_until("! pidof hwirq-drop-filter");
	check(strstr(guest("grep '\"event\":\"detaching\"' /run/filter.log"), "\"drop\":4,\"pass\":2,"),
	      "final counters: %s", lab.output);
	guest("hwctl idle");
	guest_log_has("eth0: queue 0: detached: pool .* lost=0");
	expect_ping(1, 100);
}

void filter_refusals(void)
{
	static const struct {
		const char *options, *says;
	} wrong[] = {
		{ "--dev eth0", "drop what?" },
		{ "--drop udp", "which network interface?" },
		{ "--dev eth0 --drop 'udp src 10.0.0.1/8'", "did you mean 10.0.0.0/8" },
		{ "--dev eth0 --drop 'icmp dport 7'", "has no ports" },
		{ "--dev eth0 --drop 'udp dport 9-8'", "did you mean 8-9" },
		{ "--dev eth0 --drop 'udp tcp'", "one protocol" },
		{ "--dev eth0 --drop udp dport 53", "needs quotes" },
		{ "--dev eth0 --rules /run/none", "cannot open /run/none" },
		{ "--dev eth9 --drop udp", "no network interface 'eth9'" },
		{ "--dev eth0 --queue 9 --drop udp", "queue" },
	};
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		guest_refuses("hwirq-drop-filter %s", wrong[i].options);
		check(strstr(lab.output, wrong[i].says), "'%s' is not in the answer to '%s': %s",
		      wrong[i].says, wrong[i].options, lab.output);
	}
	guest("hwirq-drop-filter --help");
	/* A full list is within the limit of paths. */
	guest("hwirq-drop-filter --json --path-cost --drop \"$(seq -s ';' 1 32 | sed 's/[0-9]*/udp dport & src fd00::\\/8/g')\"");
	printf("%s\n", lab.output);
	check(json_number(lab.output, "rules") == 32 &&
	      json_number(lab.output, "path_cost") < json_number(lab.output, "path_limit"),
	      "the cost of 32 rules: %s", lab.output);
	guest_refuses("hwirq-drop-filter --path-cost --drop \"$(seq -s ';' 1 33 | sed 's/[0-9]*/udp dport &/g')\"");
	check(strstr(lab.output, "one rule more than the 32 that fit"), "33 rules: %s", lab.output);
}

/* Traffic from a thread of its own while the rules change. */
struct flood {
	pthread_t thread;
	bool stop;
	unsigned int sent;
	char error[256];
};

static void *flood_main(void *arg)
{
	struct flood *t = arg;
	struct frame f;

	while (!__atomic_load_n(&t->stop, __ATOMIC_RELAXED)) {
		struct udp u = udp_to_guest(1200, 100, t->sent & 0xffff);

		u.dst_ip = QUIET_IP;
		u.src_port = 41000 + t->sent % 16;
		frame_udp(&f, &u);
		if (wire_send(&lab, &f)) {
			snprintf(t->error, sizeof(t->error), "%.200s", lab_error());
			return NULL;
		}
		t->sent++;
		usleep(500 * lab.patience);
	}
	return NULL;
}

static void flood_start(struct flood *t)
{
	memset(t, 0, sizeof(*t));
	check(!pthread_create(&t->thread, NULL, flood_main, t), "no flood thread");
}

static void flood_stop(struct flood *t)
{
	__atomic_store_n(&t->stop, true, __ATOMIC_RELAXED);
	pthread_join(t->thread, NULL);
	check(!t->error[0], "%s", t->error);
}

#define TOGGLES	1000

/* A rule comes and goes under traffic: each frame was dropped or passed, none lost. */
void filter_toggle(void)
{
	long before, drop, pass, took, generation = 0, last = 0;
	const char *stats;
	struct flood t;
	int idle = 0;

	before = stack_took();
	guest("for i in $(seq %d); do echo; echo 'udp dport 1200'; done >/run/lists", TOGGLES / 2);
	guest("hwirq-drop-filter --dev eth0 --json --drop 'udp dport 1200' --stdin </run/lists >/run/filter.log 2>&1 &");
	guest_until("grep -q '\"event\":\"attached\"' /run/filter.log || { cat /run/filter.log; exit 1; }");
	flood_start(&t);
	while (generation < TOGGLES) {
		generation = guest_number("sed -n 's/.*\"replaced\",\"generation\":\\([0-9]*\\),.*/\\1/p' /run/filter.log | tail -n 1 | grep . || echo 0");
		idle = generation == last ? idle + 1 : 0;
		check(idle < 100, "no progress after %ld of %d changes:\n%s", last, TOGGLES,
		      guest("tail -n 5 /run/filter.log"));
		last = generation;
		usleep(200000 * lab.patience);
	}
	flood_stop(&t);
	check(generation == TOGGLES, "%ld changes", generation);
	guest("! grep -q refused /run/filter.log");
	stats = links_when("hwirq-drop-filter", t.sent);
	drop = sum_of(stats, "drop");
	pass = sum_of(stats, "pass");
	took = stack_took() - before;
	printf("%u frames, %ld dropped, %ld passed, %ld in the stack, %ld changes\n", t.sent,
	       drop, pass, took, generation);
	check(drop > 0 && pass > 0, "%ld frames dropped, %ld passed: the rule did not toggle", drop, pass);
	check(drop + pass == t.sent, "%u frames sent, %ld dropped, %ld passed:\n%s", t.sent, drop,
	      pass, stats);
	check(took == pass, "%ld frames passed, but the stack has %ld:\n%s", pass, took, stats);
	check(sum_of(stats, "pass_full") == 0, "frames lost on the way to the stack:\n%s", stats);
	guest("killall -INT hwirq-drop-filter");
	guest_until("! pidof hwirq-drop-filter");
	guest("hwctl idle");
	guest_log_has("eth0: queue 0: detached: pool .* lost=0");
}
