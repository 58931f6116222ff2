// SPDX-License-Identifier: GPL-2.0-only
/*
 * End-to-end cases of overload, more frames than the guest can answer, and of what an
 * operator sees of it.
 *
 * The sender waits for nobody (an open loop): what the wire does not take is lost.
 * Numbers are ratios of two runs in the same guest under the same load on the host,
 * so that a slow or busy host cancels out: in the reference run the frames have the
 * MAC address of somebody else, and QEMU throws them away. What the host took from the
 * guest's CPU in one of them is known by how long that executed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "badnet.h"
#include "e2e_survive.h"
#include "harness.h"

#define DROP_PORT	1001	/* verdict.bpf.c drops what comes here */
#define TX_PORT		1003	/* busy.bpf.c sends back what comes here, and passes the rest */
#define SPIN_MS		(lab.patience > 1 ? 2000 : 1000)
#define FLOOD_RATE	40000	/* frames a second, several times what the guest can do */
#define TRACING		"/sys/kernel/tracing"
#define MAX_CPUS	4

struct flood {
	bool stop;
	bool to_others;		/* not to the guest's MAC address */
	uint16_t port;
	unsigned long rate;	/* frames a second, 0: as many as possible */
	unsigned long offered, taken;
	char error[256];
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/*
 * Not built anew for each frame: that would cost more than sending it. Not the flows of the
 * flood before: for 3 s after an answer a tap knows which queue it came from.
 */
static void flood_frames(const struct flood *flood, struct frame *f, unsigned int n)
{
	static unsigned int flows;
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct udp u = udp_to_guest(flood->port, 18, i);

		u.src_port = 44000 + flows++ % 16384;
		if (flood->to_others)
			u.dst_mac[MAC_LEN - 1] ^= 0x80;
		frame_udp(&f[i], &u);
	}
}

static void *flood_main(void *arg)
{
	struct flood *flood = arg;
	static struct frame f[64];
	const struct timespec nap = { .tv_nsec = 20000 };
	uint64_t start = now_ns();
	int n;

	flood_frames(flood, f, 64);
	while (!__atomic_load_n(&flood->stop, __ATOMIC_RELAXED)) {
		if (flood->rate && flood->offered >= (now_ns() - start) * flood->rate / 1000000000) {
			nanosleep(&nap, NULL);
			continue;
		}
		n = wire_offer(&lab, &f[flood->offered++ % 64]);
		if (n < 0) {
			snprintf(flood->error, sizeof(flood->error), "%.200s", lab_error());
			break;
		}
		flood->taken += n;
		if (!n && !flood->rate)
			nanosleep(&nap, NULL);
	}
	return NULL;
}

static void flood_start(struct flood *flood, uint16_t port, unsigned long rate, bool to_others)
{
	memset(flood, 0, sizeof(*flood));
	flood->port = port;
	flood->rate = rate;
	flood->to_others = to_others;
	background_start(flood_main, flood, &flood->stop);
}

static void flood_stop(struct flood *flood)
{
	background_stop(&flood->stop);
	check(!flood->error[0], "%s", flood->error);
}

static void forget_answers(int idle_ms)
{
	struct frame f;

	do
		wire_flush(&lab);
	while (wire_receive(&lab, &f, idle_ms));
}

/* False if there is none yet: a stack that is behind drops pings. */
static bool ping_answered(uint16_t seq)
{
	uint64_t end = now_ms() + 1000 * lab.patience;
	struct frame f;

	frame_ping(&f, false, 0x4857, seq, 48);
	send_frame(&f);
	while (now_ms() < end)
		if (wire_receive(&lab, &f, 100) && frame_is_pong(&f, 0x4857, seq, 48))
			return true;
	return false;
}

/*
 * What is still on its way to the guest has got there, and the answers are forgotten. That
 * none comes may be for want of a host that lets the guest run: it has to answer a ping.
 */
static void flood_settle(void)
{
	uint64_t end = now_ms() + 10000 * lab.patience;
	uint16_t seq = 50000;

	forget_answers(200 * lab.patience);
	while (!ping_answered(seq++))
		check(now_ms() < end, "no answer to a ping %d s after a flood", 10 * lab.patience);
	forget_answers(100 * lab.patience);
}

/* Few enough that each is an interrupt of its own; the answers are forgotten. */
static void send_singly(unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct udp u = udp_to_guest(TX_PORT, 18, i);
		struct frame f;

		frame_udp(&f, &u);
		send_frame(&f);
		usleep(3000 * lab.patience);
	}
	flood_settle();
}

static void attach_on_one_cpu(void)
{
	guest("echo 65536 >/proc/sys/kernel/bpf_hwirq_max_path");
	guest("hwctl attach /progs/busy.bpf.o eth0 all /sys/fs/bpf/busy");
	guest("echo 4096 >/proc/sys/kernel/bpf_hwirq_max_path");
	/* Getting into an interrupt and out costs an emulated CPU some 10 us, with checkers on
	 * 80 us: be generous.
	 */
	guest("echo %d >/proc/sys/kernel/bpf_hwirq_irq_cost_ns", lab.patience > 1 ? 100000 : 20000);
	guest("for irq in $(awk '/virtio[0-9]+-(in|out)put/ { sub(\":\", \"\", $1); print $1 }' /proc/interrupts); do echo 1 >/proc/irq/$irq/smp_affinity; done");
}

/*
 * How long the guest's CPU 0 has executed, in ns since boot. The guest's clock goes on
 * while the host has others to run, and while QEMU's devices hold up an emulated CPU:
 * nothing that the guest's kernel could share out.
 */
static unsigned long long executed_ns(void)
{
	char cmd[300], line[64];
	unsigned long long ns;
	FILE *f;

	snprintf(cmd, sizeof(cmd),
		 "for qemu in $(cat /proc/%d/task/*/children); do for t in /proc/$qemu/task/*; do case $(cat $t/comm) in \"CPU 0/\"*) cut -d' ' -f1 $t/schedstat ;; esac; done; done 2>/dev/null",
		 lab.boot);
	f = popen(cmd, "re");
	check(f && fgets(line, sizeof(line), f), "no schedstat of the guest's CPU 0");
	pclose(f);
	ns = strtoull(line, NULL, 10);
	check(ns, "the guest's CPU 0 has not executed: %s", line);
	return ns;
}

