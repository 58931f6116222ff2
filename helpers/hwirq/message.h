/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * hwirq/message.h - where the user side's sentences go, and what they quote
 *
 * Names with a double underscore directly after "hwirq" are internal.
 */
#ifndef HWIRQ_MESSAGE_H
#define HWIRQ_MESSAGE_H

#if defined(__STRICT_ANSI__) && !defined(_GNU_SOURCE) && !defined(_DEFAULT_SOURCE)
#error "hwirq_user.h takes more than ISO C: compile with -std=gnu11, or with -D_GNU_SOURCE"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <hwirq_abi.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#ifdef __cplusplus
extern "C" {
#endif

static inline int hwirq__print_stderr(enum libbpf_print_level level,
				      const char *format, va_list args)
{
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, format, args);
}

/* Weak: one printer per process, however many files include this header. */
__attribute__((weak)) libbpf_print_fn_t hwirq__print_fn = hwirq__print_stderr;

/**
 * hwirq_set_print - choose where messages go
 * @fn: as for libbpf_set_print(), which it may share; NULL for silence
 *
 * The default writes to stderr. Like its libbpf sister not thread-safe.
 *
 * Return: the previous function.
 */
static inline libbpf_print_fn_t hwirq_set_print(libbpf_print_fn_t fn)
{
	libbpf_print_fn_t old = hwirq__print_fn;

	hwirq__print_fn = fn;
	return old;
}

/* Keeps errno, so that a message never changes what its caller reports. */
__attribute__((format(printf, 1, 2)))
static inline void hwirq__warn(const char *format, ...)
{
	int saved = errno;
	va_list args;

	if (!hwirq__print_fn)
		return;
	va_start(args, format);
	hwirq__print_fn(LIBBPF_WARN, format, args);
	va_end(args);
	errno = saved;
}

/* For what this process asks for itself; of the kernel's memory its callers tell. */
static inline int hwirq__no_memory(void)
{
	hwirq__warn("hwirq: out of memory: this process gets no more\n");
	return -ENOMEM;
}

/* In words, also what only libbpf knows: an object for machines of the other byte order. */
static inline const char *hwirq__strerror(int err, char *buf, size_t size)
{
	libbpf_strerror(err, buf, size);
	return buf;
}

/* First line of a small file, or "" if there is none. */
static inline const char *hwirq__read_line(const char *path, char *buf,
					   size_t size)
{
	ssize_t n;
	int fd;

	buf[0] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return buf;
	n = read(fd, buf, size - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

/*
 * The kernel log, positioned behind its last line; -1 if we may not read it.
 * What the kernel logs between this and hwirq__kmsg_quote() can be quoted.
 */
static inline int hwirq__kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && lseek(fd, 0, SEEK_END) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/*
 * Find "hwirq: IFNAME: attach refused: SENTENCE" in what the kernel has logged
 * since hwirq__kmsg_open(), and copy the last such sentence.
 */
static inline bool hwirq__kmsg_quote(int fd, const char *ifname, char *buf,
				     size_t size)
{
	char record[2048], key[64];
	bool found = false;
	char *sentence;
	ssize_t n;

	snprintf(key, sizeof(key), "hwirq: %s: attach refused: ", ifname);
	for (;;) {
		n = read(fd, record, sizeof(record) - 1);
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue;	/* overrun: the next read goes on */
		if (n <= 0)
			return found;
		record[n] = '\0';
		sentence = strstr(record, key);
		if (!sentence)
			continue;
		sentence += strlen(key);
		sentence[strcspn(sentence, "\n")] = '\0';
		snprintf(buf, size, "%s", sentence);
		found = true;
	}
}

/* Capability numbers of <linux/capability.h>, which are ABI. */
enum {
	HWIRQ__CAP_NET_ADMIN = 12,
	HWIRQ__CAP_SYS_ADMIN = 21,
	HWIRQ__CAP_BPF = 39,
};

/* Effective capabilities of this process; all of them if /proc is missing. */
static inline unsigned long long hwirq__caps(void)
{
	unsigned long long caps = ~0ULL;
	char line[256];
	FILE *f;

	f = fopen("/proc/self/status", "re");
	if (!f)
		return caps;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "CapEff: %llx", &caps) == 1)
			break;
	}
	fclose(f);
	return caps;
}

/* Capabilities that loading (or with @attach, attaching) lacks, as words. */
static inline const char *hwirq__missing_caps(bool attach)
{
	unsigned long long caps = hwirq__caps();
	bool admin = caps >> HWIRQ__CAP_SYS_ADMIN & 1;
	bool bpf = admin || (caps >> HWIRQ__CAP_BPF & 1);
	bool net = caps >> HWIRQ__CAP_NET_ADMIN & 1;

	if (attach)
		return net ? NULL : "CAP_NET_ADMIN";
	net = net || admin;
	if (!bpf && !net)
		return "CAP_BPF and CAP_NET_ADMIN";
	if (!bpf)
		return "CAP_BPF";
	return net ? NULL : "CAP_NET_ADMIN";
}

static inline void hwirq__warn_perm(const char *what, bool attach)
{
	const char *missing = hwirq__missing_caps(attach);

	if (missing)
		hwirq__warn("hwirq: cannot %s: this process lacks %s. Run it as root, or give the binary the capabilities: setcap cap_bpf,cap_net_admin+ep FILE\n",
			    what, missing);
	else
		hwirq__warn("hwirq: cannot %s: the kernel forbids it although the process has the capabilities; they must come from the initial user namespace. Run it outside the container or user namespace, and see whether 'lockdown' or another security module restricts bpf(2)\n",
			    what);
}

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HWIRQ_MESSAGE_H */
