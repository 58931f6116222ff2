// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * test_ring.c - hwirq/consumer.h and hwirq/queues.h against a kernel that the tests
 * play
 *
 * A ring is a memfd with the layout of the real one, and an eventfd that stands for
 * the map: the linker wraps what reaches the kernel. The producer below is written
 * after the description of the ring, not after the consumer. With HWIRQ__RING_HALVES
 * the same tests run with the loads and stores of a 32-bit process.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "test.h"
#include <hwirq_user.h>

#ifdef HWIRQ__RING_HALVES
#define GROUP "ring32"
#else
#define GROUP "ring"
#endif

#define IFINDEX 1	/* lo exists everywhere */
#define PATIENCE_MS 60000

/* What the kernel has of a ring. */
struct producer {
	int fd;			/* the map: an eventfd */
	int memfd;
	unsigned int type;
	uint64_t size;
	char *area;		/* consumer page, producer page, data, data */
	uint64_t prod, seq, records, dropped;
};

static struct producer rings[8];
static unsigned int nr_rings;
static size_t page;

static struct {
	unsigned int queues;	/* channels of the device; 0: no answer */
	unsigned int queues_later;	/* after the first time */
	int mmap_err;
	bool timed_out;		/* the last epoll_wait() */
	/* the first calls of their kind, counted from 1, that fail */
	unsigned int map_at, prog_at, link_at, info_at;
	int err;

	unsigned int maps, progs, links, infos;
	unsigned int queue_plus1[16];
	int fds[64];
	unsigned int nr_fds;
} fake;

static char said[65536];

static int say(enum libbpf_print_level level, const char *format, va_list args)
{
	size_t len = strlen(said);

	(void)level;
	return vsnprintf(said + len, sizeof(said) - len, format, args);
}

static void check_said(const char *what)
{
	if (!strstr(said, what))
		fail_msg("'%s' is not in: %s", what, said);
	if (strncmp(said, "hwirq: ", 7))
		fail_msg("no message of ours: %s", said);
	said[0] = '\0';
}

static uint64_t *word(struct producer *p, size_t at)
{
	return (uint64_t *)(void *)(p->area + at);
}

static uint64_t cons_of(struct producer *p)
{
	return __atomic_load_n(word(p, HWIRQ_RING_OFF_CONSUMER_POS), __ATOMIC_ACQUIRE);
}

static struct producer *ring_of(int fd)
{
	unsigned int i;

	for (i = 0; i < nr_rings; i++) {
		if (rings[i].fd == fd)
			return &rings[i];
	}
	return NULL;
}

void *__real_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off);
void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off);
int __real_epoll_wait(int fd, struct epoll_event *events, int max, int timeout);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout);
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

/* The data area twice, and a hole on both sides for whoever looks beyond. */
static void *map_twice(struct producer *p, size_t first, int prot)
{
	size_t len = 2 * page - first + 2 * p->size;
	char *at;

	at = (char *)__real_mmap(NULL, len + 2 * page, PROT_NONE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	at += page;
	assert_ptr_equal(__real_mmap(at, len - p->size, prot, MAP_SHARED | MAP_FIXED,
				     p->memfd, (off_t)first), at);
	assert_ptr_equal(__real_mmap(at + len - p->size, p->size, prot,
				     MAP_SHARED | MAP_FIXED, p->memfd,
				     (off_t)(2 * page)),
			 at + len - p->size);
	return at;
}

void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	struct producer *p = fd >= 0 ? ring_of(fd) : NULL;

	if (!p)
		return __real_mmap(addr, len, prot, flags, fd, off);
	assert_int_equal(flags, MAP_SHARED);
	if (fake.mmap_err) {
		errno = fake.mmap_err;
		return MAP_FAILED;
	}
	if (!off) {
		assert_int_equal(len, page);
		return __real_mmap(addr, len, prot, flags, p->memfd, 0);
	}
	assert_int_equal(off, page);
	assert_int_equal(len, page + 2 * p->size);
	assert_int_equal(prot, PROT_READ);
	return map_twice(p, page, prot);
}

/* The map is readable if there are records: bring the eventfds up to date. */
int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	struct producer *p;
	eventfd_t value;
	unsigned int i;
	int n;

	for (i = 0; i < nr_rings; i++) {
		p = &rings[i];
		eventfd_read(p->fd, &value);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (cons_of(p) != __atomic_load_n(word(p, page), __ATOMIC_ACQUIRE))
			eventfd_write(p->fd, 1);
	}
	n = __real_epoll_wait(fd, events, max, timeout);
	fake.timed_out = timeout > 0 && !n;
	return n;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	struct ethtool_channels *channels;
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (request != SIOCETHTOOL)
		return __real_ioctl(fd, request, arg);
	channels = (struct ethtool_channels *)(void *)((struct ifreq *)arg)->ifr_data;
	assert_int_equal(channels->cmd, ETHTOOL_GCHANNELS);
	if (!fake.queues) {
		errno = EOPNOTSUPP;
		return -1;
	}
	channels->rx_count = 1;
	channels->combined_count = fake.queues - 1;
	if (fake.queues_later)
		fake.queues = fake.queues_later;
	return 0;
}

