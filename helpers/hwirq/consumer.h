/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * hwirq/consumer.h - take the records out of rings that hard-IRQ programs fill
 *
 * Called as libbpf's ring_buffer is: the same names, return values and callback.
 *
 *	ring = hwirq_ring__new(bpf_map__fd(map), on_record, ctx, NULL);
 *	while (!stop && hwirq_ring__poll(ring, -1) >= 0)
 *		;
 *	hwirq_ring__free(ring);
 *
 * Or without a callback, with hwirq_ring__next(). What libbpf's records do not
 * have, sequence number, losses and queue, is in hwirq_ring__record().
 *
 * One set of rings is for one thread at a time, and one ring for one process: the
 * kernel keeps a single consumer position for it. A consumer that breaks this rule,
 * or whose pages another one overwrites, gets -EPROTO or wrong records, but never
 * reads outside the mapping.
 */
#ifndef HWIRQ_CONSUMER_H
#define HWIRQ_CONSUMER_H

#include <limits.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include "message.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct hwirq_record - a record, and what the ring knows about it
 * @data: payload, read-only, aligned to 8; valid until the callback returns, or
 *        until the next call that consumes from the same set
 * @size: of the payload
 * @seq: number of the record in its ring, lost ones counted
 * @lost: how many records were lost between the previous one of this ring and this
 * @ring: which ring: its index in the order of hwirq_ring__new() and __add()
 * @queue: RX queue that the ring belongs to, -1 if it came by hwirq_ring__add()
 *
 * Records of one ring come in order, those of several in turns.
 */
struct hwirq_record {
	const void *data;
	size_t size;
	__u64 seq;
	__u64 lost;
	unsigned int ring;
	int queue;
};

/**
 * struct hwirq_ring_info - state of one ring; a snapshot
 * @size: bytes of its data area
 * @avail: bytes published and not consumed
 * @records: published since its creation
 * @dropped: not stored since then: ring full, or another reservation outstanding
 * @queue: as in struct hwirq_record
 * @map_fd: its map
 */
struct hwirq_ring_info {
	__u64 size;
	__u64 avail;
	__u64 records;
	__u64 dropped;
	int queue;
	int map_fd;
};

/**
 * struct hwirq_ring_opts - none so far
 * @sz: sizeof(struct hwirq_ring_opts), for compatibility
 */
struct hwirq_ring_opts {
	size_t sz;
};

/* One ring of a set. */
struct hwirq__ring_map {
	ring_buffer_sample_fn sample_cb;
	void *ctx;
	char *consumer;		/* page */
	const char *producer;	/* page */
	const char *data;	/* twice, one behind the other */
	__u64 size;
	__u64 cons;		/* ours; the page has a copy for the kernel */
	__u64 prod;		/* as last read */
	__u64 seq;		/* expected next */
	bool resumed;		/* someone else has consumed: no idea about seq */
	int map_fd;
	int queue;
	char name[BPF_OBJ_NAME_LEN];
};

/**
 * struct hwirq_ring - a set of rings that are consumed together
 *
 * Opaque.
 */
struct hwirq_ring {
	struct hwirq__ring_map *maps;
	struct epoll_event *events;
	unsigned int count;
	unsigned int turn;	/* ring to go on with */
	__u64 turn_end;		/* its position at which the next one has its turn */
	int epoll_fd;
	size_t page;
	__u64 held;		/* bytes of @rec to release, if hwirq_ring__next() gave it */
	struct hwirq_record rec;
};

/*
 * The kernel writes each counter with one store of 64 bits. Where a process has no
 * such load, it reads the upper half before and after the lower one. Its own
 * position may reach the kernel in two pieces: what the kernel makes of the mixture,
 * at most a record counted as dropped, happens once in 4 GiB.
 */
#if __SIZEOF_LONG__ >= 8 && !defined(HWIRQ__RING_HALVES)
static inline __u64 hwirq__load64(const void *p)
{
	return __atomic_load_n((const __u64 *)p, __ATOMIC_ACQUIRE);
}

