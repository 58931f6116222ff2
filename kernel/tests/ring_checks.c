// SPDX-License-Identifier: GPL-2.0-only
/* The ring map of hwirq programs, from both ends: programs that run by
 * BPF_PROG_TEST_RUN, and a consumer that maps the ring. Needs root, a kernel with
 * CONFIG_BPF_HWIRQ, and eth0 with a driver that has the hook.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/types.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "progs/ring.h"

/* Numbers and layout of the kernel, not those of the SDK: it is the one tested. */
#define PROG_HWIRQ ((enum bpf_prog_type)62)
#define ATTACH_HWIRQ ((enum bpf_attach_type)62)
#define MAP_HWIRQ_RINGBUF ((enum bpf_map_type)62)
enum { HWIRQ_ABORTED, HWIRQ_DROP, HWIRQ_PASS, HWIRQ_TX };

struct header {
	__u32 len;
	__u32 pg_off;
	__u64 seq;
};

#define OFF_DROPPED 64
#define OFF_RECORDS 128
#define ENOTSUPP_KERNEL 524

static long page;
static char *log_buf;
#define LOG_SIZE (1 << 18)

static size_t padded(size_t len)
{
	return (sizeof(struct header) + len + 7) & ~(size_t)7;
}

/* Maps */

static int create(__u32 size)
{
	int fd = bpf_map_create(MAP_HWIRQ_RINGBUF, "ring", 0, 0, size, NULL);

	if (fd < 0)
		fail_msg("cannot create a ring of %u bytes: %s", size, strerror(-fd));
	return fd;
}

static void clear_kernel_log(void)
{
	assert_true(klogctl(5, NULL, 0) >= 0);
}

/* Say also what was logged instead. */
static void assert_kernel_log(const char *text)
{
	int len = klogctl(3, log_buf, LOG_SIZE - 1);

	assert_true(len >= 0);
	log_buf[len] = '\0';
	if (!strstr(log_buf, text))
		fail_msg("expected '%s' in the kernel log:\n%s", text, log_buf);
	print_message("    %s\n", text);
}

static void test_create(void **state)
{
	static const __u32 good[] = { 4096, 8192, 1 << 20, 64 << 20 };
	static const struct {
		__u32 key, value, entries, flags;
		int error;
		const char *log;
	} bad[] = {
		{ 0, 0, 0, 0, EINVAL,
		  "hwirq: ring map refused: max_entries 0 must be a power of 2 and a multiple of the page size, 4096" },
		{ 0, 0, 2048, 0, EINVAL,
		  "hwirq: ring map refused: max_entries 2048 must be a power of 2" },
		{ 0, 0, 12288, 0, EINVAL,
		  "hwirq: ring map refused: max_entries 12288 must be a power of 2" },
		{ 0, 0, 4097, 0, EINVAL,
		  "hwirq: ring map refused: max_entries 4097 must be a power of 2" },
		{ 0, 0, 128 << 20, 0, E2BIG,
		  "hwirq: ring map refused: max_entries 134217728 is more than 67108864 bytes" },
		{ 0, 0, 1U << 31, 0, E2BIG,
		  "hwirq: ring map refused: max_entries 2147483648 is more than 67108864 bytes" },
		{ 4, 0, 4096, 0, EINVAL,
		  "hwirq: ring map refused: key_size 4 and value_size 0 must be 0" },
		{ 0, 8, 4096, 0, EINVAL,
		  "hwirq: ring map refused: key_size 0 and value_size 8 must be 0" },
		{ 0, 0, 4096, BPF_F_MMAPABLE, EINVAL,
		  "hwirq: ring map refused: map_flags 0x400, only BPF_F_NUMA_NODE" },
		{ 0, 0, 4096, BPF_F_RDONLY_PROG, EINVAL,
		  "hwirq: ring map refused: map_flags 0x80, only BPF_F_NUMA_NODE" },
		{ 0, 0, 4096, BPF_F_WRONLY, EINVAL,
		  "hwirq: ring map refused: map_flags 0x10, only BPF_F_NUMA_NODE" },
		{ 0, 0, 4096, BPF_F_NO_PREALLOC, EINVAL,
		  "hwirq: ring map refused: map_flags 0x1, only BPF_F_NUMA_NODE" },
	};
	LIBBPF_OPTS(bpf_map_create_opts, numa, .map_flags = BPF_F_NUMA_NODE);
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		close(create(good[i]));

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = bad[i].flags);

		clear_kernel_log();
		fd = bpf_map_create(MAP_HWIRQ_RINGBUF, "ring", bad[i].key, bad[i].value,
				    bad[i].entries, &opts);
		assert_int_equal(fd, -bad[i].error);
		assert_kernel_log(bad[i].log);
	}

	fd = bpf_map_create(MAP_HWIRQ_RINGBUF, "ring", 0, 0, 4096, &numa);
	assert_true(fd >= 0);
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	assert_int_equal(info.type, MAP_HWIRQ_RINGBUF);
	assert_int_equal(info.max_entries, 4096);
	assert_int_equal(info.map_flags, BPF_F_NUMA_NODE);
	close(fd);
}

/* What the map is charged for: its data once, not twice. */
static void test_memory(void **state)
{
	int fd = create(1 << 20);
	long memlock = 0;
	char path[64], line[128];
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "memlock: %ld", &memlock) == 1)
			break;
	fclose(f);
	assert_in_range(memlock, (1 << 20) + 3 * page, (1 << 20) + 8 * page);
	close(fd);
}

static void test_elements(void **state)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	int fd = create(4096);
	char value[8];

	(void)state;
	assert_int_equal(bpf_map_lookup_elem(fd, NULL, value), -EOPNOTSUPP);
	assert_int_equal(bpf_map_update_elem(fd, NULL, value, BPF_ANY), -EOPNOTSUPP);
	assert_int_equal(bpf_map_delete_elem(fd, NULL), -EOPNOTSUPP);
	assert_int_equal(bpf_map_get_next_key(fd, NULL, value), -EOPNOTSUPP);
	assert_true(bpf_map_lookup_and_delete_elem(fd, NULL, value) < 0);

	opts.inner_map_fd = fd;
	assert_int_equal(bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "outer", 4, 4, 1, &opts),
			 -ENOTSUPP_KERNEL);
	assert_int_equal(bpf_map_create(BPF_MAP_TYPE_HASH_OF_MAPS, "outer", 4, 4, 1, &opts),
			 -ENOTSUPP_KERNEL);
	close(fd);
}

static int drop_cap(int cap)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -1;
	data[cap / 32].effective &= ~(1U << cap % 32);
	data[CAP_SYS_ADMIN / 32].effective &= ~(1U << CAP_SYS_ADMIN % 32);
	return (int)syscall(SYS_capset, &head, data);
}

static void test_capability(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid) {
		if (drop_cap(CAP_BPF))
			_exit(255);
		_exit(-bpf_map_create(MAP_HWIRQ_RINGBUF, "ring", 0, 0, 4096, NULL));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EPERM);
}

/* Mappings */

static int map_errno(int fd, size_t pages, int prot, int flags, long at)
{
	void *p = mmap(NULL, pages * page, prot, flags, fd, at * page);

	if (p == MAP_FAILED)
		return errno;
	munmap(p, pages * page);
	return 0;
}

