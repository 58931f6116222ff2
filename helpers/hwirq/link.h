/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * hwirq/link.h - attach a loaded program to receive queues, read its statistics
 *
 * Functions return 0 or a negative errno and have then said why, see
 * hwirq_set_print().
 */
#ifndef HWIRQ_LINK_H
#define HWIRQ_LINK_H

#include <dirent.h>
#include <limits.h>
#include <net/if.h>

#include "histogram.h"
#include "object.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Longest name of an interface that leaves room for an index in words. */
#define HWIRQ__IFNAME_SIZE 32

/**
 * struct hwirq_link - a program attached to a device
 * @fd: file descriptor of the kernel's link; the program stays attached while
 *      any process has it open
 * @ifindex: device
 * @queue: RX queue or HWIRQ_ALL_QUEUES
 * @ifname: name of the device at attach, for messages
 *
 * Read-only for users.
 */
struct hwirq_link {
	int fd;
	int ifindex;
	int queue;
	char ifname[HWIRQ__IFNAME_SIZE];
};

/*
 * The counters of a link, summed over its queues since attach, in the order of
 * the kernel's fdinfo:
 *
 *	irqs		interrupts that the handler took
 *	packets		frames the program ran on
 *	aborted, drop, pass, tx		its verdicts
 *	invalid		returned values that are no verdict
 *	ineligible	frames dropped before the program because they were
 *			incomplete without metadata (GSO, partial checksum)
 *	pool_empty	receive buffers that could not be replaced in time
 *	pass_full	PASS frames dropped: the hand-off ring was full
 *	tx_full		TX frames dropped: no room in the transmit queue
 *	busy		interrupts that found the ring owned by NAPI
 *	napi_packets	frames processed in the NAPI fall-back
 *	hardirq_packets	frames processed in hard IRQ with interrupts off
 *	ns_total, ns_max	time in the handler, ns
 *	napi_ns, aux_ns	time in the NAPI fall-back, and for what was passed, ns
 *	switches	changes between hard IRQ, NAPI and rest
 *	budget_hit, time_hit, share_hit, missed		interrupts that left the
 *			queue to NAPI: 32 frames, 30 us, no time left on this
 *			CPU (kernel.bpf_hwirq_irq_share), NAPI was due anyway
 *	rests, aux_rests	rests of the queue, and of what was passed, for want
 *			of time on this CPU (kernel.bpf_hwirq_total_share)
 *	starved		rounds that left the device without a buffer
 *	pool_total	buffers of the pool, and where they are now:
 *	pool_free, pool_rx, pool_tx, pool_pass
 *
 * One list, so that a program can print them all: see hwirq_stats.
 */
#define HWIRQ_STATS(X) \
	X(irqs) \
	X(packets) \
	X(aborted) \
	X(drop) \
	X(pass) \
	X(tx) \
	X(invalid) \
	X(ineligible) \
	X(pool_empty) \
	X(pass_full) \
	X(tx_full) \
	X(busy) \
	X(napi_packets) \
	X(hardirq_packets) \
	X(ns_total) \
	X(ns_max) \
	X(napi_ns) \
	X(aux_ns) \
	X(switches) \
	X(budget_hit) \
	X(time_hit) \
	X(share_hit) \
	X(missed) \
	X(rests) \
	X(aux_rests) \
	X(starved) \
	X(pool_total) \
	X(pool_free) \
	X(pool_rx) \
	X(pool_tx) \
	X(pool_pass)

/**
 * struct hwirq_stats - statistics of a link, see HWIRQ_STATS
 */
struct hwirq_stats {
#define HWIRQ__FIELD(name) __u64 name;
	HWIRQ_STATS(HWIRQ__FIELD)
#undef HWIRQ__FIELD
};

/* Name of a device for messages, whether or not it still exists. */
static inline const char *hwirq__ifname(int ifindex, char *buf)
{
	if (!if_indextoname((unsigned int)ifindex, buf))
		snprintf(buf, HWIRQ__IFNAME_SIZE, "interface %d", ifindex);
	return buf;
}