static int ring_create(uint64_t size)
{
	struct producer *p = &rings[nr_rings];

	assert_true(nr_rings < ARRAY_SIZE(rings));
	memset(p, 0, sizeof(*p));
	p->type = BPF_MAP_TYPE_HWIRQ_RINGBUF;
	p->size = size;
	p->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->memfd = memfd_create("ring", MFD_CLOEXEC);
	assert_int_equal(ftruncate(p->memfd, (off_t)(2 * page + size)), 0);
	p->area = (char *)map_twice(p, 0, PROT_READ | PROT_WRITE);
	nr_rings++;
	return p->fd;
}

static long new_fd(unsigned int nth, unsigned int fail_at, int fd)
{
	if (fail_at && nth >= fail_at) {
		errno = fake.err;
		return -1;
	}
	if (fd < 0)
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(fake.nr_fds < ARRAY_SIZE(fake.fds));
	fake.fds[fake.nr_fds++] = fd;
	return fd;
}

static long fake_info(const union bpf_attr *attr)
{
	struct bpf_map_info *info =
		(struct bpf_map_info *)(uintptr_t)attr->info.info;
	struct producer *p = ring_of((int)attr->info.bpf_fd);

	if (!p) {
		errno = EBADF;
		return -1;
	}
	if (++fake.infos >= fake.info_at && fake.info_at) {
		errno = fake.err;
		return -1;
	}
	memset(info, 0, sizeof(*info));
	info->type = p->type;
	info->max_entries = (unsigned int)p->size;
	strcpy(info->name, "events");
	return 0;
}

static long fake_bpf(int cmd, const union bpf_attr *attr)
{
	switch (cmd) {
	case BPF_PROG_LOAD:
		/* all but libbpf's and our probes */
		if (attr->prog_type != BPF_PROG_TYPE_HWIRQ || attr->insn_cnt == 2)
			return open("/dev/null", O_RDONLY | O_CLOEXEC);
		return new_fd(++fake.progs, fake.prog_at, -1);
	case BPF_MAP_CREATE:
		if (attr->map_type != BPF_MAP_TYPE_HWIRQ_RINGBUF)
			return open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (++fake.maps >= fake.map_at && fake.map_at)
			return new_fd(fake.maps, fake.map_at, -1);
		return new_fd(fake.maps, fake.map_at, ring_create(attr->max_entries));
	case BPF_LINK_CREATE:
		fake.queue_plus1[fake.links % 16] = attr->link_create.target_btf_id;
		return new_fd(++fake.links, fake.link_at, -1);
	case BPF_OBJ_GET_INFO_BY_FD:
		return fake_info(attr);
	case BPF_BTF_LOAD:
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	default:
		return 0;
	}
}

#include "fake_bpf.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static int setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	page = (size_t)sysconf(_SC_PAGESIZE);
	said[0] = '\0';
	hwirq_set_print(say);
	libbpf_set_print(NULL);
	return 0;
}

static int teardown(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < nr_rings; i++) {
		munmap(rings[i].area - page, 4 * page + 2 * rings[i].size);
		close(rings[i].memfd);
		if (is_open(rings[i].fd))
			close(rings[i].fd);
	}
	nr_rings = 0;
	hwirq_set_print(hwirq__print_stderr);
	return 0;
}

/* As the kernel does it: room, header, payload, publish, wake. */

static uint64_t taken_by(uint64_t len)
{
	return (16 + len + 7) / 8 * 8;
}

static unsigned char pattern(uint64_t seq, size_t i)
{
	return (unsigned char)(seq * 31 + i * 7);
}

