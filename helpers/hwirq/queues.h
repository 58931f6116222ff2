/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * hwirq/queues.h - a program with a ring on each receive queue of a device
 *
 * A ring serves one receive queue. So a program that uses one is loaded once per
 * queue: an instance, a link and a ring each. This does it, and consumes all rings
 * as one set:
 *
 *	elf = NAME_bpf__elf_bytes(&size);		bpftool gen skeleton
 *	hwirq_queues__open_mem(elf, size, NULL, ifindex, HWIRQ_ALL_QUEUES, &qs);
 *	for (i = 0; i < hwirq_queues__count(qs); i++) {
 *		config = hwirq_queues__rodata(qs, i, sizeof(*config));
 *		config->port = 7;
 *	}
 *	hwirq_queues__attach(qs, NULL, NULL, on_record, ctx);
 *	while (!stop && hwirq_ring__poll(hwirq_queues__ring(qs), -1) >= 0)
 *		;
 *	hwirq_queues__free(qs);
 *
 * Functions return 0 or a negative errno and have then said why, see
 * hwirq_set_print().
 */
#ifndef HWIRQ_QUEUES_H
#define HWIRQ_QUEUES_H

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "consumer.h"
#include "link.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An instance of the program. */
struct hwirq__instance {
	int queue;
	struct bpf_object *obj;
	struct hwirq_link *link;
};

/**
 * struct hwirq_queues - the instances of a program on the queues of a device
 *
 * Opaque.
 */
struct hwirq_queues {
	int ifindex;
	char ifname[HWIRQ__IFNAME_SIZE];
	bool all;
	unsigned int count;
	struct hwirq__instance *instances;
	struct hwirq_ring *ring;
};

/* What the driver says; 0 if it says nothing. */
static inline unsigned int hwirq__channels(const char *ifname)
{
	struct ethtool_channels channels;
	struct ifreq req;
	int fd, err;

	memset(&channels, 0, sizeof(channels));
	channels.cmd = ETHTOOL_GCHANNELS;
	memset(&req, 0, sizeof(req));
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%.*s", IF_NAMESIZE - 1, ifname);
	req.ifr_data = (char *)&channels;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	err = ioctl(fd, SIOCETHTOOL, &req);
	close(fd);
	return err ? 0 : channels.rx_count + channels.combined_count;
}

/**
 * hwirq_rx_queues - number of receive queues that a device uses
 * @ifindex: device
 *
 * Asks the driver, and sysfs if that does not tell.
 *
 * Return: 1 or more, or -ENODEV or -ENODATA.
 */
static inline int hwirq_rx_queues(int ifindex)
{
	char ifname[HWIRQ__IFNAME_SIZE];
	unsigned int n;

	if (ifindex <= 0 || !if_indextoname((unsigned int)ifindex, ifname)) {
		hwirq__warn("hwirq: there is no network interface with index %d. See what there is: ip link\n",
			    ifindex);
		return -ENODEV;
	}
	n = hwirq__channels(ifname);
	if (!n)
		n = hwirq__count_rx_queues(ifname);
	if (n && n <= INT_MAX)
		return (int)n;
	hwirq__warn("hwirq: cannot find out how many RX queues %s has: its driver reports no channels, and /sys/class/net/%s/queues lists none. Is /sys mounted, for this network namespace?\n",
		    ifname, ifname);
	return -ENODATA;
}

/**
 * hwirq_queues__detach - detach all instances, and keep their rings
 * @qs: attached
 *
 * Nothing is recorded from here on. What is in the rings can be consumed, and
 * together with hwirq_ring__dropped() it is all that there was.
 */
static inline void hwirq_queues__detach(struct hwirq_queues *qs)
{
	unsigned int i;

	for (i = 0; i < qs->count; i++) {
		hwirq_link__destroy(qs->instances[i].link);
		qs->instances[i].link = NULL;
	}
}

/* Detach, unload, and unmap everything; the list of queues stays. */
static inline void hwirq__queues_close(struct hwirq_queues *qs)
{
	unsigned int i;

	hwirq_queues__detach(qs);
	hwirq_ring__free(qs->ring);
	qs->ring = NULL;
	for (i = 0; i < qs->count; i++) {
		bpf_object__close(qs->instances[i].obj);
		qs->instances[i].obj = NULL;
	}
}

