// SPDX-License-Identifier: GPL-2.0-only
/*
 * cookbook - do the recipes do what their texts say?
 *
 * Each recipe runs in the guest by the command line that its text gives, and gets
 * frames from outside. Each code block that names a source file is compared with
 * that file, and each message that a text quotes with what the kernel says now.
 * The kinds of blocks are described in cookbook/README.md.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define COOKBOOK	SCRIPTS_DIR "/../../cookbook"
#define MAX_TEXT	65536
#define MIN_TEXTS	10

/* Texts */

static const char *read_file(const char *name)
{
	static char text[2][MAX_TEXT];
	static unsigned int turn;
	char *to = text[turn++ % 2], path[512];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", COOKBOOK, name);
	f = fopen(path, "re");
	if (f) {
		n = fread(to, 1, MAX_TEXT - 1, f);
		fclose(f);
	}
	check(n > 0 && n < MAX_TEXT - 1, "cookbook/%s: %s", name,
	      f ? "empty or too long" : strerror(errno));
	to[n] = '\0';
	return to;
}

/* Does a line of its own in @text say this? */
static bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);
	const char *at;

	for (at = text; (at = strstr(at, line)); at++)
		if ((at == text || at[-1] == '\n') && (at[len] == '\n' || !at[len]))
			return true;
	return false;
}

/* A fenced block: what stands behind its opening fence, and its lines. */
struct block {
	char info[128];
	char body[8192];
};

/* The next block at or behind *@at; false if there is none. */
static bool next_block(const char *name, const char **at, struct block *b)
{
	const char *start = *at, *end, *line;

	while (strncmp(start, "```", 3)) {
		start = strchr(start, '\n');
		if (!start)
			return false;
		start++;
	}
	line = strchr(start, '\n');
	end = line ? strstr(line, "\n```") : NULL;
	check(end && end - line < (long)sizeof(b->body) && line - start < (long)sizeof(b->info),
	      "%s: a block does not end, or is too long: %.40s", name, start);
	snprintf(b->info, sizeof(b->info), "%.*s", (int)(line - start - 3), start + 3);
	snprintf(b->body, sizeof(b->body), "%.*s", (int)(end - line), line + 1);
	*at = end + 4;
	return true;
}

