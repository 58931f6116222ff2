// SPDX-License-Identifier: GPL-2.0-only
/*
 * e2e - end-to-end tests: frames from outside, a program in the guest
 *
 * Each configuration runs in a child process with a guest of its own; cases are
 * cmocka tests. Every result also goes to a file, one "pass|fail|skip NAME
 * [REASON]" a line, for the runner to count: a case without a line has failed.
 */
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness.h"

static const struct lab_config configs[CONFIGS] = {
	{ .name = "small", .nic = "switch,mrg_rxbuf=off", .cpus = 1, .user_net = true, .hotplug = true, .qtest = true },
	{ .name = "mergeable", .nic = "switch,mrg_rxbuf=on", .cpus = 2, .user_net = true, .qtest = true },
	{ .name = "multiqueue", .nic = "tap:4", .cpus = 4, .tap_queues = 4 },
	{ .name = "threadirqs", .nic = "dgram", .cpus = 1, .append = "threadirqs" },
	{ .name = "sharedvector", .nic = "dgram,vectors=2", .cpus = 1 },
	{ .name = "stockkernel", .nic = "dgram", .cpus = 1 },
	{ .name = "noreset", .nic = "dgram,queue_reset=off", .cpus = 1 },
	{ .name = "nooffloadctrl", .nic = "tap:1,ctrl_guest_offloads=off", .cpus = 1, .tap_queues = 1 },
	{ .name = "notxnapi", .nic = "dgram", .cpus = 1, .append = "virtio_net.napi_tx=0" },
	{ .name = "sim", .nic = "dgram", .cpus = 1, .icount = true,
	  .append = "hwirqsim.devices=2 hwirqsim.queues=2 sim.exact" },
	/* XDP is attached under traffic, which patches text */
	{ .name = "simsmp", .nic = "dgram", .cpus = 2, .one_thread = true,
	  .append = "hwirqsim.devices=2 hwirqsim.queues=2" },
	{ .name = "iommu", .nic = "switch,disable-legacy=on,iommu_platform=on", .cpus = 1, .user_net = true },
};

struct lab lab = { .control = -1, .patience = 1 };
unsigned int lab_is;

static struct {
	const char *filter, *suite, *log_dir;
	const char *stock_kernel, *stock_initramfs;
	FILE *results;
	bool list, debug, once;
} opt = { .suite = "e2e" };

static const struct e2e_case *current;
static enum { RUNNING, PASSED, SKIPPED } outcome;
static char why[400];	/* it failed */
static int cleanups_failed;

/* Results */

static void case_name(char *buf, size_t size, const struct lab_config *config,
		      const struct e2e_case *c)
{
	snprintf(buf, size, "%s/%s/%s", opt.suite, config->name, c->name);
}

static void result(const char *what, const struct e2e_case *c, const char *reason)
{
	char name[128];

	case_name(name, sizeof(name), lab.config, c);
	if (!opt.results)
		return;
	fprintf(opt.results, "%s %s%s%s\n", what, name, reason ? " " : "", reason ? reason : "");
	fflush(opt.results);
}

/* For the results, in one line. */
static void keep_reason(const char *text)
{
	char *c;

	snprintf(why, sizeof(why), "%.*s", (int)sizeof(why) - 1, text);
	for (c = why; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
}

void fail_case(const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	keep_reason(text);
	print_error("%s\n", text);
	fail();
	abort();
}

void skip_case(const char *reason)
{
	outcome = SKIPPED;
	print_message("skipped: %s\n", reason);
	result("skip", current, reason);
	skip();
	abort();
}

static struct {
	pthread_t thread;
	bool *stop;
} background[2];

void background_start(void *(*run)(void *), void *arg, bool *stop)
{
	int i = !!background[0].stop;

	check(!background[i].stop, "there are two threads beside this case already");
	check(!pthread_create(&background[i].thread, NULL, run, arg), "no thread beside this case");
	background[i].stop = stop;
}

void background_stop(bool *stop)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (!background[i].stop || (stop && background[i].stop != stop))
			continue;
		__atomic_store_n(background[i].stop, true, __ATOMIC_RELAXED);
		pthread_join(background[i].thread, NULL);
		background[i].stop = NULL;
	}
}

