// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * echo.c - load echo.bpf.c, attach it to a device, report what it does
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>

#include <hwirq_user.h>

#include "echo.skel.h"

#define ARPHRD_ETHER 1	/* <linux/if_arp.h> clashes with <net/if.h> */

enum { EXIT_USAGE = 2 };

struct options {
	const char *dev;
	struct in_addr ip4;
	struct in6_addr ip6;
	double interval;
	long count;		/* 0: until a signal comes */
	int queue;
	unsigned short port;
	bool json;
	bool cost_only;
};

static const char usage[] =
	"Usage: echo --dev DEV [OPTION]...\n"
	"Answer UDP datagrams in the hard interrupt handler of a network interface.\n"
	"\n"
	"  -d, --dev DEV       network interface, by name or index\n"
	"  -q, --queue N       only RX queue N (default: all)\n"
	"  -p, --port PORT     UDP port to answer (default: 7)\n"
	"  -a, --addr ADDR     own IPv4 or IPv6 address, once each: answer nobody\n"
	"                      else's datagrams, and ARP for the IPv4 address\n"
	"  -i, --interval SEC  seconds between reports (default: 1)\n"
	"  -c, --count N       detach and exit after N reports\n"
	"  -j, --json          one JSON object per line\n"
	"      --path-cost     print the verified cost of the longest path and exit\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 wrong usage.\n";