static inline void hwirq__store64(void *p, __u64 value)
{
	__atomic_store_n((__u64 *)p, value, __ATOMIC_RELEASE);
}
#else
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
enum { HWIRQ__LOW, HWIRQ__HIGH };
#else
enum { HWIRQ__HIGH, HWIRQ__LOW };
#endif
typedef __u32 __attribute__((may_alias)) hwirq__half;

static inline __u64 hwirq__load64(const void *p)
{
	const hwirq__half *half = (const hwirq__half *)p;
	__u32 low, high;

	do {
		high = __atomic_load_n(half + HWIRQ__HIGH, __ATOMIC_ACQUIRE);
		low = __atomic_load_n(half + HWIRQ__LOW, __ATOMIC_ACQUIRE);
	} while (high != __atomic_load_n(half + HWIRQ__HIGH, __ATOMIC_ACQUIRE));
	return (__u64)high << 32 | low;
}

static inline void hwirq__store64(void *p, __u64 value)
{
	hwirq__half *half = (hwirq__half *)p;

	__atomic_store_n(half + HWIRQ__HIGH, (__u32)(value >> 32), __ATOMIC_RELEASE);
	__atomic_store_n(half + HWIRQ__LOW, (__u32)value, __ATOMIC_RELEASE);
}
#endif

/* Where a message says that something happened. */
static inline const char *hwirq__ring_name(const struct hwirq__ring_map *m,
					   char *buf, size_t size)
{
	if (m->queue >= 0)
		snprintf(buf, size, "ring '%s' of queue %d", m->name, m->queue);
	else
		snprintf(buf, size, "ring '%s'", m->name);
	return buf;
}

static inline int hwirq__ring_garbled(const struct hwirq__ring_map *m,
				      const char *what)
{
	char name[64];

	hwirq__warn("hwirq: %s is garbled at position %llu: %s. A ring has one consumer: see whether another process has mapped this one\n",
		    hwirq__ring_name(m, name, sizeof(name)),
		    (unsigned long long)m->cons, what);
	return -EPROTO;
}

/*
 * Look at the next record of a ring. The kernel vouches for what it writes, but
 * another consumer can make it write anywhere, so lengths are checked: nothing
 * outside of what is published is ever touched.
 *
 * Return: 1 with the bytes that the record takes in *@taken; 0 if there is none.
 */
static inline int hwirq__ring_peek(struct hwirq_ring *ring, unsigned int index,
				   __u64 *taken)
{
	struct hwirq__ring_map *m = &ring->maps[index];
	const volatile struct hwirq_ring_hdr *hdr;
	__u64 avail, len, seq;

	if (m->cons == m->prod) {
		/*
		 * The kernel publishes, then looks at our position to see whether
		 * we have to be woken. We have moved our position, and look for
		 * more before we sleep. Neither may overtake itself.
		 */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		m->prod = hwirq__load64(m->producer + HWIRQ_RING_OFF_PRODUCER_POS);
		if (m->cons == m->prod)
			return 0;
	}
	avail = m->prod - m->cons;
	if (avail > m->size)
		return hwirq__ring_garbled(m, "more is published than fits");
	if ((m->cons | avail) & 7 || avail < sizeof(*hdr))
		return hwirq__ring_garbled(m, "no record starts or ends there");
	hdr = (const volatile struct hwirq_ring_hdr *)(const volatile void *)
		(m->data + (m->cons & (m->size - 1)));
	len = hdr->len;
	seq = hdr->seq;
	*taken = (sizeof(*hdr) + len + 7) & ~7ULL;
	if (*taken > avail)
		return hwirq__ring_garbled(m, "the record ends behind the last one");
	if (m->resumed)
		m->seq = seq;
	else if (seq < m->seq)
		return hwirq__ring_garbled(m, "the record is older than the previous one");

	ring->rec.data = m->data + (m->cons & (m->size - 1)) + sizeof(*hdr);
	ring->rec.size = (size_t)len;
	ring->rec.seq = seq;
	ring->rec.lost = seq - m->seq;
	ring->rec.ring = index;
	ring->rec.queue = m->queue;
	return 1;
}