struct load {
	double rounds;		/* of the spinner, a second that CPU 0 executed */
	double percent;		/* of what the spinner does alone */
	double goodput;		/* frames sent back, a second */
	double offered;		/* frames a second */
	double executed;	/* part of the time that CPU 0 executed */
	double stolen;		/* percent of the spinner's time that it certainly did not */
	char stats[4096];
};

/* The guest under one flood, with a process that wants all of CPU 0. */
static struct load spin_once(unsigned long rate, bool to_others)
{
	struct load load = { 0 };
	static struct flood flood;
	unsigned long long executed;
	uint64_t start, took;
	double s;

	flood_start(&flood, TX_PORT, rate, to_others);
	start = now_ns();
	executed = executed_ns();
	snprintf(load.stats, sizeof(load.stats), "%s", guest("hwctl spin /sys/fs/bpf/busy %d", SPIN_MS));
	executed = executed_ns() - executed;
	took = now_ns() - start;
	flood_stop(&flood);
	load.offered = flood.offered * 1e9 / took;
	flood_settle();
	load.executed = (double)executed / took;
	s = stat_of(load.stats, "spin_ns") / 1e9;
	load.stolen = executed < s * 1e9 ? 100 * (1 - executed / (s * 1e9)) : 0;
	load.goodput = stat_of(load.stats, "tx") / s;
	load.rounds = stat_of(load.stats, "spin_rounds") / s / load.executed;
	return load;
}

/* The same, with the reference. */
static struct load spin_under(unsigned long rate)
{
	struct load alone = spin_once(rate, true), load;

	check(alone.rounds > 0 && stat_of(alone.stats, "packets") < 100,
	      "the reference run was not undisturbed:\n%s", alone.stats);
	load = spin_once(rate, false);
	load.percent = 100 * load.rounds / alone.rounds;
	return load;
}

/* In percent of the time, what the link's handlers and polls took of it. */
static double time_share(const struct load *load, bool all)
{
	double ns = stat_of(load->stats, "ns_total");

	if (all)
		ns += stat_of(load->stats, "napi_ns") + stat_of(load->stats, "aux_ns");
	return 100 * ns / stat_of(load->stats, "spin_ns");
}

static void print_load(const char *what, const struct load *load)
{
	printf("%-12s offered %7.0f/s, sent back %7.0f/s, %5.2f frames an interrupt, hard IRQ %4.1f %%, all %4.1f %%, %ld switches, %ld rests; CPU 0 executed %4.1f %%, spinner %5.1f %%, stood still %.1f ms\n",
	       what, load->offered, load->goodput,
	       (double)stat_of(load->stats, "hardirq_packets") / (stat_of(load->stats, "irqs") + 1),
	       time_share(load, false), time_share(load, true), stat_of(load->stats, "switches"),
	       stat_of(load->stats, "rests"), 100 * load->executed, load->percent,
	       stat_of(load->stats, "spin_still_ns") / 1e6);
	fflush(stdout);
}

static void strict_watchdogs(bool on)
{
	/* On debug kernels the host may be too slow for that. In a livelock nothing goes on until
	 * the command is given up, after 40 s; a host that pauses the guest is back sooner.
	 */
	if (lab.patience == 1)
		guest("echo %d >/proc/sys/kernel/watchdog_thresh; echo %d >/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout",
		      on ? 4 : 30, on ? 10 : 60);
}

/* With checkers on, and more CPUs than the host has: all that counts is that it goes on. */
static int least_percent(void)
{
	return lab.patience > 1 ? 3 : 20;
}

/* The guest's clock charges to the program what the host takes in the middle of it. */
static bool within(const struct load *load, bool all, double limit)
{
	return lab.patience > 1 || time_share(load, all) <= limit + load->stolen;
}

/* Of the time that CPU 0 had */
static double goodput_of(const struct load *load)
{
	return load->goodput / load->executed;
}

/*
 * The process gets its 20 %, and nobody more than is allowed; so much comes back. What else
 * the host does can only make a measurement worse: it has failed if three in a row have.
 */
static struct load check_load(const char *what, unsigned long rate, double goodput)
{
	struct load load;
	bool fine;
	int i = 0;

	do {
		load = spin_under(rate);
		print_load(what, &load);
		fine = load.percent >= least_percent() && within(&load, false, 55) &&
			within(&load, true, 80) && goodput_of(&load) > goodput;
	} while (!fine && ++i < 3);
	check(load.percent >= least_percent(), "at %s a process gets %.1f %% of its CPU:\n%s", what,
	      load.percent, load.stats);
	check(within(&load, false, 55), "at %s, interrupt handlers took %.1f %% of the time:\n%s",
	      what, time_share(&load, false), load.stats);
	check(within(&load, true, 80), "at %s, programs took %.1f %% of the time:\n%s", what,
	      time_share(&load, true), load.stats);
	check(goodput_of(&load) > goodput, "at %s, %.0f frames/s come back, not %.0f:\n%s", what,
	      goodput_of(&load), goodput, load.stats);
	return load;
}

/*
 * Mogul and Ramakrishnan's test. "Capacity" is what the guest sends back when more
 * arrives than it can send back.
 */
