// SPDX-License-Identifier: GPL-2.0-only
/* Loads hwirq programs, accepted and refused ones, and runs them by
 * BPF_PROG_TEST_RUN. Needs root and a kernel with CONFIG_BPF_HWIRQ.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/capability.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#if __has_include(<hwirq_abi.h>)
#include <hwirq_abi.h>
#else
#define BPF_PROG_TYPE_HWIRQ 62
#define BPF_HWIRQ 62

enum { HWIRQ_ABORTED, HWIRQ_DROP, HWIRQ_PASS, HWIRQ_TX };

struct hwirq_md {
	__u32 data;
	__u32 data_end;
	__u32 ingress_ifindex;
	__u32 rx_queue_index;
	__u64 timestamp;
};
#endif

#define MAX_PATH_FILE "/proc/sys/kernel/bpf_hwirq_max_path"
#define MAX_PATH_DEFAULT 4096
#define JIT_HARDEN_FILE "/proc/sys/net/core/bpf_jit_harden"

#define MAX_INSNS 8192
#define LOG_SIZE (1 << 20)

/* Instructions. */

#define INSN(c, d, s, o, i)                                                    \
	((struct bpf_insn){                                                    \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })
#define MOV_K(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define MOV_X(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define ALU_K(op, d, i) INSN(BPF_ALU64 | (op) | BPF_K, d, 0, 0, i)
#define ALU_X(op, d, s) INSN(BPF_ALU64 | (op) | BPF_X, d, s, 0, 0)
#define LDX(size, d, s, o) INSN(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define STX(size, d, s, o) INSN(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define ST(size, d, o, i) INSN(BPF_ST | BPF_MEM | (size), d, 0, o, i)
#define JMP_K(op, d, i, o) INSN(BPF_JMP | (op) | BPF_K, d, 0, o, i)
#define JMP_X(op, d, s, o) INSN(BPF_JMP | (op) | BPF_X, d, s, o, 0)
#define CALL(id) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, id)
#define CALL_SUB(o) INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, o)
#define CALL_KFUNC(id) INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, id)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define LD_IMM64(d, pseudo, lo, hi)                                            \
	INSN(BPF_LD | BPF_IMM | BPF_DW, d, pseudo, 0, lo), INSN(0, 0, 0, 0, hi)
#define MAY_GOTO(o) INSN(BPF_JMP | 0xe0, 0, 0, o, 0)

#define CTX_DATA offsetof(struct hwirq_md, data)
#define CTX_DATA_END offsetof(struct hwirq_md, data_end)
#define CTX_IFINDEX offsetof(struct hwirq_md, ingress_ifindex)
#define CTX_QUEUE offsetof(struct hwirq_md, rx_queue_index)
#define CTX_TIME offsetof(struct hwirq_md, timestamp)

/* R2 = data, R3 = data_end; return HWIRQ_DROP unless there are len bytes. */
#define PARSE(len)                                                             \
	LDX(BPF_W, BPF_REG_2, BPF_REG_1, CTX_DATA),                            \
		LDX(BPF_W, BPF_REG_3, BPF_REG_1, CTX_DATA_END),                \
		MOV_X(BPF_REG_4, BPF_REG_2), ALU_K(BPF_ADD, BPF_REG_4, len),   \
		JMP_X(BPF_JLE, BPF_REG_4, BPF_REG_3, 2),                       \
		MOV_K(BPF_REG_0, HWIRQ_DROP), EXIT()

#define RETURN(verdict) MOV_K(BPF_REG_0, verdict), EXIT()

#define ASSIGN(array, cnt, ...)                                                \
	do {                                                                   \
		const struct bpf_insn list_[] = { __VA_ARGS__ };               \
                                                                               \
		memcpy(array, list_, sizeof(list_));                           \
		(cnt) = sizeof(list_) / sizeof(list_[0]);                      \
	} while (0)

static char log_buf[LOG_SIZE];

static int load_opts(const struct bpf_insn *insns, size_t cnt,
		     struct bpf_prog_load_opts *opts)
{
	log_buf[0] = '\0';
	opts->log_buf = log_buf;
	opts->log_size = sizeof(log_buf);
	opts->log_level = 1;
	if (!opts->expected_attach_type)
		opts->expected_attach_type = BPF_HWIRQ;
	return bpf_prog_load(BPF_PROG_TYPE_HWIRQ, "checks", "GPL", insns, cnt,
			     opts);
}

static int load(const struct bpf_insn *insns, size_t cnt)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts);

	return load_opts(insns, cnt, &opts);
}

static void assert_logged(const char *text)
{
	if (strstr(log_buf, text))
		return;
	fail_msg("expected '%s' in the log:\n%s", text, log_buf);
}

/* Show the line with the message: the report of a run is the list of them. */
static void show_line(const char *text)
{
	const char *hit = strstr(log_buf, text), *start = hit;
	int len;

	while (start > log_buf && start[-1] != '\n')
		start--;
	len = (int)strcspn(start, "\n");
	print_message("    %.*s\n", len, start);
}

static void assert_refused(int fd, int error, const char *text)
{
	if (fd >= 0) {
		close(fd);
		fail_msg("loaded, expected a refusal with '%s'", text);
	}
	assert_logged(text);
	if (fd != -error)
		fail_msg("errno %d, expected %d; log:\n%s", -fd, error, log_buf);
	show_line(text);
}

static int load_ok(const struct bpf_insn *insns, size_t cnt)
{
	int fd = load(insns, cnt);

	if (fd < 0)
		fail_msg("errno %d, log:\n%s", -fd, log_buf);
	return fd;
}

static unsigned int logged_cost(void)
{
	const char *line = strstr(log_buf, "max path cost ");
	unsigned int cost, limit;

	assert_non_null(line);
	assert_int_equal(sscanf(line, "max path cost %u (limit %u)", &cost, &limit), 2);
	return cost;
}

static unsigned int fdinfo_cost(int fd)
{
	unsigned int cost = 0;
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "hwirq_max_path_cost: %u", &cost) == 1)
			break;
	fclose(f);
	return cost;
}