/* Give the room of the record that was looked at back to the kernel. */
static inline void hwirq__ring_release(struct hwirq__ring_map *m, __u64 seq,
				       __u64 taken)
{
	m->seq = seq + 1;
	m->resumed = false;
	m->cons += taken;
	hwirq__store64(m->consumer + HWIRQ_RING_OFF_CONSUMER_POS, m->cons);
}

static inline void hwirq__ring_release_held(struct hwirq_ring *ring)
{
	if (!ring->held)
		return;
	hwirq__ring_release(&ring->maps[ring->rec.ring], ring->rec.seq, ring->held);
	ring->held = 0;
}

/*
 * Up to @n records of one ring, but no more than fill it once: a flood must keep
 * the caller neither from other rings nor from its own business.
 */
static inline int hwirq__ring_consume_map(struct hwirq_ring *ring,
					  unsigned int index, size_t n)
{
	struct hwirq__ring_map *m = &ring->maps[index];
	__u64 start = m->cons, taken;
	char name[64];
	int count = 0;
	int err;

	if (!m->sample_cb) {
		hwirq__warn("hwirq: %s was added without a callback: take its records with hwirq_ring__next()\n",
			    hwirq__ring_name(m, name, sizeof(name)));
		return -EINVAL;
	}
	while ((size_t)count < n && count < INT_MAX && m->cons - start < m->size) {
		err = hwirq__ring_peek(ring, index, &taken);
		if (err < 0)
			return err;
		if (!err)
			break;
		err = m->sample_cb(m->ctx, (void *)(unsigned long)ring->rec.data,
				   ring->rec.size);
		hwirq__ring_release(m, ring->rec.seq, taken);
		if (err < 0)
			return err;
		count++;
	}
	return count;
}

/* Check that a map is a ring, and what the mapping will look like. */
static inline int hwirq__ring_check(struct hwirq__ring_map *m, size_t page)
{
	struct bpf_map_info info;
	__u32 len = sizeof(info);
	int err;

	memset(&info, 0, sizeof(info));
	if (bpf_obj_get_info_by_fd(m->map_fd, &info, &len)) {
		err = -errno;
		hwirq__warn("hwirq: file descriptor %d is no BPF map: %s. Pass bpf_map__fd() of a loaded HWIRQ_RING()\n",
			    m->map_fd, strerror(-err));
		return err;
	}
	memcpy(m->name, info.name, sizeof(m->name));
	m->name[sizeof(m->name) - 1] = '\0';
	if (info.type != BPF_MAP_TYPE_HWIRQ_RINGBUF) {
		hwirq__warn("hwirq: map '%s' has type %u, a ring of hard-IRQ programs has %d. Define it with HWIRQ_RING()\n",
			    m->name, info.type, BPF_MAP_TYPE_HWIRQ_RINGBUF);
		return -EINVAL;
	}
	m->size = info.max_entries;
	if (m->size < page || m->size > HWIRQ_RING_MAX_SIZE ||
	    m->size & (m->size - 1)) {
		hwirq__warn("hwirq: ring '%s' has a data area of %u bytes, which is no power of two from the page size to 64 MiB. Use the SDK that belongs to the kernel\n",
			    m->name, info.max_entries);
		return -EPROTO;
	}
	return 0;
}

static inline int hwirq__ring_map_pages(struct hwirq__ring_map *m, size_t page)
{
	const char *area = "consumer";
	void *p;
	int err;

	p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, m->map_fd, 0);
	if (p == MAP_FAILED)
		goto fail;
	m->consumer = (char *)p;
	area = "producer";
	p = mmap(NULL, page + 2 * (size_t)m->size, PROT_READ, MAP_SHARED,
		 m->map_fd, (off_t)page);
	if (p == MAP_FAILED)
		goto fail;
	m->producer = (const char *)p;
	m->data = m->producer + page;
	return 0;

fail:
	err = -errno;
	hwirq__warn("hwirq: cannot map the %s pages of ring '%s': %s. It takes %llu KiB of address space; see 'ulimit -v'\n",
		    area, m->name, strerror(-err),
		    (unsigned long long)(page + m->size) >> 9);
	return err;
}