static bool produce(struct producer *p, size_t len)
{
	uint64_t cons = cons_of(p), used = p->prod - cons, old = p->prod;
	uint64_t seq = p->seq++;
	char *at = p->area + 2 * page + p->prod % p->size;
	uint32_t len32 = (uint32_t)len;
	size_t i;

	if (used > p->size || taken_by(len) > p->size - used) {
		p->dropped++;
		__atomic_store_n(word(p, page + 64), p->dropped, __ATOMIC_RELAXED);
		return false;
	}
	memcpy(at, &len32, 4);
	memcpy(at + 8, &seq, 8);
	for (i = 0; i < len; i++)
		at[16 + i] = (char)pattern(seq, i);
	p->records++;
	__atomic_store_n(word(p, page + 128), p->records, __ATOMIC_RELAXED);
	p->prod += taken_by(len);
	__atomic_store_n(word(p, page), p->prod, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (cons_of(p) == old)
		eventfd_write(p->fd, 1);
	return true;
}

/* What the consumer saw. */
struct seen {
	struct hwirq_ring *ring;
	unsigned int records;
	uint64_t lost, bytes, last_seq;
	unsigned int per_ring[8];
	size_t last_size;
	int stop_at;		/* return -STOP at this record */
	int flood;		/* produce so many more for each one */
};

#define STOP 4711

static void check_payload(const struct hwirq_record *rec)
{
	const unsigned char *data = (const unsigned char *)rec->data;
	size_t i;

	assert_int_equal((uintptr_t)data % 8, 0);
	for (i = 0; i < rec->size; i++) {
		if (data[i] != pattern(rec->seq, i))
			fail_msg("byte %zu of record %llu is wrong", i,
				 (unsigned long long)rec->seq);
	}
}

static int on_record(void *ctx, void *data, size_t size)
{
	struct seen *seen = (struct seen *)ctx;
	const struct hwirq_record *rec = hwirq_ring__record(seen->ring);
	int i;

	assert_ptr_equal(rec->data, data);
	assert_int_equal(rec->size, size);
	check_payload(rec);
	seen->records++;
	seen->lost += rec->lost;
	seen->bytes += size;
	seen->last_seq = rec->seq;
	seen->last_size = size;
	seen->per_ring[rec->ring]++;
	for (i = 0; i < seen->flood; i++)
		produce(&rings[rec->ring], 64);
	return seen->stop_at && (int)seen->records == seen->stop_at ? -STOP : 0;
}

static struct hwirq_ring *open_ring(uint64_t size, struct seen *seen)
{
	struct hwirq_ring_opts opts = { .sz = sizeof(opts) };

	memset(seen, 0, sizeof(*seen));
	seen->ring = hwirq_ring__new(ring_create(size), on_record, seen, &opts);
	assert_non_null(seen->ring);
	assert_string_equal(said, "");
	return seen->ring;
}

static void empty(void **state)
{
	struct hwirq_ring_info info;
	struct hwirq_ring *ring;
	struct seen seen;

	(void)state;
	ring = open_ring(page, &seen);
	assert_int_equal(hwirq_ring__poll(ring, 0), 0);
	assert_int_equal(hwirq_ring__consume(ring), 0);
	assert_int_equal(hwirq_ring__consume_n(ring, 1), 0);
	assert_int_equal(hwirq_ring__wait(ring, 0), 0);
	assert_int_equal(hwirq_ring__dropped(ring), 0);
	assert_int_equal(hwirq_ring__count(ring), 1);
	assert_int_equal(hwirq_ring__info(ring, 0, &info), 0);
	assert_int_equal(info.size, page);
	assert_int_equal(info.avail, 0);
	assert_int_equal(info.queue, -1);
	assert_int_equal(info.map_fd, rings[0].fd);
	assert_int_equal(hwirq_ring__info(ring, 1, &info), -ERANGE);
	assert_true(is_open(hwirq_ring__epoll_fd(ring)));
	hwirq_ring__free(ring);
	hwirq_ring__free(NULL);
}

static void records(void **state)
{
	static const size_t sizes[] = { 0, 1, 7, 8, 9, 100, 1000 };
	struct hwirq_ring_info info;
	struct hwirq_ring *ring;
	struct seen seen;
	size_t i;

	(void)state;
	ring = open_ring(page, &seen);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		assert_true(produce(&rings[0], sizes[i]));
		assert_int_equal(hwirq_ring__poll(ring, -1), 1);
		assert_int_equal(seen.last_size, sizes[i]);
		assert_int_equal(seen.last_seq, i);
		assert_int_equal(cons_of(&rings[0]), rings[0].prod);
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		produce(&rings[0], sizes[i]);
	assert_int_equal(hwirq_ring__info(ring, 0, &info), 0);
	assert_int_equal(info.avail, rings[0].prod - cons_of(&rings[0]));
	assert_int_equal(info.records, 2 * ARRAY_SIZE(sizes));
	assert_int_equal(hwirq_ring__poll(ring, 0), ARRAY_SIZE(sizes));
	assert_int_equal(seen.lost, 0);
	hwirq_ring__free(ring);
}

/* Any size at any place, the largest that fits included. */
static void wrap_around(void **state)
{
	unsigned long n, count = rng_start("wrap_around", 20000);
	uint64_t bytes = 0, dropped;
	struct hwirq_ring *ring;
	struct seen seen;
	size_t len;
	int got;

	(void)state;
	ring = open_ring(page, &seen);
	for (n = 0; n < count; n++) {
		len = rng_below(8) ? rng_below(300) : rng_below((unsigned int)page - 15);
		if (!rng_below(100))
			len = page - 16;
		if (produce(&rings[0], len))
			bytes += len;
		if (rng_below(3))
			continue;
		got = hwirq_ring__consume(ring);
		assert_true(got >= 0);
	}
	hwirq_ring__consume(ring);
	dropped = rings[0].dropped;
	assert_true(dropped > 0);
	assert_int_equal(seen.records + dropped, count);
	assert_int_equal(seen.bytes, bytes);
	assert_true(seen.lost <= dropped);
	/* A last record shows what was lost before it. */
	produce(&rings[0], 8);
	assert_int_equal(hwirq_ring__consume(ring), 1);
	assert_int_equal(seen.lost, dropped);
	assert_int_equal(hwirq_ring__dropped(ring), dropped);
	assert_string_equal(said, "");
	hwirq_ring__free(ring);
}

static void gaps(void **state)
{
	const struct hwirq_record *rec;
	struct hwirq_ring *ring;
	struct seen seen;
	int i;

	(void)state;
	ring = open_ring(page, &seen);
	/* lost before the first one */
	assert_false(produce(&rings[0], page));
	assert_false(produce(&rings[0], page - 15));
	assert_true(produce(&rings[0], page - 16));
	for (i = 0; i < 5; i++)
		assert_false(produce(&rings[0], 0));
	assert_int_equal(hwirq_ring__next(ring, &rec), 1);
	assert_int_equal(rec->lost, 2);
	assert_int_equal(rec->seq, 2);
	assert_int_equal(hwirq_ring__next(ring, &rec), 0);
	assert_int_equal(hwirq_ring__dropped(ring), 7);
	produce(&rings[0], 1);
	produce(&rings[0], 1);
	assert_int_equal(hwirq_ring__next(ring, &rec), 1);
	assert_int_equal(rec->lost, 5);
	assert_int_equal(hwirq_ring__next(ring, &rec), 1);
	assert_int_equal(rec->lost, 0);
	hwirq_ring__free(ring);
}

static void callback_stops(void **state)
{
	struct hwirq_ring *ring;
	struct seen seen;
	int i;

	(void)state;
	ring = open_ring(page, &seen);
	assert_int_equal(hwirq_ring__add(ring, ring_create(page), on_record, &seen), 0);
	for (i = 0; i < 10; i++) {
		produce(&rings[0], 10);
		produce(&rings[1], 20);
	}
	seen.stop_at = 3;
	assert_int_equal(hwirq_ring__poll(ring, 0), -STOP);
	/* The record at which it stopped is consumed, the next one comes next. */
	assert_int_equal(seen.records, 3);
	seen.stop_at = 5;
	assert_int_equal(hwirq_ring__consume(ring), -STOP);
	assert_int_equal(seen.records, 5);
	seen.stop_at = 6;
	assert_int_equal(hwirq_ring__consume_n(ring, 100), -STOP);
	assert_int_equal(hwirq_ring__poll(ring, 0), 14);
	assert_int_equal(seen.per_ring[0], 10);
	assert_int_equal(seen.per_ring[1], 10);
	assert_int_equal(seen.lost, 0);
	hwirq_ring__free(ring);
}

static void consume_n(void **state)
{
	struct hwirq_ring *ring;
	struct seen seen;
	int i;

	(void)state;
	ring = open_ring(page, &seen);
	hwirq_ring__add(ring, ring_create(page), on_record, &seen);
	for (i = 0; i < 20; i++) {
		produce(&rings[0], 10);
		produce(&rings[1], 20);
	}
	assert_int_equal(hwirq_ring__consume_n(ring, 0), 0);
	assert_int_equal(hwirq_ring__consume_n(ring, 5), 5);
	assert_int_equal(hwirq_ring__consume_n(ring, 5), 5);
	/* both had their turn */
	assert_int_equal(seen.per_ring[0], 5);
	assert_int_equal(seen.per_ring[1], 5);
	assert_int_equal(hwirq_ring__consume_n(ring, 25), 25);
	assert_int_equal(hwirq_ring__consume_n(ring, SIZE_MAX), 5);
	assert_int_equal(hwirq_ring__consume_n(ring, 5), 0);
	hwirq_ring__free(ring);
}

/* Whatever comes meanwhile, a call returns, and each ring has its turn. */
static void flood(void **state)
{
	const struct hwirq_record *rec;
	unsigned int i, others = 0;
	struct hwirq_ring *ring;
	struct seen seen;
	int got;

	(void)state;
	ring = open_ring(page, &seen);
	hwirq_ring__add(ring, ring_create(page), on_record, &seen);
	produce(&rings[0], 64);
	produce(&rings[1], 64);
	seen.flood = 2;
	got = hwirq_ring__poll(ring, 0);
	assert_true(got > 2 && (size_t)got <= 2 * (page / 80 + 1));
	assert_true(seen.per_ring[0] > 1 && seen.per_ring[1] > 1);
	got = hwirq_ring__consume(ring);
	assert_true(got > 2 && (size_t)got <= 2 * (page / 80 + 1));

	/* the same without a callback */
	for (i = 0; i < 1000; i++) {
		assert_int_equal(hwirq_ring__next(ring, &rec), 1);
		others += rec->ring == 1;
		produce(&rings[0], 64);
		produce(&rings[0], 64);
		produce(&rings[1], 64);
	}
	assert_true(others > 300 && others < 700);
	hwirq_ring__free(ring);
}

static void iterate(void **state)
{
	const struct hwirq_record *rec;
	unsigned int n[3] = { 0 };
	struct hwirq_ring *ring;
	uint64_t before;
	int i, err;

	(void)state;
	ring = hwirq_ring__new(ring_create(page), NULL, NULL, NULL);
	assert_non_null(ring);
	assert_int_equal(hwirq_ring__add(ring, ring_create(4 * page), NULL, NULL), 0);
	assert_int_equal(hwirq_ring__add(ring, ring_create(2 * page), NULL, NULL), 0);
	assert_int_equal(hwirq_ring__next(ring, &rec), 0);
	for (i = 0; i < 30; i++)
		produce(&rings[i % 3], (size_t)i);
	assert_int_equal(hwirq_ring__wait(ring, -1), 1);
	while ((err = hwirq_ring__next(ring, &rec)) > 0) {
		check_payload(rec);
		assert_int_equal(rec->seq, n[rec->ring]);
		n[rec->ring]++;
	}
	assert_int_equal(err, 0);
	assert_int_equal(n[0], 10);
	assert_int_equal(n[1], 10);
	assert_int_equal(n[2], 10);
	assert_int_equal(hwirq_ring__wait(ring, 0), 0);

	/* A record that is in use is not given back. */
	produce(&rings[1], 100);
	before = cons_of(&rings[1]);
	assert_int_equal(hwirq_ring__next(ring, &rec), 1);
	assert_int_equal(cons_of(&rings[1]), before);
	assert_int_equal(hwirq_ring__next(ring, &rec), 0);
	assert_int_equal(cons_of(&rings[1]), rings[1].prod);

	/* Consuming by callback needs one. */
	produce(&rings[1], 100);
	assert_int_equal(hwirq_ring__poll(ring, 0), -EINVAL);
	check_said("hwirq_ring__next()");
	assert_int_equal(hwirq_ring__next(ring, &rec), 1);
	hwirq_ring__free(ring);
	assert_int_equal(cons_of(&rings[1]), rings[1].prod);
}

/* A ring that another process has read, far beyond 32 bits. */
static void resumed(void **state)
{
	static const uint64_t starts[] = {
		0xfffffff8ULL, 0xffffff00ULL, 0x100000000ULL, 0x7ffffffffffff000ULL,
		0xfffffffffffff000ULL,	/* no ring lives to see it */
	};
	struct hwirq_ring *ring;
	struct seen seen;
	uint64_t end;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		memset(&seen, 0, sizeof(seen));
		ring_create(page);
		rings[i].prod = starts[i];
		rings[i].seq = 1000;
		*word(&rings[i], 0) = starts[i];
		*word(&rings[i], page) = starts[i];
		seen.ring = hwirq_ring__new(rings[i].fd, on_record, &seen, NULL);
		ring = seen.ring;
		assert_non_null(ring);
		assert_int_equal(hwirq_ring__poll(ring, 0), 0);
		for (end = starts[i] + 3 * page; (int64_t)(rings[i].prod - end) < 0;) {
			/* the index is the index in ring 0 of the set */
			assert_true(produce(&rings[i], 100));
			assert_int_equal(hwirq_ring__consume(ring), 1);
			assert_int_equal(cons_of(&rings[i]), rings[i].prod);
		}
		assert_int_equal(seen.lost, 0);
		hwirq_ring__free(ring);
	}
}

