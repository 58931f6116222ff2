// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * test_user.c - hwirq_user.h against a kernel that the tests play
 *
 * The linker wraps syscall(), open() and fopen() of this file and of the static
 * libbpf: bpf(2) ends in struct fake, files in /proc and /dev/kmsg can be
 * replaced. No kernel feature and no privilege is needed.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "test.h"
#include <hwirq_user.h>

#define IFINDEX 1	/* lo exists everywhere */
#define LINK_FDINFO \
	"pos:\t0\nflags:\t02000000\nmnt_id:\t14\nlink_type:\thwirq\n" \
	"link_id:\t1\nprog_tag:\t0123456789abcdef\nprog_id:\t7\n" \
	"ifindex:\t2\nqueue:\tall\nmode:\tirq\nirqs:\t1\npackets:\t2\naborted:\t3\n" \
	"drop:\t4\npass:\t5\ntx:\t6\ninvalid:\t7\nineligible:\t8\n" \
	"pool_empty:\t9\npass_full:\t10\ntx_full:\t11\nbusy:\t12\n" \
	"napi_packets:\t13\nhardirq_packets:\t14\nns_total:\t15\n" \
	"ns_max:\t18446744073709551615\nnapi_ns:\t17\naux_ns:\t18\n" \
	"switches:\t19\nbudget_hit:\t20\ntime_hit:\t21\nshare_hit:\t22\n" \
	"missed:\t23\nrests:\t24\naux_rests:\t25\nstarved:\t26\npool_total:\t27\n" \
	"pool_free:\t28\npool_rx:\t29\npool_tx:\t30\npool_pass:\t31\n"

/* What the kernel answers, and what it was asked. */
static struct {
	int probe_err;		/* load of the two-instruction program */
	int load_err;		/* load of anything longer */
	const char *log;	/* verifier's, if it is asked for one */
	int link_err;
	int update_err;
	const char *kmsg;	/* logged during BPF_LINK_CREATE */
	unsigned int xdp_id;
	unsigned int path_limit;

	unsigned int prog_type, expected_attach_type;
	unsigned int target_ifindex, attach_type, queue_plus1;
	unsigned int links;
} fake;

/* Files replaced: contents by path; NULL contents do not exist. */
static struct {
	const char *path;
	const char *text;
} files[8];

static int kmsg_fd;
static char said[65536];

static int say(enum libbpf_print_level level, const char *format, va_list args)
{
	size_t len = strlen(said);

	(void)level;
	return vsnprintf(said + len, sizeof(said) - len, format, args);
}

static void replace(const char *path, const char *text)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		if (!files[i].path || !strcmp(files[i].path, path)) {
			files[i].path = path;
			files[i].text = text;
			return;
		}
	}
	abort();
}

static const char *const *find(const char *path)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		if (files[i].path && !strcmp(files[i].path, path))
			return &files[i].text;
	}
	return NULL;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
int __wrap_bpf_xdp_query_id(int ifindex, int flags, __u32 *id);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

static int text_fd(const char *text)
{
	int fd = memfd_create("text", MFD_CLOEXEC);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	lseek(fd, 0, SEEK_SET);
	return fd;
}

int __wrap_open(const char *path, int flags, ...)
{
	const char *const *text = find(path);

	if (!text) {
		va_list args;
		unsigned int mode;

		va_start(args, flags);
		mode = flags & O_CREAT ? va_arg(args, unsigned int) : 0;
		va_end(args);
		return __real_open(path, flags, mode);
	}
	if (!*text) {
		errno = ENOENT;
		return -1;
	}
	if (strcmp(path, "/dev/kmsg"))
		return text_fd(*text);
	/* what was logged earlier must not be quoted */
	kmsg_fd = text_fd(*text);
	return dup(kmsg_fd);
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	const char *const *text = find(path);

	if (!text)
		return __real_fopen(path, mode);
	if (!*text) {
		errno = ENOENT;
		return NULL;
	}
	return fmemopen((void *)(uintptr_t)*text, strlen(*text), "r");
}

int __wrap_bpf_xdp_query_id(int ifindex, int flags, __u32 *id)
{
	(void)ifindex;
	(void)flags;
	*id = fake.xdp_id;
	return 0;
}