static inline void hwirq__ring_unmap(struct hwirq__ring_map *m, size_t page)
{
	if (m->consumer)
		munmap(m->consumer, page);
	if (m->producer)
		munmap((void *)(unsigned long)m->producer,
		       page + 2 * (size_t)m->size);
}

/* Room for one ring more. */
static inline int hwirq__ring_grow(struct hwirq_ring *ring)
{
	size_t n = (size_t)ring->count + 1;
	void *p;

	p = realloc(ring->maps, n * sizeof(*ring->maps));
	if (!p)
		return hwirq__no_memory();
	ring->maps = (struct hwirq__ring_map *)p;
	p = realloc(ring->events, n * sizeof(*ring->events));
	if (!p)
		return hwirq__no_memory();
	ring->events = (struct epoll_event *)p;
	return 0;
}

static inline int hwirq__ring_add(struct hwirq_ring *ring, int map_fd, int queue,
				  ring_buffer_sample_fn sample_cb, void *ctx)
{
	struct hwirq__ring_map *m;
	struct epoll_event event;
	int err;

	err = hwirq__ring_grow(ring);
	if (err)
		return err;
	m = &ring->maps[ring->count];
	memset(m, 0, sizeof(*m));
	m->sample_cb = sample_cb;
	m->ctx = ctx;
	m->map_fd = map_fd;
	m->queue = queue;
	err = hwirq__ring_check(m, ring->page);
	if (err)
		return err;
	err = hwirq__ring_map_pages(m, ring->page);
	if (err)
		goto fail;
	m->cons = hwirq__load64(m->consumer + HWIRQ_RING_OFF_CONSUMER_POS);
	m->prod = m->cons;
	m->resumed = m->cons != 0;

	memset(&event, 0, sizeof(event));
	event.events = EPOLLIN;
	event.data.u32 = ring->count;
	if (epoll_ctl(ring->epoll_fd, EPOLL_CTL_ADD, map_fd, &event)) {
		err = -errno;
		hwirq__warn("hwirq: cannot wait for ring '%s': %s%s\n", m->name,
			    strerror(-err),
			    err == -EEXIST ? ". It is in this set already" : "");
		goto fail;
	}
	ring->count++;
	return 0;

fail:
	hwirq__ring_unmap(m, ring->page);
	return err;
}

/**
 * hwirq_ring__free - unmap the rings and forget the set
 * @ring: set or NULL
 *
 * The maps stay as they are. Not to be called by a callback.
 */
static inline void hwirq_ring__free(struct hwirq_ring *ring)
{
	unsigned int i;

	if (!ring)
		return;
	hwirq__ring_release_held(ring);
	for (i = 0; i < ring->count; i++)
		hwirq__ring_unmap(&ring->maps[i], ring->page);
	if (ring->epoll_fd >= 0)
		close(ring->epoll_fd);
	free(ring->events);
	free(ring->maps);
	free(ring);
}

/* A set without a ring; NULL and errno if there is none to be had. */
static inline struct hwirq_ring *hwirq__ring_set(void)
{
	struct hwirq_ring *ring;
	int err;

	ring = (struct hwirq_ring *)calloc(1, sizeof(*ring));
	if (!ring) {
		errno = -hwirq__no_memory();
		return NULL;
	}
	ring->page = (size_t)sysconf(_SC_PAGESIZE);
	ring->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (ring->epoll_fd < 0) {
		err = errno;
		hwirq__warn("hwirq: no epoll descriptor for a set of rings: %s\n",
			    strerror(err));
		hwirq_ring__free(ring);
		errno = err;
		return NULL;
	}
	return ring;
}

/**
 * hwirq_ring__new - open a ring, the first one of a set
 * @map_fd: of a HWIRQ_RING(); stays the caller's, and open as long as the set
 * @sample_cb: called for each record with @ctx, payload and its size. Negative
 *             values stop consumption and are returned by what consumes; the
 *             record counts as consumed. May be NULL for hwirq_ring__next() only.
 * @ctx: for @sample_cb
 * @opts: NULL, or its sz set
 *
 * Return: the set, or NULL with errno: EINVAL (the map is no ring), EBADF, EPERM,
 * ENOMEM, EPROTO (not this SDK's kernel).
 */