void flood_livelock(void)
{
	static const int percent[] = { 10, 50, 100, 200, 400 };
	double capacity, best = 0;
	struct load load;
	char what[40];
	size_t i;

	attach_on_one_cpu();
	/* A queue moves to the CPU of its interrupt when it gets one. */
	spin_under(500);
	strict_watchdogs(true);
	load = check_load("flood", FLOOD_RATE, -1);
	capacity = load.goodput;
	check(stat_of(load.stats, "rests") > 0 && stat_of(load.stats, "switches") > 0,
	      "a flood, but the ring never rested:\n%s", load.stats);
	for (i = 0; i < sizeof(percent) / sizeof(percent[0]); i++) {
		snprintf(what, sizeof(what), "%d %% of %.0f/s", percent[i], capacity);
		/* under overload, half of the most that came back is left */
		load = check_load(what, capacity * percent[i] / 100,
				  percent[i] < 100 || lab.patience > 1 ? -1 : best / 2);
		if (goodput_of(&load) > best)
			best = goodput_of(&load);
	}
	strict_watchdogs(false);
}

static long pings_taken(void)
{
	return guest_number("awk '/^Icmp:/ { if (n) print $n; for (i = 2; i <= NF; i++) if ($i == \"InEchos\") n = i }' /proc/net/snmp");
}

static bool is_pong(const struct frame *f)
{
	return f->len >= 42 && f->data[23] == 1 && f->data[34] == 0;
}

/*
 * The stack gets what is passed to it also while the program has more than enough to do.
 * The device drops most of the pings, like most of everything; no later stage may.
 */
void flood_pass(void)
{
	uint64_t end, patience = now_ms() + 20000 * lab.patience;
	unsigned int i, answered = 0;
	struct frame ping, f;
	static struct flood flood;
	const char *stats;
	long taken, pass;

	attach_on_one_cpu();
	expect_ping(1000, 40);
	wire_flush(&lab);
	taken = pings_taken();
	pass = stat_of(link_stats("busy"), "pass");
	flood_start(&flood, TX_PORT, FLOOD_RATE, false);
	/* more of them if the wire is so full that it took hardly one */
	for (i = 1; i <= 200 || (answered < 20 && now_ms() < patience); i++) {
		frame_ping(&ping, false, 0x4857, i, 40);
		send_frame(&ping);
		/* what the flood brings back does not end */
		for (end = now_ms() + 3 * lab.patience; now_ms() < end;)
			answered += wire_receive(&lab, &f, 1) && is_pong(&f);
	}
	flood_stop(&flood);
	while (wire_receive(&lab, &f, 500 * lab.patience))
		answered += is_pong(&f);
	flood_settle();
	stats = link_stats("busy");
	pass = stat_of(stats, "pass") - pass;
	taken = pings_taken() - taken;
	printf("%u pings in a flood: %ld passed, %ld at the stack, %u answered\n", i - 1, pass, taken, answered);
	check(taken >= 10, "%ld of %u pings reached the stack during a flood:\n%s", taken, i - 1, stats);
	/* an ARP frame may be among those that were passed */
	check(taken <= pass && taken >= pass - 3, "%ld frames were passed, %ld pings reached the stack:\n%s",
	      pass, taken, stats);
	check(answered >= taken / 2, "%ld pings reached the stack, %u were answered:\n%s", taken, answered,
	      stats);
	check(stat_of(stats, "pass_full") == 0, "passed frames were dropped:\n%s", stats);

	/* A flood that is passed is too much for the stack, and for its ring. */
	flood_start(&flood, 9, 0, false);
	usleep(500000 * lab.patience);
	flood_stop(&flood);
	flood_settle();
	expect_ping(1001, 40);
}

/* What stands behind the name of an event in a line of the trace, and its time in microseconds. */
static const char *trace_event(const char *line, const char *event, double *us)
{
	const char *name = strstr(line, event), *at = name;

	if (!name)
		return NULL;
	while (at > line && at[-1] != ' ')
		at--;
	*us = atof(at) * 1e6;
	return name + strlen(event);
}

static bool trace_batch(const char *line, double *us, bool *irq, int *frames)
{
	const char *at = trace_event(line, ": hwirq_batch:", us), *mode;

	if (!at)
		return false;
	mode = strstr(at, " mode=");
	check(mode && sscanf(strstr(mode, " frames="), " frames=%d", frames) == 1, "a trace: %s", line);
	*irq = !strncmp(mode, " mode=irq", 9);
	return true;
}

/* With checkers on, on a busy host, a frame now and then is a flood already: see that hard
 * IRQ comes back at all.
 */
static void flood_ended_slowly(void)
{
	long before;

	guest_unlimited();
	before = stat_of(link_stats("busy"), "hardirq_packets");
	send_singly(20);
	before = stat_of(link_stats("busy"), "hardirq_packets") - before;
	check(before >= 10, "%ld of 20 frames after the flood met the program in hard IRQ", before);
	printf("%ld of 20 frames after the flood in hard IRQ\n", before);
}

/* What the trace says about the end of a flood. */
struct ending {
	double end, back;	/* microseconds: of the flood, of NAPI */
	int after, late;	/* rounds since then: in hard IRQ, in NAPI after 10 ms */
	int modes;		/* mode switches */
};

static struct ending read_ending(void)
{
	char *text = strdup(guest("tail -n 4000 " TRACING "/trace")), *line, *rest;
	struct ending e = { 0 };
	const char *at;
	int frames;
	double us;
	bool irq;

	check(text, "no memory");
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		at = trace_event(line, ": hwirq_mode:", &us);
		e.modes += !!at;
		/* the ring rests again and again while there is a flood */
		if (at && strstr(at, " to=rest"))
			e.end = us, e.back = 0, e.after = e.late = 0;
		if (!trace_batch(line, &us, &irq, &frames) || !frames)
			continue;
		if (irq && !e.after++)
			e.back = us;
		else if (!irq && us > e.end + 10000)
			e.late++;
	}
	free(text);
	return e;
}

/*
 * The guest is back in hard IRQ 10 ms after the last of the flood. Its frames are the
 * last that come in large numbers; single ones follow.
 */