static int write_number(const char *path, int value)
{
	FILE *f = fopen(path, "w");
	int err = 0;

	assert_non_null(f);
	if (fprintf(f, "%d", value) < 0)
		err = -errno;
	if (fclose(f) && !err)
		err = -errno;
	return err;
}

static int reset_max_path(void **state)
{
	(void)state;
	return write_number(MAX_PATH_FILE, MAX_PATH_DEFAULT);
}

#define LOAD(...)                                                              \
	({                                                                     \
		const struct bpf_insn insns_[] = { __VA_ARGS__ };              \
                                                                               \
		load(insns_, sizeof(insns_) / sizeof(insns_[0]));              \
	})

#define LOAD_OK(...)                                                           \
	({                                                                     \
		const struct bpf_insn insns_[] = { __VA_ARGS__ };              \
                                                                               \
		load_ok(insns_, sizeof(insns_) / sizeof(insns_[0]));           \
	})

#define ASSERT_COST(cost, ...)                                                 \
	do {                                                                   \
		int fd_ = LOAD_OK(__VA_ARGS__);                                \
                                                                               \
		assert_int_equal(logged_cost(), cost);                         \
		assert_int_equal(fdinfo_cost(fd_), cost);                      \
		close(fd_);                                                    \
	} while (0)

/* Maps. */

static int create_map(enum bpf_map_type type, const char *name, __u32 entries,
		      __u32 flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);
	__u32 key = 4, value = 8;
	int fd;

	if (type == BPF_MAP_TYPE_RINGBUF)
		key = value = 0;
	else if (type == BPF_MAP_TYPE_PROG_ARRAY ||
		 type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		value = 4;
	fd = bpf_map_create(type, name, key, value, entries, &opts);
	if (fd < 0)
		fail_msg("cannot create map '%s': %s", name, strerror(-fd));
	return fd;
}

/* As libbpf makes one of const volatile variables. */
static int create_rodata(__u64 value)
{
	int fd = create_map(BPF_MAP_TYPE_ARRAY, ".rodata", 1, BPF_F_RDONLY_PROG);
	__u32 key = 0;

	assert_int_equal(bpf_map_update_elem(fd, &key, &value, BPF_ANY), 0);
	assert_int_equal(bpf_map_freeze(fd), 0);
	return fd;
}

static void refuse_map(int map, const char *text)
{
	assert_refused(LOAD(LD_IMM64(BPF_REG_1, BPF_PSEUDO_MAP_FD, map, 0),
			    RETURN(HWIRQ_PASS)),
		       EINVAL, text);
	close(map);
}

static void test_map_types(void **state)
{
	static const struct {
		enum bpf_map_type type;
		__u32 entries;
		__u32 flags;
		const char *name;
	} maps[] = {
		{ BPF_MAP_TYPE_HASH, 4, 0, "BPF_MAP_TYPE_HASH" },
		{ BPF_MAP_TYPE_PERCPU_HASH, 4, 0, "BPF_MAP_TYPE_PERCPU_HASH" },
		{ BPF_MAP_TYPE_LRU_HASH, 4, 0, "BPF_MAP_TYPE_LRU_HASH" },
		{ BPF_MAP_TYPE_PERCPU_ARRAY, 1, 0, "BPF_MAP_TYPE_PERCPU_ARRAY" },
		{ BPF_MAP_TYPE_LPM_TRIE, 4, BPF_F_NO_PREALLOC, "BPF_MAP_TYPE_LPM_TRIE" },
		{ BPF_MAP_TYPE_PROG_ARRAY, 4, 0, "BPF_MAP_TYPE_PROG_ARRAY" },
		{ BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 0, "BPF_MAP_TYPE_PERF_EVENT_ARRAY" },
		{ BPF_MAP_TYPE_RINGBUF, 4096, 0, "BPF_MAP_TYPE_RINGBUF" },
	};
	char text[160];
	size_t i;
	__u32 key;

	(void)state;
	for (i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		key = maps[i].type == BPF_MAP_TYPE_LPM_TRIE ? 8 : 4;
		LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = maps[i].flags);
		int fd;

		if (key == 8)
			fd = bpf_map_create(maps[i].type, "table", key, 8,
					    maps[i].entries, &opts);
		else
			fd = create_map(maps[i].type, "table", maps[i].entries,
					maps[i].flags);
		assert_true(fd >= 0);
		snprintf(text, sizeof(text),
			 "hwirq programs cannot use map 'table' of type %s: its consistency",
			 maps[i].name);
		refuse_map(fd, text);
	}
}

static void test_map_array(void **state)
{
	(void)state;
	refuse_map(create_map(BPF_MAP_TYPE_ARRAY, "counters", 2, BPF_F_RDONLY_PROG),
		   "'counters' of type BPF_MAP_TYPE_ARRAY: it has more than one entry");
	refuse_map(create_map(BPF_MAP_TYPE_ARRAY, ".bss", 1, 0),
		   "'.bss' of type BPF_MAP_TYPE_ARRAY: it is writable");
	refuse_map(create_map(BPF_MAP_TYPE_ARRAY, "settings", 1, BPF_F_RDONLY_PROG),
		   "'settings' of type BPF_MAP_TYPE_ARRAY: user space can still write");
}

static void test_map_rodata(void **state)
{
	int map = create_rodata(HWIRQ_TX);
	LIBBPF_OPTS(bpf_test_run_opts, run, .repeat = 1);
	unsigned char frame[64] = { 0 };
	int fd;

	(void)state;
	/* The verdict is proven to be in range by the constant in the map. */
	fd = LOAD_OK(LD_IMM64(BPF_REG_1, BPF_PSEUDO_MAP_VALUE, map, 0),
		     LDX(BPF_DW, BPF_REG_0, BPF_REG_1, 0), EXIT());
	run.data_in = frame;
	run.data_size_in = sizeof(frame);
	assert_int_equal(bpf_prog_test_run_opts(fd, &run), 0);
	assert_int_equal(run.retval, HWIRQ_TX);
	close(fd);

	assert_refused(LOAD(LD_IMM64(BPF_REG_1, BPF_PSEUDO_MAP_FD, map, 0),
			    LDX(BPF_W, BPF_REG_0, BPF_REG_1, 0),
			    RETURN(HWIRQ_PASS)),
		       EACCES, "hwirq programs cannot access 'struct bpf_array' of map '.rodata'");
	close(map);
}

