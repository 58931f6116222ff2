// SPDX-License-Identifier: GPL-2.0-only
/* End-to-end cases of the command hwirq, which runs in the guest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "e2e_command.h"
#include "harness.h"

static void says(const char *out, const char *text)
{
	check(strstr(out, text), "no %s in:\n%s", text, out);
}

/* The command must end with this status. */
static const char *hwirq(int status, const char *args)
{
	return guest("hwirq %s; s=$?; [ $s -eq %d ] || { echo status $s; exit 1; }", args, status);
}

/* To a port at which verdict.bpf.c drops. */
static void send_dropped(int count)
{
	struct udp u = udp_to_guest(1001, 40, 1);
	struct frame f;
	int i;

	frame_udp(&f, &u);
	for (i = 0; i < count; i++)
		send_frame(&f);
}

/* Loaded, seen, counted, unloaded; each by its own process. */
void command_verbs(void)
{
	const char *out;
	long seen;

	out = hwirq(0, "features --dev eth0 --try --json");
	says(out, "{\"ok\":true,");
	says(out, "\"eth0\":{\"ok\":true,");
	hwirq(0, "features --dev eth0");
	says(hwirq(0, "status --json"), "[]");
	/* any byte may be in a name, but not in JSON */
	guest("ip link add link eth0 name $(printf 'v\\303\\244\\377') type vlan id 5");
	says(hwirq(1, "features --dev $(printf 'v\\303\\244\\377') --json"), "\"v\303\244\\uFFFD\":{\"ok\":false,");
	guest("ip link del $(printf 'v\\303\\244\\377')");
	hwirq(1, "stats --count 1");
	hwirq(1, "unload --dev eth0");
	says(hwirq(0, "verify --here /progs/verdict.bpf.o"), "verdict: accepted, longest path: ");
	out = hwirq(1, "verify --here --json /cookbook/build/udp-echo/refused.bpf.o");
	says(out, "\"verdict\":\"refused\"");
	says(out, "R1 offset is outside of the packet");

	out = hwirq(0, "load /progs/verdict.bpf.o --dev eth0 --json");
	says(out, "\"program\":\"verdict\"");
	says(out, "\"queue\":\"all\"");
	out = hwirq(0, "status --json");
	says(out, "\"dev\":\"eth0\"");
	says(out, "\"program\":\"verdict\"");
	says(out, "\"pin\":\"/sys/fs/bpf/hwirq_");
	says(hwirq(0, "status --queue 0 --json"), "\"queue\":\"all\"");
	/* The second one is refused, and leaves the first alone. */
	says(hwirq(1, "load /progs/verdict.bpf.o --dev eth0"), "already has a hwirq program");
	says(hwirq(0, "status --json"), "\"pin\":\"/sys/fs/bpf/hwirq_");

	send_dropped(3);
	guest_until("hwirq stats --dev eth0 --count 1 --interval 0.1 --json | grep '\"drop\":3,'");
	/* The rates of all intervals, each times its length, are the packets in between. */
	guest("hwirq stats --interval 0.2 --json >/run/stats & echo $! >/run/stats.pid");
	guest_until("[ -s /run/stats ]");
	send_dropped(5);
	guest_until("grep '\"drop\":8,' /run/stats");
	guest("kill $(cat /run/stats.pid)");
	says(hwirq(0, "stats --count 1 --interval 0.1"), "; handler p50 ");
	seen = guest_number("sed 's/.*\"seconds\":\\([^,]*\\),\"packets_per_second\":\\([^,]*\\),.*/\\1 \\2/' /run/stats | "
			    "awk '{ sum += $1 * $2 } END { printf \"%%.0f\\n\", sum }'");
	check(seen == 5, "the rates add up to %ld packets, not 5", seen);
	/* Percentiles are the upper ends of buckets, an eighth too long at most. */
	seen = guest_number("sed -n 's/.*\"p50_ns_of_handler\":\\([0-9]*\\),.*\"p99_9_ns_of_handler\":\\([0-9]*\\),\"max_ns_of_handler\":\\([0-9]*\\),.*/\\1 \\2 \\3/p' /run/stats | "
			    "awk '$1 <= 0 || $1 > $2 || $2 > $3 * 1.125 { exit 1 } END { print NR }'");
	check(seen > 0, "no interval has times of the handler");

	/* What stays is named, and is there for another try. */
	guest("mount -o remount,ro /sys/fs/bpf");
	says(hwirq(1, "unload --dev eth0"), "cannot open /sys/fs/bpf/hwirq_");
	guest("mount -o remount,rw /sys/fs/bpf");
	says(hwirq(0, "status --json"), "\"program\":\"verdict\"");
	guest("p=$(echo /sys/fs/bpf/hwirq_*); mount --bind $p $p");
	says(hwirq(1, "unload --dev eth0"), "cannot remove /sys/fs/bpf/hwirq_");
	guest("umount /sys/fs/bpf/hwirq_*");
	says(hwirq(0, "unload --dev eth0 --json"), "{\"detached\":1}");
	says(hwirq(0, "status --json"), "[]");
	guest("[ -z \"$(ls /sys/fs/bpf)\" ]");
	expect_ping(1, 100);
}

/* A program with a ring: one instance per queue, whose records each come out once. */
void command_ring(void)
{
	struct udp u = udp_to_guest(1200, 40, 1);
	char source[13];
	struct frame f;
	int i;

	hwirq(0, "load /progs/payload-logger.bpf.o --dev eth0");
	guest("[ -z \"$(hwirq ring dump --dev eth0 --json)\" ]");
	u.dst_ip = 0x0a0002ff;	/* the stack drops it without a word */
	frame_udp(&f, &u);
	for (i = 0; i < 5; i++)
		send_frame(&f);
	/* What was not written stays. */
	guest_until("! hwirq ring dump --dev eth0 >/dev/full");
	guest_until("hwirq ring dump --dev eth0 --json >>/run/records && [ $(wc -l </run/records) -ge 5 ]");
	for (i = 0; i < 6; i++)
		snprintf(source + 2 * i, 3, "%02x", f.data[6 + i]);
	check(guest_number("grep -c '\"lost\":0,.*%s0800' /run/records", source) == 5,
	      "the records do not hold the frames:\n%s", guest("cat /run/records"));
	guest("[ -z \"$(hwirq ring dump --dev eth0)\" ]");
	hwirq(0, "unload --dev eth0");
	hwirq(1, "ring dump --dev eth0");
	guest("[ -z \"$(ls /sys/fs/bpf)\" ]");
}

/* One queue is taken, so none gets the program. */
void command_all_or_nothing(void)
{
	hwirq(0, "load /progs/verdict.bpf.o --dev eth0 --queue 2");
	says(hwirq(1, "load /progs/payload-logger.bpf.o --dev eth0"), "queue 2");
	check(guest_number("ls /sys/fs/bpf | wc -l") == 1, "pins are left:\n%s",
	      guest("ls /sys/fs/bpf"));
	says(hwirq(0, "status --json"), "\"queue\":2,");
	hwirq(0, "unload --dev eth0 --queue 2");
	says(hwirq(0, "status --json"), "[]");
}