void flood_ends(void)
{
	static struct flood flood;
	struct ending e;
	int tries = 5;

	attach_on_one_cpu();
	guest("echo 1 >" TRACING "/events/hwirq/enable; echo 1 >" TRACING "/tracing_on");
	flood_start(&flood, TX_PORT, 0, false);
	usleep(700000 * lab.patience);
	flood_stop(&flood);
	/* a host that stops the guest for long in the handler makes the ring rest once more */
	do {
		send_singly(100);
		e = read_ending();
	} while (lab.patience == 1 && e.after + e.late < 50 && --tries);
	guest("echo 0 >" TRACING "/tracing_on; echo 0 >" TRACING "/events/hwirq/enable; echo >" TRACING "/trace");
	check(e.end > 0, "the trace shows no flood");
	check(e.modes > 2, "%d traces of mode switches", e.modes);
	if (lab.patience > 1) {
		flood_ended_slowly();
		return;
	}
	check(e.after >= 20, "%d interrupts after the flood", e.after);
	printf("hard IRQ %.1f ms after the flood; later than 10 ms, %d times in it and %d times in NAPI\n",
	       (e.back - e.end) / 1000, e.after, e.late);
	/* an emulated CPU that the host stops inside of the handler exceeds its time */
	check(e.late <= e.after / 10, "more than 10 ms after the flood the program ran in NAPI %d times, in hard IRQ %d times",
	      e.late, e.after);
}

/* A ring that rests, and one that is never empty, can be stopped. */
void flood_teardown(void)
{
	static struct flood flood;
	int i;

	attach_on_one_cpu();
	/* nearly always resting */
	guest("echo 10 >/proc/sys/kernel/bpf_hwirq_total_share");
	/* between detach and end of the flood as in cycles_in_flood() */
	flood_start(&flood, TX_PORT, lab.patience > 1 ? 1000 : 0, false);
	for (i = 0; i < 5; i++) {
		usleep(50000);
		guest("ip link set eth0 down && ip link set eth0 up");
		guest("hwctl replace /sys/fs/bpf/busy /progs/mark_a.bpf.o");
	}
	check(stat_of(link_stats("busy"), "rests") > 0, "the ring never rested:\n%s", link_stats("busy"));
	guest("rm /sys/fs/bpf/busy && hwctl idle");
	flood_stop(&flood);
	flood_settle();
	guest("echo 75 >/proc/sys/kernel/bpf_hwirq_total_share");
	guest_log_has("eth0: queue 0: detached: pool .* lost=0");
	expect_ping(1, 40);
}

/* Frames that come back one by one, so that most of them meet the interrupt handler. */
static void reflect(unsigned int n)
{
	struct udp u = udp_to_guest(TX_PORT, 40, 1);
	struct frame f;
	unsigned int i;

	for (i = 0; i < n; i++) {
		u.seed = i;
		frame_udp(&f, &u);
		send_frame(&f);
		expect_frame(&f);
	}
}

/* One value of ethtool -S, summed over the queues. */
static long ethtool_sum(const char *text, const char *key)
{
	char name[64];
	const char *at;
	long sum = 0;

	snprintf(name, sizeof(name), "_hwirq_%s: ", key);
	at = strstr(text, name);
	check(at, "no %s in:\n%s", name, text);
	for (; at; at = strstr(at + 1, name))
		sum += strtol(at + strlen(name), NULL, 10);
	return sum;
}

/* The counters once they stand still: all interrupts, also of what was sent, are over. */
static const char *settled_stats(const char *pin)
{
	uint64_t end = now_ms() + 10000 * lab.patience;
	const char *stats = link_stats(pin);
	char before[4096];

	do {
		snprintf(before, sizeof(before), "%s", stats);
		usleep(50000 * lab.patience);
		stats = link_stats(pin);
	} while (strcmp(before, stats) && now_ms() < end);
	return stats;
}

/* ethtool -S, the fdinfo and bpf_link_info count the same; without a program, zeros. */
void ethtool_stats(void)
{
	static const char *const keys[] = {
		"irqs", "packets", "aborted", "drop", "pass", "tx", "invalid", "ineligible",
		"pool_empty", "pass_full", "tx_full", "budget_hit", "time_hit", "share_hit", "missed",
		"rests", "starved", "switches", "busy", "hardirq_packets", "napi_packets", "ns_total", "napi_ns",
		"aux_ns", "aux_rests",
	};
	static const char *const info_keys[] = {
		"irqs", "aborted", "drop", "pass", "tx", "hardirq_packets", "napi_packets", "ns_total",
		"ns_max",
	};
	int queues = lab_is == MULTI ? 4 : 1;
	char text[16384], info[1024];
	const char *stats;
	size_t i;

	guest_unlimited();
	snprintf(text, sizeof(text), "%s", guest("ethtool -S eth0"));
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		check(ethtool_sum(text, keys[i]) == 0, "%s without a program:\n%s", keys[i], text);
	guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
	reflect(50);
	expect_ping(1, 40);
	stats = settled_stats("verdict");
	snprintf(text, sizeof(text), "%s", guest("ethtool -S eth0"));
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		check(ethtool_sum(text, keys[i]) == stat_of(stats, keys[i]), "%s: ethtool says %ld, fdinfo %ld",
		      keys[i], ethtool_sum(text, keys[i]), stat_of(stats, keys[i]));
	check(ethtool_sum(text, "tx") == 50 && ethtool_sum(text, "pass") >= 1 &&
	      ethtool_sum(text, "hardirq_packets") > 0, "50 frames were sent back, a ping passed:\n%s", stats);
	snprintf(info, sizeof(info), "%s", guest("hwctl info /sys/fs/bpf/verdict"));
	for (i = 0; i < sizeof(info_keys) / sizeof(info_keys[0]); i++)
		check(stat_of(info, info_keys[i]) == stat_of(stats, info_keys[i]),
		      "%s: bpf_link_info says %ld, fdinfo %ld", info_keys[i], stat_of(info, info_keys[i]),
		      stat_of(stats, info_keys[i]));
	check(stat_of(info, "nr_queues") == queues && stat_of(info, "queue_plus1") == 0 &&
	      stat_of(info, "prog_id") > 0, "a link of %d queues:\n%s", queues, info);
	guest("rm /sys/fs/bpf/verdict && hwctl idle");
	guest("ethtool -S eth0 | grep -q 'rx0_hwirq_tx: 0'");
	guest_refuses("ethtool -S eth0 | grep -q 'rx%d_hwirq_tx'", queues);
}