static inline struct hwirq_ring *hwirq_ring__new(int map_fd,
						 ring_buffer_sample_fn sample_cb,
						 void *ctx,
						 const struct hwirq_ring_opts *opts)
{
	struct hwirq_ring *ring;
	int err;

	if (opts && opts->sz < sizeof(opts->sz)) {
		hwirq__warn("hwirq: hwirq_ring__new() takes options with sz = sizeof(struct hwirq_ring_opts)\n");
		errno = EINVAL;
		return NULL;
	}
	ring = hwirq__ring_set();
	if (!ring)
		return NULL;
	err = hwirq__ring_add(ring, map_fd, -1, sample_cb, ctx);
	if (err) {
		hwirq_ring__free(ring);
		errno = -err;
		return NULL;
	}
	return ring;
}

/**
 * hwirq_ring__add - open another ring and add it to a set
 * @ring: set
 * @map_fd: as for hwirq_ring__new()
 * @sample_cb: as for hwirq_ring__new()
 * @ctx: for @sample_cb
 *
 * A record that hwirq_ring__next() has given is released. Not from a callback of
 * the same set: the rings that it is going through may move in memory.
 *
 * Return: 0 or a negative errno as of hwirq_ring__new(); the set stays as it was.
 */
static inline int hwirq_ring__add(struct hwirq_ring *ring, int map_fd,
				  ring_buffer_sample_fn sample_cb, void *ctx)
{
	hwirq__ring_release_held(ring);
	return hwirq__ring_add(ring, map_fd, -1, sample_cb, ctx);
}

/**
 * hwirq_ring__epoll_fd - readable while there are records
 * @ring: set
 *
 * For event loops. Consume until nothing is left or come back: it is
 * level-triggered.
 */
static inline int hwirq_ring__epoll_fd(const struct hwirq_ring *ring)
{
	return ring->epoll_fd;
}

/**
 * hwirq_ring__poll - wait for records and consume them
 * @ring: set
 * @timeout_ms: 0 does not wait, -1 waits without limit
 *
 * A call takes at most as much as all rings hold, so that it returns under any
 * load.
 *
 * Return: number of records consumed, 0 if the time is over, the negative value of
 * a callback, -EINTR after a signal, -EPROTO if a ring is garbled.
 */
static inline int hwirq_ring__poll(struct hwirq_ring *ring, int timeout_ms)
{
	long long sum = 0;
	int n, i, got;

	hwirq__ring_release_held(ring);
	n = epoll_wait(ring->epoll_fd, ring->events, (int)ring->count, timeout_ms);
	if (n < 0)
		return -errno;
	for (i = 0; i < n; i++) {
		got = hwirq__ring_consume_map(ring, ring->events[i].data.u32, INT_MAX);
		if (got < 0)
			return got;
		sum += got;
	}
	return sum > INT_MAX ? INT_MAX : (int)sum;
}

/**
 * hwirq_ring__consume_n - consume up to so many records, without waiting
 * @ring: set
 * @n: how many
 *
 * Return: number of records consumed, or negative as hwirq_ring__poll().
 */
static inline int hwirq_ring__consume_n(struct hwirq_ring *ring, size_t n)
{
	long long sum = 0;
	unsigned int i;
	int got;

	hwirq__ring_release_held(ring);
	if (n > INT_MAX)
		n = INT_MAX;
	for (i = 0; i < ring->count && (size_t)sum < n; i++) {
		/* Each ring is the first one at some time. */
		ring->turn = (ring->turn + 1) % ring->count;
		got = hwirq__ring_consume_map(ring, ring->turn, n - (size_t)sum);
		if (got < 0)
			return got;
		sum += got;
	}
	ring->turn_end = ring->maps[ring->turn].cons;
	return (int)sum;
}

/**
 * hwirq_ring__consume - consume what there is, without waiting
 * @ring: set
 *
 * Return: as hwirq_ring__poll().
 */
