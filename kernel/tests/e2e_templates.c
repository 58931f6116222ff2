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

/* Passed frames reach the stack some time after the program. */
static long stack_took_when(long least)
{
	uint64_t end = now_ms() + 10000 * lab.patience;
	long took;

	for (;;) {
		took = stack_took();
		if (took >= least || now_ms() > end)
			return took;
		usleep(50000);
	}
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
	/* Rules are user space's and the program's: the debug kernel need not see each. */
	const size_t step = lab.patience > 1 ? 4 : 1;
	long drop = 0, pass = 0;
	const char *stats = "";
	size_t i;

	guest("ip link add link eth0 name vlan9 type vlan id 9 && ip link set vlan9 up");
	guest("echo tcp >/run/rules");
	filter_start("--drop 'src fd00:aa:0:0:8000::/65' --rules /run/rules");
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i += step) {
		filter_rules_are(kinds[i].rules, drop + 1);
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
	check(stack_took_when(before + 1) == before + 1, "the stack has the datagram that passed");
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
	guest("hwirq-drop-filter --json --path-cost --drop 'udp dport 7'");
	printf("%s\n", lab.output);
	/* A full list is within the limit of paths. */
	guest("hwirq-drop-filter --json --path-cost --drop \"$(seq -s ';' 1 32 | sed 's/[0-9]*/udp dport & src fd00::\\/8/g')\"");
	printf("%s\n", lab.output);
	check(json_number(lab.output, "rules") == 32 &&
	      json_number(lab.output, "path_cost") < json_number(lab.output, "path_limit"),
	      "the cost of 32 rules: %s", lab.output);
	guest_refuses("hwirq-drop-filter --path-cost --drop \"$(seq -s ';' 1 33 | sed 's/[0-9]*/udp dport &/g')\"");
	check(strstr(lab.output, "one rule more than the 32 that fit"), "33 rules: %s", lab.output);
}

/* A rule comes and goes under traffic: each frame was dropped or passed, none lost. */
void filter_toggle(void)
{
	/* The debug kernel takes ten times as long for each; the driver's mode changes little. */
	const int toggles = lab.patience > 1 ? 8 : lab_is & MERGEABLE ? 1000 : 100;
	long before, drop, pass, took, lost, generation = 0, last = 0;
	const char *stats;
	static struct traffic t;
	int idle = 0;

	before = stack_took();
	guest("for i in $(seq %d); do echo; echo 'udp dport 1200'; done >/run/lists", toggles / 2);
	guest("hwirq-drop-filter --dev eth0 --json --drop 'udp dport 1200' --stdin </run/lists >/run/filter.log 2>&1 &");
	guest_until("grep -q '\"event\":\"attached\"' /run/filter.log || { cat /run/filter.log; exit 1; }");
	traffic_start(&t, 1200, QUIET_IP);
	while (generation < toggles) {
		generation = guest_number("sed -n 's/.*\"replaced\",\"generation\":\\([0-9]*\\),.*/\\1/p' /run/filter.log | tail -n 1 | grep . || echo 0");
		idle = generation == last ? idle + 1 : 0;
		check(idle < 100, "no progress after %ld of %d changes:\n%s", last, toggles,
		      guest("tail -n 5 /run/filter.log"));
		last = generation;
		usleep(200000 * lab.patience);
	}
	traffic_stop(&t);
	check(generation == toggles, "%ld changes", generation);
	guest("! grep -q refused /run/filter.log");
	stats = links_when("hwirq-drop-filter", t.sent);
	drop = sum_of(stats, "drop");
	pass = sum_of(stats, "pass");
	/* what the host held up comes all at once, and may be too much for the stack */
	lost = sum_of(stats, "pass_full");
	took = stack_took_when(before + pass - lost) - before;
	printf("%u frames, %ld dropped, %ld passed, %ld in the stack, %ld changes\n", t.sent,
	       drop, pass, took, generation);
	check(drop > 0 && pass > 0, "%ld frames dropped, %ld passed: the rule did not toggle", drop, pass);
	check(drop + pass == t.sent, "%u frames sent, %ld dropped, %ld passed:\n%s", t.sent, drop,
	      pass, stats);
	check(took + lost == pass, "%ld frames passed, but the stack has %ld:\n%s", pass, took, stats);
	check(took > 0, "no frame reached the stack:\n%s", stats);
	/* on the debug kernel a third may find the stack's queue full */
	check(lab.patience > 1 || lost <= pass / 20, "frames lost on the way to the stack:\n%s", stats);
	guest("killall -INT hwirq-drop-filter");
	guest_until("! pidof hwirq-drop-filter");
	guest("hwctl idle");
	guest_log_has("eth0: queue 0: detached: pool .* lost=0");
}