/* Helpers, kernel functions, control flow. */

static void test_helpers_allowed(void **state)
{
	static const int ids[] = {
		BPF_FUNC_ktime_get_ns,	   BPF_FUNC_ktime_get_boot_ns,
		208 /* ktime_get_tai_ns */, BPF_FUNC_jiffies64,
		BPF_FUNC_get_prandom_u32,  BPF_FUNC_get_smp_processor_id,
		BPF_FUNC_get_numa_node_id,
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		close(LOAD_OK(CALL(ids[i]), RETURN(HWIRQ_PASS)));
}

static void test_helpers_refused(void **state)
{
	static const struct {
		int id;
		const char *text;
	} helpers[] = {
		{ BPF_FUNC_map_lookup_elem, "bpf_map_lookup_elem#1: maps are designed" },
		{ BPF_FUNC_map_update_elem, "bpf_map_update_elem#2: maps are designed" },
		{ BPF_FUNC_tail_call, "bpf_tail_call#12: the target has no bounded path" },
		{ BPF_FUNC_loop, "bpf_loop#181: the number of callbacks has no bound" },
		{ BPF_FUNC_for_each_map_elem, "bpf_for_each_map_elem#164: the number" },
		{ BPF_FUNC_spin_lock, "bpf_spin_lock#93: nothing is shared" },
		{ BPF_FUNC_timer_start, "bpf_timer_start#171: nothing is shared" },
		{ BPF_FUNC_ktime_get_coarse_ns, "bpf_ktime_get_coarse_ns#160: it may have to wait" },
		{ BPF_FUNC_trace_printk, "bpf_trace_printk#6: formatting has no bound" },
		{ BPF_FUNC_perf_event_output, "bpf_perf_event_output#25: its buffer" },
		{ BPF_FUNC_ringbuf_reserve, "bpf_ringbuf_reserve#131: its buffer" },
		{ BPF_FUNC_get_current_comm, "bpf_get_current_comm#16: the interrupted task" },
		{ BPF_FUNC_xdp_adjust_head, "bpf_xdp_adjust_head#44: frames have a fixed size" },
		{ BPF_FUNC_redirect, "bpf_redirect#23: it takes locks" },
		{ BPF_FUNC_fib_lookup, "bpf_fib_lookup#69: it takes locks" },
		{ BPF_FUNC_xdp_load_bytes, "bpf_xdp_load_bytes#189: use direct packet access" },
		{ BPF_FUNC_probe_read_kernel, "bpf_probe_read_kernel#113: use direct packet access" },
		{ BPF_FUNC_get_socket_cookie, "bpf_get_socket_cookie#46: it is not known" },
	};
	char text[200];
	size_t i;
	int id;

	(void)state;
	for (i = 0; i < sizeof(helpers) / sizeof(helpers[0]); i++) {
		snprintf(text, sizeof(text), "hwirq programs cannot use helper %s",
			 helpers[i].text);
		assert_refused(LOAD(CALL(helpers[i].id), RETURN(HWIRQ_PASS)),
			       EINVAL, text);
	}

	/* The list is closed: whatever else has a number is refused as well. */
	for (id = 1; id <= 211; id++) {
		switch (id) {
		case BPF_FUNC_ktime_get_ns:
		case BPF_FUNC_ktime_get_boot_ns:
		case 208:
		case BPF_FUNC_jiffies64:
		case BPF_FUNC_get_prandom_u32:
		case BPF_FUNC_get_smp_processor_id:
		case BPF_FUNC_get_numa_node_id:
		case BPF_FUNC_csum_diff:
			continue;
		}
		assert_int_equal(LOAD(CALL(id), RETURN(HWIRQ_PASS)), -EINVAL);
		assert_logged("hwirq programs cannot use helper bpf_");
	}
}

static __s32 kernel_func_id(const char *name)
{
	struct btf *btf = btf__load_vmlinux_btf();
	__s32 id;

	assert_non_null(btf);
	id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);
	btf__free(btf);
	return id;
}

static void test_kfuncs(void **state)
{
	static const char *const names[] = {
		"bpf_iter_num_new",    "bpf_iter_num_next", "bpf_iter_bits_new",
		"bpf_rcu_read_lock",   "bpf_preempt_disable", "bpf_throw",
		"bpf_obj_new_impl",    "bpf_wq_init",	    "bpf_dynptr_slice",
		"bpf_arena_alloc_pages", "bpf_cast_to_kern_ctx",
	};
	size_t i, tried = 0;
	char text[120];
	__s32 id;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		id = kernel_func_id(names[i]);
		if (id < 0)
			continue;
		tried++;
		snprintf(text, sizeof(text),
			 "hwirq programs cannot call kernel function '%s'", names[i]);
		assert_refused(LOAD(CALL_KFUNC(id), RETURN(HWIRQ_PASS)), EINVAL, text);
	}
	/* Which of the others exist depends on the kernel's configuration. */
	assert_true(tried >= 5);
}

static void test_ksym(void **state)
{
	__s32 id = kernel_func_id("schedule");

	(void)state;
	assert_true(id > 0);
	assert_refused(LOAD(LD_IMM64(BPF_REG_1, BPF_PSEUDO_BTF_ID, id, 0),
			    RETURN(HWIRQ_PASS)),
		       EINVAL, "hwirq programs cannot use kernel symbol 'schedule'");
}

static void test_may_goto(void **state)
{
	(void)state;
	assert_refused(LOAD(MAY_GOTO(1), INSN(BPF_JMP | BPF_JA, 0, 0, -2, 0),
			    RETURN(HWIRQ_PASS)),
		       EINVAL, "hwirq programs cannot use may_goto (insn 0)");
}