/* The commands of cookbook/observe.md, in its order, and what they have to show. */
void observe(void)
{
	static const char *const shows[] = {
		"prog ", "hardirq_packets:", "rx0_hwirq_irqs:", "hwirq_batch: dev=eth0",
		"kernel.bpf_hwirq_total_share = 75",
	};
	char path[300], line[500];
	size_t n = 0, commands = sizeof(shows) / sizeof(shows[0]);
	bool code = false;
	FILE *f;

	guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
	/* something to see, for a minute at most */
	guest("hwctl hold /sys/fs/bpf/verdict %d >/dev/null 2>&1 &", 60 * lab.patience);
	guest_until("grep -qs ^hardirq_packets: /proc/$(pidof hwctl)/fdinfo/*");
	snprintf(path, sizeof(path), "%s/../../cookbook/observe.md", scripts_dir());
	f = fopen(path, "re");
	check(f, "cannot open %s", path);
	while (fgets(line, sizeof(line), f)) {
		static struct flood flood;

		if (!strncmp(line, "```", 3)) {
			code = !code && !strcmp(line, "```sh\n");
			continue;
		}
		if (!code)
			continue;
		line[strcspn(line, "\n")] = 0;
		check(n < commands, "%s has more commands than are known here: %s", path, line);
		flood_start(&flood, TX_PORT, 200, false);
		guest("%s", line);
		flood_stop(&flood);
		check(strstr(lab.output, shows[n]), "'%s' does not show '%s':\n%s", line, shows[n], lab.output);
		n++;
	}
	fclose(f);
	check(n == commands, "%s has %zu commands, not %zu", path, n, commands);
	guest("echo >" TRACING "/trace; killall hwctl");
	flood_settle();
}

/*
 * Attach, with another allocation failing each time. What hwctl says of it; KiB that the guest
 * has free then, with the pages that CPUs keep for themselves, and without what the kernel
 * keeps for a while: its caches, and what KASAN watches, which shrinking a cache frees, too.
 */
static const char *fail_allocations(int step, long *free_kib)
{
	int seconds;

	/* hundreds of attaches: longer than a command may take */
	guest("(hwctl faults /progs/verdict.bpf.o eth0 %d; echo status $?) >/run/faults 2>&1 &", step);
	for (seconds = 0; seconds < 300 * lab.patience; seconds++) {
		if (!lab_run(&lab, "grep -q ^status /run/faults"))
			break;
		sleep(1);
	}
	guest("echo 3 >/proc/sys/vm/drop_caches; for shrink in /sys/kernel/slab/*/shrink; do echo 1 >$shrink; done");
	*free_kib = 4 * guest_number("awk '/^ *(nr_free_pages|count:) / { n += $2 } END { print n }' /proc/zoneinfo");
	return guest("cat /run/faults; grep -qx 'status 0' /run/faults");
}

/* Each allocation of an attach fails once: ENOMEM, nothing is lost, the NIC works. */
void attach_faults(void)
{
	long before, after, gone, allocations;
	int rounds = 0, step;
	const char *out;

	if (lab_run(&lab, "[ -e /proc/self/fail-nth ]"))
		skip_case("the kernel has no fault injection; debug/ has");
	guest("cd /sys/kernel/debug && echo N >failslab/ignore-gfp-wait && echo 0 >failslab/verbose && echo N >fail_page_alloc/ignore-gfp-wait && echo 0 >fail_page_alloc/min-order && echo 0 >fail_page_alloc/verbose");
	/* small pools: one allocation for each buffer */
	guest("ethtool -G eth0 rx 64");
	/* the first time leaves things behind that stay */
	fail_allocations(500, &before);
	/* each where there is one queue; more queues only repeat most of them */
	step = lab_is & MULTI ? 31 : 1;
	/* some caches grow at first; a leak goes on */
	do {
		out = fail_allocations(step, &after);
		printf("%s\n", out);
		allocations = stat_of(out, "allocations");
		check(allocations * step > 480 && stat_of(out, "failed") * step > 480,
		      "fewer than there are buffers:\n%s", out);
		gone = before - after;
		printf("%ld KiB are gone\n", gone);
		before = after;
		/* a page from each of the attempts would be 4 KiB times their number */
	} while (gone >= 2 * allocations && ++rounds < 5);
	check(rounds < 5, "%ld KiB are gone after %ld attempts, and it was no better before", gone,
	      allocations);
	guest("! dmesg | grep 'lost=[1-9]'");
	expect_ping(1, 40);
	guest("ethtool -G eth0 rx 256");
	guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
	reflect(5);
}

/* How many of these flows a program sends back, each of one frame. */
unsigned int answered_flows(unsigned int flows)
{
	unsigned int i, n;
	struct frame f;

	for (i = 0; i < flows; i++)
		send_to_port(TX_PORT, 43000 + i, i);
	for (n = 0; wire_receive(&lab, &f, 1000 * lab.patience);)
		n += frame_is_udp4(&f);
	return n;
}