/* payload-logger */

/* A record, as --json has it. */
struct logged {
	long long time, seq, lost, queue, length;
	size_t captured;
	uint8_t data[2048];
};

static void logger_start(const char *options)
{
	guest("hwirq-payload-logger --dev eth0 %s >/run/logger.log 2>&1 &", options);
	guest_until("grep -q '\"event\":\"attached\"' /run/logger.log || { cat /run/logger.log; exit 1; }");
}

/* Stop it; what it says at the end. */
static const char *logger_stop(void)
{
	guest("killall -INT hwirq-payload-logger");
	guest_until("! pidof hwirq-payload-logger");
	guest("hwctl idle");
	return guest("grep '\"event\":\"detached\"' /run/logger.log || { tail -n 5 /run/logger.log; exit 1; }");
}

static size_t hex(const char *json, const char *name, uint8_t *data, size_t room)
{
	unsigned int byte;
	const char *at;
	char key[32];
	size_t n;

	snprintf(key, sizeof(key), "\"%s\":\"", name);
	at = strstr(json, key);
	check(at, "no %s in %.300s", name, json);
	at += strlen(key);
	for (n = 0; n < room && sscanf(at + 2 * n, "%2x", &byte) == 1 && at[2 * n] != '"'; n++)
		data[n] = byte;
	check(at[2 * n] == '"', "no hexadecimal %s in %.300s", name, json);
	return n;
}

static int by_time(const void *a, const void *b)
{
	const struct logged *x = a, *y = b;

	return x->time < y->time ? -1 : x->time > y->time;
}

/* What was recorded, by time: the queues' records come in turns. To be freed. */
static struct logged *logger_records(size_t *count)
{
	const char *text, *line, *next;
	long long seqs[4] = { -1, -1, -1, -1 };
	struct logged *all, *r;
	size_t n = 0, max;

	max = guest_number("grep -c '\"event\":\"record\"' /run/logger.log; true");
	all = calloc(max + 1, sizeof(*all));
	check(all, "no memory");
	text = guest("grep '\"event\":\"record\"' /run/logger.log; true");
	for (line = text; line && *line; line = next) {
		next = strchr(line, '\n');
		next = next ? next + 1 : NULL;
		check(n < max, "more than %zu records", max);
		r = &all[n++];
		r->time = json_number(line, "monotonic_ns");
		r->seq = json_number(line, "seq");
		r->lost = json_number(line, "lost");
		r->queue = json_number(line, "queue");
		r->length = json_number(line, "length");
		r->captured = hex(line, "headers", r->data, sizeof(r->data));
		r->captured += hex(line, "payload", r->data + r->captured,
				   sizeof(r->data) - r->captured);
		check((long long)r->captured == json_number(line, "captured"), "not all: %.400s", line);
		check(r->queue >= 0 && r->queue < 4, "queue %lld", r->queue);
		check(r->seq == seqs[r->queue] + 1 + r->lost, "record %lld of queue %lld with %lld lost comes after %lld",
		      r->seq, r->queue, r->lost, seqs[r->queue]);
		seqs[r->queue] = r->seq;
	}
	qsort(all, n, sizeof(*all), by_time);
	*count = n;
	return all;
}

/* The record is the frame, up to so many bytes. */
static void check_logged(const struct logged *r, const struct frame *f, size_t max)
{
	size_t want = f->len < max ? f->len : max;

	check(r->length == (long long)f->len, "a frame of %zu bytes, the record says %lld: %s", f->len,
	      r->length, frame_describe(f));
	check(r->captured == want, "%zu bytes recorded, not %zu, of %s", r->captured, want,
	      frame_describe(f));
	check(!memcmp(r->data, f->data, want), "the record is not the frame: %s", frame_describe(f));
}