static void *traffic_main(void *arg)
{
	struct traffic *t = arg;
	struct frame f;

	while (!__atomic_load_n(&t->stop, __ATOMIC_RELAXED)) {
		struct udp u = udp_to_guest(t->port, 100, t->sent & 0xffff);

		u.dst_ip = t->dst_ip;
		u.src_port = 41000 + t->sent % 16;
		frame_udp(&f, &u);
		if (wire_send(&lab, &f)) {
			snprintf(t->error, sizeof(t->error), "%.200s", lab_error());
			return NULL;
		}
		__atomic_add_fetch(&t->sent, 1, __ATOMIC_RELAXED);
		usleep(500 * lab.patience);
	}
	return NULL;
}

void traffic_start(struct traffic *t, uint16_t port, uint32_t dst_ip)
{
	memset(t, 0, sizeof(*t));
	t->port = port;
	t->dst_ip = dst_ip;
	t->dropped = wire_dropped(&lab);
	background_start(traffic_main, t, &t->stop);
}

void traffic_stop(struct traffic *t)
{
	background_stop(&t->stop);
	check(!t->error[0], "%s", t->error);
	/* by a tap device, while the host did not let QEMU run */
	t->dropped = wire_dropped(&lab) - t->dropped;
	t->sent -= t->dropped < t->sent ? t->dropped : t->sent;
}

static bool selected(const struct lab_config *config, const struct e2e_case *c)
{
	char name[128];

	case_name(name, sizeof(name), config, c);
	return !opt.filter || strstr(name, opt.filter) || !fnmatch(opt.filter, name, 0);
}

/* The guest */

static char cmd[3500];

static int vguest(const char *fmt, va_list ap)
{
	int status;

	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	status = lab_run(&lab, "%s", cmd);
	if (status < 0)
		fail_case("%s", lab_error());
	return status;
}

const char *guest(const char *fmt, ...)
{
	va_list ap;
	int status;

	va_start(ap, fmt);
	status = vguest(fmt, ap);
	va_end(ap);
	if (status)
		fail_case("in the guest '%s' ended with status %d:\n%s", cmd, status, lab.output);
	return lab.output;
}

const char *guest_refuses(const char *fmt, ...)
{
	va_list ap;
	int status;

	va_start(ap, fmt);
	status = vguest(fmt, ap);
	va_end(ap);
	if (!status)
		fail_case("in the guest '%s' succeeded, it must not:\n%s", cmd, lab.output);
	return lab.output;
}

void guest_until(const char *fmt, ...)
{
	uint64_t end = now_ms() + 10000 * lab.patience;
	va_list ap;
	int status;

	do {
		va_start(ap, fmt);
		status = vguest(fmt, ap);
		va_end(ap);
		if (!status)
			return;
		usleep(50000);
	} while (now_ms() < end);
	fail_case("in the guest '%s' still fails after %d s:\n%s", cmd, 10 * lab.patience, lab.output);
}

long guest_number(const char *fmt, ...)
{
	va_list ap;
	int status;
	char *end;
	long n;

	va_start(ap, fmt);
	status = vguest(fmt, ap);
	va_end(ap);
	n = strtol(lab.output, &end, 10);
	if (status || end == lab.output)
		fail_case("in the guest '%s' gave no number but (status %d):\n%s", cmd, status, lab.output);
	return n;
}

void guest_log_has(const char *pattern)
{
	guest_until("dmesg | grep -E '%s'", pattern);
}

