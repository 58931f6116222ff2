// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * payload-logger.c - load payload-logger.bpf.c on each RX queue, and write down what
 * comes out of the rings
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>

#include <hwirq_user.h>

#include "payload-logger.h"
#include "payload-logger.skel.h"
#include "pcapng.h"

#define ARPHRD_ETHER 1	/* <linux/if_arp.h> clashes with <net/if.h> */
#define LINE_BYTES 16	/* of the payload, in a line for humans */

enum { EXIT_USAGE = 2 };

struct options {
	const char *dev;
	const char *pcapng;		/* file, "-" for stdout */
	unsigned long long count;	/* 0: until a signal comes */
	unsigned int ring_kib;
	int queue;
	unsigned short port;
	unsigned short bytes;
	bool echo;
	bool json;
	bool cost_only;
};

struct logger {
	struct options opts;
	int ifindex;
	int sigfd;
	FILE *out;
	FILE *talk;		/* stderr if the records go to stdout in binary */
	struct hwirq_queues *queues;
	uint64_t to_wall;	/* ns from CLOCK_MONOTONIC to CLOCK_REALTIME */
	unsigned long long recorded;
	unsigned long long lost;	/* as the records tell */
	int err;
};

static const char usage[] =
	"Usage: payload-logger --dev DEV [OPTION]...\n"
	"Record UDP datagrams in the hard interrupt handler of a network interface.\n"
	"\n"
	"  -d, --dev DEV        network interface, by name or index\n"
	"  -p, --port PORT      only datagrams to this UDP port\n"
	"  -n, --bytes N        payload bytes to record (default: 64, at most 1500)\n"
	"  -e, --echo           send the datagrams back instead of passing them\n"
	"  -q, --queue N        only RX queue N (default: all, a ring each)\n"
	"  -r, --ring-size KIB  room for records, per queue: a power of 2 from 4 to 65536\n"
	"                       (default: 1024)\n"
	"  -c, --count N        detach and exit after N records\n"
	"  -j, --json           one JSON object per line\n"
	"  -w, --pcapng FILE    a capture file for tcpdump and Wireshark; '-' is stdout\n"
	"      --path-cost      print the verified cost of the longest path and exit\n"
	"  -h, --help           this text\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 wrong usage.\n";

static int parse_number(const char *name, const char *text, long min, long max,
			long *value)
{
	char *end;

	errno = 0;
	*value = strtol(text, &end, 10);
	if (!*text || *end || errno || *value < min || *value > max) {
		fprintf(stderr, "payload-logger: %s must be a number from %ld to %ld, not '%s'\n",
			name, min, max, text);
		return -EINVAL;
	}
	return 0;
}

static int parse_ring_size(const char *text, struct options *opts)
{
	long value = 0;
	int err;

	err = parse_number("--ring-size", text, 4, HWIRQ_RING_MAX_SIZE / 1024, &value);
	if (!err && value & (value - 1)) {
		fprintf(stderr, "payload-logger: --ring-size must be a power of 2, not %ld\n",
			value);
		err = -EINVAL;
	}
	opts->ring_kib = (unsigned int)value;
	return err;
}