/* Every frame that matches, whole, in order; echoed as the echo template does. */
void logger_frames(void)
{
	static struct udp sent[400];
	struct udp u = udp_to_guest(7, 0, 1), reply;
	size_t n = 0, count, i;
	struct logged *all;
	struct frame f;
	const char *end;

	guest("ip link add link eth0 name vlan9 type vlan id 9 && ip link set vlan9 up");
	logger_start("--json --echo --port 7 --bytes 1500");
	for (u.payload = 0; u.payload <= 1472; u.payload += u.payload < 40 ? 1 : 31)
		sent[n++] = u;
	u.payload = 1472;
	sent[n++] = u;
	u.vlan[0] = 9;
	sent[n++] = u;
	u.payload = 10;
	u.padding = 14;
	sent[n++] = u;
	u.padding = u.vlan[0] = 0;
	for (u.ip_options = 4; u.ip_options <= 40; u.ip_options += 12)
		sent[n++] = u;
	u.ip_options = 0;
	u.no_checksum = true;
	sent[n++] = u;
	u.no_checksum = false;
	u.v6 = true;
	for (u.payload = 0; u.payload <= 1452; u.payload += 121)
		sent[n++] = u;
	u.payload = 1452;
	u.vlan[0] = 9;
	sent[n++] = u;
	for (i = 0; i < n; i++) {
		sent[i].seed = sent[i].ip_id = i;
		reply = udp_reply(&sent[i]);
		frame_udp(&f, &sent[i]);
		send_frame(&f);
		frame_udp(&f, &reply);
		expect_frame(&f);
		/* Not to be recorded: another port, a fragment, another protocol. */
		if (i % 10 == 0) {
			send_probe(&(struct probe){ .dport = 8 });
			send_probe(&(struct probe){ .dport = 7, .frag = 0x2000 });
			send_probe(&(struct probe){ .dport = 7, .proto = 6 });
		}
	}
	expect_ping(1, 100);
	end = logger_stop();
	check(json_number(end, "recorded") == (long long)n && json_number(end, "dropped") == 0 &&
	      json_number(end, "tx") == (long long)n, "%zu frames sent: %s", n, end);
	guest_log_has("eth0: queue 0: detached: pool .* lost=0");
	all = logger_records(&count);
	check(count == n, "%zu frames sent, %zu records", n, count);
	for (i = 0; i < n; i++) {
		frame_udp(&f, &sent[i]);
		check_logged(&all[i], &f, sizeof(all[i].data));
		check(!i || all[i].time > all[i - 1].time, "the time went from %lld to %lld",
		      all[i - 1].time, all[i].time);
		check(!all[i].lost, "%lld lost", all[i].lost);
	}
	free(all);
}

/* The first bytes of the payload; the frame goes to the stack. And for humans. */
void logger_pass(void)
{
	struct udp u = udp_to_guest(1200, 300, 7);
	long before = stack_took();
	struct logged *all;
	size_t count, i;
	struct frame f;
	const char *end;

	u.dst_ip = QUIET_IP;
	frame_udp(&f, &u);
	logger_start("--json --bytes 16");
	for (i = 0; i < 20; i++)
		send_frame(&f);
	links_when("hwirq-payload-logger", 20);
	end = logger_stop();
	check(json_number(end, "recorded") == 20 && json_number(end, "pass") == 20, "20 frames: %s", end);
	check(stack_took_when(before + 20) == before + 20, "the stack has the frames, too");
	all = logger_records(&count);
	check(count == 20, "20 frames, %zu records", count);
	for (i = 0; i < count; i++)
		check_logged(&all[i], &f, 42 + 16);
	free(all);

	guest("hwirq-payload-logger --dev eth0 --bytes 0 >/run/logger.log 2>&1 &");
	guest_until("grep -q attached /run/logger.log");
	send_frame(&f);
	guest_until("grep -q ' q[0-3] 10.0.2.99:40000 > 10.0.2.255:1200 300 bytes, pass:' /run/logger.log || { cat /run/logger.log; exit 1; }");
	guest("killall -INT hwirq-payload-logger");
	guest_until("grep -q 'detached after 1 packets: 1 records, 0 lost' /run/logger.log || { cat /run/logger.log; exit 1; }");
}