/**
 * hwirq_ifindex - find a device
 * @dev: name or decimal index
 *
 * Return: the index, -ENODEV, or another negative errno if the kernel cannot be asked.
 */
static inline int hwirq_ifindex(const char *dev)
{
	char name[IF_NAMESIZE], known[256] = "";
	struct if_nameindex *list, *i;
	unsigned long index;
	size_t len = 0;
	char *end;
	int err;

	index = if_nametoindex(dev);
	if (index)
		return (int)index;
	index = strtoul(dev, &end, 10);
	if (*dev && !*end && index <= INT_MAX &&
	    if_indextoname((unsigned int)index, name))
		return (int)index;

	list = if_nameindex();
	if (!list) {
		err = errno ? -errno : -ENOBUFS;
		hwirq__warn("hwirq: cannot look for the network interface '%s': %s. It takes a socket; see 'ulimit -n'\n",
			    dev, strerror(-err));
		return err;
	}
	for (i = list; i->if_index && len < sizeof(known); i++)
		len += (size_t)snprintf(known + len, sizeof(known) - len,
					"%s%s", len ? ", " : "", i->if_name);
	if_freenameindex(list);
	hwirq__warn("hwirq: there is no network interface '%s'. This machine has: %s\n",
		    dev, known);
	return -ENODEV;
}

static inline unsigned int hwirq__count_rx_queues(const char *ifname)
{
	struct dirent *entry;
	unsigned int n = 0;
	char path[128];
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/class/net/%s/queues", ifname);
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		n += !strncmp(entry->d_name, "rx-", 3);
	closedir(dir);
	return n;
}

/**
 * hwirq_ifdriver - name of the driver of a device
 * @ifindex: device
 * @buf: receives the name, or "unknown driver" (virtual devices have none)
 * @size: of @buf
 *
 * Return: @buf
 */
static inline const char *hwirq_ifdriver(int ifindex, char *buf, size_t size)
{
	char ifname[HWIRQ__IFNAME_SIZE], path[128], target[PATH_MAX];
	const char *base = NULL;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/net/%s/device/driver",
		 hwirq__ifname(ifindex, ifname));
	n = readlink(path, target, sizeof(target) - 1);
	if (n > 0) {
		target[n] = '\0';
		base = strrchr(target, '/');
	}
	snprintf(buf, size, "%s", base ? base + 1 : "unknown driver");
	return buf;
}

/*
 * Why an attachment fails, for when the kernel's own sentence cannot be read,
 * and what helps, in any case.
 */
struct hwirq__reason {
	const char *cause;
	char hint[256];
};

static inline void hwirq__explain_errno(int err, int ifindex,
					const char *ifname,
					struct hwirq__reason *r)
{
	const size_t size = sizeof(r->hint);
	char driver[64], path[128], line[32];
	unsigned int n;
	__u32 xdp = 0;