static void test_mmap(void **state)
{
	const int data = 4, all = 1 + 2 * data, rw = PROT_READ | PROT_WRITE;
	const struct {
		size_t pages;
		int prot;
		long at;
		int error;
	} maps[] = {
		{ 1, rw, 0, 0 },
		{ 1, PROT_READ, 0, 0 },
		{ 1, PROT_WRITE, 0, 0 },
		{ all, PROT_READ, 1, 0 },
		/* one part together with the next */
		{ 2, rw, 0, EPERM },
		{ 2, PROT_READ, 0, EPERM },
		{ 1 + all, PROT_READ, 0, EPERM },
		/* writable */
		{ all, rw, 1, EPERM },
		{ all, PROT_WRITE, 1, EPERM },
		{ 1, rw, 1, EPERM },
		{ 1, rw, 2, EPERM },
		{ data, rw, 2, EPERM },
		/* too short, too long, elsewhere */
		{ 1, PROT_READ, 1, EPERM },
		{ 1 + data, PROT_READ, 1, EPERM },
		{ all - 1, PROT_READ, 1, EPERM },
		{ all + 1, PROT_READ, 1, EPERM },
		{ 2 * data, PROT_READ, 2, EPERM },
		{ 1, PROT_READ, 2, EPERM },
		{ 1, PROT_READ, 1 + all, EPERM },
		{ 1, rw, 1L << 40, EPERM },
		/* the page before the consumer's is the kernel's own */
		{ 1, PROT_READ, (1L << 52) - 1, EOVERFLOW },
		{ 1, rw | PROT_EXEC, 0, EPERM },
		{ all, PROT_READ | PROT_EXEC, 1, EPERM },
	};
	int fd = create(data * page), ro, error;
	struct bpf_map_info info = { 0 };
	LIBBPF_OPTS(bpf_get_fd_by_id_opts, opts, .open_flags = BPF_F_RDONLY);
	__u32 len = sizeof(info);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		error = map_errno(fd, maps[i].pages, maps[i].prot, MAP_SHARED, maps[i].at);
		if (error != maps[i].error)
			fail_msg("%zu pages at %ld, protection %d: errno %d, expected %d",
				 maps[i].pages, maps[i].at, maps[i].prot, error, maps[i].error);
	}
	assert_int_equal(map_errno(fd, 1, rw, MAP_PRIVATE, 0), EINVAL);
	assert_int_equal(map_errno(fd, all, PROT_READ, MAP_PRIVATE, 1), EINVAL);

	/* who may not write to the map may not move the consumer */
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	ro = bpf_map_get_fd_by_id_opts(info.id, &opts);
	assert_true(ro >= 0);
	assert_int_equal(map_errno(ro, 1, rw, MAP_SHARED, 0), EACCES);
	/* to the kernel, a mapping of it is not a shared one */
	assert_int_equal(map_errno(ro, all, PROT_READ, MAP_SHARED, 1), EINVAL);
	close(ro);

	assert_int_equal(bpf_map_freeze(fd), 0);
	assert_int_equal(map_errno(fd, 1, rw, MAP_SHARED, 0), EPERM);
	assert_int_equal(map_errno(fd, all, PROT_READ, MAP_SHARED, 1), 0);
	close(fd);
}

static void expect_errno(int ret, int error)
{
	assert_int_equal(ret, -1);
	assert_int_equal(errno, error);
}

/* Nothing makes a mapping writable later, or writes around its protection. */
static void test_mprotect(void **state)
{
	size_t size = 4096, all = page + 2 * size, i;
	const int rw = PROT_READ | PROT_WRITE;
	int fd = create(size), mem;
	char *cons, *cons_ro, *prod, byte = 1;

	(void)state;
	cons = mmap(NULL, page, rw, MAP_SHARED, fd, 0);
	cons_ro = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
	prod = mmap(NULL, all, PROT_READ, MAP_SHARED, fd, page);
	assert_true(cons != MAP_FAILED && cons_ro != MAP_FAILED && prod != MAP_FAILED);

	for (i = 0; i < all; i += page) {
		expect_errno(mprotect(prod + i, page, PROT_WRITE), EACCES);
		expect_errno(mprotect(prod + i, page, rw), EACCES);
		expect_errno(mprotect(prod + i, page, PROT_READ | PROT_EXEC), EACCES);
	}
	expect_errno(mprotect(prod, all, rw), EACCES);
	expect_errno(mprotect(cons_ro, page, rw), EACCES);
	expect_errno(mprotect(cons, page, rw | PROT_EXEC), EACCES);
	assert_int_equal(mprotect(cons, page, PROT_READ), 0);
	assert_int_equal(mprotect(cons, page, rw), 0);

	/* a debugger's ways */
	mem = open("/proc/self/mem", O_RDWR);
	assert_true(mem >= 0);
	for (i = 0; i < all; i += page) {
		struct iovec from = { &byte, 1 }, to = { prod + i, 1 };

		assert_int_equal(pwrite(mem, &byte, 1, (off_t)(uintptr_t)(prod + i)), -1);
		assert_int_equal(process_vm_writev(getpid(), &from, 1, &to, 1, 0), -1);
	}
	close(mem);

	/* not larger, and not a second time */
	assert_true(mremap(cons, page, 2 * page, MREMAP_MAYMOVE) == MAP_FAILED);
	assert_true(mremap(prod, all, all + page, MREMAP_MAYMOVE) == MAP_FAILED);
	assert_true(mremap(prod, 0, all, MREMAP_MAYMOVE) == MAP_FAILED);
	/* no page of another kind in their place, and no copy on write */
	assert_int_equal(madvise(prod, all, MADV_REMOVE), -1);

	for (i = 0; i < all; i++)
		assert_int_equal(prod[i], 0);

	/* the mappings keep the ring */
	close(fd);
	cons[0] = 1;
	assert_int_equal(cons_ro[0], 1);
	munmap(cons, page);
	munmap(cons_ro, page);
	munmap(prod, all);
}

/* A consumer */

struct ring {
	int fd;
	size_t size;
	__u64 *cons;
	const char *prod, *data;
	__u64 pos, next_seq, lost;
};

static bool ring_map(struct ring *r, int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	memset(r, 0, sizeof(*r));
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return false;
	r->fd = fd;
	r->size = info.max_entries;
	r->cons = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	r->prod = mmap(NULL, page + 2 * r->size, PROT_READ, MAP_SHARED, fd, page);
	r->data = r->prod + page;
	return r->cons != MAP_FAILED && r->prod != MAP_FAILED;
}

static void ring_unmap(struct ring *r)
{
	munmap(r->cons, page);
	munmap((void *)r->prod, page + 2 * r->size);
}

static __u64 counter(const struct ring *r, int offset)
{
	return __atomic_load_n((const __u64 *)(r->prod + offset), __ATOMIC_ACQUIRE);
}

/* The next record, NULL if there is none. */
static const struct header *ring_peek(struct ring *r)
{
	if (counter(r, 0) == r->pos)
		return NULL;
	return (const void *)(r->data + (r->pos & (r->size - 1)));
}