static void refused(void **state)
{
	struct hwirq_ring_opts opts = { .sz = 1 };
	struct hwirq_ring *ring;
	struct seen seen;
	int fd, other;

	(void)state;
	errno = 0;
	assert_null(hwirq_ring__new(-1, on_record, NULL, NULL));
	assert_int_equal(errno, EBADF);
	check_said("no BPF map");
	fd = ring_create(page);
	assert_null(hwirq_ring__new(fd, on_record, NULL, &opts));
	assert_int_equal(errno, EINVAL);
	check_said("sizeof(struct hwirq_ring_opts)");
	rings[0].type = BPF_MAP_TYPE_RINGBUF;
	assert_null(hwirq_ring__new(fd, on_record, NULL, NULL));
	assert_int_equal(errno, EINVAL);
	check_said("map 'events' has type 27, a ring of hard-IRQ programs has 62");
	rings[0].type = BPF_MAP_TYPE_HWIRQ_RINGBUF;
	rings[0].size = page + 8;
	assert_null(hwirq_ring__new(fd, on_record, NULL, NULL));
	assert_int_equal(errno, EPROTO);
	check_said("no power of two");
	rings[0].size = 128U << 20;
	assert_null(hwirq_ring__new(fd, on_record, NULL, NULL));
	assert_int_equal(errno, EPROTO);
	rings[0].size = page / 2;
	assert_null(hwirq_ring__new(fd, on_record, NULL, NULL));
	rings[0].size = page;
	said[0] = '\0';
	fake.mmap_err = ENOMEM;
	assert_null(hwirq_ring__new(fd, on_record, NULL, NULL));
	assert_int_equal(errno, ENOMEM);
	check_said("cannot map the consumer pages of ring 'events'");
	fake.mmap_err = 0;

	/* What fails to be added leaves the set as it was. */
	ring = open_ring(page, &seen);
	fd = rings[1].fd;
	assert_int_equal(hwirq_ring__add(ring, fd, on_record, &seen), -EEXIST);
	check_said("in this set already");
	other = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(hwirq_ring__add(ring, other, on_record, &seen), -EBADF);
	close(other);
	assert_int_equal(hwirq_ring__count(ring), 1);
	produce(&rings[1], 10);
	seen.ring = ring;
	assert_int_equal(hwirq_ring__poll(ring, 0), 1);
	hwirq_ring__free(ring);
}