	r->hint[0] = '\0';
	switch (err) {
	case -ENODEV:
		r->cause = "the device is gone";
		snprintf(r->hint, size, "See what there is: ip link");
		break;
	case -EOPNOTSUPP:
		r->cause = "its driver has no hard-IRQ hook, or the device's configuration rules it out";
		snprintf(r->hint, size, "Its driver is %s; dmesg and the kernel's Documentation/bpf/prog_hwirq.rst say what is missing",
			 hwirq_ifdriver(ifindex, driver, sizeof(driver)));
		break;
	case -EBUSY:
		r->cause = "XDP, an AF_XDP socket or netpoll (netconsole) uses it, and they exclude hard-IRQ programs; or the program's ring is in use elsewhere";
		if (!bpf_xdp_query_id(ifindex, 0, &xdp) && xdp)
			snprintf(r->hint, size, "XDP program %u is there: ip link set dev %s xdp off",
				 xdp, ifname);
		else
			snprintf(r->hint, size, "Stop what uses it first; a ring takes one instance of the program per queue: hwirq_queues__open()");
		break;
	case -EEXIST:
		r->cause = "a hard-IRQ program is attached there already";
		snprintf(r->hint, size, "Find it with 'bpftool link' (type %d) and stop the process that holds it",
			 BPF_LINK_TYPE_HWIRQ);
		break;
	case -ENXIO:
		r->cause = "it has no such queue";
		n = hwirq__count_rx_queues(ifname);
		if (n)
			snprintf(r->hint, size, "It has %u, counted from 0", n);
		else
			snprintf(r->hint, size, "See /sys/class/net/%s/queues",
				 ifname);
		break;
	case -EMSGSIZE:
		r->cause = "its MTU is too large: a frame must fit into one receive buffer";
		snprintf(path, sizeof(path), "/sys/class/net/%s/mtu", ifname);
		hwirq__read_line(path, line, sizeof(line));
		snprintf(r->hint, size, "It is %s; lower it: ip link set dev %s mtu 1500",
			 line[0] ? line : "unknown", ifname);
		break;
	case -E2BIG:
		r->cause = "the program's longest path costs more than kernel.bpf_hwirq_max_path allows";
		snprintf(r->hint, size, "The limit is %u today; load a shorter program or raise it",
			 hwirq_path_limit());
		break;
	case -ENOMEM:
		r->cause = "out of memory: the kernel has none for the buffers of its receive queues";
		snprintf(r->hint, size, "Free some, or make the queues shorter: ethtool -G %s rx 64",
			 ifname);
		break;
	case -EINVAL:
		r->cause = "the program has a ring, which serves one queue only, or the kernel does not understand the request";
		snprintf(r->hint, size, "With a ring, load one instance per queue: hwirq_queues__open(). Without, the program must be of SEC(\"hwirq\"), the SDK of the kernel's version");
		break;
	default:
		r->cause = strerror(-err);
		snprintf(r->hint, size, "The kernel log may say more: dmesg");
	}
}

/* @kmsg: from hwirq__kmsg_open() before the attempt */
static inline void hwirq__explain_attach(int err, int ifindex, int queue,
					 int kmsg)
{
	char ifname[HWIRQ__IFNAME_SIZE], text[512], where[32];
	struct hwirq__reason reason;

	hwirq__ifname(ifindex, ifname);
	if (queue == HWIRQ_ALL_QUEUES)
		snprintf(where, sizeof(where), "all queues");
	else
		snprintf(where, sizeof(where), "queue %d", queue);

	if (err == -EPERM || err == -EACCES) {
		snprintf(text, sizeof(text), "attach to %s", ifname);
		hwirq__warn_perm(text, true);
		return;
	}
	hwirq__explain_errno(err, ifindex, ifname, &reason);
	/* where memory ends, drivers say nothing, and the kernel says so for them */
	if (kmsg < 0 || !hwirq__kmsg_quote(kmsg, ifname, text, sizeof(text)) ||
	    !strcmp(text, "the driver gave no reason"))
		snprintf(text, sizeof(text), "%s", reason.cause);
	hwirq__warn("hwirq: cannot attach to %s (%s): %s. %s\n", ifname, where,
		    text, reason.hint);
}

/**
 * hwirq_program__attach - run a program for the frames of a device
 * @prog: loaded program of SEC("hwirq")
 * @ifindex: device, see hwirq_ifindex()
 * @queue: RX queue, or HWIRQ_ALL_QUEUES
 * @link: receives the link; hwirq_link__destroy() detaches
 *
 * The interface pauses for a moment. If the process dies, the kernel detaches.
 *
 * A program with a ring needs a queue of its own: see hwirq/queues.h.
 *
 * Return: 0 or -EPERM, -ENODEV, -EOPNOTSUPP (driver or configuration), -EBUSY
 * (XDP, AF_XDP, netpoll; the ring belongs to another attachment), -EINVAL (a ring
 * and several queues), -EEXIST (a hard-IRQ program is there), -ENXIO (no
 * such queue), -EMSGSIZE (MTU), -E2BIG (path cost), -ENOMEM.
 */