static void ring_advance(struct ring *r, const struct header *h)
{
	r->lost += h->seq - r->next_seq;
	r->next_seq = h->seq + 1;
	r->pos += padded(h->len);
	__atomic_store_n(r->cons, r->pos, __ATOMIC_RELEASE);
}

static void ring_drain(struct ring *r)
{
	const struct header *h;

	while ((h = ring_peek(r)))
		ring_advance(r, h);
}

static void expect_record(struct ring *r, __u64 seq, __u64 number)
{
	const struct header *h = ring_peek(r);
	const struct record *rec = (const void *)(h + 1);

	assert_non_null(h);
	assert_int_equal(h->len, sizeof(*rec));
	assert_int_equal(h->seq, seq);
	assert_int_equal(rec->number, number);
	ring_advance(r, h);
}

/* Programs */

static struct bpf_object *open_programs(void)
{
	struct bpf_object *obj = bpf_object__open_file("/progs/ring.bpf.o", NULL);
	struct bpf_program *prog;

	assert_non_null(obj);
	bpf_object__for_each_program(prog, obj) {
		bpf_program__set_type(prog, PROG_HWIRQ);
		bpf_program__set_expected_attach_type(prog, ATTACH_HWIRQ);
	}
	return obj;
}

/* All programs of the object, with a ring_a and a ring_b of their own. */
static struct bpf_object *load_programs(void)
{
	struct bpf_object *obj = open_programs();
	int err = bpf_object__load(obj);

	if (err)
		fail_msg("the programs do not load: %s", strerror(-err));
	return obj;
}

static int program(struct bpf_object *obj, const char *name)
{
	int fd = bpf_program__fd(bpf_object__find_program_by_name(obj, name));

	assert_true(fd >= 0);
	return fd;
}

static void map_ring(struct ring *r, struct bpf_object *obj, const char *name)
{
	assert_true(ring_map(r, bpf_object__find_map_fd_by_name(obj, name)));
}

/* The result is in *c; the verdict, or -errno. */
static int run(int prog, struct command *c, int repeat)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = c, .data_size_in = sizeof(*c),
		    .data_out = c, .data_size_out = sizeof(*c), .repeat = repeat);
	int err = bpf_prog_test_run_opts(prog, &opts);

	return err ? err : (int)opts.retval;
}

static void test_submit(void **state)
{
	struct bpf_object *obj = load_programs();
	int submit = program(obj, "ring_submit");
	struct command c = { .number = 7, .text = "text" };
	const struct header *h;
	struct ring r;
	int i;

	(void)state;
	map_ring(&r, obj, "ring_a");
	assert_null(ring_peek(&r));
	assert_int_equal(counter(&r, OFF_RECORDS), 0);

	assert_int_equal(run(submit, &c, 1), HWIRQ_PASS);
	assert_int_equal(counter(&r, 0), padded(sizeof(struct record)));
	assert_int_equal(counter(&r, OFF_RECORDS), 1);
	assert_int_equal(counter(&r, OFF_DROPPED), 0);
	h = ring_peek(&r);
	assert_int_equal(h->len, sizeof(struct record));
	assert_string_equal((const char *)((const struct record *)(h + 1))->text, "text");
	expect_record(&r, 0, 7);

	/* a discarded record was never there, and takes no number */
	c.discard = 1;
	assert_int_equal(run(submit, &c, 3), HWIRQ_PASS);
	assert_null(ring_peek(&r));
	c.discard = 0;
	assert_int_equal(run(submit, &c, 2), HWIRQ_PASS);
	expect_record(&r, 1, 11);
	expect_record(&r, 2, 12);
	assert_null(ring_peek(&r));
	assert_int_equal(counter(&r, OFF_RECORDS), 3);

	/* many times around, records across the end of the data */
	for (i = 0; i < 1000; i++) {
		assert_int_equal(run(submit, &c, 40), HWIRQ_PASS);
		while ((h = ring_peek(&r)))
			expect_record(&r, r.next_seq, r.next_seq + 10);
	}
	assert_int_equal(r.next_seq, 40003);
	assert_int_equal(counter(&r, OFF_RECORDS), 40003);
	assert_int_equal(counter(&r, OFF_DROPPED), 0);
	assert_memory_equal(r.data, r.data + r.size, r.size);
	ring_unmap(&r);
	bpf_object__close(obj);
}

static void test_output(void **state)
{
	struct bpf_object *obj = load_programs();
	int output = program(obj, "ring_output"), output_len = program(obj, "ring_output_len");
	struct command c = { .text = "straight from the frame" };
	const struct header *h;
	struct ring r;
	__u32 len;

	(void)state;
	map_ring(&r, obj, "ring_a");
	assert_int_equal(run(output, &c, 1), HWIRQ_PASS);
	assert_int_equal(c.result, 0);
	h = ring_peek(&r);
	assert_int_equal(h->len, sizeof(c.text));
	assert_memory_equal(h + 1, c.text, sizeof(c.text));
	ring_advance(&r, h);

	for (len = 0; len <= sizeof(c.text); len++) {
		c.len = len;
		assert_int_equal(run(output_len, &c, 1), HWIRQ_PASS);
		assert_int_equal(c.result, 0);
		h = ring_peek(&r);
		assert_int_equal(h->len, len);
		assert_int_equal(h->seq, len + 1);
		assert_memory_equal(h + 1, c.text, len);
		ring_advance(&r, h);
		assert_null(ring_peek(&r));
	}

	/* flags that do not exist are an error, not a lost record */
	c.flags = 4;
	assert_int_equal(run(output, &c, 1), HWIRQ_PASS);
	assert_int_equal(c.result, -EINVAL);
	assert_null(ring_peek(&r));
	assert_int_equal(counter(&r, OFF_DROPPED), 0);
	ring_unmap(&r);
	bpf_object__close(obj);
}

static void test_full(void **state)
{
	const size_t step = padded(sizeof(struct record));
	const __u64 fit = RING_SIZE / step;
	struct bpf_object *obj = load_programs();
	int submit = program(obj, "ring_submit"), output = program(obj, "ring_output");
	int output_len = program(obj, "ring_output_len");
	struct command c = { 0 };
	const struct header *h;
	struct ring r;
	__u64 i;

	(void)state;
	map_ring(&r, obj, "ring_a");
	/* as many as fit, then 5 more, then one that fits exactly */
	assert_int_equal(RING_SIZE - fit * step, padded(sizeof(c.text)));
	assert_int_equal(run(submit, &c, (int)fit), HWIRQ_PASS);
	assert_int_equal(counter(&r, OFF_DROPPED), 0);
	assert_int_equal(run(submit, &c, 5), HWIRQ_DROP);
	assert_int_equal(run(output, &c, 1), HWIRQ_PASS);
	assert_int_equal(c.result, 0);
	assert_int_equal(counter(&r, 0), RING_SIZE);
	c.len = 0;
	assert_int_equal(run(output_len, &c, 1), HWIRQ_PASS);
	assert_int_equal(c.result, -EAGAIN);
	assert_int_equal(counter(&r, OFF_DROPPED), 6);
	assert_int_equal(counter(&r, OFF_RECORDS), fit + 1);

	/* what is in the ring is not touched, and the gaps are where they belong */
	for (i = 0; i < fit; i++)
		expect_record(&r, i, i);
	assert_int_equal(r.lost, 0);
	h = ring_peek(&r);
	assert_int_equal(h->seq, fit + 5);
	ring_advance(&r, h);
	assert_int_equal(r.lost, 5);
	assert_null(ring_peek(&r));

	assert_int_equal(run(submit, &c, 2), HWIRQ_PASS);
	expect_record(&r, fit + 7, fit + 5);
	assert_int_equal(r.lost, 6);
	expect_record(&r, fit + 8, fit + 6);
	assert_int_equal(r.lost, 6);
	ring_unmap(&r);
	bpf_object__close(obj);
}

