// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * drop-filter.c - load drop-filter.bpf.c with rules, attach it, and put a program
 * with other rules in its place when asked to
 */
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <time.h>

#include <hwirq_user.h>

#include "rules.h"
#include "drop-filter.skel.h"

enum { EXIT_USAGE = 2 };

#define TEXT_MAX (64U << 10)	/* of a file of rules, or of a line of stdin */

struct options {
	const char *dev;
	const char *file;
	struct rule_list fixed;		/* of the command line */
	double interval;
	long count;		/* 0: until a signal comes */
	int queue;
	bool from_stdin;
	bool json;
	bool cost_only;
};

struct filter {
	struct options opts;
	int ifindex;
	int sigfd;
	struct rule_list list;		/* in force */
	struct drop_filter_bpf *skel;	/* in force */
	struct hwirq_link *link;
	unsigned long generation;	/* how often it was replaced */
	char line[TEXT_MAX];		/* of stdin, not complete yet */
	size_t line_len;
	bool line_too_long;
};

static const char usage[] =
	"Usage: drop-filter --dev DEV {--drop RULE | --rules FILE | --stdin}... [OPTION]...\n"
	"Drop packets in the hard interrupt handler of a network interface.\n"
	"\n"
	"  -d, --dev DEV       network interface, by name or index\n"
	"  -D, --drop RULE     what to drop; several add up\n"
	"  -r, --rules FILE    more rules, one a line; SIGHUP reads it again\n"
	"  -s, --stdin         each line of the input replaces all rules; ';' separates\n"
	"                      them, an empty line drops nothing\n"
	"  -q, --queue N       only RX queue N (default: all)\n"
	"  -i, --interval SEC  seconds between reports (default: 1)\n"
	"  -c, --count N       detach and exit after N reports\n"
	"  -j, --json          one JSON object per line\n"
	"      --path-cost     print the verified cost of the longest path and exit\n"
	"  -h, --help          this text\n"
	"\n"
	"RULE is one or more of these, and a packet has to match all:\n"
	"  ip | ip6            IPv4 or IPv6\n"
	"  tcp | udp | sctp | icmp | icmp6 | proto NUMBER\n"
	"  src PREFIX          source address: 10.0.0.0/8, fd00::/8, 10.0.0.1\n"
	"  dst PREFIX          destination address\n"
	"  sport PORTS         source port: 53 or 6000-6063\n"
	"  dport PORTS         destination port\n"
	"For example: --drop 'udp dport 53 src 10.0.0.0/8' --drop 'tcp dport 6000-6063'\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 wrong usage.\n";

static int parse_number(const char *name, const char *text, long min, long max,
			long *value)
{
	char *end;

	errno = 0;
	*value = strtol(text, &end, 10);
	if (!*text || *end || errno || *value < min || *value > max) {
		fprintf(stderr, "drop-filter: %s must be a number from %ld to %ld, not '%s'\n",
			name, min, max, text);
		return -EINVAL;
	}
	return 0;
}

static int parse_interval(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	if (!*text || *end || !(*seconds >= 0.01 && *seconds <= 86400)) {
		fprintf(stderr, "drop-filter: --interval must be 0.01 to 86400 seconds, not '%s'\n",
			text);
		return -EINVAL;
	}
	return 0;
}