static inline int hwirq_program__attach(const struct bpf_program *prog,
					int ifindex, int queue,
					struct hwirq_link **link)
{
	struct bpf_link_create_opts opts;
	struct hwirq_link *l;
	int err, kmsg;

	*link = NULL;
	if (queue < HWIRQ_ALL_QUEUES) {
		hwirq__warn("hwirq: %d is no RX queue. Pass 0 or more, or HWIRQ_ALL_QUEUES\n",
			    queue);
		return -ENXIO;
	}
	l = (struct hwirq_link *)calloc(1, sizeof(*l));
	if (!l)
		return hwirq__no_memory();
	l->ifindex = ifindex;
	l->queue = queue;
	hwirq__ifname(ifindex, l->ifname);

	memset(&opts, 0, sizeof(opts));
	opts.sz = sizeof(opts);
	opts.target_btf_id = HWIRQ_QUEUE_PLUS1(queue);

	kmsg = hwirq__kmsg_open();
	l->fd = bpf_link_create(bpf_program__fd(prog), ifindex,
				hwirq__attach_type(), &opts);
	err = l->fd < 0 ? l->fd : 0;
	if (err) {
		hwirq__explain_attach(err, ifindex, queue, kmsg);
		free(l);
	} else {
		*link = l;
	}
	if (kmsg >= 0)
		close(kmsg);
	return err;
}

/**
 * hwirq_link__fd - the kernel's link, for libbpf functions
 * @link: link
 */
static inline int hwirq_link__fd(const struct hwirq_link *link)
{
	return link->fd;
}

/**
 * hwirq_link__update - replace the program of a link
 * @link: link
 * @prog: loaded program of SEC("hwirq")
 *
 * Atomic: each frame meets the old program or the new one. When this returns,
 * the old one runs nowhere any more. On error it stays.
 */
static inline int hwirq_link__update(struct hwirq_link *link,
				     const struct bpf_program *prog)
{
	int err;

	err = bpf_link_update(link->fd, bpf_program__fd(prog), NULL);
	if (!err)
		return 0;
	if (err == -E2BIG)
		hwirq__warn("hwirq: cannot replace the program on %s: the longest path of '%s' costs more than kernel.bpf_hwirq_max_path (%u) allows today. Load a shorter program or raise the limit\n",
			    link->ifname, bpf_program__name(prog), hwirq_path_limit());
	else if (err == -ENOLINK || err == -ENODEV)
		hwirq__warn("hwirq: cannot replace the program on %s: it is detached, or the device is gone. Attach anew\n",
			    link->ifname);
	else if (err == -ENOMEM)
		hwirq__warn("hwirq: cannot replace the program on %s: out of memory. The old one stays; free some memory and try again\n",
			    link->ifname);
	else if (err == -EBUSY)
		hwirq__warn("hwirq: cannot replace the program on %s: a ring of '%s' belongs to another attachment. Load an instance for this link alone\n",
			    link->ifname, bpf_program__name(prog));
	else
		hwirq__warn("hwirq: cannot replace the program on %s by '%s': %s. It must be a loaded program of SEC(\"hwirq\")\n",
			    link->ifname, bpf_program__name(prog), strerror(-err));
	return err;
}

/*
 * The counters in an fdinfo text. Missing ones are an error: a zero that is
 * not one would be worse.
 */