/* Each line that is quoted is a line of what was said. */
static int compare_lines(const char *name, char *quoted, const char *said)
{
	char *line, *rest = NULL;
	int n = 0;

	for (line = strtok_r(quoted, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		check(has_line(said, line), "%s quotes\n  %s\nbut what is said now is\n%s", name,
		      line, said);
		n++;
	}
	return n;
}

/* A command line and what is said when it fails. */
static void check_refusal(const char *name, char *body)
{
	char *newline = strchr(body, '\n');

	check(!strncmp(body, "$ sudo ", 7) && newline, "%s: no command and message in\n%s", name,
	      body);
	*newline = '\0';
	guest_refuses("cd /cookbook && timeout 20 %s </dev/null 2>&1", body + 7);
	check(compare_lines(name, newline + 1, lab.output), "%s quotes nothing for %s", name, body);
}

/* What a block promises, if that can be seen here; 1 if it is a refusal. */
static int check_block(const char *name, struct block *b)
{
	char kind[32], what[96], where[32] = "";
	int n = sscanf(b->info, "%31s %95s %31s", kind, what, where);
	bool here = !strcmp(where, "multiqueue") == (lab_is == MULTI);

	if (n < 2)
		return 0;
	if (!strcmp(kind, "c")) {
		check(!here || strstr(read_file(what), b->body),
		      "%s shows lines that %s does not have:\n%s", name, what, b->body);
		return 0;
	}
	if (!strcmp(kind, "verifier")) {
		if (!here)
			return 1;
		guest_refuses("cd /cookbook && /verify/verify --here --prog build/%s 2>&1", what);
		check(compare_lines(name, b->body, lab.output), "%s quotes nothing for %s", name, what);
		return 1;
	}
	check(!strcmp(kind, "console") && !strcmp(what, "refused"),
	      "%s: what kind of block is '%s'?", name, b->info);
	if (here)
		check_refusal(name, b->body);
	return 1;
}

/* Every text of the cookbook: its code is the source's, its messages are the kernel's. */
static void texts(void)
{
	static char text[MAX_TEXT];
	unsigned int nr = 0, quotes = 0;
	struct dirent *entry;
	struct block b;
	const char *at;
	size_t len;
	int here;
	DIR *dir;

	dir = opendir(COOKBOOK);
	check(dir, "%s: %s", COOKBOOK, strerror(errno));
	while ((entry = readdir(dir))) {
		len = strlen(entry->d_name);
		if (len < 4 || strcmp(entry->d_name + len - 3, ".md") ||
		    !strcmp(entry->d_name, "README.md"))
			continue;
		snprintf(text, sizeof(text), "%s", read_file(entry->d_name));
		here = 0;
		for (at = text; next_block(entry->d_name, &at, &b);)
			here += check_block(entry->d_name, &b);
		/* a page about commands, which e2e/observe runs */
		check(here || !strcmp(entry->d_name, "observe.md"), "%s quotes no refusal",
		      entry->d_name);
		snprintf(text, sizeof(text), "(%s)", entry->d_name);
		check(strstr(read_file("README.md"), text), "README.md does not list %s",
		      entry->d_name);
		quotes += here;
		nr++;
	}
	closedir(dir);
	check(nr >= MIN_TEXTS, "only %u recipes", nr);
	printf("%u texts, %u quoted refusals\n", nr, quotes);
}

/* Each variant that is there to be refused is quoted by its recipe's text. */
static void variants(void)
{
	char *line, *rest = NULL, name[64], quote[128];
	static char found[4096];
	int n = 0;

	snprintf(found, sizeof(found), "%s",
		 guest("cd /cookbook/build && find . -name 'refused*.bpf.o' | sed 's#^./##'"));
	for (line = strtok_r(found, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		snprintf(name, sizeof(name), "%.*s.md", (int)strcspn(line, "/"), line);
		snprintf(quote, sizeof(quote), "```verifier %s\n", line);
		check(strstr(read_file(name), quote), "%s does not quote what is said about %s",
		      name, line);
		n++;
	}
	check(n, "no variant is refused");
}

/* Recipes */

/* Start what the text of the recipe says, and wait for its first words. */
static void start(const char *recipe, const char *command, const char *first)
{
	char text[512];

	snprintf(text, sizeof(text), "%s.md", recipe);
	check(strstr(read_file(text), command), "%s does not say '%s'", text, command);
	/* not the fifo of the recipe before */
	guest("rm -f /run/in && mkfifo /run/in");
	guest("sleep 1000 >/run/in &");
	guest("cd /cookbook && %s </run/in >/run/recipe.log 2>&1 &", command);
	guest_until("grep -q '%s' /run/recipe.log || { cat /run/recipe.log; exit 1; }", first);
}

/* End it by Ctrl-C, and have what it says at last. */
static void finish(const char *program, const char *last)
{
	guest("killall -INT %s", program);
	guest_until("! pidof %s", program);
	guest("grep -qE '%s' /run/recipe.log || { cat /run/recipe.log; exit 1; }", last);
	guest("hwctl idle");
}

static void expect_answer(const struct udp *u)
{
	struct udp reply = udp_reply(u);
	struct frame f;

	frame_udp(&f, u);
	send_frame(&f);
	frame_udp(&f, &reply);
	expect_frame(&f);
}

/* The same of a program that needs its process for that, which the host may hold up. */
static void expect_answer_soon(const struct udp *u)
{
	uint64_t end = now_ms() + ANSWER_MS;
	struct udp reply = udp_reply(u);
	struct frame f, want;
	int tries = 0;

	frame_udp(&want, &reply);
	do {
		check(now_ms() < end, "no answer, expected %s", frame_describe(&want));
		frame_udp(&f, u);
		send_frame(&f);
		tries++;
	} while (!wire_receive(&lab, &f, 500 * lab.patience));
	check(!frame_diff(&f, &want), "the frame %s", frame_diff(&f, &want));
	/* what was late is no answer to what comes next */
	while (tries > 1 && wire_receive(&lab, &f, 200 * lab.patience))
		;
}

static void expect_silence(const struct udp *u)
{
	struct frame f;

	frame_udp(&f, u);
	send_frame(&f);
	expect_no_frame(300 * lab.patience);
}

static void udp_echo(void)
{
	struct udp u = udp_to_guest(7, 100, 1);

	start("udp-echo", "build/bin/attach eth0 build/udp-echo/udp-echo.bpf.o", "attached");
	expect_answer(&u);
	u.ip_options = 8;
	u.payload = 1400;
	expect_answer(&u);
	expect_unreachable(8);
	expect_ping(1, 100);
	finish("attach", "packets: 2 tx, 0 drop, [0-9]+ pass, 0 aborted");
}

static void drop_list(void)
{
	struct udp good = udp_to_guest(9, 10, 1), bad = good;
	struct frame f;

	start("drop-list", "build/bin/attach eth0 build/drop-list/drop-list.bpf.o list=192.0.2.1,192.0.2.7",
	      "attached");
	bad.src_ip = 0xc0000207;
	frame_udp(&f, &bad);
	send_frame(&f);
	expect_unreachable(9);
	/* another list, live */
	guest("echo list=10.0.2.99 >/run/in");
	guest_until("grep -q replaced /run/recipe.log");
	expect_silence(&good);
	/* a wrong one changes nothing */
	guest("echo list=10.0.2 >/run/in");
	guest_until("grep -q 'is no value' /run/recipe.log");
	expect_silence(&good);
	guest("echo list= >/run/in");
	guest_until("[ $(grep -c replaced /run/recipe.log) = 2 ]");
	expect_unreachable(9);
	finish("attach", "packets: 0 tx, 3 drop, [0-9]+ pass, 0 aborted");
}

static void lease(void)
{
	struct udp u = udp_to_guest(7, 32, 1);

	start("lease", "build/bin/lease eth0 7 2000", "alive");
	/* beyond the first lease: it is being renewed */
	guest("sleep 3");
	expect_answer_soon(&u);
	/* it hangs in its work, but its process and the program are there */
	guest("killall -USR1 lease && sleep 3");
	expect_silence(&u);
	guest("pidof lease && killall -USR1 lease && sleep 2");
	expect_answer_soon(&u);
	/* nothing of it runs any more */
	guest("killall -STOP lease && sleep 3");
	expect_silence(&u);
	guest("killall -CONT lease && sleep 2");
	expect_answer_soon(&u);
	/* dead: the kernel has detached the program, the stack knows no such port */
	guest("killall -KILL lease && hwctl idle");
	expect_unreachable(7);
}

/* ICMP */

/* An echo request over IPv6, or the reply to it: a datagram with another protocol. */
static void frame_ping6(struct frame *f, bool reply, size_t payload)
{
	struct udp u = udp_to_guest(0, payload, 1);
	uint8_t *ip, *icmp;
	uint32_t sum = 58 + 8 + payload;
	uint16_t check;
	size_t i;

	u.v6 = true;
	if (reply)
		u = udp_reply(&u);
	frame_udp(f, &u);
	ip = f->data + ETH_HEADER;
	icmp = ip + 40;
	ip[6] = 58;
	memset(icmp, 0, 8);
	icmp[0] = reply ? 129 : 128;
	icmp[5] = 9;
	for (i = 8; i < 40; i += 2)
		sum += ip[i] << 8 | ip[i + 1];
	check = inet_sum(icmp, 8 + payload, sum);
	icmp[2] = check >> 8;
	icmp[3] = check & 0xff;
}

static void icmp_echo(void)
{
	const size_t sizes[] = { 0, 1, 56, 1000, 1400 };
	struct frame f;
	size_t i;

	start("icmp-echo", "build/bin/attach eth0 build/icmp-echo/icmp-echo.bpf.o own_ip4=10.0.2.15 own_ip6=fd00::215",
	      "attached");
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		expect_ping(i + 1, sizes[i]);
		/* the guest's stack has IPv6 off: only the program answers */
		frame_ping6(&f, false, sizes[i]);
		send_frame(&f);
		frame_ping6(&f, true, sizes[i]);
		expect_frame(&f);
	}
	/* a reply is no request */
	frame_ping(&f, true, 1, 1, 10);
	memcpy(f.data, GUEST_MAC, MAC_LEN);
	send_frame(&f);
	expect_no_frame(300 * lab.patience);
	finish("attach", "packets: 10 tx, 0 drop, [0-9]+ pass, 0 aborted");
}

/* A neighbour solicitation for an address, or the advertisement that answers it. */
static void frame_ndp(struct frame *f, bool advert, bool with_mac)
{
	struct udp u = udp_to_guest(0, with_mac ? 24 : 16, 1);
	uint32_t sum = 58 + (with_mac ? 32 : 24);
	uint8_t *ip, *nd;
	uint16_t check;
	size_t i;

	u.v6 = true;
	if (advert)
		u = udp_reply(&u);
	u.ttl = 255;
	frame_udp(f, &u);
	ip = f->data + ETH_HEADER;
	nd = ip + 40;
	ip[6] = 58;
	if (!advert) {
		/* to the group that has the last three bytes of the address */
		memset(ip + 24, 0, 13);
		ip[24] = 0xff;
		ip[25] = 2;
		ip[35] = 1;
		ip[36] = 0xff;
		memcpy(f->data, (uint8_t[]){ 0x33, 0x33, 0xff }, 3);
		memcpy(f->data + 3, ip + 37, 3);
	}
	memset(nd, 0, f->len - ETH_HEADER - 40);
	nd[0] = advert ? 136 : 135;
	nd[4] = advert ? 0x60 : 0;
	memcpy(nd + 8, GUEST_IP6, 16);
	if (with_mac) {
		nd[24] = advert ? 2 : 1;
		nd[25] = 1;
		memcpy(nd + 26, advert ? GUEST_MAC : CLIENT_MAC, MAC_LEN);
	}
	for (i = 8; i < 40; i += 2)
		sum += ip[i] << 8 | ip[i + 1];
	check = inet_sum(nd, with_mac ? 32 : 24, sum);
	nd[2] = check >> 8;
	nd[3] = check & 0xff;
}

static void arp_ndp(void)
{
	struct frame f;

	/* from here on only the program answers: the stack does not have the address */
	guest("ip addr flush dev eth0");
	/* and nobody has joined the group that solicitations come to */
	guest("ip link set eth0 promisc on");
	start("arp-ndp", "build/bin/attach eth0 build/arp-ndp/arp-ndp.bpf.o own_mac=mac own_ip4=10.0.2.15 own_ip6=fd00::215",
	      "attached");
	frame_arp(&f, 1, BROADCAST_MAC, CLIENT_MAC, CLIENT_IP, NULL, GUEST_IP);
	send_frame(&f);
	frame_arp(&f, 2, CLIENT_MAC, GUEST_MAC, GUEST_IP, CLIENT_MAC, CLIENT_IP);
	expect_frame(&f);
	frame_arp(&f, 1, BROADCAST_MAC, CLIENT_MAC, CLIENT_IP, NULL, GUEST_IP + 1);
	send_frame(&f);
	expect_no_frame(300 * lab.patience);

	frame_ndp(&f, false, true);
	send_frame(&f);
	frame_ndp(&f, true, true);
	expect_frame(&f);
	/* no option to turn into the answer's; a wrong checksum; from beyond the link */
	frame_ndp(&f, false, false);
	send_frame(&f);
	frame_ndp(&f, false, true);
	f.data[ETH_HEADER + 40 + 2] ^= 1;
	send_frame(&f);
	frame_ndp(&f, false, true);
	f.data[ETH_HEADER + 7] = 254;
	send_frame(&f);
	expect_no_frame(300 * lab.patience);
	finish("attach", "packets: 2 tx, 0 drop, [0-9]+ pass, 0 aborted");
	guest("ip link set eth0 promisc off");
}

/* Rings */

static void payload_log(void)
{
	struct udp u = udp_to_guest(5000, 0, 0), other = udp_to_guest(5001, 9, 0);
	const size_t sizes[] = { 1, 100, 1000 };
	char path[128], *hex, line[256], want[64];
	unsigned int byte;
	struct frame f;
	size_t i, n = 0;
	FILE *file;

	start("payload-log", "build/bin/payload-log eth0 5000 /run/log.pcapng", "recording");
	for (i = 0; i < 3; i++) {
		u.payload = sizes[i];
		u.dst_ip = other.dst_ip = 0x0a0002ff;	/* nobody answers that */
		frame_udp(&f, &u);
		send_frame(&f);
		frame_udp(&f, &other);
		send_frame(&f);
	}
	guest_until("grep ^packets: $(grep -l ^hardirq_packets: /proc/$(pidof payload-log)/fdinfo/*) | grep -q '[6-9]$'");
	finish("payload-log", "^3 records$");

	snprintf(path, sizeof(path), "%s/log.pcapng", lab.dir);
	file = fopen(path, "we");
	check(file, "%s: %s", path, strerror(errno));
	guest("od -An -v -tx1 /run/log.pcapng | tr -d ' \\n'");
	for (hex = lab.output; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		fputc((int)byte, file);
	fclose(file);
	snprintf(line, sizeof(line), "tcpdump -n -r %s 2>/dev/null", path);
	file = popen(line, "re");
	check(file, "no tcpdump");
	while (fgets(line, sizeof(line), file)) {
		check(n < 3, "a packet too many: %s", line);
		snprintf(want, sizeof(want), "10.0.2.99.40000 > 10.0.2.255.5000: UDP, length %zu",
			 sizes[n++]);
		check(strstr(line, want), "no '%s' in: %s", want, line);
	}
	check(!pclose(file) && n == 3, "%zu packets in the file", n);
}

/* Send so many; how many are answered. */
static unsigned int answered(const struct udp *u, unsigned int count)
{
	struct frame f;
	unsigned int n = 0;

	frame_udp(&f, u);
	while (count--)
		send_frame(&f);
	while (wire_receive(&lab, &f, 500 * lab.patience))
		n++;
	return n;
}

static void rate_limit(void)
{
	struct udp u = udp_to_guest(7, 10, 1);
	unsigned int n;

	start("rate-limit", "build/bin/rate-limit eth0 7 5 20", "limiting");
	n = answered(&u, 100);
	check(n >= 20 && n < 60, "%u of 100 answered, with a burst of 20 and 5 a second", n);
	/* the bucket fills, up to a burst: 6 s are worth 30 */
	guest("sleep 6");
	n = answered(&u, 100);
	check(n >= 20 && n < 60, "%u of 100 answered after 6 s", n);
	/* nobody hands out any: what is there, and then silence */
	guest("killall -STOP rate-limit");
	n = answered(&u, 100);
	check(n <= 20, "%u of 100 answered without anyone to hand out tokens", n);
	expect_silence(&u);
	guest("killall -CONT rate-limit && sleep 1");
	expect_answer_soon(&u);
	finish("rate-limit", "^[0-9]+ answered, [0-9]+ above the limit$");
}

static void queues(void)
{
	struct frame f;
	int i;

	start("queues", "build/bin/queues eth0", "4 queues");
	for (i = 0; i < 256; i++) {
		struct udp u = udp_to_guest(9, 10, i);

		u.dst_ip = 0x0a0002ff;
		u.src_port = 40000 + i;
		frame_udp(&f, &u);
		send_frame(&f);
	}
	guest_until("[ $(awk '/^packets:/ { n += $2 } END { print n }' $(grep -l ^hardirq_packets: /proc/$(pidof queues)/fdinfo/*)) -ge 256 ]");
	finish("queues", "^0 lost$");
	guest("awk '/^queue/ { n += $3; some += $3 > 0 } END { exit !(n >= 256 && some > 1) }' /run/recipe.log || { cat /run/recipe.log; exit 1; }");
}

/* The rest */

static void measure(void)
{
	struct udp u = udp_to_guest(7, 10, 1);
	int i;

	start("measure", "build/bin/measure build/udp-echo/udp-echo.bpf.o eth0 5", "attached for 5 s");
	for (i = 0; i < 20; i++)
		expect_answer(&u);
	guest_until("! pidof measure");
	guest("grep -qE '^longest path: [1-9][0-9]* of at most 4096$' /run/recipe.log && "
	      "grep -qE '^test run: verdict 2, [0-9]+ ns each of 32000$' /run/recipe.log && "
	      "grep -qE '^handler: [2-9][0-9] frames, [1-9][0-9]* of them in hard IRQ; [1-9][0-9]* ns for each of these, at most [1-9][0-9]* ns at a time$' /run/recipe.log || "
	      "{ cat /run/recipe.log; exit 1; }");
	guest("hwctl idle");
}

/* The path cost that a header states for hwirq_NAME(), 0 if it states none. */
static long stated_cost(const char *header, const char *name)
{
	static const char mark[] = "Path cost: at most ";
	const char *at, *comment = NULL, *next, *text = read_file(header);
	char call[64];

	snprintf(call, sizeof(call), "hwirq_%s(", name);
	/* the definition: the first one that is not in a comment */
	for (at = strstr(text, call); at; at = strstr(at + 1, call)) {
		for (next = text; (next = strstr(next, "/*")) && next < at; next += 2)
			comment = next;
		if (comment && strstr(comment, "*/") < at)
			break;
	}
	if (!at)
		return 0;
	at = strstr(comment, mark);
	return at && at < strstr(comment, "*/") ? strtol(at + strlen(mark), NULL, 10) : 0;
}

/* The cost of the program for a function, in what verify said about all. */
static long program_cost(const char *said, const char *name, size_t len)
{
	const char *line;
	long cost;

	for (line = said; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, len) && (line[len] == ':' || !strncmp(line + len, "__", 2)) &&
		    sscanf(line, "%*[^:]: accepted, path cost %ld", &cost) == 1)
			return cost;
	}
	fail_case("no program for '%.*s' was accepted:\n%s", (int)len, name, said);
}