/* 0 to go on, 1 after --help, negative if the user has to try again. */
static int parse_options(int argc, char **argv, struct options *opts)
{
	static const struct option longs[] = {
		{ "dev", required_argument, NULL, 'd' },
		{ "drop", required_argument, NULL, 'D' },
		{ "rules", required_argument, NULL, 'r' },
		{ "stdin", no_argument, NULL, 's' },
		{ "queue", required_argument, NULL, 'q' },
		{ "interval", required_argument, NULL, 'i' },
		{ "count", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "path-cost", no_argument, NULL, 'C' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	long value = 0;
	int opt, err = 0;

	while (!err && (opt = getopt_long(argc, argv, "d:D:r:sq:i:c:jh", longs,
					  NULL)) != -1) {
		switch (opt) {
		case 'd':
			opts->dev = optarg;
			break;
		case 'D':
			if (!rules_parse(&opts->fixed, optarg, "--drop", false, stderr))
				err = -EINVAL;
			break;
		case 'r':
			opts->file = optarg;
			break;
		case 's':
			opts->from_stdin = true;
			break;
		case 'q':
			err = parse_number("--queue", optarg, 0, INT_MAX, &value);
			opts->queue = (int)value;
			break;
		case 'i':
			err = parse_interval(optarg, &opts->interval);
			break;
		case 'c':
			err = parse_number("--count", optarg, 1, LONG_MAX,
					   &opts->count);
			break;
		case 'j':
			opts->json = true;
			break;
		case 'C':
			opts->cost_only = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 1;
		default:
			err = -EINVAL;
		}
	}
	if (!err && optind < argc) {
		fprintf(stderr, "drop-filter: '%s' is not an option. A rule of several words needs quotes\n",
			argv[optind]);
		err = -EINVAL;
	}
	if (!err && !opts->dev && !opts->cost_only) {
		fprintf(stderr, "drop-filter: which network interface? Pass --dev\n");
		err = -EINVAL;
	}
	if (!err && !opts->fixed.count && !opts->file && !opts->from_stdin) {
		fprintf(stderr, "drop-filter: drop what? Pass --drop, --rules or --stdin\n");
		err = -EINVAL;
	}
	return err;
}

/* The rules of the command line, and behind them those of the file. */
static bool read_rules(const struct options *opts, struct rule_list *list)
{
	char *text;
	bool ok = false;
	size_t len;
	FILE *f;

	*list = opts->fixed;
	if (!opts->file)
		return true;
	f = fopen(opts->file, "re");
	text = (char *)calloc(1, TEXT_MAX + 1);
	if (!f || !text) {
		fprintf(stderr, "drop-filter: cannot open %s: %s\n", opts->file,
			strerror(errno));
		goto out;
	}
	len = fread(text, 1, TEXT_MAX + 1, f);
	if (ferror(f))
		fprintf(stderr, "drop-filter: cannot read %s: %s\n", opts->file,
			strerror(errno));
	else if (len > TEXT_MAX)
		fprintf(stderr, "drop-filter: %s is longer than %u bytes\n",
			opts->file, TEXT_MAX);
	else if (strlen(text) < len)
		fprintf(stderr, "drop-filter: %s is no text: it has a zero byte\n",
			opts->file);
	else
		ok = rules_parse(list, text, opts->file, true, stderr);
out:
	free(text);
	if (f)
		fclose(f);
	return ok;
}

/* A program with these rules, loaded. */
static int load(const struct rule_list *list, struct drop_filter_bpf **skel)
{
	int err;

	*skel = drop_filter_bpf__open();
	if (!*skel) {
		err = -errno;
		fprintf(stderr, "drop-filter: libbpf cannot open the program: %s\n",
			strerror(errno));
		return err;
	}
	(*skel)->rodata->nr_rules = list->count;
	memcpy((*skel)->rodata->rules, list->rules, sizeof(list->rules));
	err = hwirq_object__load_skeleton((*skel)->skeleton);
	if (err) {
		drop_filter_bpf__destroy(*skel);
		*skel = NULL;
	}
	return err;
}

static unsigned int path_cost(const struct drop_filter_bpf *skel)
{
	unsigned int cost = 0;

	hwirq_program__path_cost(skel->progs.drop_filter, &cost);
	return cost;
}

static void print_cost(const struct filter *f)
{
	if (f->opts.json)
		printf("{\"rules\":%u,\"path_cost\":%u,\"path_limit\":%u}\n",
		       f->list.count, path_cost(f->skel), hwirq_path_limit());
	else
		printf("%u rules, longest path: %u of at most %u\n", f->list.count,
		       path_cost(f->skel), hwirq_path_limit());
}

/* The kernel allows quotes and backslashes in the names of interfaces. */
static void print_json_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else if ((unsigned char)*s < ' ')
			printf("\\u%04x", (unsigned int)*s);
		else
			putchar(*s);
	}
	putchar('"');
}