/* Queues of the stack that are out of memory do not stop the program's: it has a pool. */
void refill_elsewhere(void)
{
	static struct flood flood;
	unsigned int n;
	long queues;

	if (lab_run(&lab, "[ -e /proc/self/fail-nth ]"))
		skip_case("the kernel has no fault injection; debug/ has");
	guest("hwctl attach /progs/verdict.bpf.o eth0 0 /sys/fs/bpf/verdict");
	/* what the refill work turns off; one argument, the NAPI */
	guest("cd " TRACING " && echo 'p:off napi_disable napi=%%di' >kprobe_events && echo 'comm ~ \"kworker*\"' >events/kprobes/off/filter && echo 1 >events/kprobes/off/enable && echo >trace && echo 1 >tracing_on");
	guest("cd /sys/kernel/debug/fail_page_alloc && echo Y >ignore-gfp-wait && echo 0 >min-order && echo 0 >verbose && echo 1 >interval && echo -1 >times && echo 100 >probability");
	flood_start(&flood, TX_PORT, 1000, false);
	guest_until("[ $(grep -c napi= " TRACING "/trace) -ge 60 ]");
	flood_stop(&flood);
	guest("echo 0 >/sys/kernel/debug/fail_page_alloc/probability");
	queues = guest_number("sed -n 's/.* napi=//p' " TRACING "/trace | sort -u | wc -l");
	check(queues == 3, "three queues have no program, the refill stopped %ld", queues);
	guest("cd " TRACING " && echo 0 >events/kprobes/off/enable && echo >kprobe_events && echo >trace");
	flood_settle();
	/* a quarter of the flows comes to the queue that has the program */
	n = answered_flows(64);
	check(n > 0 && n < 64, "%u of 64 frames came back by one of four queues", n);
	expect_ping(1, 1000);
}

/* Offloads that would hide frames from the program stay off, others are as they were. */
void offloads(void)
{
	guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
	reflect(3);
	/* Not all devices have it. Ask for what is, or each later change would fail with it. */
	if (!lab_run(&lab, "ethtool -k eth0 | grep -q '^rx-gro-hw: \\(on\\|off\\)$'")) {
		bool on = !lab_run(&lab, "ethtool -k eth0 | grep -q '^rx-gro-hw: on'");

		guest_refuses("ethtool -K eth0 rx-gro-hw %s", on ? "off" : "on");
		guest("ethtool -K eth0 rx-gro-hw %s; ethtool -k eth0 | grep -q '^rx-gro-hw: %s'",
		      on ? "on" : "off", on ? "on" : "off");
	}
	guest("ethtool -K eth0 gro off && ethtool -K eth0 gro on");
	reflect(3);
	guest("ip link set eth0 promisc on");
	reflect(3);
	expect_ping(1, 1000);
	guest("ip link set eth0 promisc off");
	reflect(3);
}

/* Programs share the send queue with a stack that has a transmit NAPI. */
void tx_napi_stays(void)
{
	const char *out;

	guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict && ip link set eth0 down");
	out = guest_refuses("ethtool -C eth0 tx-frames 0");
	check(strstr(out, "the hwirq program needs the transmit NAPI; detach it first"), "no reason in: %s", out);
	guest("ethtool -C eth0 tx-frames 1 && ip link set eth0 up");
	reflect(3);
	expect_ping(1, 1000);
	guest("rm /sys/fs/bpf/verdict && hwctl idle && ip link set eth0 down");
	guest("ethtool -C eth0 tx-frames 0 && ethtool -C eth0 tx-frames 1 && ip link set eth0 up");
	expect_ping(2, 1000);
}