/* What the headers say a call of each function costs, and what the verifier counts. */
static void costs(void)
{
	static const char *const headers[] = {
		"../helpers/hwirq/base.h", "../helpers/hwirq/parse.h",
		"../helpers/hwirq/csum.h", "../helpers/hwirq/rewrite.h",
	};
	static char said[16384];
	char name[64], base[64];
	unsigned int nr = 0, wrong = 0;
	const char *line;
	long cost, stated;
	size_t i;

	snprintf(said, sizeof(said), "%s",
		 guest("cd /cookbook && /verify/verify --here --prog build/measure/costs.bpf.o"));
	for (line = said; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "%63[a-z0-9_]:", name) != 1 || !strstr(name, "__"))
			continue;
		snprintf(base, sizeof(base), "%s", strstr(name, "__") + 2);
		*strstr(name, "__") = '\0';
		cost = program_cost(said, name, strlen(name)) - program_cost(said, base, strlen(base));
		for (stated = 0, i = 0; !stated && i < sizeof(headers) / sizeof(headers[0]); i++)
			stated = stated_cost(headers[i], name);
		/* a base for others, which is no function */
		if (!stated && (!strcmp(name, "udp6") || !strcmp(name, "icmp6")))
			continue;
		if (stated < cost || stated > cost + cost / 8 + 5) {
			printf("hwirq_%s() adds %ld to the path, its header says %ld\n", name, cost, stated);
			wrong++;
		}
		nr++;
	}
	check(!wrong, "of %u path costs %u are not as stated", nr, wrong);
	check(nr >= 40, "only %u functions were measured", nr);
	printf("the path costs of %u functions are as stated\n", nr);
}