static long fd_or(int err)
{
	if (err) {
		errno = err;
		return -1;
	}
	return __real_open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static long fake_load(const union bpf_attr *attr)
{
	if (attr->prog_type != BPF_PROG_TYPE_HWIRQ)
		return fd_or(0);	/* libbpf looks for features */
	fake.prog_type = attr->prog_type;
	fake.expected_attach_type = attr->expected_attach_type;
	if (attr->insn_cnt == 2)
		return fd_or(fake.probe_err);
	if (attr->log_level && fake.log)
		snprintf((char *)(uintptr_t)attr->log_buf, attr->log_size, "%s",
			 fake.log);
	return fd_or(fake.load_err);
}

static long fake_link(const union bpf_attr *attr)
{
	off_t at;

	fake.links++;
	fake.target_ifindex = attr->link_create.target_ifindex;
	fake.attach_type = attr->link_create.attach_type;
	fake.queue_plus1 = attr->link_create.target_btf_id;
	if (kmsg_fd >= 0 && fake.kmsg) {
		/* append behind the reader, which shares the file offset */
		at = lseek(kmsg_fd, 0, SEEK_CUR);
		assert_int_equal(pwrite(kmsg_fd, fake.kmsg, strlen(fake.kmsg), at),
				 strlen(fake.kmsg));
	}
	return fd_or(fake.link_err);
}

static long fake_bpf(int cmd, const union bpf_attr *attr)
{
	switch (cmd) {
	case BPF_PROG_LOAD:
		return fake_load(attr);
	case BPF_LINK_CREATE:
		return fake_link(attr);
	case BPF_LINK_UPDATE:
		errno = fake.update_err;
		return fake.update_err ? -1 : 0;
	case BPF_MAP_CREATE:
	case BPF_BTF_LOAD:
		return fd_or(0);
	case BPF_OBJ_GET_INFO_BY_FD:
		errno = EINVAL;
		return -1;
	default:
		return 0;
	}
}

#include "fake_bpf.h"

static int setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	memset(files, 0, sizeof(files));
	said[0] = '\0';
	kmsg_fd = -1;
	replace("/dev/kmsg", NULL);
	replace("/proc/self/status", "Name:\tt\nCapEff:\t000001ffffffffff\n");
	hwirq_set_print(say);
	/* libbpf's own messages are not ours to test */
	libbpf_set_print(NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (kmsg_fd >= 0)
		close(kmsg_fd);
	hwirq_set_print(hwirq__print_stderr);
	return 0;
}

/* One sentence, of one line, that contains each of the words. */
#define assert_said(...) check_said((const char *[]){ __VA_ARGS__, NULL })

static void check_said(const char *const *words)
{
	assert_true(!strncmp(said, "hwirq: ", 7));
	assert_int_equal(strcspn(said, "\n"), strlen(said) - 1);
	for (; *words; words++) {
		if (!strstr(said, *words))
			fail_msg("'%s' is not in: %s", *words, said);
	}
	said[0] = '\0';
}

static void probe(void **state)
{
	(void)state;
	assert_int_equal(hwirq_probe(), 0);
	assert_int_equal(fake.prog_type, 62);
	assert_int_equal(fake.expected_attach_type, 62);
	assert_int_equal(hwirq_check_kernel(), 0);
	assert_string_equal(said, "");
}

static void kernel_without_hwirq(void **state)
{
	(void)state;
	fake.probe_err = EINVAL;
	assert_int_equal(hwirq_probe(), -EINVAL);
	assert_string_equal(said, "");
	assert_int_equal(hwirq_check_kernel(), -EINVAL);
	assert_said("no hard-IRQ programs", "CONFIG_BPF_HWIRQ");
}

static void kernel_other_errors(void **state)
{
	(void)state;
	fake.probe_err = EOPNOTSUPP;
	assert_int_equal(hwirq_check_kernel(), -EOPNOTSUPP);
	assert_said("JIT", "bpf_jit_enable=1");
	fake.probe_err = 524;
	assert_int_equal(hwirq_check_kernel(), -524);
	assert_said("JIT", "bpf_jit_enable=1");
	fake.probe_err = ENOSYS;
	assert_int_equal(hwirq_check_kernel(), -ENOSYS);
	assert_said("CONFIG_BPF_SYSCALL");
	fake.probe_err = ENOMEM;
	assert_int_equal(hwirq_check_kernel(), -ENOMEM);
	assert_said("out of memory: the kernel", "control group");
	fake.probe_err = EMFILE;
	assert_int_equal(hwirq_check_kernel(), -EMFILE);
	assert_said("Too many open files", "dmesg");
}

static void missing_capabilities(void **state)
{
	static const struct {
		const char *status;
		const char *lacks;
	} cases[] = {
		{ "CapEff:\t0000000000000000\n",
		  "lacks CAP_BPF and CAP_NET_ADMIN. " },
		{ "CapEff:\t0000000000001000\n", "lacks CAP_BPF. " },
		{ "CapEff:\t0000008000000000\n", "lacks CAP_NET_ADMIN. " },
		{ "CapEff:\t0000008000001000\n", "initial user namespace" },
		{ "CapEff:\t0000000000200000\n", "initial user namespace" },
	};
	size_t i;

	(void)state;
	fake.probe_err = EPERM;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		replace("/proc/self/status", cases[i].status);
		assert_int_equal(hwirq_check_kernel(), -EPERM);
		assert_said("cannot load", cases[i].lacks);
	}
	replace("/proc/self/status", NULL);
	assert_int_equal(hwirq_check_kernel(), -EPERM);
	assert_said("initial user namespace");
}