/* The consumer stalls, the ring runs over: what was lost is known, and where. */
void logger_burst(void)
{
	const unsigned int burst = 3000, after = 40, total = burst + after;
	long long lost = 0, dropped, recorded;
	struct udp u = udp_to_guest(1200, 100, 0);
	struct logged *all;
	const char *end;
	size_t count, i;
	struct frame f;
	unsigned int n;

	u.dst_ip = QUIET_IP;
	logger_start("--json --bytes 100 --ring-size 16");
	guest("killall -STOP hwirq-payload-logger");
	for (n = 0; n < total; n++) {
		u.seed = u.ip_id = n;
		u.src_port = 40000 + n % 16;
		frame_udp(&f, &u);
		send_frame(&f);
		usleep(n < burst ? 100 * lab.patience : 5000 * lab.patience);
		/* no more under way than a queue of a tap device holds, if all are in one */
		if (n < burst && n % 400 == 399)
			links_when("hwirq-payload-logger", n + 1);
		/* It wakes up, and the last records show how many were lost. */
		if (n == burst - 1) {
			links_when("hwirq-payload-logger", burst);
			guest("killall -CONT hwirq-payload-logger");
			guest_until("[ $(grep -c '\"event\":\"record\"' /run/logger.log) -ge 20 ]");
		}
	}
	links_when("hwirq-payload-logger", total);
	end = logger_stop();
	recorded = json_number(end, "recorded");
	dropped = json_number(end, "dropped");
	check(json_number(end, "packets") == total && json_number(end, "pass") == total,
	      "%u frames: %s", total, end);
	check(recorded + dropped == total, "%u frames sent, %lld recorded, %lld dropped", total,
	      recorded, dropped);
	check(dropped > burst / 2 && recorded >= 40, "%lld recorded, %lld dropped", recorded, dropped);
	all = logger_records(&count);
	check((long long)count == recorded, "%zu records, not %lld", count, recorded);
	for (i = 0; i < count; i++) {
		lost += all[i].lost;
		u.seed = u.ip_id = all[i].data[18] << 8 | all[i].data[19];
		u.src_port = 40000 + u.seed % 16;
		frame_udp(&f, &u);
		check_logged(&all[i], &f, 142);
	}
	check(lost == dropped, "the records tell of %lld lost, the rings of %lld", lost, dropped);
	printf("%u frames, %lld recorded, %lld dropped\n", total, recorded, dropped);
	free(all);
}

static size_t base64(const char *text, uint8_t *data, size_t room)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned int bits = 0, value = 0;
	const char *digit;
	size_t n = 0;

	for (; *text; text++) {
		digit = *text != '=' ? strchr(digits, *text) : NULL;
		if (!digit)
			continue;
		value = value << 6 | (digit - digits);
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		check(n < room, "more than %zu bytes", room);
		data[n++] = value >> bits;
	}
	return n;
}

/* A file of the guest, on the host. */
static void fetch(const char *from, const char *to)
{
	static uint8_t data[1 << 20];
	size_t n;
	FILE *f;

	n = base64(guest("base64 %s", from), data, sizeof(data));
	f = fopen(to, "we");
	check(f && fwrite(data, 1, n, f) == n && !fclose(f), "cannot write %s", to);
}

/* What tcpdump makes of a capture file: frames, their lengths and times. */
static size_t tcpdump(const char *path, struct logged *all, size_t max)
{
	char cmd[512], line[1024], *at;
	struct logged *r = NULL;
	long long sec, ns;
	unsigned int word;
	size_t n = 0;
	int len;
	FILE *f;

	/* By way of stdin: tcpdump gives up its privileges before it opens a file. */
	snprintf(cmd, sizeof(cmd), "tcpdump -nn -e -tt -xx --time-stamp-precision=nano -r - <%s 2>%s.log",
		 path, path);
	f = popen(cmd, "re");
	check(f, "cannot run tcpdump");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lld.%9lld ", &sec, &ns) == 2) {
			check(n < max, "more than %zu packets", max);
			r = &all[n++];
			r->time = sec * 1000000000 + ns;
			at = strstr(line, ", length ");
			r->length = at ? strtoll(at + 9, NULL, 10) : -1;
			r->captured = 0;
			continue;
		}
		at = strchr(line, ':');
		if (!r || line[0] != '\t' || !at)
			continue;
		/* words of two bytes, the last one may be one */
		for (at++; sscanf(at, " %4x%n", &word, &len) == 1; at += len) {
			bool two = strcspn(at + strspn(at, " "), " \n") == 4;

			check(r->captured + 2 <= sizeof(r->data), "a packet too long");
			if (two)
				r->data[r->captured++] = word >> 8;
			r->data[r->captured++] = word;
		}
	}
	word = pclose(f);
	if (word) {
		snprintf(cmd, sizeof(cmd), "cat %s.log >&2", path);
		if (system(cmd))
			perror(cmd);
	}
	check(!word, "tcpdump does not like the file: status %d", word);
	return n;
}