static void test_nested(void **state)
{
	struct bpf_object *obj = load_programs();
	struct command c = { .number = 100 };
	struct ring a, b;

	(void)state;
	map_ring(&a, obj, "ring_a");
	map_ring(&b, obj, "ring_b");
	assert_int_equal(run(program(obj, "ring_nested"), &c, 1), HWIRQ_PASS);
	assert_int_equal(c.result, -EAGAIN);
	assert_int_equal(counter(&a, OFF_DROPPED), 2);
	assert_int_equal(counter(&a, OFF_RECORDS), 1);
	expect_record(&a, 2, 101);
	assert_int_equal(counter(&b, OFF_DROPPED), 0);
	expect_record(&b, 0, 100);
	/* nothing stays reserved */
	assert_int_equal(run(program(obj, "ring_submit"), &c, 1), HWIRQ_PASS);
	expect_record(&a, 3, 102);
	ring_unmap(&a);
	ring_unmap(&b);
	bpf_object__close(obj);
}

static void test_sizes(void **state)
{
	struct bpf_object *obj = load_programs();
	int sizes = program(obj, "ring_sizes"), submit = program(obj, "ring_submit");
	struct command c = { 0 };
	const struct header *h;
	const char *payload;
	struct ring r;

	(void)state;
	map_ring(&r, obj, "ring_a");
	/* from an odd place, so that it goes across the end */
	assert_int_equal(run(submit, &c, 1), HWIRQ_PASS);
	ring_drain(&r);

	assert_int_equal(run(sizes, &c, 1), HWIRQ_PASS);
	/* one byte too much is a record that is lost, unknown flags are not */
	assert_int_equal(counter(&r, OFF_DROPPED), 1);
	h = ring_peek(&r);
	assert_int_equal(h->len, RING_SIZE - RING_HDR);
	assert_int_equal(h->seq, 2);
	payload = (const char *)(h + 1);
	assert_int_equal(payload[0], 'F');
	assert_int_equal(payload[h->len - 1], 'L');

	/* it fills the ring */
	assert_int_equal(run(submit, &c, 1), HWIRQ_DROP);
	ring_advance(&r, h);
	assert_int_equal(run(submit, &c, 1), HWIRQ_PASS);
	ring_unmap(&r);
	bpf_object__close(obj);
}

static void test_query(void **state)
{
	const size_t step = padded(sizeof(struct record));
	struct bpf_object *obj = load_programs();
	struct command c = { 0 };
	__u64 answer[5];
	struct ring r;

	(void)state;
	map_ring(&r, obj, "ring_a");
	assert_int_equal(run(program(obj, "ring_submit"), &c, 3), HWIRQ_PASS);
	expect_record(&r, 0, 0);
	assert_int_equal(run(program(obj, "ring_query"), &c, 1), HWIRQ_PASS);
	memcpy(answer, c.text, sizeof(answer));
	assert_int_equal(answer[0], 2 * step);
	assert_int_equal(answer[1], RING_SIZE);
	assert_int_equal(answer[2], step);
	assert_int_equal(answer[3], 3 * step);
	assert_int_equal(answer[4], 0);
	ring_unmap(&r);
	bpf_object__close(obj);
}

static void test_load_bytes(void **state)
{
	struct bpf_object *obj = load_programs();
	int prog = program(obj, "ring_load_bytes");
	struct command c = { 0 };
	char zeros[sizeof(c.text)] = { 0 };
	const struct record *rec;
	struct ring r;
	size_t i;

	(void)state;
	map_ring(&r, obj, "ring_a");
	for (i = 0; i < 14; i++)
		c.ethernet[i] = (__u8)(i + 1);
	c.len = 0;
	assert_int_equal(run(prog, &c, 1), HWIRQ_PASS);
	assert_int_equal(c.result, 0);
	assert_memory_equal(c.text, c.ethernet, 14);
	rec = (const void *)(ring_peek(&r) + 1);
	assert_int_equal(rec->number, 0);
	assert_memory_equal(rec->text, c.ethernet, 14);

	/* the last bytes of the frame, and one behind them */
	c.len = sizeof(c) - sizeof(c.text);
	memset(c.text, 'x', sizeof(c.text));
	assert_int_equal(run(prog, &c, 1), HWIRQ_PASS);
	assert_int_equal(c.result, 0);
	assert_int_equal(c.text[0], 'x');
	for (i = 0; i < 3; i++) {
		static const __u32 beyond[] = { 1, 1000, (__u32)-1 };

		c.len = (__u32)(sizeof(c) - sizeof(c.text)) + beyond[i];
		if (i == 2)
			c.len = (__u32)-1;
		memset(c.text, 'x', sizeof(c.text));
		assert_int_equal(run(prog, &c, 1), HWIRQ_PASS);
		assert_int_equal(c.result, -EINVAL);
		assert_memory_equal(c.text, zeros, sizeof(zeros));
	}
	ring_unmap(&r);
	bpf_object__close(obj);
}

/* Waking up */

static int epoll_for(int fd, __u32 events)
{
	struct epoll_event ev = { .events = events };
	int ep = epoll_create1(0);

	if (ep >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev)) {
		close(ep);
		return -1;
	}
	return ep;
}

static int ready(int ep, int timeout)
{
	struct epoll_event ev;
	int n;

	do
		n = epoll_wait(ep, &ev, 1, timeout);
	while (n < 0 && errno == EINTR);
	return n;
}

static int polled(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0);
}