static struct bpf_object *load_echo(int expect)
{
	struct bpf_object *obj;

	assert_int_equal(hwirq_object__open(ECHO_OBJECT, NULL, &obj), 0);
	assert_int_equal(hwirq_object__load(obj), expect);
	return obj;
}

static void load(void **state)
{
	struct bpf_program *prog;
	struct bpf_object *obj;

	(void)state;
	obj = load_echo(0);
	assert_string_equal(said, "");
	assert_int_equal(fake.prog_type, 62);
	assert_int_equal(fake.expected_attach_type, 62);
	prog = bpf_object__next_program(obj, NULL);
	assert_string_equal(bpf_program__section_name(prog), "hwirq");
	bpf_object__close(obj);
}

static void open_errors(void **state)
{
	struct bpf_object *obj;

	(void)state;
	assert_int_equal(hwirq_object__open("/nonexistent.bpf.o", NULL, &obj),
			 -ENOENT);
	assert_said("/nonexistent.bpf.o", "No such file", "clang");
	assert_true(hwirq_object__open("/dev/null", NULL, &obj) < 0);
	assert_said("/dev/null", "format invalid", "clang");
}

static void load_needs_kernel(void **state)
{
	(void)state;
	fake.probe_err = EINVAL;
	bpf_object__close(load_echo(-EINVAL));
	assert_said("no hard-IRQ programs");
}

static void verifier_refusal(void **state)
{
	char *tail;

	(void)state;
	fake.load_err = EINVAL;
	fake.log = "0: R1=ctx() R10=fp0\n"
		   "; return bpf_trace_printk();\n"
		   "7: (85) call bpf_trace_printk#6\n"
		   "hwirq programs cannot use helper bpf_trace_printk#6: why\n"
		   "processed 3 insns (limit 1000000) max_states_per_insn 0\n";
	bpf_object__close(load_echo(-EINVAL));
	/* the whole log, then the sentence */
	assert_true(!strncmp(said, fake.log, strlen(fake.log)));
	tail = said + strlen(fake.log);
	memmove(said, tail, strlen(tail) + 1);
	assert_said("refuses program 'echo'", "bpf_trace_printk#6: why");
}

static void verifier_path_cost(void **state)
{
	char *tail;

	(void)state;
	fake.load_err = E2BIG;
	fake.log = "12: (bc) w8 = w7\n"
		   "path cost 4097 exceeds the limit 4096 at insn 12\n"
		   "hwirq programs cannot have longer paths; do that\n"
		   "processed 9 insns (limit 1000000)\n";
	bpf_object__close(load_echo(-E2BIG));
	tail = said + strlen(fake.log);
	memmove(said, tail, strlen(tail) + 1);
	assert_said("path cost 4097", "insn 12; hwirq programs", "do that");
}

static void load_without_log(void **state)
{
	(void)state;
	fake.load_err = EMFILE;
	bpf_object__close(load_echo(-EMFILE));
	assert_said("cannot load object", "Too many open files");
}