/**
 * hwirq_queues__free - detach all instances and forget them
 * @qs: from hwirq_queues__open() or NULL
 *
 * Records that were not consumed are lost: see hwirq_queues__detach().
 */
static inline void hwirq_queues__free(struct hwirq_queues *qs)
{
	if (!qs)
		return;
	hwirq__queues_close(qs);
	free(qs->instances);
	free(qs);
}

/* The list of queues, without objects. */
static inline int hwirq__queues_new(int ifindex, int queue,
				    struct hwirq_queues **result)
{
	struct hwirq_queues *qs;
	unsigned int i;
	int n;

	n = hwirq_rx_queues(ifindex);
	if (n < 0)
		return n;
	qs = (struct hwirq_queues *)calloc(1, sizeof(*qs));
	if (!qs)
		return hwirq__no_memory();
	qs->ifindex = ifindex;
	hwirq__ifname(ifindex, qs->ifname);
	if (queue < HWIRQ_ALL_QUEUES || queue >= n) {
		hwirq__warn("hwirq: %s has no RX queue %d. It has %d, counted from 0\n",
			    qs->ifname, queue, n);
		free(qs);
		return -ENXIO;
	}
	qs->all = queue == HWIRQ_ALL_QUEUES;
	qs->count = qs->all ? (unsigned int)n : 1;
	qs->instances = (struct hwirq__instance *)
		calloc(qs->count, sizeof(*qs->instances));
	if (!qs->instances) {
		free(qs);
		return hwirq__no_memory();
	}
	for (i = 0; i < qs->count; i++)
		qs->instances[i].queue = qs->all ? (int)i : queue;
	*result = qs;
	return 0;
}

/**
 * hwirq_queues__open_mem - open an object once per receive queue
 * @elf: the object file in memory, as NAME__elf_bytes() of a skeleton gives it
 * @size: of @elf
 * @opts: as for bpf_object__open_mem(), may be NULL
 * @ifindex: device, see hwirq_ifindex()
 * @queue: one RX queue, or HWIRQ_ALL_QUEUES
 * @qs: receives the instances; hwirq_queues__free() ends it all
 *
 * Return: 0 or -ENODEV, -ENODATA, -ENXIO (no such queue), -ENOMEM, or what libbpf
 * returns.
 */
static inline int hwirq_queues__open_mem(const void *elf, size_t size,
					 const struct bpf_object_open_opts *opts,
					 int ifindex, int queue,
					 struct hwirq_queues **qs)
{
	struct bpf_object *obj;
	unsigned int i;
	char why[128];
	int err;

	*qs = NULL;
	err = hwirq_register();
	if (!err)
		err = hwirq__queues_new(ifindex, queue, qs);
	for (i = 0; !err && i < (*qs)->count; i++) {
		errno = 0;
		obj = bpf_object__open_mem(elf, size, opts);
		if (obj) {
			(*qs)->instances[i].obj = obj;
			continue;
		}
		err = errno ? -errno : -EINVAL;
		hwirq__warn("hwirq: libbpf cannot open the object in memory: %s. It must be made by clang -O2 -g -target bpf\n",
			    hwirq__strerror(err, why, sizeof(why)));
	}
	if (err) {
		hwirq_queues__free(*qs);
		*qs = NULL;
	}
	return err;
}

/**
 * hwirq_queues__open - as hwirq_queues__open_mem(), from a file
 * @path: file made by clang -target bpf
 * @opts: as for bpf_object__open_file(), may be NULL
 * @ifindex: device
 * @queue: one RX queue, or HWIRQ_ALL_QUEUES
 * @qs: receives the instances
 */
static inline int hwirq_queues__open(const char *path,
				     const struct bpf_object_open_opts *opts,
				     int ifindex, int queue,
				     struct hwirq_queues **qs)
{
	unsigned int i;
	int err;

	*qs = NULL;
	err = hwirq__queues_new(ifindex, queue, qs);
	for (i = 0; !err && i < (*qs)->count; i++)
		err = hwirq_object__open(path, opts, &(*qs)->instances[i].obj);
	if (err) {
		hwirq_queues__free(*qs);
		*qs = NULL;
	}
	return err;
}

/**
 * hwirq_queues__count - number of instances
 * @qs: instances
 */