static void test_poll(void **state)
{
	struct bpf_object *obj = load_programs();
	int submit = program(obj, "ring_submit"), level, edge;
	struct command c = { 0 };
	struct ring r;

	(void)state;
	map_ring(&r, obj, "ring_a");
	level = epoll_for(r.fd, EPOLLIN);
	edge = epoll_for(r.fd, EPOLLIN | EPOLLET);
	assert_true(level >= 0 && edge >= 0);
	assert_int_equal(polled(r.fd), 0);
	assert_int_equal(ready(level, 0), 0);
	assert_int_equal(ready(edge, 0), 0);

	assert_int_equal(run(submit, &c, 1), HWIRQ_PASS);
	assert_int_equal(ready(edge, 1000), 1);
	assert_int_equal(ready(edge, 0), 0);
	assert_int_equal(ready(level, 1000), 1);
	assert_int_equal(ready(level, 0), 1);
	assert_int_equal(polled(r.fd), 1);

	/* the consumer has not caught up: no need to wake it up again */
	assert_int_equal(run(submit, &c, 1), HWIRQ_PASS);
	assert_int_equal(ready(edge, 50), 0);
	ring_drain(&r);
	assert_int_equal(ready(level, 0), 0);
	assert_int_equal(polled(r.fd), 0);

	c.flags = BPF_RB_NO_WAKEUP;
	assert_int_equal(run(submit, &c, 1), HWIRQ_PASS);
	assert_int_equal(ready(edge, 50), 0);
	assert_int_equal(ready(level, 0), 0);
	assert_int_equal(polled(r.fd), 1);
	c.flags = BPF_RB_FORCE_WAKEUP;
	assert_int_equal(run(submit, &c, 1), HWIRQ_PASS);
	assert_int_equal(ready(edge, 1000), 1);
	assert_int_equal(ready(level, 1000), 1);

	/* it also wakes up for what others left in the ring */
	c.discard = 1;
	assert_int_equal(run(submit, &c, 1), HWIRQ_PASS);
	assert_int_equal(ready(edge, 1000), 1);
	c.flags = 0;
	assert_int_equal(run(submit, &c, 1), HWIRQ_PASS);
	assert_int_equal(ready(edge, 50), 0);
	ring_drain(&r);
	assert_int_equal(run(submit, &c, 1), HWIRQ_PASS);
	assert_int_equal(polled(r.fd), 0);
	close(level);
	close(edge);
	ring_unmap(&r);
	bpf_object__close(obj);
}

struct consumer {
	struct ring r;
	int ep;
	bool fence;		/* look again behind a barrier before sleeping */
	bool use_poll;
	__u64 until;		/* atomic: sequence number to stop at */
	__u64 got, spins, timeouts, wrong;
	__u64 seen;		/* atomic: sequence number after the last record */
};

static void *consume(void *arg)
{
	struct consumer *c = arg;
	const struct header *h;
	unsigned int spin;

	while (c->r.next_seq < __atomic_load_n(&c->until, __ATOMIC_ACQUIRE)) {
		while ((h = ring_peek(&c->r))) {
			const struct record *rec = (const void *)(h + 1);

			if (h->len != sizeof(*rec) || h->seq < c->r.next_seq ||
			    rec->number != h->seq)
				c->wrong++;
			c->got++;
			ring_advance(&c->r, h);
			__atomic_store_n(&c->seen, c->r.next_seq, __ATOMIC_RELEASE);
		}
		if (c->r.next_seq >= __atomic_load_n(&c->until, __ATOMIC_ACQUIRE))
			break;
		/* sleep at a different distance from the last record each time */
		for (spin = (unsigned int)(c->spins++ * 37 % 500); spin; spin--)
			__asm__ volatile("" ::: "memory");
		if (c->fence) {
			__atomic_thread_fence(__ATOMIC_SEQ_CST);
			if (ring_peek(&c->r))
				continue;
		}
		if (c->use_poll) {
			struct pollfd p = { .fd = c->r.fd, .events = POLLIN };

			if (poll(&p, 1, 10000) == 1)
				continue;
		} else if (ready(c->ep, 10000) == 1) {
			continue;
		}
		c->timeouts++;
		if (c->timeouts > 3)
			break;
	}
	return NULL;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Each record has to get through on its own: none follows that could make up for
 * a lost wake-up. As many as there is time for: an emulated CPU may be slow.
 */
static void lockstep(__u32 events, bool use_poll)
{
	const int rounds = 3000, at_least = 50;
	const double start = seconds(), budget = 8;
	struct bpf_object *obj = load_programs();
	int submit = program(obj, "ring_submit"), i, spin;
	struct consumer c = { .use_poll = use_poll, .fence = events & EPOLLET };
	struct command cmd = { 0 };
	bool last = false;
	pthread_t thread;
	double sent;

	map_ring(&c.r, obj, "ring_a");
	c.ep = epoll_for(c.r.fd, events);
	c.until = (__u64)rounds;
	assert_true(c.ep >= 0);
	assert_int_equal(pthread_create(&thread, NULL, consume, &c), 0);
	for (i = 0; !last; i++) {
		last = i + 1 == rounds || (i >= at_least && seconds() - start > budget);
		if (last)
			__atomic_store_n(&c.until, (__u64)i + 1, __ATOMIC_RELEASE);
		if (run(submit, &cmd, 1) != HWIRQ_PASS)
			break;
		sent = seconds();
		while (__atomic_load_n(&c.seen, __ATOMIC_ACQUIRE) != (__u64)i + 1 &&
		       seconds() - sent < 25)
			sched_yield();
		for (spin = i * 61 % 700; spin; spin--)
			__asm__ volatile("" ::: "memory");
	}
	pthread_join(thread, NULL);
	print_message("    %d rounds in %.1f s\n", i, seconds() - start);
	assert_true(last);
	assert_int_equal(c.timeouts, 0);
	assert_int_equal(c.wrong, 0);
	assert_int_equal(c.got, i);
	close(c.ep);
	ring_unmap(&c.r);
	bpf_object__close(obj);
}

static void test_wakeup_level(void **state)
{
	(void)state;
	lockstep(EPOLLIN, false);
}

static void test_wakeup_edge(void **state)
{
	(void)state;
	lockstep(EPOLLIN | EPOLLET, false);
}

static void test_wakeup_poll(void **state)
{
	(void)state;
	lockstep(EPOLLIN, true);
}

/* At full speed, with drops: all that were stored arrive, in order, and the gaps
 * add up to those that were not.
 */
static void test_stress(void **state)
{
	const int total = 60000, chunk = 50;
	const double start = seconds(), budget = 10;
	struct bpf_object *obj = load_programs();
	int submit = program(obj, "ring_submit"), done;
	struct consumer c = { .until = (__u64)-1 };
	struct command cmd = { 0 };
	pthread_t thread;

	(void)state;
	map_ring(&c.r, obj, "ring_a");
	c.ep = epoll_for(c.r.fd, EPOLLIN);
	assert_true(c.ep >= 0);
	assert_int_equal(pthread_create(&thread, NULL, consume, &c), 0);
	for (done = 0; done < total && seconds() - start < budget; done += chunk)
		if (run(submit, &cmd, chunk) < 0)
			break;
	/* the last one must not be among the dropped */
	__atomic_store_n(&c.until, (__u64)done + 1, __ATOMIC_RELEASE);
	while (counter(&c.r, 0) - __atomic_load_n(c.r.cons, __ATOMIC_ACQUIRE) > RING_SIZE / 2)
		sched_yield();
	assert_int_equal(run(submit, &cmd, 1), HWIRQ_PASS);
	pthread_join(thread, NULL);
	print_message("    %llu records, %llu dropped\n", c.got, counter(&c.r, OFF_DROPPED));
	assert_int_equal(c.timeouts, 0);
	assert_int_equal(c.wrong, 0);
	assert_int_equal(c.got, counter(&c.r, OFF_RECORDS));
	assert_int_equal(c.r.lost, counter(&c.r, OFF_DROPPED));
	assert_int_equal(c.got + c.r.lost, done + 1);
	close(c.ep);
	ring_unmap(&c.r);
	bpf_object__close(obj);
}

/* A hostile consumer */

struct vandal {
	__u64 *words;
	bool stop;
	unsigned int seed;
	const struct ring *r;
};

/* Random positions, and those that are the most likely to confuse. */
static void *vandalize(void *arg)
{
	struct vandal *v = arg;
	__u64 prod, value;
	size_t i;

	while (!__atomic_load_n(&v->stop, __ATOMIC_RELAXED)) {
		prod = counter(v->r, 0);
		value = (__u64)rand_r(&v->seed) << 40 ^ (__u64)rand_r(&v->seed) << 20 ^
			(__u64)rand_r(&v->seed);
		switch (value % 8) {
		case 0: value = prod; break;
		case 1: value = prod + 1; break;
		case 2: value = prod - 1; break;
		case 3: value = prod - RING_SIZE; break;
		case 4: value = prod - RING_SIZE - 1; break;
		case 5: value = prod + RING_SIZE; break;
		case 6: value = (__u64)-1; break;
		}
		__atomic_store_n(&v->words[0], value, __ATOMIC_RELAXED);
		i = (size_t)rand_r(&v->seed) % (size_t)(page / 8);
		__atomic_store_n(&v->words[i], value, __ATOMIC_RELAXED);
	}
	return NULL;
}

/*
 * Some records stored, some refused? On a busy host the two sides take long turns,
 * and one value of the vandal's may decide about all records of such a turn.
 */
static bool vandal_seen(const struct ring *r, double waited)
{
	return (counter(r, OFF_RECORDS) && counter(r, OFF_DROPPED)) || waited > 25;
}

static void test_hostile(void **state)
{
	const size_t step = padded(sizeof(struct record));
	struct bpf_object *obj = load_programs();
	int submit = program(obj, "ring_submit"), sizes = program(obj, "ring_sizes");
	__u64 prod, records, dropped, asked = 0;
	struct vandal v = { .seed = (unsigned int)time(NULL) };
	const double start = seconds(), budget = 10;
	const struct header *h;
	struct command cmd = { 0 };
	struct ring r;
	pthread_t thread;
	int i, round;

	(void)state;
	print_message("    seed %u\n", v.seed);
	map_ring(&r, obj, "ring_a");
	v.words = r.cons;
	v.r = &r;
	assert_int_equal(pthread_create(&thread, NULL, vandalize, &v), 0);
	for (round = 0; (round < 400 && seconds() - start < budget) ||
			!vandal_seen(&r, seconds() - start); round++) {
		prod = counter(&r, 0);
		records = counter(&r, OFF_RECORDS);
		cmd.number = 0x5a5a5a5a00000000 + records;
		assert_true(run(submit, &cmd, 50) >= 0);
		asked += 50;
		/* each that was stored is where it belongs, whole */
		dropped = counter(&r, OFF_DROPPED);
		records = counter(&r, OFF_RECORDS) - records;
		assert_int_equal(counter(&r, OFF_RECORDS) + dropped, asked);
		assert_int_equal(counter(&r, 0) - prod, records * step);
		if (records > RING_SIZE / step) {
			prod += (records - RING_SIZE / step) * step;
			records = RING_SIZE / step;
		}
		for (i = 0; i < (int)records; i++, prod += step) {
			h = (const void *)(r.data + (prod & (r.size - 1)));
			assert_int_equal(h->len, sizeof(struct record));
			assert_int_equal(((const struct record *)(h + 1))->number >> 32, 0x5a5a5a5a);
		}
		/* the largest one, at any place */
		if (round % 16 == 0) {
			records = counter(&r, OFF_RECORDS);
			dropped = counter(&r, OFF_DROPPED);
			assert_true(run(sizes, &cmd, 1) >= 0);
			asked += counter(&r, OFF_RECORDS) - records + counter(&r, OFF_DROPPED) - dropped;
			/* back to multiples of the record, for the checks above */
			while (counter(&r, 0) % step) {
				struct command pad = { .len = 0 };

				assert_true(run(program(obj, "ring_output_len"), &pad, 1) >= 0);
				asked++;
			}
		}
	}
	__atomic_store_n(&v.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_true(counter(&r, OFF_RECORDS) > 0 && counter(&r, OFF_DROPPED) > 0);
	print_message("    %llu records, %llu dropped\n", counter(&r, OFF_RECORDS),
		      counter(&r, OFF_DROPPED));

	/* and it still works for a consumer that mends its ways */
	r.pos = counter(&r, 0);
	__atomic_store_n(r.cons, r.pos, __ATOMIC_RELEASE);
	cmd.number = 1;
	assert_int_equal(run(submit, &cmd, 1), HWIRQ_PASS);
	expect_record(&r, asked, 1);
	ring_unmap(&r);
	bpf_object__close(obj);
}

/* Claims */

static int attach(int prog, int queue_plus1)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .target_btf_id = (__u32)queue_plus1);

	return bpf_link_create(prog, (int)if_nametoindex("eth0"), ATTACH_HWIRQ, &opts);
}