/* What the verifier had said before is no reason. */
static void load_out_of_memory(void **state)
{
	(void)state;
	fake.load_err = ENOMEM;
	bpf_object__close(load_echo(-ENOMEM));
	assert_said("out of memory: ", "object 'echo'");
	fake.log = "12: (bc) w8 = w7\nsome words\n";
	bpf_object__close(load_echo(-ENOMEM));
	assert_said("out of memory: ", "object 'echo'");
}

static void log_reason(void **state)
{
	static const struct {
		const char *log, *reason;
	} cases[] = {
		{ "", "" },
		{ "processed 1 insns\n", "" },
		{ "why\n", "why" },
		{ "why", "why" },
		{ "first\n0: (b7) r0 = 0\n; int x;\nfrom 1 to 2: R0=0\nlast\n"
		  "verification time 5 usec\nstack depth 0\nprocessed 1 insns\n"
		  "max path cost 1 (limit 2)\n", "last" },
		{ "12 apples\n", "12 apples" },
		{ "one\ntwo\n0: (95) exit\nthree\nfour\n", "three; four" },
	};
	char buf[64];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		hwirq__log_reason(cases[i].log, buf, sizeof(buf));
		assert_string_equal(buf, cases[i].reason);
	}
}

/* Attach a loaded program, expecting a result. */
static struct hwirq_link *attach(int queue, int expect)
{
	struct bpf_object *obj = load_echo(0);
	struct hwirq_link *link;

	assert_int_equal(hwirq_program__attach(bpf_object__next_program(obj, NULL),
					       IFINDEX, queue, &link),
			 expect);
	assert_int_equal(link == NULL, expect != 0);
	bpf_object__close(obj);
	return link;
}

static void attach_queue(void **state)
{
	struct hwirq_link *link;

	(void)state;
	link = attach(HWIRQ_ALL_QUEUES, 0);
	assert_int_equal(fake.target_ifindex, IFINDEX);
	assert_int_equal(fake.attach_type, 62);
	assert_int_equal(fake.queue_plus1, 0);
	assert_true(hwirq_link__fd(link) >= 0);
	hwirq_link__destroy(link);
	link = attach(0, 0);
	assert_int_equal(fake.queue_plus1, 1);
	hwirq_link__destroy(link);
	link = attach(7, 0);
	assert_int_equal(fake.queue_plus1, 8);
	hwirq_link__destroy(link);
	hwirq_link__destroy(NULL);
	assert_string_equal(said, "");

	fake.links = 0;
	attach(-2, -ENXIO);
	assert_int_equal(fake.links, 0);
	assert_said("-2", "HWIRQ_ALL_QUEUES");
}

static void attach_errors(void **state)
{
	static const struct {
		int err;
		const char *words[3];
	} cases[] = {
		{ ENODEV, { "lo (all queues)", "is gone", "ip link" } },
		{ EOPNOTSUPP, { "no hard-IRQ hook", "driver is ", "dmesg" } },
		{ EBUSY, { "AF_XDP", "netpoll", "Stop" } },
		{ EEXIST, { "attached there already", "bpftool link", "62" } },
		{ ENXIO, { "no such queue", "It has ", "from 0" } },
		{ EMSGSIZE, { "MTU is too large", "It is 9000", "lo mtu 1500" } },
		{ E2BIG, { "longest path", "kernel.bpf_hwirq_max_path",
			   "limit is 77 today" } },
		{ EINVAL, { "does not understand", "SEC(\"hwirq\")", "version" } },
		{ ENOMEM, { "out of memory: ", "(all queues)", "ethtool -G lo rx" } },
		{ ENFILE, { "Too many open files", "dmesg", "lo" } },
		{ EPERM, { "attach to lo", "initial user namespace", "bpf(2)" } },
	};
	size_t i;

	(void)state;
	replace("/sys/class/net/lo/mtu", "9000\n");
	replace("/proc/sys/kernel/bpf_hwirq_max_path", "77\n");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		fake.link_err = cases[i].err;
		attach(HWIRQ_ALL_QUEUES, -cases[i].err);
		assert_said(cases[i].words[0], cases[i].words[1],
			    cases[i].words[2]);
	}
	fake.link_err = EPERM;
	replace("/proc/self/status", "CapEff:\t0000008000000000\n");
	attach(3, -EPERM);
	assert_said("lacks CAP_NET_ADMIN");
}