/* Touch all of it: what is not mapped, or no part of the ring, must not be in. */
static int on_garbage(void *ctx, void *data, size_t size)
{
	const struct hwirq_ring *ring = *(struct hwirq_ring **)ctx;
	const char *start = ring->maps[0].data;
	const unsigned char *p = (const unsigned char *)data;
	unsigned int sum = 0;
	size_t i;

	assert_true((const char *)data >= start);
	assert_true((const char *)data + size <= start + 2 * ring->maps[0].size);
	for (i = 0; i < size; i++)
		sum += p[i];
	return sum == 1 ? -STOP : 0;
}

static uint64_t garbage(uint64_t near)
{
	switch (rng_below(6)) {
	case 0:
		return rng();
	case 1:
		return near + rng_below(2 * (unsigned int)page);
	case 2:
		return near - rng_below(2 * (unsigned int)page);
	case 3:
		return near + 8 * rng_below(64);
	case 4:
		return (1ULL << rng_below(64)) - rng_below(2);
	default:
		return near;
	}
}

static void garbled(void **state)
{
	unsigned long n, count = rng_start("garbled", 50000), refused = 0, fine = 0;
	struct hwirq_ring *ring = NULL;
	const struct hwirq_record *rec;
	uint64_t *p, i;
	uint64_t near;
	int err;

	(void)state;
	ring_create(page);
	for (n = 0; n < count; n++) {
		if (!ring) {
			if (rng_below(2))
				*word(&rings[0], 0) = garbage(0);
			ring = hwirq_ring__new(rings[0].fd, on_garbage, &ring, NULL);
			assert_non_null(ring);
		}
		near = cons_of(&rings[0]);
		p = word(&rings[0], 2 * page);
		for (i = 0; i < page / 8; i++) {
			if (!rng_below(4))
				p[i] = garbage(rng_below(2) ? near : 32);
		}
		*word(&rings[0], page) = garbage(near);
		if (rng_below(4)) {
			err = hwirq_ring__consume_n(ring, rng_below(10));
		} else {
			err = hwirq_ring__next(ring, &rec);
			if (err > 0)
				on_garbage(&ring, (void *)(uintptr_t)rec->data, rec->size);
		}
		assert_true(err >= 0 || err == -EPROTO || err == -STOP);
		if (err >= 0)
			fine++;
		if (err == -EPROTO) {
			check_said("is garbled at position");
			refused++;
		}
		if (err < 0) {
			hwirq_ring__free(ring);
			ring = NULL;
		}
	}
	hwirq_ring__free(ring);
	assert_true(refused > count / 100);
	assert_true(fine > count / 100);
}

