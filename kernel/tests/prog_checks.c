// SPDX-License-Identifier: GPL-2.0-only
/* Runs hwirq programs by BPF_PROG_TEST_RUN, and checks what else has to do with them
 * and is not a matter of the verifier, whose corpus is in verifier-tests. Needs root
 * and a kernel with CONFIG_BPF_HWIRQ.
 */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/if_link.h>

#include <bpf/bpf.h>
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

#define LOG_SIZE (1 << 20)

/* Instructions. */

#define INSN(c, d, s, o, i)                                                    \
	((struct bpf_insn){                                                    \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })
#define MOV_K(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define MOV_X(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define ALU_K(op, d, i) INSN(BPF_ALU64 | (op) | BPF_K, d, 0, 0, i)
#define LDX(size, d, s, o) INSN(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define STX(size, d, s, o) INSN(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define ST(size, d, o, i) INSN(BPF_ST | BPF_MEM | (size), d, 0, o, i)
#define JMP_X(op, d, s, o) INSN(BPF_JMP | (op) | BPF_X, d, s, o, 0)
#define CALL(id) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, id)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define LD_IMM64(d, pseudo, lo, hi)                                            \
	INSN(BPF_LD | BPF_IMM | BPF_DW, d, pseudo, 0, lo), INSN(0, 0, 0, 0, hi)

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

static char log_buf[LOG_SIZE];

static int load_ok(const struct bpf_insn *insns, size_t cnt)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log_buf, .log_size = sizeof(log_buf),
		    .log_level = 1, .expected_attach_type = (enum bpf_attach_type)BPF_HWIRQ);
	int fd = bpf_prog_load((enum bpf_prog_type)BPF_PROG_TYPE_HWIRQ, "checks", "GPL", insns, cnt,
			       &opts);

	if (fd < 0)
		fail_msg("errno %d, log:\n%s", -fd, log_buf);
	return fd;
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

#define LOAD_OK(...)                                                           \
	({                                                                     \
		const struct bpf_insn insns_[] = { __VA_ARGS__ };              \
                                                                               \
		load_ok(insns_, sizeof(insns_) / sizeof(insns_[0]));           \
	})

/* Maps. */

static int create_map(enum bpf_map_type type, const char *name, __u32 entries,
		      __u32 flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);
	__u32 key = 4, value = 8;
	int fd;

	if (type == BPF_MAP_TYPE_PROG_ARRAY)
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

static void test_run_rodata(void **state)
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
	close(map);
}

/* A hwirq program cannot be the target of a tail call. */
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

/* Programs at the limit are in verifier-tests. */
static void test_sysctl(void **state)
{
	(void)state;
	assert_int_equal(write_number(MAX_PATH_FILE, 0), -EINVAL);
	assert_int_equal(write_number(MAX_PATH_FILE, 65537), -EINVAL);
	assert_int_equal(write_number(MAX_PATH_FILE, -1), -EINVAL);
	assert_int_equal(write_number(MAX_PATH_FILE, 65536), 0);
	assert_int_equal(write_number(MAX_PATH_FILE, 1), 0);
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

static int eth0;	/* ifindex */

static int attempt_run(int fd)
{
	unsigned char in[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in, .data_size_in = sizeof(in));

	return -bpf_prog_test_run_opts(fd, &run);
}

static void test_run_capabilities(void **state)
{
	int fd = LOAD_OK(RETURN(HWIRQ_PASS));

	(void)state;
	assert_int_equal(try_in_child(NULL, 0, attempt_run, fd), 0);
	assert_int_equal(try_in_child(drop_cap, CAP_NET_ADMIN, attempt_run, fd), EPERM);
	close(fd);
}

/* Links, on the device of the guest. */

static void assert_kernel_log(const char *text)
{
	static char log[1 << 20];
	int len = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, log, sizeof(log) - 1);

	assert_true(len > 0);
	log[len] = '\0';
	if (!strstr(log, text))
		fail_msg("the kernel log lacks '%s'", text);
}

/* A limit that was lowered since the program was loaded counts. */
static void test_link_path_limit(void **state)
{
	int prog = LOAD_OK(LDX(BPF_W, BPF_REG_2, BPF_REG_1, CTX_QUEUE), RETURN(HWIRQ_PASS));
	int ifindex = if_nametoindex("eth0"), link;

	(void)state;
	assert_true(ifindex > 0);
	assert_int_equal(write_number(MAX_PATH_FILE, 5), 0);
	link = bpf_link_create(prog, ifindex, (enum bpf_attach_type)BPF_HWIRQ, NULL);
	assert_int_equal(link, -E2BIG);
	assert_kernel_log("hwirq: eth0: attach refused: the program's path cost exceeds kernel.bpf_hwirq_max_path\n");

	assert_int_equal(write_number(MAX_PATH_FILE, 6), 0);
	link = bpf_link_create(prog, ifindex, (enum bpf_attach_type)BPF_HWIRQ, NULL);
	assert_true(link >= 0);
	close(link);
	close(prog);
}

/* A user namespace of one's own gives all capabilities, over nothing of the host's. */
static int enter_userns(int flags)
{
	return unshare(CLONE_NEWUSER | flags);
}

static int attempt_link(int prog)
{
	int link = bpf_link_create(prog, eth0, (enum bpf_attach_type)BPF_HWIRQ, NULL);

	return link < 0 ? -link : 0;
}

