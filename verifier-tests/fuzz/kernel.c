// SPDX-License-Identifier: GPL-2.0-only
/* The kernel under test: loads, test runs, settings. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/capability.h>

#include <bpf/bpf.h>

#include "fuzz.h"

#define MAX_PATH_FILE	"/proc/sys/kernel/bpf_hwirq_max_path"
#define JIT_HARDEN_FILE "/proc/sys/net/core/bpf_jit_harden"

struct world world = { .rodata_fd = -1, .ring_fd = -1 };
char kernel_log[LOG_SIZE];

/* Constant data as libbpf makes it: a frozen array with one entry. */
static bool make_rodata(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_RDONLY_PROG);
	struct rng r;
	int i, key = 0;

	rng_init(&r, 1, 0); /* part of the programs, the same for all seeds */
	for (i = 0; i < RODATA_SIZE; i++)
		world.rodata[i] = below(&r, i < 64 ? 16 : 256);
	world.rodata_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "fuzz.rodata", 4,
					 RODATA_SIZE, 1, &opts);
	return world.rodata_fd >= 0 &&
	       !bpf_map_update_elem(world.rodata_fd, &key, world.rodata, 0) &&
	       !bpf_map_freeze(world.rodata_fd);
}

static struct {
	uint64_t *consumer,
		*producer; /* the position, at the start of a page each */
	const uint8_t *data;
	uint64_t start, dropped; /* before the last run */
} ring;

bool make_ring(void)
{
	long page = sysconf(_SC_PAGESIZE);
	void *consumer, *producer;

	world.ring_fd = bpf_map_create((enum bpf_map_type)MAP_TYPE_RING,
				       "fuzz_ring", 0, 0, RING_SIZE, NULL);
	if (world.ring_fd < 0) /* a kernel of before the map */
		return errno == EINVAL;
	consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED,
			world.ring_fd, 0);
	producer = mmap(NULL, page + 2 * RING_SIZE, PROT_READ, MAP_SHARED,
			world.ring_fd, page);
	if (consumer == MAP_FAILED || producer == MAP_FAILED)
		return false;
	ring.consumer = consumer;
	ring.producer = producer;
	ring.data = (uint8_t *)producer + page;
	return true;
}

static void prepare_ring(const struct input *in)
{
	if (world.ring_fd < 0)
		return;
	ring.start = ring.producer[0];
	ring.dropped = ring.producer[8];
	__atomic_store_n(ring.consumer, ring.start - in->ring_used,
			 __ATOMIC_RELEASE);
}

bool ring_holds(const struct ring_output *expected)
{
	uint32_t i;

	if (world.ring_fd < 0)
		return true;
	if (__atomic_load_n(ring.producer, __ATOMIC_ACQUIRE) - ring.start !=
		    expected->len ||
	    ring.producer[8] - ring.dropped != expected->dropped)
		return false;
	for (i = 0; i < expected->len; i++)
		if (expected->known[i] &&
		    ring.data[(ring.start + i) % RING_SIZE] !=
			    expected->data[i])
			return false;
	return true;
}

/* Which of the sums that are the same modulo 0xffff does this kernel give? */
static bool learn_csum(void)
{
	static const struct program sum = {
		.insn = { INSN(BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -4,
			       0x00010001),
			  INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_1, 0, 0, 0),
			  INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, 0),
			  INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3,
			       BPF_REG_10, 0, 0),
			  INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0,
			       -4),
			  INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_4, 0, 0, 4),
			  INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_5, 0, 0, 0),
			  INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_csum_diff),
			  INSN(BPF_ALU64 | BPF_AND | BPF_K, 0, 0, 0, 3),
			  INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0) },
		.cnt = 10,
	};
	struct input in = { .len = MIN_FRAME };
	uint8_t frame[MAX_FRAME];
	uint32_t low = 0;
	int fd = kernel_load(&sum, 4);

	if (fd < 0 || kernel_run(fd, &in, &low, frame) || low < 1 || low > 2) {
		fprintf(stderr, "cannot ask the kernel for a sum: %s\n%s\n",
			fd < 0 ? strerror(errno) : "its test run failed",
			kernel_log);
		return false;
	}
	close(fd);
	world.csum_folds = low == 2;
	return true;
}

bool world_init(void)
{
	if (!make_rodata()) {
		fprintf(stderr,
			"cannot make the map of constants: %s; root is needed\n",
			strerror(errno));
		return false;
	}
	if (!make_ring()) {
		fprintf(stderr, "cannot make a ring map: %s\n",
			strerror(errno));
		return false;
	}
	world.cpus = sysconf(_SC_NPROCESSORS_ONLN);
	return learn_csum();
}

int kernel_load(const struct program *p, int log_level)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .expected_attach_type = (enum bpf_attach_type)BPF_HWIRQ,
		    .prog_flags = p->flags, .log_buf = kernel_log,
		    .log_size = sizeof(kernel_log), .log_level = log_level);

	kernel_log[0] = '\0';
	return bpf_prog_load((enum bpf_prog_type)BPF_PROG_TYPE_HWIRQ, "fuzz",
			     "GPL", p->insn, p->cnt, &opts);
}

unsigned int kernel_bound(void)
{
	const char *line = strstr(kernel_log, "max path cost ");
	unsigned int cost;

	return line && sscanf(line, "max path cost %u", &cost) == 1 ? cost : 0;
}

int kernel_run(int fd, const struct input *in, uint32_t *retval, uint8_t *frame)
{
	struct hwirq_md ctx = {
		.ingress_ifindex = in->ifindex,
		.rx_queue_index = in->queue,
		.timestamp = in->timestamp,
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in->frame,
		    .data_size_in = in->len, .data_out = frame,
		    .data_size_out = MAX_FRAME, .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .flags = BPF_F_TEST_RUN_ON_CPU,
		    .cpu = in->cpu);

	prepare_ring(in);
	if (bpf_prog_test_run_opts(fd, &opts))
		return -errno;
	*retval = opts.retval;
	return opts.data_size_out == in->len ? 0 : -EMSGSIZE;
}

static void set_number(const char *path, unsigned int value)
{
	FILE *f = fopen(path, "w");

	if (!f || fprintf(f, "%u\n", value) < 0 || fclose(f)) {
		fprintf(stderr, "cannot write %u to %s: %s\n", value, path,
			strerror(errno));
		_exit(2);
	}
}

void set_max_path(unsigned int limit)
{
	set_number(MAX_PATH_FILE, limit);
}

void set_harden(unsigned int level)
{
	set_number(JIT_HARDEN_FILE, level);
}

bool drop_perfmon(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return false;
	/* CAP_SYS_ADMIN stands in for it */
	data[CAP_TO_INDEX(CAP_PERFMON)].effective &= ~CAP_TO_MASK(CAP_PERFMON);
	data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective &=
		~CAP_TO_MASK(CAP_SYS_ADMIN);
	return !syscall(SYS_capset, &head, data);
}

bool kernel_sanitizes(void)
{
	static const struct program store = {
		.insn = { INSN(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, -8, 0),
			  INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0,
			       HWIRQ_PASS),
			  INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0) },
		.cnt = 3,
	};
	int fd = kernel_load(&store, 4);

	if (fd >= 0)
		close(fd);
	/* There is no other way to ask; and it matters to nothing else. */
	return kernel_bound() > 3;
}