static void test_ld_abs(void **state)
{
	(void)state;
	assert_refused(LOAD(MOV_X(BPF_REG_6, BPF_REG_1),
			    INSN(BPF_LD | BPF_ABS | BPF_B, 0, 0, 0, 0),
			    RETURN(HWIRQ_PASS)),
		       EINVAL, "hwirq programs cannot use BPF_LD_[ABS|IND] (insn 1)");
}

static void test_context(void **state)
{
	(void)state;
	close(LOAD_OK(LDX(BPF_W, BPF_REG_2, BPF_REG_1, CTX_IFINDEX),
		      LDX(BPF_W, BPF_REG_2, BPF_REG_1, CTX_QUEUE),
		      LDX(BPF_DW, BPF_REG_2, BPF_REG_1, CTX_TIME),
		      RETURN(HWIRQ_PASS)));

	assert_refused(LOAD(ST(BPF_W, BPF_REG_1, CTX_QUEUE, 0), RETURN(HWIRQ_PASS)),
		       EACCES, "invalid bpf_context access off=12 size=4");
	assert_refused(LOAD(LDX(BPF_H, BPF_REG_0, BPF_REG_1, CTX_DATA),
			    RETURN(HWIRQ_PASS)),
		       EACCES, "invalid bpf_context access off=0 size=2");
	assert_refused(LOAD(LDX(BPF_W, BPF_REG_0, BPF_REG_1, CTX_TIME),
			    RETURN(HWIRQ_PASS)),
		       EACCES, "invalid bpf_context access off=16 size=4");
	assert_refused(LOAD(LDX(BPF_W, BPF_REG_0, BPF_REG_1, sizeof(struct hwirq_md)),
			    RETURN(HWIRQ_PASS)),
		       EACCES, "invalid bpf_context access off=24 size=4");
}

static void test_packet_access(void **state)
{
	(void)state;
	close(LOAD_OK(PARSE(14), LDX(BPF_H, BPF_REG_0, BPF_REG_2, 12),
		      ST(BPF_B, BPF_REG_2, 13, 1), RETURN(HWIRQ_TX)));
	assert_refused(LOAD(PARSE(14), ST(BPF_B, BPF_REG_2, 14, 1), RETURN(HWIRQ_TX)),
		       EACCES, "invalid access to packet");
}

static void test_verdict(void **state)
{
	(void)state;
	assert_refused(LOAD(RETURN(4)), EINVAL,
		       "hwirq programs must return HWIRQ_ABORTED, HWIRQ_DROP, HWIRQ_PASS or HWIRQ_TX");
	assert_refused(LOAD(LDX(BPF_W, BPF_REG_0, BPF_REG_1, CTX_QUEUE), EXIT()),
		       EINVAL, "should have been in [0, 3]");
}

/* Programs with BTF: functions by name. */

struct btf_prog {
	struct btf *btf;
	int btf_fd;
	struct bpf_func_info funcs[2];
	struct bpf_prog_load_opts opts;
};

/* main() and sub(), both int f(void *), the latter at instruction sub_off. */
static void init_btf_prog(struct btf_prog *p, __u32 sub_off, int sub_linkage)
{
	LIBBPF_OPTS(bpf_btf_load_opts, btf_opts);
	const void *raw;
	__u32 size;
	int i, ptr, proto;

	memset(p, 0, sizeof(*p));
	p->opts.sz = sizeof(p->opts);
	p->btf = btf__new_empty();
	assert_non_null(p->btf);
	i = btf__add_int(p->btf, "int", 4, BTF_INT_SIGNED);
	ptr = btf__add_ptr(p->btf, 0);
	proto = btf__add_func_proto(p->btf, i);
	assert_int_equal(btf__add_func_param(p->btf, "ctx", ptr), 0);
	p->funcs[0].type_id = btf__add_func(p->btf, "main_prog", BTF_FUNC_GLOBAL, proto);
	p->funcs[1].type_id = btf__add_func(p->btf, "sub", sub_linkage, proto);
	p->funcs[1].insn_off = sub_off;
	raw = btf__raw_data(p->btf, &size);
	p->btf_fd = bpf_btf_load(raw, size, &btf_opts);
	assert_true(p->btf_fd >= 0);

	p->opts.prog_btf_fd = p->btf_fd;
	p->opts.func_info = p->funcs;
	p->opts.func_info_cnt = sub_off ? 2 : 1;
	p->opts.func_info_rec_size = sizeof(p->funcs[0]);
}

static void free_btf_prog(struct btf_prog *p)
{
	close(p->btf_fd);
	btf__free(p->btf);
}

static int load_btf_prog(struct btf_prog *p, const struct bpf_insn *insns, size_t cnt)
{
	return load_opts(insns, cnt, &p->opts);
}

static void test_functions(void **state)
{
	const struct bpf_insn insns[] = {
		CALL_SUB(2), RETURN(HWIRQ_PASS), RETURN(0),
	};
	const struct bpf_insn callback[] = {
		LD_IMM64(BPF_REG_2, BPF_PSEUDO_FUNC, 3, 0), RETURN(HWIRQ_PASS), RETURN(0),
	};
	struct btf_prog p;
	int fd;

	(void)state;
	init_btf_prog(&p, 3, BTF_FUNC_STATIC);
	fd = load_btf_prog(&p, insns, 5);
	assert_true(fd >= 0);
	assert_int_equal(logged_cost(), 5);
	close(fd);
	free_btf_prog(&p);

	init_btf_prog(&p, 3, BTF_FUNC_GLOBAL);
	assert_refused(load_btf_prog(&p, insns, 5), EINVAL,
		       "hwirq programs cannot call global function 'sub'");
	free_btf_prog(&p);

	init_btf_prog(&p, 4, BTF_FUNC_STATIC);
	assert_refused(load_btf_prog(&p, callback, 6), EINVAL,
		       "hwirq programs cannot use callback function 'sub' (insn 0)");
	free_btf_prog(&p);
}