static inline int hwirq__parse_stats(FILE *f, struct hwirq_stats *stats,
				     const char **missing, bool *gone)
{
	static const char *const names[] = {
#define HWIRQ__NAME(name) #name,
		HWIRQ_STATS(HWIRQ__NAME)
#undef HWIRQ__NAME
	};
	__u64 *const values[] = {
#define HWIRQ__VALUE(name) &stats->name,
		HWIRQ_STATS(HWIRQ__VALUE)
#undef HWIRQ__VALUE
	};
	const size_t n = sizeof(names) / sizeof(names[0]);
	bool seen[sizeof(names) / sizeof(names[0])] = { false };
	unsigned long long value;
	char line[256], key[64];
	size_t i;

	*gone = false;
	*missing = NULL;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63[^:]: %llu", key, &value) != 2)
			continue;
		if (!strcmp(key, "ifindex"))
			*gone = value == 0;
		for (i = 0; i < n; i++) {
			if (strcmp(key, names[i]))
				continue;
			*values[i] = value;
			seen[i] = true;
		}
	}
	for (i = 0; i < n; i++) {
		if (!seen[i]) {
			*missing = names[i];
			return -EPROTO;
		}
	}
	return 0;
}

/* What the kernel shows of the link; NULL with errno, and a message. */
static inline FILE *hwirq__open_fdinfo(const struct hwirq_link *link)
{
	char path[64];
	FILE *f;
	int err;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", link->fd);
	f = fopen(path, "re");
	if (!f) {
		err = errno;
		hwirq__warn("hwirq: cannot read statistics from %s: %s. Is /proc mounted?\n",
			    path, strerror(err));
		errno = err;
	}
	return f;
}

/**
 * hwirq_link__stats - read the counters of a link
 * @link: link
 * @stats: receives them; the counters of several CPUs are not one snapshot
 *
 * Return: 0, -ENODEV if the link is detached, -EPROTO if the kernel's format is
 * not the one of this SDK, or another negative errno.
 */
static inline int hwirq_link__stats(const struct hwirq_link *link,
				    struct hwirq_stats *stats)
{
	const char *missing;
	bool gone;
	int err;
	FILE *f;

	memset(stats, 0, sizeof(*stats));
	f = hwirq__open_fdinfo(link);
	if (!f)
		return -errno;
	err = hwirq__parse_stats(f, stats, &missing, &gone);
	fclose(f);
	if (gone) {
		hwirq__warn("hwirq: no program is attached to %s any more: the device is gone, or someone has detached the link\n",
			    link->ifname);
		return -ENODEV;
	}
	if (err)
		hwirq__warn("hwirq: the kernel's statistics of the link lack '%s'. Use the SDK that belongs to the kernel\n",
			    missing);
	return err;
}

/**
 * hwirq_link__histogram - read how long the runs of a link's handlers took
 * @link: link
 * @h: receives all runs since attach, of all its queues
 *
 * Return: 0, -ENODATA without a message if the handler has not run yet or the kernel
 * keeps no histogram, -EPROTO if the kernel's format is not the one of this SDK, or
 * another negative errno.
 */
static inline int hwirq_link__histogram(const struct hwirq_link *link,
					struct hwirq_histogram *h)
{
	int err = -ENODATA, one = 0;
	char *line = NULL;
	size_t size = 0;
	FILE *f;

	memset(h, 0, sizeof(*h));
	f = hwirq__open_fdinfo(link);
	if (!f)
		return -errno;
	while (one != -EPROTO && getline(&line, &size, f) > 0) {
		one = hwirq_histogram__add_line(h, line);
		if (!one)
			err = 0;
	}
	free(line);
	fclose(f);
	if (one != -EPROTO)
		return err;
	hwirq__warn("hwirq: the kernel's histogram of the link has another format. Use the SDK that belongs to the kernel\n");
	return one;
}

/**
 * hwirq_link__destroy - detach and free
 * @link: link or NULL
 *
 * When this returns, the program is detached, unless another process holds the
 * same link.
 */
static inline void hwirq_link__destroy(struct hwirq_link *link)
{
	if (!link)
		return;
	close(link->fd);
	free(link);
}

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HWIRQ_LINK_H */