/* Each of the ways to be garbled is recognised, and the position stays. */
static void garbled_ways(void **state)
{
	static const struct {
		uint64_t prod, len, seq;
		const char *what;
	} ways[] = {
		{ 24, 8, 0, NULL },
		{ 24, 9, 0, "ends behind the last one" },
		{ 24, 0xffffffff, 0, "ends behind the last one" },
		{ 24, 0x80000000, 0, "ends behind the last one" },
		{ 8, 0, 0, "no record starts or ends there" },
		{ 25, 1, 0, "no record starts or ends there" },
		{ 1ULL << 40, 8, 0, "more is published than fits" },
		{ ~7ULL, 8, 0, "more is published than fits" },
	};
	struct hwirq_ring *ring;
	struct seen seen;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		setup(NULL);
		ring = open_ring(page, &seen);
		*word(&rings[0], 2 * page) = ways[i].len;
		*word(&rings[0], 2 * page + 8) = ways[i].seq;
		memset(rings[0].area + 2 * page + 16, 0, 8);
		*word(&rings[0], page) = ways[i].prod;
		hwirq_ring__free(ring);
		ring = hwirq_ring__new(rings[0].fd, on_garbage, &ring, NULL);
		if (ways[i].what) {
			assert_int_equal(hwirq_ring__consume(ring), -EPROTO);
			check_said(ways[i].what);
			assert_int_equal(hwirq_ring__consume(ring), -EPROTO);
			check_said("one consumer");
			assert_int_equal(cons_of(&rings[0]), 0);
		} else {
			assert_int_equal(hwirq_ring__consume(ring), 1);
		}
		hwirq_ring__free(ring);
		teardown(NULL);
	}
	/* a sequence number that goes back */
	setup(NULL);
	ring = open_ring(page, &seen);
	produce(&rings[0], 8);
	produce(&rings[0], 8);
	assert_int_equal(hwirq_ring__consume(ring), 2);
	rings[0].seq = 1;
	produce(&rings[0], 8);
	assert_int_equal(hwirq_ring__consume(ring), -EPROTO);
	check_said("older than the previous one");
	hwirq_ring__free(ring);
}

/* A producer and a consumer at the same time. */
struct run {
	struct producer *p;
	unsigned long count;
	uint64_t rng;
	bool done, ended;
};

static void *produce_all(void *arg)
{
	struct run *run = (struct run *)arg;
	unsigned long i;

	for (i = 0; i < run->count; i++) {
		run->rng = run->rng * 6364136223846793005ULL + 1442695040888963407ULL;
		produce(run->p, (run->rng >> 33) % 200);
		/* let the consumer run empty now and then */
		if ((run->rng >> 50) % 64 == 0)
			sched_yield();
		if ((run->rng >> 50) % 1024 == 0)
			usleep(50);
	}
	__atomic_store_n(&run->done, true, __ATOMIC_RELEASE);
	/* An end that is certain to be seen; it may have to wait for room. */
	while (!produce(run->p, 1000))
		usleep(100);
	__atomic_store_n(&run->ended, true, __ATOMIC_RELEASE);
	return NULL;
}