static int attach_ok(int prog, int queue_plus1)
{
	int link = attach(prog, queue_plus1);

	if (link < 0)
		fail_msg("attach: %s", strerror(-link));
	return link;
}

/* Whether somebody owns ring_a, ring_b: a test run tells. */
static bool taken(struct bpf_object *obj, const char *name)
{
	struct command c = { 0 };
	int ret = run(program(obj, name), &c, 1);

	assert_true(ret == HWIRQ_PASS || ret == HWIRQ_DROP || ret == -EBUSY);
	return ret == -EBUSY;
}

#define TAKEN_A(obj) taken(obj, "ring_submit")
#define TAKEN_B(obj) taken(obj, "ring_submit_b")

/* Links and the like go some time after their last reference. */
static void expect_free(struct bpf_object *obj, const char *name)
{
	int i;

	for (i = 0; taken(obj, name); i++) {
		if (i == 500)
			fail_msg("the ring of %s is still claimed", name);
		usleep(20000);
	}
}

static int count_queues(void)
{
	char path[64];
	int n = 0;

	do
		snprintf(path, sizeof(path), "/sys/class/net/eth0/queues/rx-%d", n);
	while (!access(path, F_OK) && ++n);
	return n;
}

static void test_claim_link(void **state)
{
	struct bpf_object *obj = load_programs();
	int submit = program(obj, "ring_submit"), link, queues = count_queues();

	(void)state;
	link = attach_ok(submit, 1);
	assert_true(TAKEN_A(obj));
	assert_false(TAKEN_B(obj));

	clear_kernel_log();
	assert_int_equal(attach(submit, queues), -EBUSY);
	assert_kernel_log("hwirq: eth0: attach refused: the ring map ring_a belongs to another attachment; load one instance of the program per queue\n");
	/* another program with the same ring */
	assert_int_equal(attach(program(obj, "ring_output"), queues), -EBUSY);
	/* two rings, one of which is taken: the other is not left claimed */
	assert_int_equal(attach(program(obj, "ring_nested"), queues), -EBUSY);
	assert_false(TAKEN_B(obj));
	assert_true(TAKEN_A(obj));
	clear_kernel_log();
	assert_true(taken(obj, "ring_query"));
	assert_kernel_log("hwirq: test run refused: the ring map ring_a belongs to an attachment or another test run\n");

	if (queues > 1) {
		/* an instance of its own is what the message asks for */
		struct bpf_object *other = load_programs();
		int second = attach_ok(program(other, "ring_submit"), 2);

		assert_true(TAKEN_A(other));
		close(second);
		expect_free(other, "ring_submit");
		bpf_object__close(other);
	}

	close(link);
	expect_free(obj, "ring_submit");
	/* it can be claimed anew, after either way to detach */
	link = attach_ok(submit, 1);
	assert_true(TAKEN_A(obj));
	assert_int_equal(bpf_link_detach(link), 0);
	assert_false(TAKEN_A(obj));
	close(link);
	bpf_object__close(obj);
}