static int attempt_load(int unused)
{
	const struct bpf_insn insns[] = { RETURN(HWIRQ_PASS) };
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .expected_attach_type = (enum bpf_attach_type)BPF_HWIRQ);
	int fd = bpf_prog_load((enum bpf_prog_type)BPF_PROG_TYPE_HWIRQ, "p", "GPL", insns, 2, &opts);

	(void)unused;
	return fd < 0 ? -fd : 0;
}

static int attempt_map(int unused)
{
	int fd = bpf_map_create((enum bpf_map_type)BPF_MAP_TYPE_HWIRQ_RINGBUF, "m", 0, 0, 4096, NULL);

	(void)unused;
	return fd < 0 ? -fd : 0;
}

static int attempt_by_id(int id)
{
	int fd = bpf_prog_get_fd_by_id(id);

	return fd < 0 ? -fd : 0;
}

static int attempt_get(int unused)
{
	int fd = bpf_obj_get("/sys/fs/bpf/pinned");

	(void)unused;
	return fd < 0 ? errno : 0;
}

static int become_nobody(int unused)
{
	(void)unused;
	return setgid(65534) || setuid(65534);
}

/* Whoever has a program's descriptor, from a privileged process, cannot attach it. */
static void test_link_capabilities(void **state)
{
	int prog = LOAD_OK(RETURN(HWIRQ_PASS));

	(void)state;
	eth0 = if_nametoindex("eth0");
	assert_int_equal(try_in_child(NULL, 0, attempt_link, prog), 0);
	assert_int_equal(try_in_child(drop_cap, CAP_NET_ADMIN, attempt_link, prog), EPERM);
	assert_int_equal(try_in_child(become_nobody, 0, attempt_link, prog), EPERM);
	assert_int_equal(try_in_child(enter_userns, 0, attempt_link, prog), EPERM);
	assert_int_equal(try_in_child(enter_userns, CLONE_NEWNET, attempt_link, prog), EPERM);
	close(prog);
}

/* Whatever the administrator allows to unprivileged programs otherwise, nobody gets a
 * descriptor, which attaching, pinning and looking into need.
 */
static void test_unprivileged(void **state)
{
	int prog = LOAD_OK(RETURN(HWIRQ_PASS));
	int (*const give_up[])(int) = { become_nobody, enter_userns };
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	size_t i, value;

	(void)state;
	assert_int_equal(bpf_obj_get_info_by_fd(prog, &info, &len), 0);
	assert_int_equal(bpf_obj_pin(prog, "/sys/fs/bpf/pinned"), 0);
	for (value = 0; value < 3; value += 2) {
		assert_int_equal(write_number("/proc/sys/kernel/unprivileged_bpf_disabled", value), 0);
		for (i = 0; i < 2; i++) {
			assert_int_equal(try_in_child(give_up[i], 0, attempt_load, 0), EPERM);
			assert_int_equal(try_in_child(give_up[i], 0, attempt_map, 0), EPERM);
			assert_int_equal(try_in_child(give_up[i], 0, attempt_by_id, info.id), EPERM);
		}
		assert_int_equal(try_in_child(become_nobody, 0, attempt_get, 0), EACCES);
	}
	unlink("/sys/fs/bpf/pinned");
	close(prog);
}

static char warning[256];

static int keep_warning(enum libbpf_print_level level, const char *fmt, va_list args)
{
	if (level == LIBBPF_WARN)
		vsnprintf(warning, sizeof(warning), fmt, args);
	return 0;
}

/* XDP is told why by netlink, which only libbpf's oldest interface shows. */
static void test_link_refuses_xdp(void **state)
{
	const struct bpf_insn insns[] = { RETURN(XDP_PASS) };
	int prog = LOAD_OK(RETURN(HWIRQ_PASS)), xdp, link;
	int ifindex = if_nametoindex("eth0");

	(void)state;
	xdp = bpf_prog_load(BPF_PROG_TYPE_XDP, "xdp", "GPL", insns, 2, NULL);
	assert_true(xdp >= 0);
	link = bpf_link_create(prog, ifindex, (enum bpf_attach_type)BPF_HWIRQ, NULL);
	assert_true(link >= 0);
	libbpf_set_print(keep_warning);
	assert_int_equal(bpf_xdp_attach(ifindex, xdp, XDP_FLAGS_SKB_MODE, NULL), -EBUSY);
	libbpf_set_print(NULL);
	if (!strstr(warning, "a hwirq program is attached to this device, detach it first"))
		fail_msg("no reason in '%s'", warning);
	close(link);
	close(xdp);
	close(prog);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run_rodata),
		cmocka_unit_test(test_prog_array),
		cmocka_unit_test_teardown(test_sysctl, reset_max_path),
		cmocka_unit_test(test_run_data),
		cmocka_unit_test(test_run_interrupts),
		cmocka_unit_test(test_run_context),
		cmocka_unit_test(test_run_cpu),
		cmocka_unit_test(test_run_refused),
		cmocka_unit_test(test_csum_diff),
		cmocka_unit_test(test_run_capabilities),
		cmocka_unit_test_teardown(test_link_path_limit, reset_max_path),
		cmocka_unit_test(test_link_capabilities),
		cmocka_unit_test(test_unprivileged),
		cmocka_unit_test(test_link_refuses_xdp),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	libbpf_set_print(NULL);
	return cmocka_run_group_tests_name("hwirq programs", tests, NULL, NULL);
}