static void threads(void **state)
{
	unsigned long count = rng_start("threads", 100000);
	struct hwirq_ring *ring;
	struct run runs[2];
	struct seen seen;
	pthread_t thread[2];
	uint64_t dropped = 0;
	int i, got;

	(void)state;
	ring = open_ring(page, &seen);
	assert_int_equal(hwirq_ring__add(ring, ring_create(4 * page), on_record, &seen), 0);
	for (i = 0; i < 2; i++) {
		runs[i] = (struct run){ .p = &rings[i], .count = count, .rng = rng() };
		assert_int_equal(pthread_create(&thread[i], NULL, produce_all, &runs[i]), 0);
	}
	for (;;) {
		got = hwirq_ring__poll(ring, PATIENCE_MS);
		if (got < 0)
			fail_msg("poll: %d, %s", got, said);
		/* Nothing but their ends may come now, perhaps without a wake-up. */
		if (__atomic_load_n(&runs[0].done, __ATOMIC_ACQUIRE) &&
		    __atomic_load_n(&runs[1].done, __ATOMIC_ACQUIRE))
			break;
		/* Records are on their way: a wake-up was lost. */
		if (fake.timed_out)
			fail_msg("nobody woke the consumer");
	}
	for (i = 0; i < 2; i++) {
		while (!__atomic_load_n(&runs[i].ended, __ATOMIC_ACQUIRE)) {
			assert_true(hwirq_ring__consume(ring) >= 0);
			usleep(100);
		}
		pthread_join(thread[i], NULL);
	}
	while (hwirq_ring__consume(ring) > 0)
		;
	for (i = 0; i < 2; i++)
		dropped += rings[i].dropped;
	assert_int_equal(hwirq_ring__dropped(ring), dropped);
	assert_int_equal(seen.lost, dropped);
	assert_int_equal(seen.records, rings[0].records + rings[1].records);
	assert_int_equal(seen.records + dropped, rings[0].seq + rings[1].seq);
	printf("threads: %u records, %llu dropped\n", seen.records,
	       (unsigned long long)dropped);
	hwirq_ring__free(ring);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void interrupted(void **state)
{
	struct itimerval often = { { 0, 10000 }, { 0, 10000 } }, never = { 0 };
	struct sigaction act = { .sa_handler = on_alarm };
	struct hwirq_ring *ring;
	struct seen seen;

	(void)state;
	ring = open_ring(page, &seen);
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	assert_int_equal(hwirq_ring__poll(ring, -1), -EINTR);
	assert_int_equal(hwirq_ring__wait(ring, -1), -EINTR);
	setitimer(ITIMER_REAL, &never, NULL);
	assert_string_equal(said, "");
	hwirq_ring__free(ring);
}

/* hwirq/queues.h */

static struct hwirq_queues *open_queues(int queue, int expect)
{
	struct hwirq_queues *qs = (struct hwirq_queues *)1;

	assert_int_equal(hwirq_queues__open(RING_OBJECT, NULL, IFINDEX, queue, &qs),
			 expect);
	if (expect)
		assert_null(qs);
	return qs;
}

static void all_closed(void)
{
	unsigned int i;

	for (i = 0; i < fake.nr_fds; i++)
		assert_false(is_open(fake.fds[i]));
}

static void rx_queues(void **state)
{
	(void)state;
	fake.queues = 7;
	assert_int_equal(hwirq_rx_queues(IFINDEX), 7);
	fake.queues = 0;
	/* lo has one, and no ethtool channels */
	assert_int_equal(hwirq_rx_queues(IFINDEX), 1);
	assert_string_equal(said, "");
	assert_int_equal(hwirq_rx_queues(0x7ffffff0), -ENODEV);
	check_said("no network interface with index");
	assert_int_equal(hwirq_rx_queues(0), -ENODEV);
}

static void queues_all(void **state)
{
	struct hwirq_queues *qs;
	struct hwirq_ring_info info;
	struct hwirq_stats stats;
	struct seen seen = { 0 };
	const struct hwirq_record *rec;
	unsigned int i;

	(void)state;
	fake.queues = 4;
	qs = open_queues(HWIRQ_ALL_QUEUES, 0);
	assert_int_equal(hwirq_queues__count(qs), 4);
	assert_null(hwirq_queues__ring(qs));
	assert_int_equal(hwirq_queues__attach(qs, NULL, NULL, NULL, NULL), 0);
	assert_string_equal(said, "");
	assert_int_equal(fake.progs, 4);
	assert_int_equal(fake.links, 4);
	seen.ring = hwirq_queues__ring(qs);
	assert_int_equal(hwirq_ring__count(seen.ring), 4);
	for (i = 0; i < 4; i++) {
		assert_int_equal(fake.queue_plus1[i], i + 1);
		assert_int_equal(hwirq_queues__link(qs, i)->queue, i);
		assert_int_equal(hwirq_ring__info(seen.ring, i, &info), 0);
		assert_int_equal(info.queue, i);
		produce(&rings[i], i * 10);
	}
	assert_null(hwirq_queues__link(qs, 4));
	assert_null(hwirq_queues__object(qs, 4));
	for (i = 0; i < 4; i++) {
		assert_int_equal(hwirq_ring__next(seen.ring, &rec), 1);
		assert_int_equal(rec->size, rec->queue * 10);
	}
	assert_int_equal(hwirq_ring__next(seen.ring, &rec), 0);
	assert_int_equal(hwirq_queues__attach(qs, NULL, NULL, NULL, NULL), -EINVAL);
	check_said("was called before");

	/* What was recorded before can be read afterwards. */
	produce(&rings[2], 10);
	hwirq_queues__detach(qs);
	assert_null(hwirq_queues__link(qs, 2));
	assert_int_equal(hwirq_queues__stats(qs, &stats), -ENODEV);
	check_said("before hwirq_queues__detach()");
	assert_int_equal(hwirq_ring__next(seen.ring, &rec), 1);
	assert_int_equal(rec->queue, 2);
	hwirq_queues__detach(qs);
	hwirq_queues__free(qs);
	hwirq_queues__free(NULL);
	all_closed();
}

static void queues_one(void **state)
{
	struct hwirq_queues *qs;

	(void)state;
	fake.queues = 4;
	qs = open_queues(2, 0);
	assert_int_equal(hwirq_queues__count(qs), 1);
	assert_int_equal(hwirq_queues__attach(qs, "record", "events", on_record, NULL), 0);
	assert_int_equal(fake.links, 1);
	assert_int_equal(fake.queue_plus1[0], 3);
	hwirq_queues__free(qs);
	all_closed();
	open_queues(4, -ENXIO);
	check_said("has no RX queue 4. It has 4, counted from 0");
	open_queues(-2, -ENXIO);
}

static void queues_mem(void **state)
{
	struct bpf_object_open_opts opts = { .sz = sizeof(opts), .object_name = "ring_bpf" };
	struct {
		__u32 snap, limit;
	} *config;
	static char elf[1 << 20];
	struct hwirq_queues *qs;
	unsigned int i;
	size_t size;
	FILE *f;

	(void)state;
	f = fopen(RING_OBJECT, "re");
	assert_non_null(f);
	size = fread(elf, 1, sizeof(elf), f);
	fclose(f);
	fake.queues = 2;
	assert_int_equal(hwirq_queues__open_mem(elf, size, &opts, IFINDEX,
						HWIRQ_ALL_QUEUES, &qs), 0);
	assert_null(hwirq_queues__rodata(qs, 0, sizeof(*config) + 1));
	check_said("object 'ring_bpf' has 8 bytes of constants, not 9");
	assert_null(hwirq_queues__rodata(qs, 2, sizeof(*config)));
	for (i = 0; i < 2; i++) {
		config = hwirq_queues__rodata(qs, i, sizeof(*config));
		assert_non_null(config);
		/* instances of their own */
		assert_int_equal(config->snap, 64);
		config->snap = 32;
	}
	assert_int_equal(hwirq_queues__attach(qs, NULL, NULL, on_record, NULL), 0);
	hwirq_queues__free(qs);
	all_closed();
	assert_int_not_equal(hwirq_queues__open_mem("not ELF", 7, &opts, IFINDEX,
						    HWIRQ_ALL_QUEUES, &qs), 0);
	check_said("cannot open the object in memory");
	assert_null(qs);
}

/* Whatever fails, and wherever: nothing stays. */
static void queues_undone(void **state)
{
	unsigned int *const at[] = {
		&fake.map_at, &fake.prog_at, &fake.info_at, &fake.link_at,
	};
	struct hwirq_queues *qs;
	unsigned int nth;
	size_t i;
	char text[64];

	(void)state;
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		for (nth = 1; nth <= 4; nth++) {
			teardown(NULL);
			setup(NULL);
			fake.queues = 4;
			fake.err = EBUSY;
			*at[i] = nth;
			qs = open_queues(HWIRQ_ALL_QUEUES, 0);
			assert_int_equal(hwirq_queues__attach(qs, NULL, NULL,
							      on_record, NULL),
					 -EBUSY);
			snprintf(text, sizeof(text), "it failed for queue %u", nth - 1);
			check_said(text);
			assert_null(hwirq_queues__ring(qs));
			all_closed();
			assert_int_equal(fake.links, at[i] == &fake.link_at ? nth : 0);
			assert_int_equal(hwirq_queues__attach(qs, NULL, NULL,
							      on_record, NULL),
					 -EINVAL);
			hwirq_queues__free(qs);
		}
	}
}