/* AF_XDP: virtio_net of this kernel has no zero copy. A copying socket needs an XDP program for frames. */
void afxdp_socket(void)
{
	const char *out;

	guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
	reflect(3);
	out = guest_refuses("hwctl xsk eth0 0 zerocopy 60");
	check(strstr(out, "bind: EOPNOTSUPP"), "expected EOPNOTSUPP, got: %s", out);
	guest("hwctl xsk eth0 0 copy 600 >/run/xsk 2>&1 & echo $! >/run/xsk.pid");
	guest_until("grep -qx bound /run/xsk");
	reflect(3);
	out = guest_refuses("hwctl xdp /progs/xdp_reflect.bpf.o eth0 native /sys/fs/bpf/xdp");
	check(strstr(out, "EBUSY"), "expected EBUSY, got: %s", out);
	/* and the reverse */
	guest("rm /sys/fs/bpf/verdict && hwctl idle && hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
	reflect(3);
	guest("kill $(cat /run/xsk.pid)");
	reflect(3);
}

/* Attach, detach and replace while more arrives than can be dealt with. CYCLES= for a soak, with LAB_TIMEOUT=. */
void cycles_in_flood(void)
{
	const char *more = getenv("CYCLES");
	int cycles = more ? atoi(more) : lab.patience > 1 ? 3 : 30, i, j;
	const int queues = lab_is == MULTI ? 4 : 1;
	/* a busy host makes one of them take ten seconds: ten of them, then */
	uint64_t enough = now_ms() + 60000 * lab.patience;
	static struct flood flood;
	long lost;

	guest("dmesg -n 1");
	/* Between two programs the flood is the stack's, which with checkers starves all else for minutes. */
	flood_start(&flood, TX_PORT, lab.patience > 1 ? 200 : 0, false);
	for (i = 0; i < cycles && (more || i < 10 || now_ms() < enough); i++) {
		guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
		/* ten replacements for an attach */
		for (j = 0; j < 5; j++)
			guest("hwctl replace /sys/fs/bpf/verdict /progs/mark_a.bpf.o && hwctl replace /sys/fs/bpf/verdict /progs/verdict.bpf.o");
		guest("rm /sys/fs/bpf/verdict && hwctl idle");
		/* a link has lost its number before its end */
		guest_until("[ $(dmesg | grep -c 'eth0: queue .*detached: pool ') -ge %d ]", queues);
		lost = guest_number("dmesg -c | grep -c 'eth0: queue .*detached: pool .* lost=0$'; true");
		check(lost == queues, "cycle %d: %ld of %d queues detached well", i, lost, queues);
	}
	printf("%d cycles\n", i);
	flood_stop(&flood);
	flood_settle();
	guest("dmesg -n 8");
	guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
	reflect(10);
	expect_ping(1, 1000);
}

/* What the tracepoints say, word for word. */
void trace_lines(void)
{
	struct udp u = udp_to_guest(1000, 18, 1);	/* ABORTED */
	unsigned int queue, prog_id, i, modes = 0;
	char from[32], to[32], why[32], *at;
	static struct flood flood;
	struct frame f;
	long id;

	guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
	id = stat_of(guest("hwctl info /sys/fs/bpf/verdict"), "prog_id");
	/* so little that the mode changes */
	guest("echo 10 >/proc/sys/kernel/bpf_hwirq_total_share");
	guest("echo 1 >" TRACING "/events/hwirq/hwirq_exception/enable; echo 1 >" TRACING "/events/hwirq/hwirq_mode/enable; echo 1 >" TRACING "/tracing_on");
	frame_udp(&f, &u);
	send_frame(&f);
	reflect(1);
	guest_until("grep -q hwirq_exception: " TRACING "/trace");
	guest("grep hwirq_exception: " TRACING "/trace");
	at = strstr(lab.output, "dev=eth0 ");
	check(at && sscanf(at, "dev=%*s queue=%u prog_id=%u what=%31s", &queue, &prog_id, why) == 3 &&
	      prog_id == id && queue < 4 && !strcmp(why, "aborted"), "a frame was ABORTED by program %ld:\n%s",
	      id, lab.output);
	for (i = 0; i < 20 && !modes; i++) {
		flood_start(&flood, TX_PORT, 0, false);
		usleep(100000);
		flood_stop(&flood);
		modes = guest_number("grep -c 'hwirq_mode:.* to=rest' " TRACING "/trace; true");
	}
	guest("echo 0 >" TRACING "/tracing_on; grep 'hwirq_mode:.* to=rest' " TRACING "/trace | tail -n 1; echo >" TRACING "/trace");
	at = strstr(lab.output, "dev=eth0 ");
	check(at && sscanf(at, "dev=%*s queue=%u from=%31s to=%31s reason=%31s", &queue, from, to, why) == 4 &&
	      (!strcmp(from, "irq") || !strcmp(from, "napi")) && !strcmp(why, "total"), "a ring rested:\n%s",
	      lab.output);
	flood_settle();
}

/*
 * No buffer can be posted for a while, as when none can be mapped for the device: in the end it
 * has none and does not interrupt. It gets some as soon as that succeeds.
 */
void refill_fails(void)
{
	struct udp u = udp_to_guest(DROP_PORT, 100, 1);
	uint64_t end = now_ms() + 10000 * lab.patience;
	const char *stats;
	struct frame f;
	int i;

	frame_udp(&f, &u);
	guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
	reflect(10);
	badnet_break_calls("virtqueue_add_inbuf", -12, "^virtnet_hwirq_(isr|poll)");
	do {
		for (i = 0; i < BADNET_NUM / 2; i++)
			send_frame(&f);
		stats = link_stats("verdict");
	} while ((stat_of(stats, "pool_rx") || stat_of(stats, "starved") < 3) && now_ms() < end);
	badnet_mend();
	check(!stat_of(stats, "pool_rx") && stat_of(stats, "starved") >= 3, "the device has buffers:\n%s", stats);

	reflect(10);
	expect_ping(1, 40);
	stats = link_stats("verdict");
	check(stat_of(stats, "pool_rx") == BADNET_NUM, "the ring is not full:\n%s", stats);
	guest("rm /sys/fs/bpf/verdict && hwctl idle");
	guest_log_has("eth0: queue 0: detached: pool .* lost=0");
}

/* How many interrupts of receive queues each CPU has had. */
static void irqs_of_cpus(unsigned long count[], unsigned int cpus)
{
	unsigned int i;
	char *at;

	guest("awk '/virtio[0-9]+-input/ { for (i = 2; i < 2 + %u; i++) n[i] += $i } END { for (i = 2; i < 2 + %u; i++) print n[i] + 0 }' /proc/interrupts",
	      cpus, cpus);
	at = lab.output;
	for (i = 0; i < cpus; i++)
		count[i] = strtoul(at, &at, 10);
}

/* How many CPUs have had one since @before. */
static unsigned int cpus_since(const unsigned long before[], unsigned int cpus)
{
	unsigned long now[MAX_CPUS];
	unsigned int i, n = 0;

	irqs_of_cpus(now, cpus);
	for (i = 0; i < cpus; i++)
		n += now[i] > before[i];
	return n;
}

/*
 * The interrupts move from CPU to CPU; each frame is dealt with once. On a
 * slow guest 2000 frames may be through before the mover's first round: it
 * goes on until two CPUs have had interrupts.
 */
void affinity_moves(void)
{
	const unsigned int cpus = lab.config->cpus;
	uint64_t end = now_ms() + 30000 * lab.patience;
	unsigned long before[MAX_CPUS];
	unsigned int sent = 0;
	const char *stats;

	check(cpus > 1 && cpus <= MAX_CPUS, "the guest has %u CPUs", cpus);
	guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
	irqs_of_cpus(before, cpus);
	/* until it is killed, before the next case at the latest */
	guest("while sleep 0.01; do for irq in $(awk '/virtio[0-9]+-input/ { sub(\":\", \"\", $1); print $1 }' /proc/interrupts); do echo $((1 << RANDOM %% %u)) >/proc/irq/$irq/smp_affinity; done; done >/dev/null 2>&1 & echo $! >/run/mover",
	      cpus);
	do {
		check(now_ms() < end, "after %u frames the interrupts have not moved:\n%s", sent,
		      guest("grep -e CPU -e input /proc/interrupts"));
		reflect(500);
		sent += 500;
	} while (sent < 2000 || cpus_since(before, cpus) < 2);
	guest("kill $(cat /run/mover)");
	stats = link_stats("verdict");
	check(stat_of(stats, "tx") == sent, "%u frames were sent back:\n%s", sent, stats);
	guest("rm /sys/fs/bpf/verdict && hwctl idle");
	guest_log_has("eth0: queue 0: detached: pool .* lost=0");
}

/* A capture in the guest shows what was passed, not what was sent back. */
void capture(void)
{
	const char *out;
	unsigned int i;

	guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
	guest("tcpdump -Z root --immediate-mode -U -n -i eth0 -w /tmp/capture >/tmp/tcpdump.log 2>&1 &");
	guest_until("grep -q listening /tmp/tcpdump.log || { cat /tmp/tcpdump.log; exit 1; }");
	for (i = 0; i < 3; i++) {
		reflect(5);
		expect_ping(i, 100);
	}
	/* it has had the time to write what it got */
	guest_until("[ $(tcpdump -Z root -n -r /tmp/capture 2>/dev/null | grep -c 'ICMP echo request') -ge 3 ]");
	guest("killall -INT tcpdump");
	guest_until("! pidof tcpdump");
	guest("tcpdump -Z root -n -r /tmp/capture 2>/dev/null | grep -c 'ICMP echo request'");
	check(atoi(lab.output) == 3, "3 pings, the capture shows %s", lab.output);
	out = guest("tcpdump -Z root -n -r /tmp/capture udp port %d 2>/dev/null | wc -l", TX_PORT);
	check(atoi(out) == 0, "the capture shows %s frames that the program sent back", out);
	guest("rm /tmp/capture");
}

/* A ping that the stack gets, but does not answer; the program goes on. */
static void expect_no_pong(void)
{
	struct frame ping;

	frame_ping(&ping, false, 0x4857, 7, 40);
	send_frame(&ping);
	reflect(3);
	expect_no_frame(300 * lab.patience);
}

/* nftables and tc see what is passed, and nothing else. */
void packet_rules(void)
{
	guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
	expect_ping(1, 40);
	guest("nft add table ip t && nft add chain ip t in '{ type filter hook input priority 0; }' && nft add rule ip t in counter drop");
	expect_no_pong();
	guest("nft list table ip t | grep 'counter packets 1 bytes'");
	guest("nft delete table ip t");
	expect_ping(2, 40);
	/* not busybox's */
	guest("/bin/tc qdisc add dev eth0 clsact && /bin/tc filter add dev eth0 ingress matchall action drop");
	expect_no_pong();
	guest("/bin/tc -s filter show dev eth0 ingress | grep '1 pkt'");
	guest("/bin/tc qdisc del dev eth0 clsact");
	expect_ping(3, 40);
}

/* The guest suspends its devices and resumes them, with frames under way. */
void suspend(void)
{
	static struct flood flood;
	int i;

	guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
	guest("echo devices >/sys/power/pm_test && echo 1 >/sys/module/suspend/parameters/pm_test_delay");
	for (i = 0; i < 2; i++) {
		flood_start(&flood, TX_PORT, 1000, false);
		guest("echo freeze >/sys/power/state");
		flood_stop(&flood);
		flood_settle();
		reflect(10);
		expect_ping(i, 1000);
	}
	guest("echo none >/sys/power/pm_test");
	guest_log_has("PM: suspend exit");
	guest("rm /sys/fs/bpf/verdict && hwctl idle");
	guest_log_has("eth0: queue 0: detached: pool .* lost=0");
	expect_ping(9, 1000);
}

static void plugged_in_again(void)
{
	guest_until("[ -d /sys/class/net/eth0 ]");
	guest("rm /sys/fs/bpf/verdict");
	guest_until("cleanup-case");
	flood_settle();
	guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
	reflect(5);
	expect_ping(1, 40);
}

/* The device is pulled out in a flood, and another one takes its place. */
void unplug(void)
{
	static struct flood flood;

	guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
	reflect(5);
	flood_start(&flood, TX_PORT, 1000, false);
	check(!lab_qmp(&lab, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"nic0\"}}"), "%s", lab_error());
	/* the guest waits so long for a second push of the slot's button */
	guest("sleep 4");
	guest_until("[ ! -d /sys/class/net/eth0 ]");
	guest_log_has("eth0: queue 0: detached: pool .* lost=0");
	flood_stop(&flood);
	/* the link is there, its device is not */
	check(stat_of(guest("hwctl info /sys/fs/bpf/verdict"), "ifindex") == 0, "a link without a device:\n%s",
	      lab.output);
	check(!lab_qmp(&lab, "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"virtio-net-pci\",\"id\":\"nic0\",\"bus\":\"slot0\",\"netdev\":\"net0\",\"mac\":\"02:00:00:00:02:15\",\"romfile\":\"\",\"mrg_rxbuf\":false}}"),
	      "%s", lab_error());
	plugged_in_again();
}

/*
 * Pulled out without a word: no DMA any more, and whatever is read of the device is
 * all ones. Its slot's bridge looks for it on another bus, in an empty window.
 */
void surprise_removal(void)
{
	static struct flood flood;

	guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
	reflect(5);
	flood_start(&flood, TX_PORT, 1000, false);
	guest("nic=$(dirname $(readlink -f /sys/class/net/eth0/device)) && port=$(dirname $nic) && "
	      "echo \"nic=$nic port=$port\" >/run/slot && head -c 48 $port/config >/run/port && "
	      "head -c 2 /dev/zero | dd of=$nic/config bs=1 seek=4 conv=notrunc && "
	      "printf '\\377\\377' | dd of=$port/config bs=1 seek=25 conv=notrunc && "
	      "printf '\\360\\377\\0\\0\\361\\377\\1\\0' | dd of=$port/config bs=1 seek=32 conv=notrunc");
	guest(". /run/slot && [ $(head -c 4 $nic/config | od -An -tx4) = ffffffff ]");
	guest("(. /run/slot && echo 1 >$nic/remove && echo removed >/run/removed) 2>&1 &");
	guest_until("grep -q removed /run/removed && [ ! -d /sys/class/net/eth0 ]");
	guest_log_has("eth0: queue 0: detached: pool .* lost=0");
	flood_stop(&flood);
	check(stat_of(guest("hwctl info /sys/fs/bpf/verdict"), "ifindex") == 0, "a link without a device:\n%s",
	      lab.output);
	guest(". /run/slot && dd if=/run/port of=$port/config bs=1 skip=24 seek=24 conv=notrunc && echo 1 >/sys/bus/pci/rescan");
	plugged_in_again();
}