static void test_attach_to_prog(void **state)
{
	static const struct {
		enum bpf_prog_type type;
		enum bpf_attach_type attach;
	} tracers[] = {
		{ BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY },
		{ BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT },
		{ BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN },
		{ BPF_PROG_TYPE_EXT, 0 },
	};
	const struct bpf_insn insns[] = { RETURN(HWIRQ_ABORTED) };
	struct btf_prog p;
	int target, fd;
	size_t i;

	(void)state;
	init_btf_prog(&p, 0, BTF_FUNC_STATIC);
	target = load_btf_prog(&p, insns, 2);
	assert_true(target >= 0);

	for (i = 0; i < sizeof(tracers) / sizeof(tracers[0]); i++) {
		LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log_buf,
			    .log_size = sizeof(log_buf), .log_level = 1,
			    .expected_attach_type = tracers[i].attach,
			    .attach_prog_fd = target,
			    .attach_btf_id = p.funcs[0].type_id,
			    .prog_btf_fd = p.btf_fd, .func_info = p.funcs,
			    .func_info_cnt = 1,
			    .func_info_rec_size = sizeof(p.funcs[0]));

		log_buf[0] = '\0';
		fd = bpf_prog_load(tracers[i].type, "tracer", "GPL", insns, 2, &opts);
		assert_refused(fd, EINVAL,
			       "hwirq program 'checks' cannot be traced or replaced");
	}
	close(target);
	free_btf_prog(&p);
}

static void test_prog_array(void **state)
{
	int map = create_map(BPF_MAP_TYPE_PROG_ARRAY, "table", 1, 0);
	int fd = LOAD_OK(RETURN(HWIRQ_PASS));
	__u32 key = 0;

	(void)state;
	assert_int_equal(bpf_map_update_elem(map, &key, &fd, BPF_ANY), -EOPNOTSUPP);
	close(fd);
	close(map);
}

static void test_load_flags(void **state)
{
	static const __u32 flags[] = {
		BPF_F_ANY_ALIGNMENT, BPF_F_SLEEPABLE, BPF_F_TEST_RND_HI32,
		BPF_F_XDP_HAS_FRAGS, 1U << 6 /* BPF_F_XDP_DEV_BOUND_ONLY */,
	};
	const struct bpf_insn insns[] = { RETURN(HWIRQ_PASS) };
	char text[80];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = flags[i]);

		snprintf(text, sizeof(text),
			 "hwirq programs cannot use prog_flags 0x%x", flags[i]);
		assert_refused(load_opts(insns, 2, &opts), EINVAL, text);
	}

	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_XDP);
	assert_refused(load_opts(insns, 2, &opts), EINVAL,
		       "hwirq programs cannot have expected_attach_type 37; use BPF_HWIRQ (62)");
}

/* Cost of the longest path. */

static void test_cost_weights(void **state)
{
	(void)state;
	ASSERT_COST(2, RETURN(HWIRQ_PASS));
	ASSERT_COST(6, LDX(BPF_W, BPF_REG_2, BPF_REG_1, CTX_QUEUE), RETURN(HWIRQ_PASS));
	ASSERT_COST(33, CALL(BPF_FUNC_ktime_get_ns), RETURN(HWIRQ_PASS));
	ASSERT_COST(23, CALL(BPF_FUNC_get_prandom_u32), RETURN(HWIRQ_PASS));
	ASSERT_COST(7, CALL(BPF_FUNC_jiffies64), RETURN(HWIRQ_PASS));
	ASSERT_COST(4 + 1 + 12 + 2, LDX(BPF_W, BPF_REG_2, BPF_REG_1, CTX_QUEUE),
		    MOV_K(BPF_REG_3, 7), ALU_X(BPF_DIV, BPF_REG_3, BPF_REG_2),
		    RETURN(HWIRQ_PASS));
	/* 20 bytes on the stack: 3 stores, 7 to set up the call, the call. */
	ASSERT_COST(3 + 7 + 1 + 30 + 5 + 2, ST(BPF_DW, BPF_REG_10, -8, 0),
		    ST(BPF_DW, BPF_REG_10, -16, 0), ST(BPF_DW, BPF_REG_10, -24, 0),
		    MOV_K(BPF_REG_1, 0), MOV_K(BPF_REG_2, 0),
		    MOV_X(BPF_REG_3, BPF_REG_10), ALU_K(BPF_ADD, BPF_REG_3, -24),
		    MOV_K(BPF_REG_4, 20), MOV_K(BPF_REG_5, 0), MOV_K(BPF_REG_6, 0),
		    CALL(BPF_FUNC_csum_diff), RETURN(HWIRQ_PASS));
}

/* The arms of each diamond meet in the same state, so all but the first visit of
 * what follows is pruned. The longest path takes the long arm every time.
 */
static void test_cost_diamonds(void **state)
{
	struct bpf_insn insns[MAX_INSNS];
	const int diamonds = 30;
	size_t n = 0;
	int i, j, arm;

	(void)state;
	for (arm = 0; arm < 2; arm++) {
		n = 0;
		insns[n++] = LDX(BPF_W, BPF_REG_6, BPF_REG_1, CTX_QUEUE);
		for (i = 0; i < diamonds; i++) {
			/* long arm taken, then long arm falls through */
			insns[n++] = JMP_K(BPF_JSET, BPF_REG_6, 1 << i, arm ? 11 : 2);
			if (!arm) {
				insns[n++] = MOV_K(BPF_REG_0, 0);
				insns[n++] = INSN(BPF_JMP | BPF_JA, 0, 0, 10, 0);
			}
			for (j = 0; j < 10; j++)
				insns[n++] = MOV_K(BPF_REG_0, 0);
			if (arm) {
				insns[n++] = INSN(BPF_JMP | BPF_JA, 0, 0, 1, 0);
				insns[n++] = MOV_K(BPF_REG_0, 0);
			}
		}
		insns[n++] = MOV_K(BPF_REG_0, HWIRQ_PASS);
		insns[n++] = EXIT();
		close(load_ok(insns, n));
		assert_int_equal(logged_cost(),
				 4 + diamonds * (1 + 10 + (arm ? 1 : 0)) + 2);
	}
}