/* 0 to go on, 1 after --help, negative if the user has to try again. */
static int parse_options(int argc, char **argv, struct options *opts)
{
	static const struct option longs[] = {
		{ "dev", required_argument, NULL, 'd' },
		{ "port", required_argument, NULL, 'p' },
		{ "bytes", required_argument, NULL, 'n' },
		{ "echo", no_argument, NULL, 'e' },
		{ "queue", required_argument, NULL, 'q' },
		{ "ring-size", required_argument, NULL, 'r' },
		{ "count", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "pcapng", required_argument, NULL, 'w' },
		{ "path-cost", no_argument, NULL, 'C' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	long value = 0;
	int opt, err = 0;

	while (!err && (opt = getopt_long(argc, argv, "d:p:n:eq:r:c:jw:h", longs,
					  NULL)) != -1) {
		switch (opt) {
		case 'd':
			opts->dev = optarg;
			break;
		case 'p':
			err = parse_number("--port", optarg, 1, 65535, &value);
			opts->port = (unsigned short)value;
			break;
		case 'n':
			err = parse_number("--bytes", optarg, 0, LOGGER_PAYLOAD_MAX,
					   &value);
			opts->bytes = (unsigned short)value;
			break;
		case 'e':
			opts->echo = true;
			break;
		case 'q':
			err = parse_number("--queue", optarg, 0, INT_MAX, &value);
			opts->queue = (int)value;
			break;
		case 'r':
			err = parse_ring_size(optarg, opts);
			break;
		case 'c':
			err = parse_number("--count", optarg, 1, LONG_MAX, &value);
			opts->count = (unsigned long long)value;
			break;
		case 'j':
			opts->json = true;
			break;
		case 'w':
			opts->pcapng = optarg;
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
		fprintf(stderr, "payload-logger: '%s' is not an option\n", argv[optind]);
		err = -EINVAL;
	}
	if (!err && !opts->dev && !opts->cost_only) {
		fprintf(stderr, "payload-logger: which network interface? Pass --dev\n");
		err = -EINVAL;
	}
	if (!err && opts->json && opts->pcapng) {
		fprintf(stderr, "payload-logger: either --json or --pcapng\n");
		err = -EINVAL;
	}
	if (!err && opts->pcapng && !strcmp(opts->pcapng, "-") && isatty(STDOUT_FILENO)) {
		fprintf(stderr, "payload-logger: a capture file is nothing for a terminal: pipe it, or name a file\n");
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

static uint64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

/*
 * What to add to the kernel's timestamps to get wall time. Determined once, so that
 * the order of records stays what it is when the clock is set. The shortest of
 * several readings is the one with the least between its two clocks.
 */
static uint64_t wall_offset(void)
{
	uint64_t best = UINT64_MAX, offset = 0, before, wall, after;
	int i;

	for (i = 0; i < 10; i++) {
		before = now(CLOCK_MONOTONIC);
		wall = now(CLOCK_REALTIME);
		after = now(CLOCK_MONOTONIC);
		if (after - before > best)
			continue;
		best = after - before;
		offset = wall - (before + best / 2);
	}
	return offset;
}

/* ISO 8601 with nanoseconds. */
static const char *format_time(uint64_t ns, char *buf, size_t size)
{
	time_t sec = (time_t)(ns / 1000000000);
	struct tm tm;
	size_t n;

	gmtime_r(&sec, &tm);
	n = strftime(buf, size, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, size - n, ".%09uZ", (unsigned int)(ns % 1000000000));
	return buf;
}

static const char *verdict_name(unsigned int verdict)
{
	return verdict == HWIRQ_TX ? "tx" : "pass";
}

/* The kernel allows quotes and backslashes in the names of interfaces. */
static void print_json_string(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if ((unsigned char)*s < ' ')
			fprintf(f, "\\u%04x", (unsigned int)*s);
		else
			fputc(*s, f);
	}
	fputc('"', f);
}

static void print_hex(FILE *f, const unsigned char *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (; len; p++, len--) {
		fputc(digits[*p >> 4], f);
		fputc(digits[*p & 15], f);
	}
}

/* How many of the captured bytes are headers. */
static size_t headers_of(const struct logger_record *r)
{
	return r->payload_at < r->captured ? r->payload_at : r->captured;
}

static void write_json(struct logger *l, const struct hwirq_record *rec,
		       const struct logger_record *r)
{
	int af = r->family == 6 ? AF_INET6 : AF_INET;
	char time[40], src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	size_t headers = headers_of(r);
	FILE *f = l->out;

	fprintf(f, "{\"event\":\"record\",\"time\":\"%s\",\"monotonic_ns\":%" PRIu64 ",\"queue\":%d,\"seq\":%" PRIu64 ",\"lost\":%" PRIu64,
		format_time(r->timestamp + l->to_wall, time, sizeof(time)),
		(uint64_t)r->timestamp, rec->queue, (uint64_t)rec->seq,
		(uint64_t)rec->lost);
	fprintf(f, ",\"src\":\"%s\",\"sport\":%u,\"dst\":\"%s\",\"dport\":%u,\"length\":%u,\"captured\":%u,\"payload_length\":%u,\"verdict\":\"%s\"",
		inet_ntop(af, r->saddr, src, sizeof(src)), r->sport,
		inet_ntop(af, r->daddr, dst, sizeof(dst)), r->dport, r->frame_len,
		r->captured, r->payload_len, verdict_name(r->verdict));
	fputs(",\"headers\":\"", f);
	print_hex(f, r->frame, headers);
	fputs("\",\"payload\":\"", f);
	print_hex(f, r->frame + headers, r->captured - headers);
	fputs("\"}\n", f);
}

static void write_line(struct logger *l, const struct hwirq_record *rec,
		       const struct logger_record *r)
{
	const char *format = r->family == 6 ? "[%s]:%u" : "%s:%u";
	int af = r->family == 6 ? AF_INET6 : AF_INET;
	size_t headers = headers_of(r), len = r->captured - headers, i;
	const unsigned char *payload = r->frame + headers;
	char time[40], addr[INET6_ADDRSTRLEN];
	FILE *f = l->out;

	if (rec->lost)
		fprintf(f, "-- %" PRIu64 " records of queue %d lost here\n",
			(uint64_t)rec->lost, rec->queue);
	fprintf(f, "%s q%d ", format_time(r->timestamp + l->to_wall, time, sizeof(time)),
		rec->queue);
	fprintf(f, format, inet_ntop(af, r->saddr, addr, sizeof(addr)), r->sport);
	fputs(" > ", f);
	fprintf(f, format, inet_ntop(af, r->daddr, addr, sizeof(addr)), r->dport);
	fprintf(f, " %u bytes, %s:", r->payload_len, verdict_name(r->verdict));
	/* Ethernet pads short frames. */
	if (len > r->payload_len)
		len = r->payload_len;
	if (len > LINE_BYTES)
		len = LINE_BYTES;
	for (i = 0; i < len; i++)
		fprintf(f, " %02x", payload[i]);
	fputs("  ", f);
	for (i = 0; i < len; i++)
		fputc(payload[i] >= ' ' && payload[i] < 0x7f ? payload[i] : '.', f);
	fputs(r->payload_len > len ? "..\n" : "\n", f);
}

static int write_pcapng(struct logger *l, const struct hwirq_record *rec,
			const struct logger_record *r)
{
	const struct pcapng_packet packet = {
		.time = r->timestamp + l->to_wall,
		.data = r->frame,
		.captured = r->captured,
		.length = r->frame_len,
		.lost = rec->lost,
		.queue = (uint32_t)rec->queue,
	};

	return pcapng_packet(l->out, &packet);
}

/* A ring has a record. What this returns, if negative, ends it all. */
static int on_record(void *ctx, void *data, size_t size)
{
	struct logger *l = (struct logger *)ctx;
	const struct logger_record *r = (const struct logger_record *)data;
	const struct hwirq_record *rec;

	rec = hwirq_ring__record(hwirq_queues__ring(l->queues));
	if (size < sizeof(*r) || r->captured > size - sizeof(*r)) {
		fprintf(stderr, "payload-logger: a record of %zu bytes is none of this program's\n",
			size);
		return -EPROTO;
	}
	l->recorded++;
	l->lost += rec->lost;
	if (l->opts.pcapng)
		l->err = write_pcapng(l, rec, r);
	else if (l->opts.json)
		write_json(l, rec, r);
	else
		write_line(l, rec, r);
	if (l->err)
		return l->err;
	/* No error, but enough. */
	return l->opts.count && l->recorded >= l->opts.count ? -ECANCELED : 0;
}

static int configure(struct logger *l)
{
	struct payload_logger_bpf__rodata *config;
	unsigned char mac[6] = { 0 };
	struct bpf_object *obj;
	struct bpf_map *map;
	unsigned int i;
	int err;

	err = l->opts.echo ? read_mac(l->ifindex, mac) : 0;
	if (err) {
		fprintf(stderr, "payload-logger: cannot read the MAC address of %s: %s. It must be an Ethernet device\n",
			l->opts.dev, strerror(-err));
		return err;
	}
	for (i = 0; i < hwirq_queues__count(l->queues); i++) {
		config = (struct payload_logger_bpf__rodata *)
			hwirq_queues__rodata(l->queues, i, sizeof(*config));
		if (!config)
			return -EINVAL;
		config->udp_port = l->opts.port;
		config->payload_bytes = l->opts.bytes;
		config->echo = l->opts.echo;
		memcpy(config->own_mac, mac, sizeof(mac));

		obj = hwirq_queues__object(l->queues, i);
		map = bpf_object__find_map_by_name(obj, "records");
		err = bpf_map__set_max_entries(map, l->opts.ring_kib * 1024);
		if (err)
			return err;
	}
	return 0;
}

static int open_output(struct logger *l)
{
	bool to_stdout = !l->opts.pcapng || !strcmp(l->opts.pcapng, "-");

	l->out = to_stdout ? stdout : fopen(l->opts.pcapng, "we");
	if (!l->out) {
		fprintf(stderr, "payload-logger: cannot create %s: %s\n", l->opts.pcapng,
			strerror(errno));
		return -errno;
	}
	l->talk = l->opts.pcapng && to_stdout ? stderr : stdout;
	if (!l->opts.pcapng)
		return 0;
	return pcapng_begin(l->out, l->opts.dev, LOGGER_HEADERS_MAX + l->opts.bytes);
}

static unsigned int path_cost(const struct logger *l)
{
	unsigned int cost = 0;

	hwirq_program__path_cost(
		bpf_object__next_program(hwirq_queues__object(l->queues, 0), NULL),
		&cost);
	return cost;
}

static void print_attached(const struct logger *l)
{
	unsigned int queues = hwirq_queues__count(l->queues);
	char driver[64];

	hwirq_ifdriver(l->ifindex, driver, sizeof(driver));
	if (l->opts.json) {
		fprintf(l->talk, "{\"event\":\"attached\",\"dev\":");
		print_json_string(l->talk, l->opts.dev);
		fprintf(l->talk, ",\"ifindex\":%d,\"driver\":", l->ifindex);
		print_json_string(l->talk, driver);
		fprintf(l->talk, ",\"queues\":%u,\"port\":%u,\"bytes\":%u,\"ring_size\":%u,\"path_cost\":%u,\"path_limit\":%u}\n",
			queues, l->opts.port, l->opts.bytes, l->opts.ring_kib * 1024,
			path_cost(l), hwirq_path_limit());
	} else {
		fprintf(l->talk, "payload-logger: attached to %s (%s), %u RX queues with a ring of %u KiB each; longest path: %u of at most %u\n",
			l->opts.dev, driver, queues, l->opts.ring_kib, path_cost(l),
			hwirq_path_limit());
	}
	fflush(l->talk);
}

static void print_total(const struct logger *l, const struct hwirq_stats *stats,
			uint64_t dropped)
{
	if (l->opts.json) {
		fprintf(l->talk, "{\"event\":\"detached\",\"recorded\":%llu,\"dropped\":%" PRIu64,
			l->recorded, dropped);
#define FIELD(name) fprintf(l->talk, ",\"" #name "\":%" PRIu64, (uint64_t)stats->name);
		HWIRQ_STATS(FIELD)
#undef FIELD
		fprintf(l->talk, "}\n");
	} else {
		fprintf(l->talk, "payload-logger: detached after %" PRIu64 " packets: %llu records, %" PRIu64 " lost because a ring was full%s\n",
			(uint64_t)stats->packets, l->recorded, dropped,
			dropped ? "; see --ring-size" : "");
	}
}

/* Until a signal or enough records; 0 then. */
static int consume(struct logger *l)
{
	struct hwirq_ring *ring = hwirq_queues__ring(l->queues);
	struct pollfd pfd[] = {
		{ .fd = l->sigfd, .events = POLLIN },
		{ .fd = hwirq_ring__epoll_fd(ring), .events = POLLIN },
	};
	int n;

	for (;;) {
		if (poll(pfd, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (pfd[0].revents)
			return 0;
		n = hwirq_ring__poll(ring, 0);
		if (n == -ECANCELED)
			return 0;
		if (n < 0 && n != -EINTR)
			return n;
		/* Who reads a pipe wants to see what there is. */
		if (fflush(l->out)) {
			l->err = -errno;
			return l->err;
		}
	}
}

/* Detach, write down what the rings still hold, and add up. */
static int finish(struct logger *l)
{
	struct hwirq_ring *ring = hwirq_queues__ring(l->queues);
	struct hwirq_stats stats = { 0 };
	uint64_t dropped;
	int err, n = 0;

	err = hwirq_queues__stats(l->queues, &stats);
	hwirq_queues__detach(l->queues);
	if (!l->opts.count || l->recorded < l->opts.count) {
		do
			n = hwirq_ring__consume(ring);
		while (n > 0);
	}
	if (n < 0 && n != -ECANCELED)
		err = n;
	dropped = hwirq_ring__dropped(ring);
	if (!err && l->opts.pcapng)
		err = pcapng_end(l->out, now(CLOCK_MONOTONIC) + l->to_wall,
				 l->recorded + dropped, dropped);
	if (!err)
		print_total(l, &stats, dropped);
	return err;
}

/* Signals become readable, so that none can come between load and cleanup. */
static int open_signalfd(void)
{
	sigset_t set;

	/* A reader that leaves is an error of the stream. */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int run(struct logger *l)
{
	const struct bpf_object_open_opts opts = {
		.sz = sizeof(opts),
		.object_name = "payload_logger",
	};
	const void *elf;
	size_t size;
	int err, end;

	elf = payload_logger_bpf__elf_bytes(&size);
	err = hwirq_queues__open_mem(elf, size, &opts, l->ifindex, l->opts.queue,
				     &l->queues);
	if (!err)
		err = configure(l);
	if (err)
		return err;
	err = open_output(l);
	if (err)
		return err;
	l->to_wall = wall_offset();
	err = hwirq_queues__attach(l->queues, NULL, "records", on_record, l);
	if (err)
		return err;
	print_attached(l);
	err = consume(l);
	end = finish(l);
	return err ? err : end;
}

/* Load it once, for what the verifier says. */
static int print_cost(struct logger *l)
{
	struct payload_logger_bpf *skel;
	unsigned int cost = 0;
	int err;

	err = hwirq_register();
	if (err)
		return err;
	skel = payload_logger_bpf__open();
	if (!skel)
		return -errno;
	skel->rodata->payload_bytes = l->opts.bytes;
	skel->rodata->echo = l->opts.echo;
	err = hwirq_object__load_skeleton(skel->skeleton);
	if (!err) {
		hwirq_program__path_cost(skel->progs.payload_logger, &cost);
		printf(l->opts.json ? "{\"path_cost\":%u,\"path_limit\":%u}\n" :
				      "longest path: %u of at most %u\n",
		       cost, hwirq_path_limit());
	}
	payload_logger_bpf__destroy(skel);
	return err;
}

int main(int argc, char **argv)
{
	struct logger l = {
		.opts = { .queue = HWIRQ_ALL_QUEUES, .bytes = 64, .ring_kib = 1024 },
	};
	int err;

	err = parse_options(argc, argv, &l.opts);
	if (err < 0)
		fprintf(stderr, "Try 'payload-logger --help'.\n");
	if (err)
		return err < 0 ? EXIT_USAGE : EXIT_SUCCESS;
	if (l.opts.cost_only)
		return print_cost(&l) ? EXIT_FAILURE : EXIT_SUCCESS;

	l.sigfd = open_signalfd();
	if (l.sigfd < 0) {
		perror("payload-logger: signalfd");
		return EXIT_FAILURE;
	}
	l.ifindex = hwirq_ifindex(l.opts.dev);
	err = l.ifindex < 0 ? l.ifindex : run(&l);
	hwirq_queues__free(l.queues);
	if (l.out && fclose(l.out) && !err)
		l.err = err = -errno;
	if (l.err)
		fprintf(stderr, "payload-logger: cannot write the records: %s\n",
			strerror(-l.err));
	close(l.sigfd);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