/* A capture file that tcpdump reads: from a file, and from a pipe. */
void logger_pcapng(void)
{
	static struct logged all[64];
	struct udp u = udp_to_guest(1200, 0, 0);
	static struct frame f[40];
	char path[128];
	size_t n, i;
	int way;

	snprintf(path, sizeof(path), "%s/capture", lab.dir);
	guest("ip link add link eth0 name vlan9 type vlan id 9 && ip link set vlan9 up");
	for (n = 0; n < 40; n++) {
		u.payload = n * 7;
		u.seed = u.ip_id = n;
		u.v6 = n % 4 == 1;
		u.vlan[0] = n % 4 == 2 ? 9 : 0;
		u.dst_ip = QUIET_IP;
		frame_udp(&f[n], &u);
	}
	for (way = 0; way < 2; way++) {
		guest("hwirq-payload-logger --dev eth0 --bytes 32 --pcapng %s &",
		      way ? "- 2>/run/logger.err | cat >/run/log.pcapng" :
			    "/run/log.pcapng >/run/logger.log 2>&1");
		guest_until("grep -q attached /run/logger.%s", way ? "err" : "log");
		for (i = 0; i < n; i++) {
			send_frame(&f[i]);
			/* one queue keeps the order */
			if (lab_is == MULTI || i + 1 == n)
				links_when("hwirq-payload-logger", i + 1);
		}
		guest("killall -INT hwirq-payload-logger");
		guest_until("! pidof hwirq-payload-logger && ! pidof cat");
		guest("grep -q '%zu records, 0 lost' /run/logger.%s", n, way ? "err" : "log");
		fetch("/run/log.pcapng", path);
		check(tcpdump(path, all, 64) == n, "not %zu packets in the file", n);
		qsort(all, n, sizeof(all[0]), by_time);
		for (i = 0; i < n; i++) {
			bool v6 = i % 4 == 1, vlan = i % 4 == 2;

			check_logged(&all[i], &f[i], 14 + (vlan ? 4 : 0) + (v6 ? 40 : 20) + 8 + 32);
			/* in this century */
			check(all[i].time > 946684800000000000ll, "time %lld", all[i].time);
		}
	}
}

/* An instance, a link and a ring for each queue; consumed as one. */
void logger_queues(void)
{
	bool seen[256] = { false };
	long long per_queue[4] = { 0 };
	struct logged *all;
	const char *stats;
	size_t count, i;
	struct udp u;
	struct frame f;
	unsigned int n;

	logger_start("--json --bytes 200");
	check(json_number(guest("grep attached /run/logger.log"), "queues") == 4, "%s", lab.output);
	for (n = 0; n < 256; n++) {
		u = udp_to_guest(1200, 100, n);
		u.ip_id = n;
		u.src_port = 43000 + n;
		u.dst_ip = QUIET_IP;
		frame_udp(&f, &u);
		send_frame(&f);
	}
	stats = links_when("hwirq-payload-logger", 256);
	for (i = 0; i < 4; i++) {
		char line[16];

		snprintf(line, sizeof(line), "\nqueue:\t%zu\n", i);
		check(strstr(stats, line), "no link of queue %zu:\n%s", i, stats);
	}
	logger_stop();
	all = logger_records(&count);
	check(count == 256, "256 frames, %zu records", count);
	for (i = 0; i < count; i++) {
		n = all[i].data[18] << 8 | all[i].data[19];
		check(n < 256 && !seen[n], "frame %u twice", n);
		seen[n] = true;
		u = udp_to_guest(1200, 100, n);
		u.ip_id = n;
		u.src_port = 43000 + n;
		u.dst_ip = QUIET_IP;
		frame_udp(&f, &u);
		check_logged(&all[i], &f, sizeof(all[i].data));
		per_queue[all[i].queue]++;
	}
	for (i = 0; i < 4; i++)
		check(per_queue[i] > 0, "no record of queue %zu", i);
	free(all);
	guest_log_has("eth0: queue 3: detached: pool .* lost=0");

	/* One queue alone */
	logger_start("--json --queue 2");
	check(json_number(guest("grep attached /run/logger.log"), "queues") == 1, "%s", lab.output);
	stats = links_of("hwirq-payload-logger");
	check(strstr(stats, "\nqueue:\t2\n") && !strstr(strstr(stats, "\nqueue:") + 1, "\nqueue:"),
	      "not queue 2 alone:\n%s", stats);
}