static void attach_xdp_in_the_way(void **state)
{
	(void)state;
	fake.link_err = EBUSY;
	fake.xdp_id = 42;
	attach(HWIRQ_ALL_QUEUES, -EBUSY);
	assert_said("XDP program 42 ", "ip link set dev lo xdp off");
}

static void attach_quotes_kernel(void **state)
{
	(void)state;
	replace("/dev/kmsg", "4,1,1,-;hwirq: lo: attach refused: an old story\n");
	fake.link_err = EOPNOTSUPP;
	fake.kmsg = "4,2,2,-;hwirq: eth7: attach refused: of another device\n"
		    "4,3,3,-;hwirq: lo: attach refused: the vector is shared\n";
	attach(1, -EOPNOTSUPP);
	assert_said("lo (queue 1): the vector is shared. Its driver");

	/* nothing to quote is no reason to fall silent */
	fake.kmsg = "4,4,4,-;eth0: link up\n";
	attach(1, -EOPNOTSUPP);
	assert_said("lo (queue 1)", "no hard-IRQ hook");

	/* nor is a driver that says nothing, as all do without memory */
	fake.link_err = ENOMEM;
	fake.kmsg = "4,5,5,-;hwirq: lo: attach refused: the driver gave no reason\n";
	attach(1, -ENOMEM);
	assert_said("lo (queue 1): out of memory: ", "ethtool -G");
	fake.link_err = EOPNOTSUPP;
	attach(1, -EOPNOTSUPP);
	assert_said("lo (queue 1)", "no hard-IRQ hook");
}

static void update(void **state)
{
	struct bpf_object *obj = load_echo(0);
	struct bpf_program *prog = bpf_object__next_program(obj, NULL);
	struct hwirq_link *link = attach(HWIRQ_ALL_QUEUES, 0);

	(void)state;
	assert_int_equal(hwirq_link__update(link, prog), 0);
	assert_string_equal(said, "");
	fake.update_err = E2BIG;
	assert_int_equal(hwirq_link__update(link, prog), -E2BIG);
	assert_said("'echo'", "kernel.bpf_hwirq_max_path");
	fake.update_err = ENOMEM;
	assert_int_equal(hwirq_link__update(link, prog), -ENOMEM);
	assert_said("out of memory", "The old one stays");
	fake.update_err = ENOLINK;
	assert_int_equal(hwirq_link__update(link, prog), -ENOLINK);
	assert_said("is detached", "Attach anew");
	fake.update_err = EBUSY;
	assert_int_equal(hwirq_link__update(link, prog), -EBUSY);
	assert_said("a ring of 'echo' belongs to another attachment");
	fake.update_err = EINVAL;
	assert_int_equal(hwirq_link__update(link, prog), -EINVAL);
	assert_said("'echo'", "SEC(\"hwirq\")");
	hwirq_link__destroy(link);
	bpf_object__close(obj);
}