static void print_attached(const struct filter *f)
{
	char driver[64], queue[32] = "all RX queues";
	struct utsname uts = { 0 };

	uname(&uts);
	hwirq_ifdriver(f->ifindex, driver, sizeof(driver));
	if (f->opts.json) {
		printf("{\"event\":\"attached\",\"kernel\":");
		print_json_string(uts.release);
		printf(",\"dev\":");
		print_json_string(f->opts.dev);
		printf(",\"ifindex\":%d,\"driver\":", f->ifindex);
		print_json_string(driver);
		if (f->opts.queue == HWIRQ_ALL_QUEUES)
			printf(",\"queue\":\"all\"");
		else
			printf(",\"queue\":%d", f->opts.queue);
		printf(",\"rules\":%u,\"path_cost\":%u,\"path_limit\":%u}\n",
		       f->list.count, path_cost(f->skel), hwirq_path_limit());
		return;
	}
	if (f->opts.queue != HWIRQ_ALL_QUEUES)
		snprintf(queue, sizeof(queue), "RX queue %d", f->opts.queue);
	printf("drop-filter: attached on Linux %s to %s (%s), %s; ", uts.release,
	       f->opts.dev, driver, queue);
	print_cost(f);
}

static void print_replaced(const struct filter *f, bool ok)
{
	if (f->opts.json)
		printf("{\"event\":\"%s\",\"generation\":%lu,\"rules\":%u,\"path_cost\":%u}\n",
		       ok ? "replaced" : "refused", f->generation, f->list.count,
		       path_cost(f->skel));
	else if (ok)
		printf("drop-filter: replaced, generation %lu: %u rules, longest path %u\n",
		       f->generation, f->list.count, path_cost(f->skel));
	else
		fprintf(stderr, "drop-filter: the %u rules of generation %lu stay in force\n",
			f->list.count, f->generation);
}

/*
 * Other rules, another program. Each packet meets the old one or the new one, and
 * the link goes on counting. What fails leaves everything as it was.
 */
static void replace(struct filter *f, const struct rule_list *list, bool parsed)
{
	struct drop_filter_bpf *skel = NULL;
	bool ok = parsed;

	if (ok)
		ok = !load(list, &skel);
	if (ok)
		ok = !hwirq_link__update(f->link, skel->progs.drop_filter);
	if (ok) {
		drop_filter_bpf__destroy(f->skel);
		f->skel = skel;
		f->list = *list;
		f->generation++;
	} else {
		drop_filter_bpf__destroy(skel);
	}
	print_replaced(f, ok);
}

static void print_json_stats(const char *event, double elapsed,
			     const struct filter *f, const struct hwirq_stats *now)
{
	printf("{\"event\":\"%s\",\"seconds\":%.3f,\"generation\":%lu,\"rules\":%u",
	       event, elapsed, f->generation, f->list.count);
#define FIELD(name) printf(",\"" #name "\":%" PRIu64, (uint64_t)now->name);
	HWIRQ_STATS(FIELD)
#undef FIELD
	printf("}\n");
}

static void print_stats(double elapsed, double span, const struct hwirq_stats *now,
			const struct hwirq_stats *last)
{
	uint64_t packets = now->packets - last->packets;
	uint64_t hardirq = now->hardirq_packets - last->hardirq_packets;

	printf("%8.1f s  %8.0f packets/s: %.0f drop, %.0f pass", elapsed,
	       (double)packets / span, (double)(now->drop - last->drop) / span,
	       (double)(now->pass - last->pass) / span);
	if (packets)
		printf("; %.1f %% in hard IRQ, %.0f ns each there, handler at most %" PRIu64 " ns so far",
		       100.0 * (double)hardirq / (double)packets,
		       hardirq ? (double)(now->ns_total - last->ns_total) / (double)hardirq : 0.0,
		       (uint64_t)now->ns_max);
	putchar('\n');
}