/* What fails leaves nothing behind, and says why. */
void logger_undone(void)
{
	int queue = lab_is == MULTI ? 2 : 0;

	guest("hwctl attach /progs/verdict.bpf.o eth0 %d /sys/fs/bpf/verdict", queue);
	guest_refuses("hwirq-payload-logger --dev eth0");
	check(strstr(lab.output, "hwirq: cannot attach to eth0"), "no reason: %s", lab.output);
	if (lab_is == MULTI)
		check(strstr(lab.output, "it failed for queue 2"), "not which queue: %s", lab.output);
	guest("rm /sys/fs/bpf/verdict && hwctl idle");
	guest_refuses("hwirq-payload-logger --dev eth0 --queue 4");
	check(strstr(lab.output, "has no RX queue 4"), "%s", lab.output);
	guest("hwctl idle");
	logger_start("--json");
	/* A second one finds the queues taken. */
	guest_refuses("hwirq-payload-logger --dev eth0");
	send_probe(&(struct probe){ 0 });
	guest_until("grep -q '\"event\":\"record\"' /run/logger.log");
	logger_stop();
}

/* However it ends, the program is off the device. */
void logger_ends(void)
{
	static const struct {
		const char *options, *says;
	} wrong[] = {
		{ "", "which network interface?" },
		{ "--dev eth9", "no network interface 'eth9'" },
		{ "--dev eth0 --ring-size 5", "power of 2" },
		{ "--dev eth0 --ring-size 131072", "from 4 to 65536" },
		{ "--dev eth0 --bytes 1501", "from 0 to 1500" },
		{ "--dev eth0 --json --pcapng -", "either --json or --pcapng" },
		{ "--dev eth0 --pcapng /none/file", "cannot create /none/file" },
		{ "--dev lo", "hwirq: cannot attach to lo" },
	};
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		guest_refuses("hwirq-payload-logger %s", wrong[i].options);
		check(strstr(lab.output, wrong[i].says), "'%s' is not in the answer to '%s': %s",
		      wrong[i].says, wrong[i].options, lab.output);
	}
	guest("hwirq-payload-logger --help && hwctl idle");
	guest("hwirq-payload-logger --json --path-cost --echo --bytes 1500");
	check(json_number(lab.output, "path_cost") < json_number(lab.output, "path_limit"),
	      "path cost: %s", lab.output);
	printf("%s\n", lab.output);

	/* after so many records */
	logger_start("--json --count 3");
	for (i = 0; i < 3; i++)
		send_probe(&(struct probe){ 0 });
	guest_until("! pidof hwirq-payload-logger");
	guest("[ $(grep -c '\"event\":\"record\"' /run/logger.log) = 3 ] && hwctl idle");

	/* the reader of its output leaves */
	guest("{ hwirq-payload-logger --dev eth0 --pcapng - 2>/run/logger.err; } | true &");
	guest_until("grep -q attached /run/logger.err");
	send_probe(&(struct probe){ 0 });
	guest_until("! pidof hwirq-payload-logger");
	guest("grep -q 'cannot write the records: Broken pipe' /run/logger.err && hwctl idle");

	/* by force */
	logger_start("--json");
	guest("killall -KILL hwirq-payload-logger");
	guest("hwctl idle");
	guest_log_has("eth0: queue 0: detached: pool .* lost=0");
	expect_ping(1, 100);
}