static void test_cost_loop(void **state)
{
	(void)state;
	/* 2 to enter, 3 per round, 2 to leave */
	ASSERT_COST(2 + 100 * 3 + 2, MOV_K(BPF_REG_6, 0), MOV_K(BPF_REG_7, 0),
		    ALU_K(BPF_ADD, BPF_REG_7, 3), ALU_K(BPF_ADD, BPF_REG_6, 1),
		    JMP_K(BPF_JLT, BPF_REG_6, 100, -3), RETURN(HWIRQ_PASS));

	/* Leaves early if the frame says so; the longest path is found last. */
	ASSERT_COST(4 + 1 + 100 * 3 + 2, LDX(BPF_W, BPF_REG_7, BPF_REG_1, CTX_QUEUE),
		    MOV_K(BPF_REG_6, 0), JMP_X(BPF_JEQ, BPF_REG_6, BPF_REG_7, 2),
		    ALU_K(BPF_ADD, BPF_REG_6, 1), JMP_K(BPF_JLT, BPF_REG_6, 100, -3),
		    RETURN(HWIRQ_PASS));
}

static void test_cost_calls(void **state)
{
	(void)state;
	/* sub(): 10 rounds of 2; called from two places */
	ASSERT_COST(2 * (1 + 1 + 10 * 2 + 2) + 2, CALL_SUB(3), CALL_SUB(2),
		    RETURN(HWIRQ_PASS), MOV_K(BPF_REG_1, 0),
		    ALU_K(BPF_ADD, BPF_REG_1, 1), JMP_K(BPF_JLT, BPF_REG_1, 10, -2),
		    RETURN(0));
}

/* Costs depend on it, because each constant becomes three instructions. */
static void test_cost_blinding(void **state)
{
	(void)state;
	assert_int_equal(write_number(JIT_HARDEN_FILE, 2), 0);
	ASSERT_COST(3 * 2, RETURN(HWIRQ_PASS));
	ASSERT_COST(3 * (3 + 2), LD_IMM64(BPF_REG_1, 0, 1, 1), RETURN(HWIRQ_PASS));
}

static int reset_blinding(void **state)
{
	(void)state;
	return write_number(JIT_HARDEN_FILE, 0);
}

static void test_cost_refused(void **state)
{
	(void)state;
	/* 3 rounds more than the limit allows */
	assert_refused(LOAD(MOV_K(BPF_REG_6, 0), ALU_K(BPF_ADD, BPF_REG_6, 1),
			    JMP_K(BPF_JLT, BPF_REG_6, 2050, -2), RETURN(HWIRQ_PASS)),
		       E2BIG, "path cost 4097 exceeds the limit 4096 at insn ");
	assert_logged("or raise kernel.bpf_hwirq_max_path");

	/* no bound at all */
	assert_refused(LOAD(LDX(BPF_W, BPF_REG_7, BPF_REG_1, CTX_QUEUE),
			    MOV_K(BPF_REG_6, 0), ALU_K(BPF_ADD, BPF_REG_6, 1),
			    JMP_X(BPF_JNE, BPF_REG_6, BPF_REG_7, -2),
			    RETURN(HWIRQ_PASS)),
		       E2BIG, "path cost 4097 exceeds the limit 4096 at insn ");
	assert_refused(LOAD(INSN(BPF_JMP | BPF_JA, 0, 0, 0, 0),
			    INSN(BPF_JMP | BPF_JA, 0, 0, -2, 0)),
		       EINVAL, "infinite loop detected");
}

static void test_sysctl(void **state)
{
	(void)state;
	assert_int_equal(write_number(MAX_PATH_FILE, 0), -EINVAL);
	assert_int_equal(write_number(MAX_PATH_FILE, 65537), -EINVAL);
	assert_int_equal(write_number(MAX_PATH_FILE, -1), -EINVAL);

	assert_int_equal(write_number(MAX_PATH_FILE, 65536), 0);
	close(LOAD_OK(MOV_K(BPF_REG_6, 0), ALU_K(BPF_ADD, BPF_REG_6, 1),
		      JMP_K(BPF_JLT, BPF_REG_6, 2050, -2), RETURN(HWIRQ_PASS)));
	assert_logged("max path cost 4103 (limit 65536)");

	assert_int_equal(write_number(MAX_PATH_FILE, 5), 0);
	close(LOAD_OK(RETURN(HWIRQ_PASS)));
	assert_logged("max path cost 2 (limit 5)");
	assert_refused(LOAD(LDX(BPF_W, BPF_REG_7, BPF_REG_1, CTX_QUEUE),
			    RETURN(HWIRQ_PASS)),
		       E2BIG, "path cost 6 exceeds the limit 5 at insn 2");
}

/* BPF_PROG_TEST_RUN. */

static unsigned long interrupts(const char *name)
{
	unsigned long sum = 0;
	char line[1024], *p;
	FILE *f = fopen("/proc/interrupts", "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		p = line + strspn(line, " ");
		if (strncmp(p, name, strlen(name)))
			continue;
		p += strlen(name);
		while (*(p += strspn(p, " ")) >= '0' && *p <= '9')
			sum += strtoul(p, &p, 10);
		break;
	}
	fclose(f);
	return sum;
}

static void test_run_data(void **state)
{
	unsigned char in[64] = { 0 }, out[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in, .data_size_in = sizeof(in),
		    .data_out = out, .data_size_out = sizeof(out), .repeat = 1);
	int fd = LOAD_OK(PARSE(14), LDX(BPF_B, BPF_REG_0, BPF_REG_2, 0),
			 STX(BPF_B, BPF_REG_2, BPF_REG_0, 6),
			 ST(BPF_B, BPF_REG_2, 0, 0xaa), RETURN(HWIRQ_TX));

	(void)state;
	in[0] = 0x42;
	assert_int_equal(bpf_prog_test_run_opts(fd, &run), 0);
	assert_int_equal(run.retval, HWIRQ_TX);
	assert_int_equal(run.data_size_out, sizeof(out));
	assert_int_equal(out[0], 0xaa);
	assert_int_equal(out[6], 0x42);
	assert_int_equal(in[0], 0x42);

	run.data_size_out = 10;
	assert_int_equal(bpf_prog_test_run_opts(fd, &run), -ENOSPC);
	assert_int_equal(run.data_size_out, sizeof(out));
	close(fd);
}

