/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * hwirq/object.h - open and load hard-IRQ programs with libbpf
 *
 * Functions return 0 or a negative errno and have then said why, see
 * hwirq_set_print(). Errors of libbpf come with libbpf's own message first.
 */
#ifndef HWIRQ_OBJECT_H
#define HWIRQ_OBJECT_H

#include <sys/utsname.h>

#include "message.h"

#ifdef __cplusplus
extern "C" {
#endif

__attribute__((weak)) int hwirq__sec_registered;

/*
 * The numbers as libbpf's types. Their enums may end before 62, and C++ then
 * calls a cast of the constant undefined.
 */
static inline enum bpf_prog_type hwirq__prog_type(void)
{
	int number = BPF_PROG_TYPE_HWIRQ;
	enum bpf_prog_type type;

	memcpy(&type, &number, sizeof(type));
	return type;
}

static inline enum bpf_attach_type hwirq__attach_type(void)
{
	int number = BPF_HWIRQ;
	enum bpf_attach_type type;

	memcpy(&type, &number, sizeof(type));
	return type;
}

/**
 * hwirq_register - teach libbpf what SEC("hwirq") means
 *
 * To be called before an object is opened; hwirq_object__open() and
 * hwirq_object__load() do it, the open function of a skeleton does not.
 * Calling it again does nothing.
 */
static inline int hwirq_register(void)
{
	int id;

	if (hwirq__sec_registered)
		return 0;
	id = libbpf_register_prog_handler("hwirq+", hwirq__prog_type(),
					  hwirq__attach_type(), NULL);
	if (id < 0) {
		hwirq__warn("hwirq: libbpf does not take a handler for SEC(\"hwirq\"): %s. Use libbpf 1.0 or newer\n",
			    strerror(-id));
		return id;
	}
	hwirq__sec_registered = 1;
	return 0;
}

/**
 * hwirq_probe - ask the kernel whether it takes hard-IRQ programs
 *
 * Loads a program of two instructions and forgets it. Says nothing.
 *
 * Return: 0, -EINVAL if the kernel lacks the feature, -EPERM if this process
 * may not load such programs, or another negative errno.
 */
static inline int hwirq_probe(void)
{
	struct bpf_prog_load_opts opts;
	struct bpf_insn insns[2];
	int fd;

	memset(insns, 0, sizeof(insns));
	insns[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
	insns[0].imm = HWIRQ_PASS;
	insns[1].code = BPF_JMP | BPF_EXIT;

	memset(&opts, 0, sizeof(opts));
	opts.sz = sizeof(opts);
	opts.expected_attach_type = hwirq__attach_type();

	fd = bpf_prog_load(hwirq__prog_type(), "hwirq_probe", "GPL", insns, 2,
			   &opts);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* ENOTSUPP of the kernel, which no libc knows: the JIT did not take it. */
#define HWIRQ__ENOTSUPP 524

/**
 * hwirq_check_kernel - hwirq_probe(), with a sentence if the answer is no
 */
static inline int hwirq_check_kernel(void)
{
	struct utsname uts;
	int err = hwirq_probe();

	switch (err) {
	case 0:
		break;
	case -EINVAL:
		memset(&uts, 0, sizeof(uts));
		uname(&uts);
		hwirq__warn("hwirq: this kernel (%s) has no hard-IRQ programs: it does not know BPF program type %d. Boot one with the hwirq patches and CONFIG_BPF_HWIRQ=y; 'make -C kernel deb' in hwirq-sdk builds its packages\n",
			    uts.release, BPF_PROG_TYPE_HWIRQ);
		break;
	case -EPERM:
	case -EACCES:
		hwirq__warn_perm("load hard-IRQ programs", false);
		break;
	case -HWIRQ__ENOTSUPP:
	case -EOPNOTSUPP:
		hwirq__warn("hwirq: cannot load hard-IRQ programs: the BPF JIT is off, and they are never interpreted. Turn it on: sysctl net.core.bpf_jit_enable=1\n");
		break;
	case -ENOMEM:
		hwirq__warn("hwirq: out of memory: the kernel cannot load even an empty hard-IRQ program. Free some, or raise the limit of this control group\n");
		break;
	case -ENOSYS:
		hwirq__warn("hwirq: this kernel has no bpf(2). Boot one with CONFIG_BPF_SYSCALL=y and CONFIG_BPF_HWIRQ=y\n");
		break;
	default:
		hwirq__warn("hwirq: the kernel refuses even an empty hard-IRQ program: %s. Look for its reason in the kernel log: dmesg\n",
			    strerror(-err));
	}
	return err;
}

/**
 * hwirq_path_limit - kernel.bpf_hwirq_max_path, or 0 if there is none
 */
static inline unsigned int hwirq_path_limit(void)
{
	char buf[32];

	return (unsigned int)strtoul(
		hwirq__read_line("/proc/sys/kernel/bpf_hwirq_max_path", buf,
				 sizeof(buf)),
		NULL, 10);
}

/**
 * hwirq_object__open - open an object file with hard-IRQ programs
 * @path: file made by clang -target bpf
 * @opts: as for bpf_object__open_file(), may be NULL
 * @obj: receives the object; close it with bpf_object__close()
 */
static inline int hwirq_object__open(const char *path,
				     const struct bpf_object_open_opts *opts,
				     struct bpf_object **obj)
{
	char why[128];
	int err;

	err = hwirq_register();
	if (err)
		return err;
	errno = 0;
	*obj = bpf_object__open_file(path, opts);
	if (*obj)
		return 0;
	err = errno ? -errno : -EINVAL;
	hwirq__warn("hwirq: cannot open %s: %s. It must be an object made by clang -O2 -g -target bpf\n",
		    path, hwirq__strerror(err, why, sizeof(why)));
	return err;
}

/* Whether a line of a verifier log tells about the run, not about a fault. */
static inline bool hwirq__log_is_noise(const char *line)
{
	static const char *const noise[] = {
		"processed ", "verification time ", "stack depth ",
		"max path cost ", "mark_precise", "from ", ";",
	};
	size_t i;

	for (i = 0; i < sizeof(noise) / sizeof(noise[0]); i++) {
		if (!strncmp(line, noise[i], strlen(noise[i])))
			return true;
	}
	/* "12: (b7) r0 = 0" and the register states behind it */
	i = strspn(line, "0123456789");
	return i > 0 && line[i] == ':';
}

/* The verifier's reason: the last lines of its log that state one. */
static inline void hwirq__log_reason(const char *log, char *buf, size_t size)
{
	bool again = true;
	size_t len, at;

	buf[0] = '\0';
	for (; *log; log += len + (log[len] == '\n')) {
		len = strcspn(log, "\n");
		if (!len || hwirq__log_is_noise(log)) {
			again = true;
			continue;
		}
		at = again ? 0 : strlen(buf);
		snprintf(buf + at, size - at, "%s%.*s", again ? "" : "; ",
			 (int)len, log);
		again = false;
	}
}

static inline void hwirq__explain_load(struct bpf_object *obj, int err)
{
	struct bpf_program *prog;
	const char *log;
	char reason[512];
	size_t size;

	if (err == -ENOMEM) {
		hwirq__warn("hwirq: out of memory: the kernel has none for the programs and maps of object '%s'. Free some, raise the limit of this control group, or make its rings smaller\n",
			    bpf_object__name(obj));
		return;
	}
	bpf_object__for_each_program(prog, obj) {
		log = bpf_program__log_buf(prog, &size);
		if (!log || !log[0])
			continue;
		hwirq__warn("%s", log);
		hwirq__log_reason(log, reason, sizeof(reason));
		hwirq__warn("hwirq: the verifier refuses program '%s': %s. Its log is above; hwirq_helpers.h lists what a hard-IRQ program has to do without\n",
			    bpf_program__name(prog),
			    reason[0] ? reason : strerror(-err));
		return;
	}
	if (err == -EPERM || err == -EACCES)
		hwirq__warn_perm("load the object", false);
	else
		hwirq__warn("hwirq: cannot load object '%s': %s. The verifier was not reached; libbpf's message says which step failed\n",
			    bpf_object__name(obj),
			    hwirq__strerror(err, reason, sizeof(reason)));
}

/* Room for any log; untouched pages of it cost nothing. */
#define HWIRQ__LOG_SIZE (16U << 20)

/* Programs without a log buffer get one, and lose it after the load. */
static inline int hwirq__load(struct bpf_object *obj,
			      struct bpf_object_skeleton *skel)
{
	struct bpf_program *prog;
	char **logs;
	size_t n = 0, i = 0, size;
	int err;

	err = hwirq_check_kernel();
	if (err)
		return err;

	bpf_object__for_each_program(prog, obj)
		n++;
	logs = (char **)calloc(n + 1, sizeof(*logs));
	if (!logs)
		return hwirq__no_memory();
	bpf_object__for_each_program(prog, obj) {
		if (bpf_program__log_buf(prog, &size))
			continue;
		logs[i] = (char *)malloc(HWIRQ__LOG_SIZE);
		if (!logs[i])
			break;	/* it loads as well without */
		logs[i][0] = '\0';
		bpf_program__set_log_buf(prog, logs[i++], HWIRQ__LOG_SIZE);
	}

	err = skel ? bpf_object__load_skeleton(skel) : bpf_object__load(obj);
	if (err)
		hwirq__explain_load(obj, err);

	bpf_object__for_each_program(prog, obj) {
		const char *log = bpf_program__log_buf(prog, &size);

		for (i = 0; log && logs[i]; i++) {
			if (log == logs[i])
				bpf_program__set_log_buf(prog, NULL, 0);
		}
	}
	for (i = 0; logs[i]; i++)
		free(logs[i]);
	free(logs);
	return err;
}

/**
 * hwirq_object__load - load all programs and maps of an object
 * @obj: from hwirq_object__open() or bpf_object__open*()
 *
 * If the verifier refuses a program, its whole log is printed, then a sentence
 * with the reason.
 */
static inline int hwirq_object__load(struct bpf_object *obj)
{
	return hwirq__load(obj, NULL);
}

/**
 * hwirq_object__load_skeleton - as hwirq_object__load(), for a skeleton
 * @skel: the member `skeleton` of what bpftool gen skeleton made; call it in
 *        place of NAME__load()
 */
static inline int hwirq_object__load_skeleton(struct bpf_object_skeleton *skel)
{
	return hwirq__load(*skel->obj, skel);
}

/* Value of "KEY:\tVALUE" in the fdinfo of one of our file descriptors. */
static inline int hwirq__fdinfo(int fd, const char *key, char *buf, size_t size)
{
	char path[64], line[256];
	size_t len = strlen(key);
	int err = -ENODATA;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (err && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, len) || line[len] != ':')
			continue;
		len += 1 + strspn(line + len + 1, " \t");
		line[strcspn(line, "\n")] = '\0';
		snprintf(buf, size, "%s", line + len);
		err = 0;
	}
	fclose(f);
	return err;
}

/**
 * hwirq_program__path_cost - cost of the longest path, as the verifier proved
 * @prog: a loaded program
 * @cost: receives the cost in the units of kernel.bpf_hwirq_max_path
 *
 * Says nothing. Return: 0 or -ENODATA if the kernel does not tell.
 */
static inline int hwirq_program__path_cost(const struct bpf_program *prog,
					   unsigned int *cost)
{
	char buf[32];
	int err;

	err = hwirq__fdinfo(bpf_program__fd(prog), "hwirq_max_path_cost", buf,
			    sizeof(buf));
	if (!err)
		*cost = (unsigned int)strtoul(buf, NULL, 10);
	return err;
}

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HWIRQ_OBJECT_H */