static void test_claim_all_queues(void **state)
{
	struct bpf_object *obj = load_programs();
	int submit = program(obj, "ring_submit"), queues = count_queues(), link;

	(void)state;
	if (queues == 1) {
		link = attach_ok(submit, 0);
		assert_true(TAKEN_A(obj));
		close(link);
		expect_free(obj, "ring_submit");
	} else {
		clear_kernel_log();
		assert_int_equal(attach(submit, 0), -EINVAL);
		assert_kernel_log("hwirq: eth0: attach refused: the program uses the ring map ring_a, which serves one queue; attach it per queue, one instance each\n");
		assert_false(TAKEN_A(obj));

		/* nor by way of an update */
		link = attach_ok(program(obj, "ring_none"), 0);
		clear_kernel_log();
		assert_int_equal(bpf_link_update(link, submit, NULL), -EINVAL);
		assert_kernel_log("hwirq: eth0: update refused: the program uses the ring map ring_a, which serves one queue; attach it per queue, one instance each\n");
		assert_false(TAKEN_A(obj));
		close(link);
	}
	bpf_object__close(obj);
}

static void test_claim_failed_attach(void **state)
{
	struct bpf_object *obj = load_programs();
	int submit = program(obj, "ring_submit"), link;

	(void)state;
	assert_int_equal(attach(submit, 100), -ENXIO);
	assert_false(TAKEN_A(obj));
	link = attach_ok(program(obj, "ring_none"), 1);
	assert_int_equal(attach(submit, 1), -EEXIST);
	assert_false(TAKEN_A(obj));
	close(link);
	bpf_object__close(obj);
}

static void test_claim_update(void **state)
{
	struct bpf_object *obj = load_programs(), *other = load_programs();
	int link, i;

	(void)state;
	link = attach_ok(program(obj, "ring_submit"), 1);
	/* same ring, more rings, fewer, none, and back */
	assert_int_equal(bpf_link_update(link, program(obj, "ring_output"), NULL), 0);
	assert_true(TAKEN_A(obj) && !TAKEN_B(obj));
	assert_int_equal(bpf_link_update(link, program(obj, "ring_nested"), NULL), 0);
	assert_true(TAKEN_A(obj) && TAKEN_B(obj));
	assert_int_equal(bpf_link_update(link, program(obj, "ring_submit_b"), NULL), 0);
	assert_true(!TAKEN_A(obj) && TAKEN_B(obj));
	assert_int_equal(bpf_link_update(link, program(obj, "ring_submit_b"), NULL), 0);
	assert_true(!TAKEN_A(obj) && TAKEN_B(obj));
	assert_int_equal(bpf_link_update(link, program(obj, "ring_none"), NULL), 0);
	assert_true(!TAKEN_A(obj) && !TAKEN_B(obj));
	for (i = 0; i < 20; i++) {
		assert_int_equal(bpf_link_update(link, program(obj, "ring_submit"), NULL), 0);
		assert_int_equal(bpf_link_update(link, program(other, "ring_submit"), NULL), 0);
	}
	assert_true(!TAKEN_A(obj) && TAKEN_A(other));
	close(link);
	expect_free(other, "ring_submit");
	bpf_object__close(obj);
	bpf_object__close(other);
}

struct runner {
	int prog;
	bool stop;
	int runs, error;
};