static void test_run_interrupts(void **state)
{
	unsigned char in[64] = { 0 }, out[64];
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in, .data_size_in = sizeof(in),
		    .data_out = out, .data_size_out = sizeof(out), .repeat = 1000);
	/* counts its runs in the frame */
	int fd = LOAD_OK(PARSE(14), LDX(BPF_W, BPF_REG_0, BPF_REG_2, 0),
			 ALU_K(BPF_ADD, BPF_REG_0, 1),
			 STX(BPF_W, BPF_REG_2, BPF_REG_0, 0), RETURN(HWIRQ_PASS));
	unsigned long before = interrupts("IWI:"), after;
	__u32 runs;

	(void)state;
	assert_int_equal(bpf_prog_test_run_opts(fd, &run), 0);
	after = interrupts("IWI:");
	memcpy(&runs, out, sizeof(runs));
	assert_int_equal(runs, 1000);
	/* 32 runs share an interrupt */
	assert_true(after - before >= 1000 / 32);
	print_message("    1000 runs in %lu interrupts, %u ns each\n", after - before,
		      run.duration);
	close(fd);
}

static void test_run_context(void **state)
{
	struct hwirq_md md = { .ingress_ifindex = 7, .rx_queue_index = 3,
			       .timestamp = 0x1122334455667788 };
	unsigned char in[64] = { 0 }, out[64];
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in, .data_size_in = sizeof(in),
		    .data_out = out, .data_size_out = sizeof(out), .repeat = 1,
		    .ctx_in = &md, .ctx_size_in = sizeof(md));
	int fd = LOAD_OK(PARSE(32), LDX(BPF_W, BPF_REG_4, BPF_REG_1, CTX_IFINDEX),
			 STX(BPF_W, BPF_REG_2, BPF_REG_4, 0),
			 LDX(BPF_W, BPF_REG_4, BPF_REG_1, CTX_QUEUE),
			 STX(BPF_W, BPF_REG_2, BPF_REG_4, 4),
			 LDX(BPF_DW, BPF_REG_4, BPF_REG_1, CTX_TIME),
			 STX(BPF_DW, BPF_REG_2, BPF_REG_4, 8), RETURN(HWIRQ_PASS));
	__u32 word;
	__u64 time;

	(void)state;
	assert_int_equal(bpf_prog_test_run_opts(fd, &run), 0);
	memcpy(&word, out, sizeof(word));
	assert_int_equal(word, 7);
	memcpy(&word, out + 4, sizeof(word));
	assert_int_equal(word, 3);
	memcpy(&time, out + 8, sizeof(time));
	assert_true(time == md.timestamp);

	/* a timestamp of its own unless there is one */
	md.timestamp = 0;
	assert_int_equal(bpf_prog_test_run_opts(fd, &run), 0);
	memcpy(&time, out + 8, sizeof(time));
	assert_true(time != 0 && time != 0x1122334455667788);

	md.data_end = sizeof(in);
	assert_int_equal(bpf_prog_test_run_opts(fd, &run), -EINVAL);
	close(fd);
}

static void test_run_cpu(void **state)
{
	unsigned char in[64] = { 0 }, out[64];
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in, .data_size_in = sizeof(in),
		    .data_out = out, .data_size_out = sizeof(out), .repeat = 100,
		    .flags = BPF_F_TEST_RUN_ON_CPU);
	int fd = LOAD_OK(MOV_X(BPF_REG_6, BPF_REG_1),
			 CALL(BPF_FUNC_get_smp_processor_id),
			 MOV_X(BPF_REG_1, BPF_REG_6), MOV_X(BPF_REG_7, BPF_REG_0),
			 PARSE(14), STX(BPF_W, BPF_REG_2, BPF_REG_7, 0),
			 RETURN(HWIRQ_PASS));
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	__u32 cpu;

	(void)state;
	for (run.cpu = 0; run.cpu < cpus; run.cpu++) {
		assert_int_equal(bpf_prog_test_run_opts(fd, &run), 0);
		memcpy(&cpu, out, sizeof(cpu));
		assert_int_equal(cpu, run.cpu);
	}
	run.cpu = 1 << 20;
	assert_int_equal(bpf_prog_test_run_opts(fd, &run), -ENXIO);
	run.flags = 0;
	assert_int_equal(bpf_prog_test_run_opts(fd, &run), -EINVAL);
	close(fd);
}

static void test_run_refused(void **state)
{
	unsigned char in[64] = { 0 };
	struct hwirq_md md;
	int fd = LOAD_OK(RETURN(HWIRQ_PASS));

	(void)state;
	{
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in, .data_size_in = 13);

		assert_int_equal(bpf_prog_test_run_opts(fd, &run), -EINVAL);
	}
	{
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in,
			    .data_size_in = sizeof(in), .flags = 1U << 1);

		assert_int_equal(bpf_prog_test_run_opts(fd, &run), -EINVAL);
	}
	{
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in,
			    .data_size_in = sizeof(in), .batch_size = 8);

		assert_int_equal(bpf_prog_test_run_opts(fd, &run), -EINVAL);
	}
	{
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in,
			    .data_size_in = sizeof(in), .ctx_out = &md,
			    .ctx_size_out = sizeof(md));

		assert_int_equal(bpf_prog_test_run_opts(fd, &run), -EINVAL);
	}
	close(fd);
}

static __u16 csum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static __u32 csum_words(const unsigned char *p, size_t len, __u32 sum)
{
	__u16 word;
	size_t i;

	for (i = 0; i < len; i += 2) {
		memcpy(&word, p + i, sizeof(word));
		sum += word;
	}
	return csum_fold(sum);
}