static inline unsigned int hwirq_queues__count(const struct hwirq_queues *qs)
{
	return qs->count;
}

/**
 * hwirq_queues__object - one of the objects, to be configured before attach
 * @qs: instances
 * @index: below hwirq_queues__count()
 */
static inline struct bpf_object *
hwirq_queues__object(const struct hwirq_queues *qs, unsigned int index)
{
	return index < qs->count ? qs->instances[index].obj : NULL;
}

/**
 * hwirq_queues__rodata - the `const volatile` globals of one instance
 * @qs: opened, not attached
 * @index: below hwirq_queues__count()
 * @size: of the struct that the skeleton declares for them, NAME__rodata
 *
 * Return: where to write them, or NULL after a sentence if there are none or
 * others.
 */
static inline void *hwirq_queues__rodata(const struct hwirq_queues *qs,
					 unsigned int index, size_t size)
{
	struct bpf_object *obj = hwirq_queues__object(qs, index);
	struct bpf_map *map;
	size_t have = 0, len;
	const void *data;

	if (!obj)
		return NULL;
	bpf_object__for_each_map(map, obj) {
		const char *name = bpf_map__name(map);

		len = strlen(name);
		if (len < 7 || strcmp(name + len - 7, ".rodata"))
			continue;
		data = bpf_map__initial_value(map, &have);
		if (data && have == size)
			return (void *)(unsigned long)data;
	}
	hwirq__warn("hwirq: object '%s' has %zu bytes of constants, not %zu. Skeleton and object must be of the same make\n",
		    bpf_object__name(obj), have, size);
	return NULL;
}

/* By name, or the only one. */
static inline struct bpf_program *hwirq__find_program(struct bpf_object *obj,
						      const char *name)
{
	struct bpf_program *prog;

	prog = name ? bpf_object__find_program_by_name(obj, name) :
		      bpf_object__next_program(obj, NULL);
	if (prog && (name || !bpf_object__next_program(obj, prog)))
		return prog;
	if (name)
		hwirq__warn("hwirq: object '%s' has no program '%s'\n",
			    bpf_object__name(obj), name);
	else
		hwirq__warn("hwirq: object '%s' has %s. Say which program to attach\n",
			    bpf_object__name(obj),
			    prog ? "several programs" : "no program");
	return NULL;
}

static inline struct bpf_map *hwirq__find_ring(struct bpf_object *obj,
					       const char *name)
{
	struct bpf_map *map, *found = NULL;
	unsigned int n = 0;

	bpf_object__for_each_map(map, obj) {
		if ((unsigned int)bpf_map__type(map) != BPF_MAP_TYPE_HWIRQ_RINGBUF ||
		    (name && strcmp(bpf_map__name(map), name)))
			continue;
		found = map;
		n++;
	}
	if (n == 1)
		return found;
	if (name)
		hwirq__warn("hwirq: object '%s' has no ring '%s'. Define it with HWIRQ_RING()\n",
			    bpf_object__name(obj), name);
	else
		hwirq__warn("hwirq: object '%s' has %u rings. %s\n",
			    bpf_object__name(obj), n,
			    n ? "Say which one to consume" :
				"Without a ring one instance serves all queues: hwirq_program__attach()");
	return NULL;
}

/* Load all, then open all rings, then attach: nothing is recorded in vain. */
static inline int hwirq__queues_attach(struct hwirq_queues *qs,
				       const char *prog_name,
				       const char *ring_name,
				       ring_buffer_sample_fn sample_cb, void *ctx,
				       int *failed)
{
	struct hwirq__instance *one;
	struct bpf_program *prog;
	struct bpf_map *map;
	unsigned int i;
	int err = 0;

	qs->ring = hwirq__ring_set();
	if (!qs->ring)
		return -errno;
	for (i = 0; !err && i < qs->count; i++) {
		one = &qs->instances[i];
		*failed = one->queue;
		if (!hwirq__find_program(one->obj, prog_name))
			return -ENOENT;
		map = hwirq__find_ring(one->obj, ring_name);
		if (!map)
			return -ENOENT;
		err = hwirq_object__load(one->obj);
		if (!err)
			err = hwirq__ring_add(qs->ring, bpf_map__fd(map),
					      one->queue, sample_cb, ctx);
	}
	for (i = 0; !err && i < qs->count; i++) {
		one = &qs->instances[i];
		*failed = one->queue;
		prog = hwirq__find_program(one->obj, prog_name);
		err = hwirq_program__attach(prog, qs->ifindex, one->queue,
					    &one->link);
	}
	if (!err)
		*failed = -1;
	return err;
}