static int parse_number(const char *name, const char *text, long min, long max,
			long *value)
{
	char *end;

	errno = 0;
	*value = strtol(text, &end, 10);
	if (!*text || *end || errno || *value < min || *value > max) {
		fprintf(stderr, "echo: %s must be a number from %ld to %ld, not '%s'\n",
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
		fprintf(stderr, "echo: --interval must be 0.01 to 86400 seconds, not '%s'\n",
			text);
		return -EINVAL;
	}
	return 0;
}

static int parse_addr(const char *text, struct options *opts)
{
	if (inet_pton(AF_INET, text, &opts->ip4) == 1 ||
	    inet_pton(AF_INET6, text, &opts->ip6) == 1)
		return 0;
	fprintf(stderr, "echo: --addr takes an IPv4 or IPv6 address, not '%s'\n",
		text);
	return -EINVAL;
}

/* 0 to go on, 1 after --help, negative if the user has to try again. */
static int parse_options(int argc, char **argv, struct options *opts)
{
	static const struct option longs[] = {
		{ "dev", required_argument, NULL, 'd' },
		{ "queue", required_argument, NULL, 'q' },
		{ "port", required_argument, NULL, 'p' },
		{ "addr", required_argument, NULL, 'a' },
		{ "interval", required_argument, NULL, 'i' },
		{ "count", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "path-cost", no_argument, NULL, 'C' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	long value = 0;
	int opt, err = 0;

	while (!err &&
	       (opt = getopt_long(argc, argv, "d:q:p:a:i:c:jh", longs, NULL)) != -1) {
		switch (opt) {
		case 'd':
			opts->dev = optarg;
			break;
		case 'q':
			err = parse_number("--queue", optarg, 0, INT_MAX, &value);
			opts->queue = (int)value;
			break;
		case 'p':
			err = parse_number("--port", optarg, 1, 65535, &value);
			opts->port = (unsigned short)value;
			break;
		case 'a':
			err = parse_addr(optarg, opts);
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
		fprintf(stderr, "echo: '%s' is not an option\n", argv[optind]);
		err = -EINVAL;
	}
	if (!err && !opts->dev && !opts->cost_only) {
		fprintf(stderr, "echo: which network interface? Pass --dev\n");
		err = -EINVAL;
	}
	return err;
}

/* The address that the device answers to on the wire. */
static int read_mac(int ifindex, unsigned char *mac)
{
	struct ifreq req = { 0 };
	int fd, err = 0;

	if (!if_indextoname((unsigned int)ifindex, req.ifr_name))
		return -errno;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCGIFHWADDR, &req))
		err = -errno;
	else if (req.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		err = -EAFNOSUPPORT;
	else
		memcpy(mac, req.ifr_hwaddr.sa_data, 6);
	close(fd);
	return err;
}

static int open_and_load(const struct options *opts, int ifindex,
			 struct echo_bpf **skel)
{
	unsigned char mac[6] = { 0 };
	int err;

	err = hwirq_register();
	if (err)
		return err;
	if (!opts->cost_only) {
		err = read_mac(ifindex, mac);
		if (err) {
			fprintf(stderr, "echo: cannot read the MAC address of %s: %s. It must be an Ethernet device\n",
				opts->dev, strerror(-err));
			return err;
		}
	}
	*skel = echo_bpf__open();
	if (!*skel) {
		err = -errno;
		fprintf(stderr, "echo: libbpf cannot open the program: %s\n",
			strerror(errno));
		return err;
	}
	(*skel)->rodata->echo_port = opts->port;
	(*skel)->rodata->own_ip4 = opts->ip4.s_addr;
	memcpy((*skel)->rodata->own_mac, mac, sizeof(mac));
	memcpy((*skel)->rodata->own_ip6, &opts->ip6, sizeof(opts->ip6));

	return hwirq_object__load_skeleton((*skel)->skeleton);
}

static unsigned int path_cost(const struct echo_bpf *skel)
{
	unsigned int cost = 0;

	hwirq_program__path_cost(skel->progs.echo, &cost);
	return cost;
}

static void print_cost(const struct options *opts, const struct echo_bpf *skel)
{
	if (opts->json)
		printf("{\"path_cost\":%u,\"path_limit\":%u}\n",
		       path_cost(skel), hwirq_path_limit());
	else
		printf("longest path: %u of at most %u\n", path_cost(skel),
		       hwirq_path_limit());
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

static void print_attached(const struct options *opts,
			   const struct echo_bpf *skel, int ifindex)
{
	char driver[64], queue[32] = "all RX queues";
	struct utsname uts = { 0 };

	uname(&uts);
	hwirq_ifdriver(ifindex, driver, sizeof(driver));
	if (opts->json) {
		printf("{\"event\":\"attached\",\"kernel\":");
		print_json_string(uts.release);
		printf(",\"dev\":");
		print_json_string(opts->dev);
		printf(",\"ifindex\":%d,\"driver\":", ifindex);
		print_json_string(driver);
		if (opts->queue == HWIRQ_ALL_QUEUES)
			printf(",\"queue\":\"all\"");
		else
			printf(",\"queue\":%d", opts->queue);
		printf(",\"port\":%u,\"path_cost\":%u,\"path_limit\":%u}\n",
		       opts->port, path_cost(skel), hwirq_path_limit());
		return;
	}
	if (opts->queue != HWIRQ_ALL_QUEUES)
		snprintf(queue, sizeof(queue), "RX queue %d", opts->queue);
	printf("echo: attached on Linux %s to %s (%s), %s, UDP port %u; ",
	       uts.release, opts->dev, driver, queue, opts->port);
	print_cost(opts, skel);
}

static void print_json_stats(const char *event, double elapsed,
			     const struct hwirq_stats *now)
{
	printf("{\"event\":\"%s\",\"seconds\":%.3f", event, elapsed);
#define FIELD(name) printf(",\"" #name "\":%" PRIu64, (uint64_t)now->name);
	HWIRQ_STATS(FIELD)
#undef FIELD
	printf("}\n");
}

static void print_stats(double elapsed, double span,
			const struct hwirq_stats *now,
			const struct hwirq_stats *last)
{
	uint64_t packets = now->packets - last->packets;
	uint64_t hardirq = now->hardirq_packets - last->hardirq_packets;

	printf("%8.1f s  %8.0f packets/s: %.0f tx, %.0f pass, %.0f drop, %.0f aborted",
	       elapsed, (double)packets / span,
	       (double)(now->tx - last->tx) / span,
	       (double)(now->pass - last->pass) / span,
	       (double)(now->drop - last->drop) / span,
	       (double)(now->aborted - last->aborted) / span);
	if (packets)
		printf("; %.1f %% in hard IRQ, %.0f ns each there, handler at most %" PRIu64 " ns so far",
		       100.0 * (double)hardirq / (double)packets,
		       hardirq ? (double)(now->ns_total - last->ns_total) / (double)hardirq : 0.0,
		       (uint64_t)now->ns_max);
	putchar('\n');
}

static void print_total(const struct hwirq_stats *now)
{
	printf("echo: detaching after %" PRIu64 " packets, %" PRIu64 " of them in hard IRQ: %" PRIu64 " tx, %" PRIu64 " pass, %" PRIu64 " drop, %" PRIu64 " aborted\n",
	       (uint64_t)now->packets, (uint64_t)now->hardirq_packets,
	       (uint64_t)now->tx, (uint64_t)now->pass, (uint64_t)now->drop,
	       (uint64_t)now->aborted);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Wait until a point in time. True if a signal asks us to stop. */
static bool wait_until(int sigfd, double when)
{
	struct pollfd pfd = { .fd = sigfd, .events = POLLIN };
	double left;

	while ((left = when - seconds()) > 0) {
		/* rounded up, and never longer than an int can say */
		if (poll(&pfd, 1, (int)(left * 1000) + 1) > 0)
			return true;
	}
	return false;
}

static int report(const struct options *opts, const struct hwirq_link *link,
		  int sigfd)
{
	struct hwirq_stats now, last = { 0 };
	double start = seconds(), then = start, t;
	bool stop = false;
	long n;
	int err;

	for (n = 1; !stop; n++) {
		stop = wait_until(sigfd, start + (double)n * opts->interval);
		err = hwirq_link__stats(link, &now);
		if (err)
			return err;
		t = seconds();
		if (!stop && opts->json)
			print_json_stats("stats", t - start, &now);
		else if (!stop)
			print_stats(t - start, t - then, &now, &last);
		last = now;
		then = t;
		if (n == opts->count)
			stop = true;
	}
	if (opts->json)
		print_json_stats("detaching", then - start, &last);
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
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int main(int argc, char **argv)
{
	struct options opts = {
		.interval = 1,
		.queue = HWIRQ_ALL_QUEUES,
		.port = 7,
	};
	struct echo_bpf *skel = NULL;
	struct hwirq_link *link = NULL;
	int err, sigfd = -1, ifindex = 0;

	err = parse_options(argc, argv, &opts);
	if (err < 0)
		fprintf(stderr, "Try 'echo --help'.\n");
	if (err)
		return err < 0 ? EXIT_USAGE : EXIT_SUCCESS;
	setvbuf(stdout, NULL, _IOLBF, 0);

	sigfd = open_signalfd();
	if (sigfd < 0) {
		perror("echo: signalfd");
		return EXIT_FAILURE;
	}
	if (!opts.cost_only) {
		ifindex = hwirq_ifindex(opts.dev);
		err = ifindex < 0 ? ifindex : 0;
		if (err)
			goto cleanup;
	}
	err = open_and_load(&opts, ifindex, &skel);
	if (err)
		goto cleanup;
	if (opts.cost_only) {
		print_cost(&opts, skel);
		goto cleanup;
	}
	err = hwirq_program__attach(skel->progs.echo, ifindex, opts.queue, &link);
	if (err)
		goto cleanup;
	print_attached(&opts, skel, ifindex);
	err = report(&opts, link, sigfd);

cleanup:
	hwirq_link__destroy(link);
	echo_bpf__destroy(skel);
	close(sigfd);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