static void print_total(const struct hwirq_stats *now)
{
	printf("drop-filter: detaching after %" PRIu64 " packets, %" PRIu64 " of them in hard IRQ: %" PRIu64 " drop, %" PRIu64 " pass\n",
	       (uint64_t)now->packets, (uint64_t)now->hardirq_packets,
	       (uint64_t)now->drop, (uint64_t)now->pass);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* A line of stdin is complete. */
static void take_line(struct filter *f)
{
	struct rule_list list = { 0 };
	bool ok;

	f->line[f->line_len] = '\0';
	ok = !f->line_too_long;
	if (!ok)
		fprintf(stderr, "drop-filter: stdin: a line is longer than %u bytes\n",
			TEXT_MAX - 1);
	/* or the rules behind it would be forgotten */
	if (ok && strlen(f->line) < f->line_len) {
		fprintf(stderr, "drop-filter: stdin: a line is no text: it has a zero byte\n");
		ok = false;
	}
	if (ok)
		ok = rules_parse(&list, f->line, "stdin", false, stderr);
	f->line_len = 0;
	f->line_too_long = false;
	replace(f, &list, ok);
}

/* False when there will be no more. */
static bool read_stdin(struct filter *f)
{
	char buf[4096];
	ssize_t n, i;

	n = read(STDIN_FILENO, buf, sizeof(buf));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	for (i = 0; i < n; i++) {
		if (buf[i] == '\n')
			take_line(f);
		else if (f->line_len == sizeof(f->line) - 1)
			f->line_too_long = true;
		else
			f->line[f->line_len++] = buf[i];
	}
	if (n > 0)
		return true;
	if (f->line_len)
		take_line(f);
	return false;
}

/* True if a signal asks us to stop. */
static bool read_signal(struct filter *f)
{
	struct signalfd_siginfo info;
	struct rule_list list;
	bool ok;

	if (read(f->sigfd, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_signo != SIGHUP)
		return true;
	if (!f->opts.file) {
		fprintf(stderr, "drop-filter: a SIGHUP, but no --rules to read again\n");
		return false;
	}
	ok = read_rules(&f->opts, &list);
	replace(f, &list, ok);
	return false;
}

/* Serve requests until a point in time. True if a signal asks us to stop. */
static bool serve_until(struct filter *f, double when)
{
	struct pollfd pfd[] = {
		{ .fd = f->sigfd, .events = POLLIN },
		{ .fd = f->opts.from_stdin ? STDIN_FILENO : -1, .events = POLLIN },
	};
	double left;

	while ((left = when - seconds()) > 0) {
		/* rounded up, and never longer than an int can say */
		if (poll(pfd, 2, (int)(left * 1000) + 1) <= 0)
			continue;
		if (pfd[0].revents && read_signal(f))
			return true;
		if (pfd[1].revents && !read_stdin(f)) {
			f->opts.from_stdin = false;
			pfd[1].fd = -1;
		}
	}
	return false;
}

static int report(struct filter *f)
{
	struct hwirq_stats now, last = { 0 };
	double start = seconds(), then = start, t;
	bool stop = false;
	long n;
	int err;

	for (n = 1; !stop; n++) {
		stop = serve_until(f, start + (double)n * f->opts.interval);
		err = hwirq_link__stats(f->link, &now);
		if (err)
			return err;
		t = seconds();
		if (!stop && f->opts.json)
			print_json_stats("stats", t - start, f, &now);
		else if (!stop)
			print_stats(t - start, t - then, &now, &last);
		last = now;
		then = t;
		if (n == f->opts.count)
			stop = true;
	}
	if (f->opts.json)
		print_json_stats("detaching", then - start, f, &last);
	else
		print_total(&last);
	return 0;
}

/* Signals become readable, so that none can come between load and cleanup. */
static int open_signalfd(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int main(int argc, char **argv)
{
	static struct filter f = {
		.opts = { .interval = 1, .queue = HWIRQ_ALL_QUEUES },
		.sigfd = -1,
	};
	int err;

	err = parse_options(argc, argv, &f.opts);
	if (err < 0)
		fprintf(stderr, "Try 'drop-filter --help'.\n");
	if (err)
		return err < 0 ? EXIT_USAGE : EXIT_SUCCESS;
	setvbuf(stdout, NULL, _IOLBF, 0);

	if (!read_rules(&f.opts, &f.list))
		return EXIT_USAGE;
	f.sigfd = open_signalfd();
	if (f.sigfd < 0) {
		perror("drop-filter: signalfd");
		return EXIT_FAILURE;
	}
	if (!f.opts.cost_only) {
		f.ifindex = hwirq_ifindex(f.opts.dev);
		err = f.ifindex < 0 ? f.ifindex : 0;
		if (err)
			goto cleanup;
	}
	err = hwirq_register();
	if (!err)
		err = load(&f.list, &f.skel);
	if (err)
		goto cleanup;
	if (f.opts.cost_only) {
		print_cost(&f);
		goto cleanup;
	}
	err = hwirq_program__attach(f.skel->progs.drop_filter, f.ifindex,
				    f.opts.queue, &f.link);
	if (err)
		goto cleanup;
	print_attached(&f);
	err = report(&f);

cleanup:
	hwirq_link__destroy(f.link);
	drop_filter_bpf__destroy(f.skel);
	close(f.sigfd);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