static void *keep_running(void *arg)
{
	struct runner *r = arg;
	struct command c = { 0 };
	int ret;

	while (!__atomic_load_n(&r->stop, __ATOMIC_ACQUIRE)) {
		ret = run(r->prog, &c, 20000);
		if (ret < 0)
			r->error = ret;
		__atomic_add_fetch(&r->runs, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* While a test run has the ring. It may end any time, so try until it did not. */
static void test_claim_test_run(void **state)
{
	struct bpf_object *obj = load_programs();
	int b = program(obj, "ring_submit_b"), nested = program(obj, "ring_nested");
	struct runner r = { .prog = b };
	int link, update = 0, busy = 0, i, ret;
	struct command c = { 0 };
	pthread_t thread;

	(void)state;
	link = attach_ok(program(obj, "ring_submit"), 1);
	assert_int_equal(pthread_create(&thread, NULL, keep_running, &r), 0);
	for (i = 0; i < 2000 && (!update || !busy); i++) {
		clear_kernel_log();
		ret = bpf_link_update(link, nested, NULL);
		if (ret == -EBUSY) {
			if (!update++)
				assert_kernel_log("hwirq: eth0: update refused: the ring map ring_b belongs to another attachment; load one instance of the program per queue\n");
		} else {
			assert_int_equal(ret, 0);
			assert_int_equal(bpf_link_update(link, program(obj, "ring_submit"), NULL), 0);
		}
		ret = run(b, &c, 1);
		busy += ret == -EBUSY;
		usleep(1000);
	}
	/* what the link had it still has, and the runner lost nothing but time */
	assert_true(TAKEN_A(obj));
	__atomic_store_n(&r.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	assert_true(update && busy);
	assert_true(r.error == 0 || r.error == -EBUSY);
	assert_false(TAKEN_B(obj));
	assert_int_equal(bpf_link_update(link, nested, NULL), 0);
	close(link);
	expect_free(obj, "ring_submit");
	expect_free(obj, "ring_submit_b");
	bpf_object__close(obj);
}

/* Who owned it is killed. */
static void test_claim_killed(void **state)
{
	struct bpf_object *obj = load_programs();
	int fds[2], link, status;
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		link = attach(program(obj, "ring_submit"), 1);
		if (link < 0 || write(fds[1], "a", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(fds[0], &byte, 1), 1);
	assert_true(TAKEN_A(obj));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	expect_free(obj, "ring_submit");
	close(fds[0]);
	close(fds[1]);
	bpf_object__close(obj);
}

static void write_name(const char *path, const char *name)
{
	int fd = open(path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, name, strlen(name)), strlen(name));
	close(fd);
}

/* The device goes away, the link stays. */
static void test_claim_unregister(void **state)
{
	struct bpf_object *obj = load_programs();
	char target[256], *name;
	int link, i;
	ssize_t n;

	(void)state;
	n = readlink("/sys/class/net/eth0/device", target, sizeof(target) - 1);
	assert_true(n > 0);
	target[n] = '\0';
	name = strrchr(target, '/') + 1;

	link = attach_ok(program(obj, "ring_submit"), 1);
	assert_true(TAKEN_A(obj));
	write_name("/sys/bus/virtio/drivers/virtio_net/unbind", name);
	assert_false(TAKEN_A(obj));
	assert_int_equal(bpf_link_update(link, program(obj, "ring_submit_b"), NULL), -ENOLINK);
	assert_false(TAKEN_B(obj));
	write_name("/sys/bus/virtio/drivers/virtio_net/bind", name);
	for (i = 0; !if_nametoindex("eth0") && i < 100; i++)
		usleep(50000);
	assert_true(if_nametoindex("eth0"));
	close(link);
	bpf_object__close(obj);
}

static void test_claim_bind(void **state)
{
	struct bpf_object *obj = load_programs();
	int ring = create(4096);

	(void)state;
	assert_int_equal(bpf_prog_bind_map(program(obj, "ring_none"), ring, NULL), -EOPNOTSUPP);
	close(ring);
	bpf_object__close(obj);
}

/* What the verifier says */

#define INSN(c, d, s, o, i)                                                    \
	((struct bpf_insn){                                                    \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })
#define MOV_K(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define MOV_X(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define ST_DW(d, o, i) INSN(BPF_ST | BPF_MEM | BPF_DW, d, 0, o, i)
#define JNE_K(d, i, o) INSN(BPF_JMP | BPF_JNE | BPF_K, d, 0, o, i)
#define CALL(id) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, id)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define LD_MAP(d, fd) INSN(BPF_LD | BPF_IMM | BPF_DW, d, BPF_PSEUDO_MAP_FD, 0, fd), INSN(0, 0, 0, 0, 0)
#define RETURN(v) MOV_K(BPF_REG_0, v), EXIT()

static int load(enum bpf_prog_type type, const struct bpf_insn *insns, size_t cnt)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log_buf, .log_size = LOG_SIZE,
		    .log_level = 1,
		    .expected_attach_type = type == PROG_HWIRQ ? ATTACH_HWIRQ : 0);

	log_buf[0] = '\0';
	return bpf_prog_load(type, "checks", "GPL", insns, cnt, &opts);
}

#define LOAD(type, ...)                                                        \
	({                                                                     \
		const struct bpf_insn insns_[] = { __VA_ARGS__ };              \
                                                                               \
		load(type, insns_, sizeof(insns_) / sizeof(insns_[0]));        \
	})

static void assert_refused(int fd, int error, const char *text)
{
	if (fd >= 0)
		fail_msg("loaded, expected '%s'", text);
	if (fd != -error || !strstr(log_buf, text))
		fail_msg("errno %d, expected %d and '%s' in the log:\n%s", -fd, error, text, log_buf);
	print_message("    %s\n", text);
}

/* R0 = the record; return if there is none. */
#define RESERVE(map, size)                                                     \
	LD_MAP(BPF_REG_1, map), MOV_K(BPF_REG_2, size), MOV_K(BPF_REG_3, 0),   \
		CALL(BPF_FUNC_ringbuf_reserve), JNE_K(BPF_REG_0, 0, 2),        \
		RETURN(HWIRQ_DROP)

static void test_refused(void **state)
{
	static const enum bpf_prog_type others[] = {
		BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_SCHED_CLS,
		BPF_PROG_TYPE_SCHED_ACT, BPF_PROG_TYPE_CGROUP_SKB,
	};
	LIBBPF_OPTS(bpf_map_create_opts, ro, .map_flags = BPF_F_RDONLY_PROG);
	int ring = create(4096), stock, array;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_refused(LOAD(others[i], LD_MAP(BPF_REG_1, ring), RETURN(0)), EINVAL,
			       "only hwirq programs can use map 'ring' of type BPF_MAP_TYPE_HWIRQ_RINGBUF: its producer is the interrupt handler of one queue; use BPF_MAP_TYPE_RINGBUF");

	stock = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "stock", 0, 0, 4096, NULL);
	assert_true(stock >= 0);
	assert_refused(LOAD(PROG_HWIRQ, RESERVE(stock, 8), RETURN(HWIRQ_PASS)), EINVAL,
		       "hwirq programs cannot use map 'stock' of type BPF_MAP_TYPE_RINGBUF: its producers are not made for hard interrupt context; use BPF_MAP_TYPE_HWIRQ_RINGBUF");
	close(stock);

	array = bpf_map_create(BPF_MAP_TYPE_ARRAY, "constants", 4, 8, 1, &ro);
	assert_true(array >= 0);
	assert_int_equal(bpf_map_freeze(array), 0);
	assert_refused(LOAD(PROG_HWIRQ, RESERVE(array, 8), MOV_X(BPF_REG_1, BPF_REG_0),
			    MOV_K(BPF_REG_2, 0), CALL(BPF_FUNC_ringbuf_discard),
			    RETURN(HWIRQ_PASS)), EINVAL,
		       "hwirq programs cannot pass map 'constants' to bpf_ringbuf_reserve(): it takes a map of type BPF_MAP_TYPE_HWIRQ_RINGBUF");
	close(array);

	assert_refused(LOAD(PROG_HWIRQ, RESERVE(ring, 8), RETURN(HWIRQ_PASS)), EINVAL,
		       "Unreleased reference id=");
	assert_refused(LOAD(PROG_HWIRQ, RESERVE(ring, 8), ST_DW(BPF_REG_0, 8, 1),
			    RETURN(HWIRQ_PASS)), EACCES,
		       "invalid access to memory, mem_size=8 off=8 size=8");
	/* the header is the kernel's */
	assert_refused(LOAD(PROG_HWIRQ, RESERVE(ring, 8), ST_DW(BPF_REG_0, -16, 1),
			    RETURN(HWIRQ_PASS)), EACCES,
		       "invalid access to memory, mem_size=8 off=-16 size=8");
	assert_refused(LOAD(PROG_HWIRQ, RESERVE(ring, 8), MOV_X(BPF_REG_6, BPF_REG_0),
			    MOV_X(BPF_REG_1, BPF_REG_0), MOV_K(BPF_REG_2, 0),
			    CALL(BPF_FUNC_ringbuf_submit), ST_DW(BPF_REG_6, 0, 1),
			    RETURN(HWIRQ_PASS)), EACCES, "R6 invalid mem access 'scalar'");
	close(ring);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_elements),
		cmocka_unit_test(test_capability),
		cmocka_unit_test(test_mmap),
		cmocka_unit_test(test_mprotect),
		cmocka_unit_test(test_submit),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_load_bytes),
		cmocka_unit_test(test_poll),
		cmocka_unit_test(test_wakeup_level),
		cmocka_unit_test(test_wakeup_edge),
		cmocka_unit_test(test_wakeup_poll),
		cmocka_unit_test(test_stress),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_claim_link),
		cmocka_unit_test(test_claim_all_queues),
		cmocka_unit_test(test_claim_failed_attach),
		cmocka_unit_test(test_claim_update),
		cmocka_unit_test(test_claim_test_run),
		cmocka_unit_test(test_claim_killed),
		cmocka_unit_test(test_claim_unregister),
		cmocka_unit_test(test_claim_bind),
		cmocka_unit_test(test_refused),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	page = sysconf(_SC_PAGESIZE);
	log_buf = malloc(LOG_SIZE);
	if (!log_buf)
		return 1;
	libbpf_set_print(NULL);
	return cmocka_run_group_tests_name("ring maps", tests, NULL, NULL);
}