static inline int hwirq_ring__consume(struct hwirq_ring *ring)
{
	return hwirq_ring__consume_n(ring, INT_MAX);
}

/**
 * hwirq_ring__next - take the next record without a callback
 * @ring: set
 * @rec: receives the record; it is valid until the next call that consumes from
 *       the set, which gives its room back
 *
 *	while ((err = hwirq_ring__next(ring, &rec)) > 0)
 *		...
 *
 * Does not wait: see hwirq_ring__wait().
 *
 * Return: 1, 0 if there is none now, -EPROTO if a ring is garbled.
 */
static inline int hwirq_ring__next(struct hwirq_ring *ring,
				   const struct hwirq_record **rec)
{
	struct hwirq__ring_map *m;
	unsigned int i;
	__u64 taken;
	int err;

	hwirq__ring_release_held(ring);
	/* One more than there are: the first one may only have lost its turn. */
	for (i = 0; i <= ring->count; i++) {
		m = &ring->maps[ring->turn];
		err = 0;
		if (m->cons < ring->turn_end || ring->count == 1)
			err = hwirq__ring_peek(ring, ring->turn, &taken);
		if (err < 0)
			return err;
		if (err) {
			ring->held = taken;
			*rec = &ring->rec;
			return 1;
		}
		ring->turn = (ring->turn + 1) % ring->count;
		m = &ring->maps[ring->turn];
		ring->turn_end = m->cons + m->size;
	}
	return 0;
}

/**
 * hwirq_ring__wait - wait until hwirq_ring__next() has something
 * @ring: set
 * @timeout_ms: 0 does not wait, -1 waits without limit
 *
 * Return: 1, 0 if the time is over, -EINTR after a signal.
 */
static inline int hwirq_ring__wait(struct hwirq_ring *ring, int timeout_ms)
{
	int n;

	hwirq__ring_release_held(ring);
	n = epoll_wait(ring->epoll_fd, ring->events, (int)ring->count, timeout_ms);
	if (n < 0)
		return -errno;
	return n > 0;
}

/**
 * hwirq_ring__record - the record that a callback is being called for
 * @ring: set
 *
 * For the callback: sequence number, losses before it, ring and queue.
 */
static inline const struct hwirq_record *
hwirq_ring__record(const struct hwirq_ring *ring)
{
	return &ring->rec;
}

/**
 * hwirq_ring__count - number of rings in a set
 * @ring: set
 */
static inline unsigned int hwirq_ring__count(const struct hwirq_ring *ring)
{
	return ring->count;
}

/**
 * hwirq_ring__info - state of one ring
 * @ring: set
 * @index: below hwirq_ring__count()
 * @info: receives it
 */
static inline int hwirq_ring__info(const struct hwirq_ring *ring,
				   unsigned int index,
				   struct hwirq_ring_info *info)
{
	const struct hwirq__ring_map *m;

	if (index >= ring->count)
		return -ERANGE;
	m = &ring->maps[index];
	info->size = m->size;
	info->avail = hwirq__load64(m->producer + HWIRQ_RING_OFF_PRODUCER_POS) - m->cons;
	info->records = hwirq__load64(m->producer + HWIRQ_RING_OFF_RECORDS);
	info->dropped = hwirq__load64(m->producer + HWIRQ_RING_OFF_DROPPED);
	info->queue = m->queue;
	info->map_fd = m->map_fd;
	return 0;
}

/**
 * hwirq_ring__dropped - records that the rings of a set have lost so far
 * @ring: set
 *
 * The kernel's count, since the rings were created. The losses that the records
 * tell of (struct hwirq_record) add up to the same, less those after the last
 * record.
 */
static inline __u64 hwirq_ring__dropped(const struct hwirq_ring *ring)
{
	__u64 sum = 0;
	unsigned int i;

	for (i = 0; i < ring->count; i++)
		sum += hwirq__load64(ring->maps[i].producer + HWIRQ_RING_OFF_DROPPED);
	return sum;
}

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HWIRQ_CONSUMER_H */