static void real_machine(void)
{
	static char before[4096];

	check(strstr(read_file("real-machine.md"), "real-machine/queue-cpu isolate eth0 3 3"),
	      "real-machine.md isolates something else");
	snprintf(before, sizeof(before), "%s", guest("cd /cookbook && real-machine/queue-cpu show eth0"));
	guest("cd /cookbook && real-machine/queue-cpu isolate eth0 3 3");
	guest("cd /cookbook && real-machine/queue-cpu show eth0");
	guest("irq=$(sed -n 's/^ *\\([0-9]*\\):.*-input\\.3$/\\1/p' /proc/interrupts) && "
	      "[ \"$(cat /proc/irq/$irq/smp_affinity_list)\" = 3 ]");
	guest("irq=$(sed -n 's/^ *\\([0-9]*\\):.*-input\\.2$/\\1/p' /proc/interrupts) && "
	      "[ \"$(cat /proc/irq/$irq/smp_affinity_list)\" = 0-2 ]");
	guest_refuses("cd /cookbook && real-machine/queue-cpu isolate eth0 2 2");
	guest("cd /cookbook && real-machine/queue-cpu restore eth0");
	check(!strcmp(before, guest("cd /cookbook && real-machine/queue-cpu show eth0")),
	      "not as before, which was\n%s\nbut\n%s", before, lab.output);
	guest_refuses("cd /cookbook && real-machine/queue-cpu restore eth0");
	guest_refuses("cd /cookbook && real-machine/queue-cpu isolate eth0 3 9");
}

const struct e2e_case e2e_cases[] = {
	{ "texts", texts, SMALL | MULTI },
	{ "variants", variants, SMALL },
	{ "udp-echo", udp_echo, SMALL },
	{ "drop-list", drop_list, SMALL },
	{ "payload-log", payload_log, SMALL },
	{ "icmp-echo", icmp_echo, SMALL },
	{ "arp-ndp", arp_ndp, SMALL },
	{ "lease", lease, SMALL },
	{ "rate-limit", rate_limit, SMALL },
	{ "queues", queues, MULTI },
	{ "measure", measure, SMALL },
	{ "costs", costs, SMALL },
	{ "real-machine", real_machine, MULTI },
};
const size_t nr_e2e_cases = sizeof(e2e_cases) / sizeof(e2e_cases[0]);