/**
 * hwirq_queues__attach - load all instances, open their rings, attach them
 * @qs: from hwirq_queues__open()
 * @prog_name: program, or NULL for the only one
 * @ring_name: ring to consume, or NULL for the only one
 * @sample_cb: called for each record, see hwirq_ring__new(); may be NULL
 * @ctx: for @sample_cb
 *
 * All or nothing: on failure every instance is detached and closed again, and all
 * that can be done with @qs is hwirq_queues__free().
 *
 * Return: 0 or a negative errno as of hwirq_object__load() and
 * hwirq_program__attach(); -ENOENT if there is no such program or ring; -EAGAIN if
 * the number of queues has changed since hwirq_queues__open().
 */
static inline int hwirq_queues__attach(struct hwirq_queues *qs,
				       const char *prog_name,
				       const char *ring_name,
				       ring_buffer_sample_fn sample_cb, void *ctx)
{
	int failed = -1, err, now;

	if (!qs->instances[0].obj || qs->ring) {
		hwirq__warn("hwirq: hwirq_queues__attach() of %s was called before. Open the object anew\n",
			    qs->ifname);
		return -EINVAL;
	}
	err = hwirq__queues_attach(qs, prog_name, ring_name, sample_cb, ctx,
				   &failed);
	/* From here on the kernel keeps the number of queues as it is. */
	if (!err && qs->all) {
		now = hwirq_rx_queues(qs->ifindex);
		if (now >= 0 && (unsigned int)now != qs->count) {
			hwirq__warn("hwirq: the number of RX queues of %s has changed from %u to %d in the middle of attaching. Try again\n",
				    qs->ifname, qs->count, now);
			err = -EAGAIN;
		}
		if (now < 0)
			err = now;
	}
	if (!err)
		return 0;
	if (failed >= 0 && qs->count > 1)
		hwirq__warn("hwirq: the program is on none of the %u queues of %s: it failed for queue %d, see above\n",
			    qs->count, qs->ifname, failed);
	hwirq__queues_close(qs);
	return err;
}

/**
 * hwirq_queues__ring - the rings of all instances, as one set
 * @qs: attached
 *
 * For hwirq_ring__poll() and its sisters; hwirq_queues__free() frees it.
 */
static inline struct hwirq_ring *hwirq_queues__ring(const struct hwirq_queues *qs)
{
	return qs->ring;
}

/**
 * hwirq_queues__link - the link of one instance
 * @qs: attached
 * @index: below hwirq_queues__count()
 */
static inline struct hwirq_link *
hwirq_queues__link(const struct hwirq_queues *qs, unsigned int index)
{
	return index < qs->count ? qs->instances[index].link : NULL;
}

/**
 * hwirq_queues__stats - the counters of all links together
 * @qs: attached
 * @stats: receives the sums; of ns_max, the maximum
 *
 * Return: as hwirq_link__stats(); -ENODEV after hwirq_queues__detach().
 */
static inline int hwirq_queues__stats(const struct hwirq_queues *qs,
				      struct hwirq_stats *stats)
{
	struct hwirq_stats one;
	unsigned int i;
	__u64 max = 0;
	int err;

	memset(stats, 0, sizeof(*stats));
	for (i = 0; i < qs->count; i++) {
		if (!qs->instances[i].link) {
			hwirq__warn("hwirq: no counters of %s: its links, which have them, are detached. Read them before hwirq_queues__detach()\n",
				    qs->ifname);
			return -ENODEV;
		}
		err = hwirq_link__stats(qs->instances[i].link, &one);
		if (err)
			return err;
		if (one.ns_max > max)
			max = one.ns_max;
#define HWIRQ__ADD(name) stats->name += one.name;
		HWIRQ_STATS(HWIRQ__ADD)
#undef HWIRQ__ADD
	}
	stats->ns_max = max;
	return 0;
}

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HWIRQ_QUEUES_H */