void refuses_attach(const char *error, const char *reason)
{
	const char *out = guest_refuses("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
	char line[200], *end;

	check(strstr(out, error), "expected %s, got: %s", error, out);
	end = line + sprintf(line, "hwirq: eth0: attach refused: ");
	for (; *reason; *end++ = *reason++)
		if (strchr("()", *reason))
			*end++ = '\\';
	strcpy(end, "$");
	guest_log_has(line);
}

void guest_unlimited(void)
{
	guest("echo 100 >/proc/sys/kernel/bpf_hwirq_irq_share && echo 100 >/proc/sys/kernel/bpf_hwirq_total_share");
}

/* Frames */

void send_frame(const struct frame *f)
{
	if (wire_send(&lab, f))
		fail_case("%s", lab_error());
}

void send_to_port(uint16_t port, uint16_t src_port, uint32_t seed)
{
	struct udp u = udp_to_guest(port, 80, seed);
	struct frame f;

	u.src_port = src_port;
	frame_udp(&f, &u);
	send_frame(&f);
}

void expect_frame(const struct frame *want)
{
	struct frame got;
	const char *diff;

	if (!wire_receive(&lab, &got, ANSWER_MS))
		fail_case("no frame within %d ms, expected %s", ANSWER_MS, frame_describe(want));
	diff = frame_diff(&got, want);
	if (diff)
		fail_case("the frame %s", diff);
}

void expect_no_frame(int ms)
{
	struct frame got;

	if (wire_receive(&lab, &got, ms))
		fail_case("unexpected frame: %s", frame_describe(&got));
}

void expect_ping(uint16_t seq, size_t payload)
{
	struct frame f;

	frame_ping(&f, false, 0x4857, seq, payload);
	send_frame(&f);
	/* The stack may still be complaining (ICMP type 3) about an earlier frame. */
	do {
		if (!wire_receive(&lab, &f, ANSWER_MS))
			fail_case("no answer to a ping of %zu bytes within %d ms", payload, ANSWER_MS);
	} while (f.len >= 70 && f.data[12] == 0x08 && f.data[23] == 1 && f.data[34] == 3);
	if (!frame_is_pong(&f, 0x4857, seq, payload))
		fail_case("not the answer to a ping of %zu bytes: %s", payload, frame_describe(&f));
}

void expect_unreachable(uint16_t port)
{
	struct udp u = udp_to_guest(port, 20, port);
	struct frame f, got;
	int tries = 2;

	/* The stack limits how many of these it sends, and may have sent all to what an earlier
	 * case left: in the time that the first one gets, it allows some more.
	 */
	frame_udp(&f, &u);
	do {
		if (!tries--)
			fail_case("no 'port unreachable' from the guest's stack within %d ms, twice",
				  ANSWER_MS);
		send_frame(&f);
	} while (!wire_receive(&lab, &got, ANSWER_MS));
	/* ICMP type 3 code 3, quoting our datagram */
	check(got.len >= 70 && got.data[23] == 1 && got.data[34] == 3 && got.data[35] == 3 &&
	      !memcmp(got.data + 42 + 12, f.data + 14 + 12, 16),
	      "not 'port unreachable': %s", frame_describe(&got));
}

/* Counters */

long stat_of(const char *text, const char *key)
{
	size_t len = strlen(key);
	const char *p = text;

	while (p) {
		if (!strncmp(p, key, len) && p[len] == ':')
			return strtol(p + len + 1, NULL, 10);
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}
	fail_case("no '%s' in the link's fdinfo:\n%s", key, text);
}

const char *link_stats(const char *pin)
{
	static char text[4096];

	snprintf(text, sizeof(text), "%s", guest("hwctl stats /sys/fs/bpf/%s", pin));
	return text;
}

const char *link_stats_when(const char *pin, long packets)
{
	uint64_t end = now_ms() + 10000 * lab.patience;
	const char *stats;

	for (;;) {
		stats = link_stats(pin);
		if (stat_of(stats, "packets") >= packets || now_ms() > end)
			return stats;
		usleep(50000);
	}
}

/* Cases */

static int setup_failed(const char *reason)
{
	keep_reason(reason);
	print_error("%s\n", reason);
	result("fail", current, why);
	return -1;
}

/* Whatever the case before left behind must not matter. */
static int case_setup(void **state)
{
	char text[4096];

	current = *state;
	outcome = RUNNING;
	why[0] = '\0';
	if (lab.control < 0)
		return setup_failed("the guest was lost in an earlier case");
	/* What cannot be cleaned up twice will not be: do not wait for it 60 times. */
	if (cleanups_failed > 1)
		return setup_failed("the guest cannot be cleaned up any more");
	if (lab_run(&lab, "cleanup-case") != 0) {
		cleanups_failed++;
		snprintf(text, sizeof(text), "cannot clean up after the case before: %s\n%s", lab_error(),
			 lab.output ? lab.output : "");
		return setup_failed(text);
	}
	cleanups_failed = 0;
	wire_flush(&lab);
	return 0;
}

static void case_run(void **state)
{
	const struct e2e_case *c = *state;
	uint64_t start = now_ms();

	c->run();
	printf("%s: %.1f s\n", c->name, (now_ms() - start) / 1000.0);
	if (lab_check_log(&lab))
		fail_case("%s", lab_error());
	outcome = PASSED;
	result("pass", c, NULL);
}

static int case_teardown(void **state)
{
	const struct e2e_case *c = *state;

	background_stop(NULL);
	if (outcome != RUNNING)
		return 0;
	result("fail", c, why[0] ? why : NULL);
	/* Say what the kernel had to say, and do not blame the next case for it. */
	if (lab_check_log(&lab))
		print_error("%s\n", lab_error());
	else if (lab.control >= 0 && lab_run(&lab, "dmesg | tail -n 8") == 0 && *lab.output)
		print_error("end of the guest's log:\n%s\n", lab.output);
	return 0;
}

/*
 * --once: two CPUs find races, and more than the host has take long. Where attaching is
 * refused, little is left to check for a boot.
 */
static unsigned int once_of(unsigned int mask)
{
	unsigned int one = mask & MERGEABLE ? MERGEABLE : mask & SMALL ? SMALL : MULTI;

	if (mask & USER)
		return 0;
	if (mask & QUEUES)
		one |= MULTI;
	return mask & (one | IOMMU | SIM_SMP);
}

static unsigned int configs_of(const struct e2e_case *c)
{
	unsigned int mask = c->configs;

	if (!opt.debug)
		return mask;
	/* no checkers there, and exact figures of a checked kernel mean nothing */
	mask &= ~(STOCK | SIM);
	if ((mask & ALL_ONCE) == ALL_ONCE)
		mask &= ~(SMALL | MULTI);
	return opt.once ? once_of(mask) : mask;
}

static int count_selected(size_t config)
{
	int n = 0;
	size_t i;

	for (i = 0; i < nr_e2e_cases; i++)
		if (configs_of(&e2e_cases[i]) & 1u << config && selected(&configs[config], &e2e_cases[i]))
			n++;
	return n;
}

/* On a kernel with lockdep: it gives up after its first report, or when its tables are full. */
static int lockdep_alive(void)
{
	if (lab_run(&lab, "grep -q 'debug_locks: *1' /proc/lockdep_stats"))
		return -1;
	return 0;
}

static void skip_all(size_t config, const char *reason)
{
	size_t i;

	lab.config = &configs[config];
	for (i = 0; i < nr_e2e_cases; i++)
		if (configs_of(&e2e_cases[i]) & 1u << config && selected(&configs[config], &e2e_cases[i]))
			result("skip", &e2e_cases[i], reason);
}

static int run_config(size_t config)
{
	struct CMUnitTest *tests = calloc(nr_e2e_cases, sizeof(*tests));
	char group[64], dir[256];
	size_t i, n = 0;
	uint64_t start = now_ms();
	int failed;

	if (!tests)
		abort();
	lab_is = 1u << config;
	lab.config = &configs[config];
	snprintf(group, sizeof(group), "%s/%s", opt.suite, configs[config].name);
	for (i = 0; i < nr_e2e_cases; i++) {
		const struct e2e_case *c = &e2e_cases[i];

		if (configs_of(c) & lab_is && selected(&configs[config], c))
			tests[n++] = (struct CMUnitTest) {
				.name = c->name, .test_func = case_run,
				.setup_func = case_setup, .teardown_func = case_teardown,
				.initial_state = (void *)c,
			};
	}
	if (lab_is == STOCK) {
		lab.kernel = opt.stock_kernel;
		lab.initramfs = opt.stock_initramfs;
	}
	if (lab_boot(&lab, &configs[config])) {
		fprintf(stderr, "%s: cannot boot: %s\n", group, lab_error());
		lab_shutdown(&lab);
		return 1;
	}
	printf("%s: guest up after %.1f s\n", group, (now_ms() - start) / 1000.0);
	fflush(stdout);
	failed = _cmocka_run_group_tests(group, tests, n, NULL, NULL);
	if (opt.debug && strcmp(opt.suite, "kcsan") && lab_is != STOCK && lockdep_alive()) {
		fprintf(stderr, "%s: lockdep is no longer alive at the end, so it proves nothing\n", group);
		failed++;
	}
	if (opt.log_dir) {
		snprintf(dir, sizeof(dir), "%s/%s", opt.log_dir, configs[config].name);
		lab_keep_log(&lab, dir);
	}
	if (lab_shutdown(&lab)) {
		fprintf(stderr, "%s: %s\n", group, lab_error());
		failed++;
	}
	free(tests);
	return failed > 0;
}

static pid_t child;

static void forward(int sig)
{
	if (child > 0)
		kill(child, SIGTERM);
	signal(sig, SIG_DFL);
	raise(sig);
}

/* The child's: the boot script sees its parent die and takes the guest along. */
static int run_config_in_child(size_t config)
{
	int status;

	fflush(NULL);
	child = fork();
	if (child < 0) {
		perror("fork");
		return 1;
	}
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		exit(run_config(config));
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	child = 0;
	if (WIFSIGNALED(status))
		fprintf(stderr, "%s/%s: the test process died of signal %d\n", opt.suite,
			configs[config].name, WTERMSIG(status));
	return status != 0;
}

/* Why a configuration cannot run here; NULL if it can. */
static const char *cannot_run(size_t config)
{
	static char reason[256];
	int status;

	if (1u << config == STOCK && !opt.stock_kernel)
		return "no stock kernel was given (--stock-kernel)";
	if (!configs[config].tap_queues)
		return NULL;
	fflush(NULL);
	child = fork();
	if (!child)
		_exit(lab_can_tap() ? 0 : 1);
	waitpid(child, &status, 0);
	child = 0;
	if (!status)
		return NULL;
	snprintf(reason, sizeof(reason),
		 "needs read and write access to /dev/net/tun and a private network namespace");
	return reason;
}

static void list_cases(void)
{
	size_t config, i;
	char name[128];

	for (config = 0; config < CONFIGS; config++)
		for (i = 0; i < nr_e2e_cases; i++)
			if (configs_of(&e2e_cases[i]) & 1u << config &&
			    selected(&configs[config], &e2e_cases[i])) {
				case_name(name, sizeof(name), &configs[config], &e2e_cases[i]);
				puts(name);
			}
}

static int usage(int status)
{
	fputs("usage: e2e --kernel FILE --initramfs FILE [OPTION]...\n"
	      "  --filter NAME            only cases whose name holds NAME or matches it as a pattern\n"
	      "  --list                   print the names of the cases\n"
	      "  --suite NAME             first part of the names (e2e)\n"
	      "  --results FILE           append results\n"
	      "  --logs DIR               keep the guests' logs\n"
	      "  --debug                  the kernel has the checkers on: longer time limits\n"
	      "  --once                   with --debug: each case in one configuration of a driver, or in two\n"
	      "                           if it is about several queues; none that is about user space\n"
	      "  --stock-kernel FILE --stock-initramfs FILE\n"
	      "                           the distribution's kernel and an initramfs with its modules\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "kernel", required_argument, NULL, 'k' },
		{ "initramfs", required_argument, NULL, 'i' },
		{ "filter", required_argument, NULL, 'f' },
		{ "list", no_argument, NULL, 'l' },
		{ "suite", required_argument, NULL, 's' },
		{ "results", required_argument, NULL, 'r' },
		{ "logs", required_argument, NULL, 'L' },
		{ "debug", no_argument, NULL, 'd' },
		{ "once", no_argument, NULL, 'o' },
		{ "stock-kernel", required_argument, NULL, 'K' },
		{ "stock-initramfs", required_argument, NULL, 'I' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int c, failed = 0, total = 0;
	char patterns[256];
	const char *reason;
	size_t config;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'k': lab.kernel = optarg; break;
		case 'i': lab.initramfs = optarg; break;
		case 'f': opt.filter = optarg; break;
		case 'l': opt.list = true; break;
		case 's': opt.suite = optarg; break;
		case 'L': opt.log_dir = optarg; break;
		case 'd': opt.debug = true; break;
		case 'o': opt.once = true; break;
		case 'K': opt.stock_kernel = optarg; break;
		case 'I': opt.stock_initramfs = optarg; break;
		case 'r':
			opt.results = fopen(optarg, "ae");
			if (!opt.results) {
				fprintf(stderr, "e2e: %s: %s\n", optarg, strerror(errno));
				return 2;
			}
			break;
		case 'h': return usage(0);
		default: return usage(2);
		}
	}
	if (opt.filter && !*opt.filter)
		opt.filter = NULL;
	if (opt.list) {
		list_cases();
		return 0;
	}
	if (!lab.kernel || !lab.initramfs)
		return usage(2);
	snprintf(patterns, sizeof(patterns), "%s/splats", scripts_dir());
	if (splat_init(patterns)) {
		fprintf(stderr, "e2e: %s\n", lab_error());
		return 2;
	}
	lab.patience = opt.debug ? 5 : 1;
	signal(SIGINT, forward);
	signal(SIGTERM, forward);
	for (config = 0; config < CONFIGS; config++) {
		int n = count_selected(config);

		if (!n)
			continue;
		total += n;
		reason = cannot_run(config);
		if (reason) {
			fprintf(stderr, "%s/%s: %d cases skipped: %s\n", opt.suite,
				configs[config].name, n, reason);
			skip_all(config, reason);
			continue;
		}
		failed += run_config_in_child(config);
	}
	if (!total) {
		fprintf(stderr, "e2e: no case matches '%s'; --list shows all\n", opt.filter);
		return 2;
	}
	return failed > 0;
}