/* from: 20 bytes at 16, to: 24 bytes at 36, seed at 8, result to 0 */
static void test_csum_diff(void **state)
{
	unsigned char in[64], out[64];
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in, .data_size_in = sizeof(in),
		    .data_out = out, .data_size_out = sizeof(out), .repeat = 1);
	int fd = LOAD_OK(PARSE(64), MOV_X(BPF_REG_6, BPF_REG_2),
			 MOV_X(BPF_REG_1, BPF_REG_6), ALU_K(BPF_ADD, BPF_REG_1, 16),
			 LDX(BPF_W, BPF_REG_5, BPF_REG_6, 8),
			 MOV_X(BPF_REG_3, BPF_REG_6), ALU_K(BPF_ADD, BPF_REG_3, 36),
			 MOV_K(BPF_REG_2, 20), MOV_K(BPF_REG_4, 24),
			 CALL(BPF_FUNC_csum_diff), STX(BPF_DW, BPF_REG_6, BPF_REG_0, 0),
			 RETURN(HWIRQ_PASS));
	__u64 result;
	__u32 seed, expected;
	int round;
	size_t i;

	(void)state;
	for (round = 0; round < 200; round++) {
		for (i = 0; i < sizeof(in); i++)
			in[i] = (unsigned char)rand();
		memcpy(&seed, in + 8, sizeof(seed));
		assert_int_equal(bpf_prog_test_run_opts(fd, &run), 0);
		memcpy(&result, out, sizeof(result));
		assert_int_equal(result >> 32, 0);
		/* to + seed - from, in ones' complement */
		expected = csum_words(in + 36, 24, csum_fold(seed));
		expected += 0xffff - csum_words(in + 16, 20, 0);
		assert_int_equal(csum_fold((__u32)result) % 0xffff,
				 csum_fold(expected) % 0xffff);
	}
	close(fd);

	/* as the common helper: no odd sizes, at most 512 bytes */
	fd = LOAD_OK(PARSE(64), MOV_X(BPF_REG_6, BPF_REG_2),
		     MOV_X(BPF_REG_3, BPF_REG_6), MOV_K(BPF_REG_1, 0),
		     MOV_K(BPF_REG_2, 0), MOV_K(BPF_REG_4, 18), MOV_K(BPF_REG_5, 0),
		     CALL(BPF_FUNC_csum_diff), STX(BPF_DW, BPF_REG_6, BPF_REG_0, 0),
		     RETURN(HWIRQ_PASS));
	assert_int_equal(bpf_prog_test_run_opts(fd, &run), 0);
	memcpy(&result, out, sizeof(result));
	assert_true((__s64)result == -EINVAL);
	close(fd);
}

/* Capabilities. */

#define SETUP_FAILED 255

static int drop_cap(int cap)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -1;
	data[cap / 32].effective &= ~(1U << cap % 32);
	/* stands in for the others */
	data[CAP_SYS_ADMIN / 32].effective &= ~(1U << CAP_SYS_ADMIN % 32);
	return (int)syscall(SYS_capset, &head, data);
}

static int enter_userns(int unused)
{
	(void)unused;
	return unshare(CLONE_NEWUSER);
}

/* Return what a child process gets that has given up privileges: 0 or errno. */
static int try_in_child(int (*give_up)(int), int arg, int (*attempt)(int), int fd)
{
	int status;
	pid_t pid;

	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(give_up && give_up(arg) ? SETUP_FAILED : attempt(fd));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), SETUP_FAILED);
	return WEXITSTATUS(status);
}

static int attempt_load(int unused)
{
	const struct bpf_insn insns[] = { RETURN(HWIRQ_PASS) };
	int fd = load(insns, 2);

	(void)unused;
	return fd < 0 ? -fd : 0;
}

static int attempt_run(int fd)
{
	unsigned char in[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in, .data_size_in = sizeof(in));

	return -bpf_prog_test_run_opts(fd, &run);
}

static void test_capabilities(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(try_in_child(NULL, 0, attempt_load, -1), 0);
	assert_int_equal(try_in_child(drop_cap, CAP_BPF, attempt_load, -1), EPERM);
	assert_int_equal(try_in_child(drop_cap, CAP_NET_ADMIN, attempt_load, -1), EPERM);
	/* Without it the verifier sanitizes, which costs more but works. */
	assert_int_equal(try_in_child(drop_cap, CAP_PERFMON, attempt_load, -1), 0);
	/* What root of a container can do is not enough. */
	assert_int_equal(try_in_child(enter_userns, 0, attempt_load, -1), EPERM);

	fd = LOAD_OK(RETURN(HWIRQ_PASS));
	assert_int_equal(try_in_child(NULL, 0, attempt_run, fd), 0);
	assert_int_equal(try_in_child(drop_cap, CAP_NET_ADMIN, attempt_run, fd), EPERM);
	close(fd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map_types),
		cmocka_unit_test(test_map_array),
		cmocka_unit_test(test_map_rodata),
		cmocka_unit_test(test_helpers_allowed),
		cmocka_unit_test(test_helpers_refused),
		cmocka_unit_test(test_kfuncs),
		cmocka_unit_test(test_ksym),
		cmocka_unit_test(test_may_goto),
		cmocka_unit_test(test_ld_abs),
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_packet_access),
		cmocka_unit_test(test_verdict),
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_attach_to_prog),
		cmocka_unit_test(test_prog_array),
		cmocka_unit_test(test_load_flags),
		cmocka_unit_test(test_cost_weights),
		cmocka_unit_test(test_cost_diamonds),
		cmocka_unit_test(test_cost_loop),
		cmocka_unit_test(test_cost_calls),
		cmocka_unit_test_teardown(test_cost_blinding, reset_blinding),
		cmocka_unit_test(test_cost_refused),
		cmocka_unit_test_teardown(test_sysctl, reset_max_path),
		cmocka_unit_test(test_run_data),
		cmocka_unit_test(test_run_interrupts),
		cmocka_unit_test(test_run_context),
		cmocka_unit_test(test_run_cpu),
		cmocka_unit_test(test_run_refused),
		cmocka_unit_test(test_csum_diff),
		cmocka_unit_test(test_capabilities),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	libbpf_set_print(NULL);
	return cmocka_run_group_tests_name("hwirq programs", tests, NULL, NULL);
}