static void queues_missing(void **state)
{
	struct hwirq_queues *qs;

	(void)state;
	fake.queues = 2;
	qs = open_queues(HWIRQ_ALL_QUEUES, 0);
	assert_int_equal(hwirq_queues__attach(qs, "other", NULL, on_record, NULL), -ENOENT);
	check_said("has no program 'other'");
	hwirq_queues__free(qs);
	qs = open_queues(HWIRQ_ALL_QUEUES, 0);
	assert_int_equal(hwirq_queues__attach(qs, NULL, "other", on_record, NULL), -ENOENT);
	check_said("has no ring 'other'");
	hwirq_queues__free(qs);
	assert_int_equal(hwirq_queues__open(ECHO_OBJECT, NULL, IFINDEX,
					    HWIRQ_ALL_QUEUES, &qs), 0);
	assert_int_equal(hwirq_queues__attach(qs, NULL, NULL, on_record, NULL), -ENOENT);
	check_said("has 0 rings. Without a ring one instance serves all queues");
	hwirq_queues__free(qs);
	assert_int_equal(hwirq_queues__open("/nowhere", NULL, IFINDEX,
					    HWIRQ_ALL_QUEUES, &qs), -ENOENT);
	check_said("cannot open /nowhere");
	all_closed();
}

static void queues_changed(void **state)
{
	struct hwirq_queues *qs;

	(void)state;
	fake.queues = 2;
	fake.queues_later = 4;
	qs = open_queues(HWIRQ_ALL_QUEUES, 0);
	assert_int_equal(hwirq_queues__attach(qs, NULL, NULL, on_record, NULL), -EAGAIN);
	check_said("has changed from 2 to 4");
	hwirq_queues__free(qs);
	all_closed();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(empty),
		TEST(records),
		TEST(wrap_around),
		TEST(gaps),
		TEST(callback_stops),
		TEST(consume_n),
		TEST(flood),
		TEST(iterate),
		TEST(resumed),
		TEST(refused),
		TEST(garbled),
		TEST(garbled_ways),
		TEST(threads),
		TEST(interrupted),
		TEST(rx_queues),
		TEST(queues_all),
		TEST(queues_one),
		TEST(queues_mem),
		TEST(queues_undone),
		TEST(queues_missing),
		TEST(queues_changed),
	};

	return run_group(GROUP, tests);
}