static void stats(void **state)
{
	char path[64], *text, *line;
	struct hwirq_link *link;
	struct hwirq_stats st;
	__u64 n = 0;

	(void)state;
	link = attach(HWIRQ_ALL_QUEUES, 0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", hwirq_link__fd(link));
	replace(path, LINK_FDINFO);
	assert_int_equal(hwirq_link__stats(link, &st), 0);
#define NUMBERED(name) \
	n++; \
	assert_true(st.name == (n == 16 ? ~0ULL : n));
	HWIRQ_STATS(NUMBERED)
#undef NUMBERED
	assert_string_equal(said, "");

	/* a counter that is not there is no zero */
	text = strdup(LINK_FDINFO);
	line = strstr(text, "ns_max");
	line[0] = 'x';
	replace(path, text);
	assert_int_equal(hwirq_link__stats(link, &st), -EPROTO);
	assert_said("'ns_max'", "SDK that belongs");

	line = strstr(text, "ifindex:\t2");
	line[9] = '0';
	assert_int_equal(hwirq_link__stats(link, &st), -ENODEV);
	assert_said("attached to lo any more", "gone");
	free(text);

	replace(path, NULL);
	assert_int_equal(hwirq_link__stats(link, &st), -ENOENT);
	assert_said("/proc/self/fdinfo", "mounted");
	hwirq_link__destroy(link);
}

/* A line for each queue, longer than what counters are read by. */
static void histogram(void **state)
{
	char path[64], text[8192] = LINK_FDINFO;
	struct hwirq_histogram h;
	struct hwirq_link *link;
	struct hwirq_stats st;
	size_t len;
	int i, queue;

	(void)state;
	link = attach(HWIRQ_ALL_QUEUES, 0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", hwirq_link__fd(link));
	replace(path, text);
	assert_int_equal(hwirq_link__histogram(link, &h), -ENODATA);
	assert_string_equal(said, "");

	len = strlen(text);
	for (queue = 0; queue < 2; queue++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "handler_ns_hist:\t%d",
					queue);
		for (i = 8; i < 208; i++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, " %llu:%d",
						(unsigned long long)hwirq_histogram__low((unsigned int)i),
						i);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "\n");
	}
	assert_int_equal(hwirq_link__histogram(link, &h), 0);
	for (i = 0; i < 256; i++)
		assert_int_equal(h.counts[i], i >= 8 && i < 208 ? 2 * i : 0);
	assert_int_equal(hwirq_link__stats(link, &st), 0);
	assert_int_equal(st.packets, 2);
	assert_string_equal(said, "");

	snprintf(text + len, sizeof(text) - len, "handler_ns_hist:\t2 17:1\nns_new:\t1\n");
	assert_int_equal(hwirq_link__histogram(link, &h), -EPROTO);
	assert_said("another format", "SDK that belongs");
	replace(path, NULL);
	assert_int_equal(hwirq_link__histogram(link, &h), -ENOENT);
	assert_said("/proc/self/fdinfo", "mounted");
	hwirq_link__destroy(link);
}

static void path_cost(void **state)
{
	struct bpf_object *obj = load_echo(0);
	struct bpf_program *prog = bpf_object__next_program(obj, NULL);
	unsigned int cost = 0;
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", bpf_program__fd(prog));
	assert_int_equal(hwirq_program__path_cost(prog, &cost), -ENODATA);
	replace(path, "prog_type:\t62\nhwirq_max_path_cost:\t612\n");
	assert_int_equal(hwirq_program__path_cost(prog, &cost), 0);
	assert_int_equal(cost, 612);
	replace("/proc/sys/kernel/bpf_hwirq_max_path", "4096\n");
	assert_int_equal(hwirq_path_limit(), 4096);
	bpf_object__close(obj);
}

static void find_device(void **state)
{
	struct rlimit before, none;

	(void)state;
	assert_int_equal(hwirq_ifindex("lo"), IFINDEX);
	assert_int_equal(hwirq_ifindex("1"), IFINDEX);
	assert_string_equal(said, "");
	assert_int_equal(hwirq_ifindex("nosuchdev0"), -ENODEV);
	assert_said("'nosuchdev0'", "has: ", "lo");
	assert_int_equal(hwirq_ifindex(""), -ENODEV);
	assert_said("''");
	assert_int_equal(hwirq_ifindex("99999999"), -ENODEV);
	assert_said("99999999");
	/* no socket to ask with */
	getrlimit(RLIMIT_NOFILE, &before);
	none = before;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	assert_int_equal(hwirq_ifindex("nosuchdev0"), -EMFILE);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_said("cannot look for the network interface 'nosuchdev0'", "ulimit -n");
}

static void silence(void **state)
{
	(void)state;
	hwirq_set_print(NULL);
	errno = 0;
	assert_int_equal(hwirq_ifindex("nosuchdev0"), -ENODEV);
	assert_string_equal(said, "");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(probe),
		TEST(kernel_without_hwirq),
		TEST(kernel_other_errors),
		TEST(missing_capabilities),
		TEST(load),
		TEST(open_errors),
		TEST(load_needs_kernel),
		TEST(verifier_refusal),
		TEST(verifier_path_cost),
		TEST(load_without_log),
		TEST(load_out_of_memory),
		TEST(log_reason),
		TEST(attach_queue),
		TEST(attach_errors),
		TEST(attach_xdp_in_the_way),
		TEST(attach_quotes_kernel),
		TEST(update),
		TEST(stats),
		TEST(histogram),
		TEST(path_cost),
		TEST(find_device),
		TEST(silence),
	};

	return run_group("user", tests);
}
