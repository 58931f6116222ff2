// SPDX-License-Identifier: GPL-2.0-only
/*
 * hwctl - attach, replace and inspect programs from a shell in the guest
 *
 * Links are pinned, so that each step is a command of its own. Built on plain
 * libbpf: what it reports is what the kernel answered.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <hwirq_abi.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <sys/mman.h>
#include <sys/socket.h>

static int usage(void)
{
	fputs("usage: hwctl attach OBJECT DEV all|QUEUE PIN\n"
	      "       hwctl xdp OBJECT DEV native|generic PIN\n"
	      "       hwctl replace PIN OBJECT\n"
	      "       hwctl stats PIN\n"
	      "       hwctl faults OBJECT DEV STEP	attach again and again; each STEP-th allocation fails once\n"
	      "       hwctl info PIN		what BPF_OBJ_GET_INFO_BY_FD says of the link\n"
	      "       hwctl hold PIN SECONDS	keep the link open\n"
	      "       hwctl spin PIN MS	keep CPU 0 busy; what a link and a spinner did meanwhile\n"
	      "       hwctl xsk DEV QUEUE copy|zerocopy SECONDS	keep an AF_XDP socket bound to the queue\n"
	      "       hwctl idle		wait until no hwirq or XDP program is left\n"
	      "       hwctl clean		kill all processes but those that hwctl comes from, remove\n"
	      "				all pins, then as idle\n"
	      "DEV is a name or an ifindex. Exit status 1: refused, with the errno's name.\n",
	      stderr);
	return 2;
}

static int refused(const char *what, int err)
{
	err = err < 0 ? -err : err;
	printf("hwctl: %s: %s (%s)\n", what, strerrorname_np(err), strerror(err));
	return 1;
}

/* The file descriptor of the object's only program, or -errno. */
static int load(const char *path, enum bpf_prog_type type)
{
	struct bpf_program *prog;
	struct bpf_object *obj;
	int err;

	obj = bpf_object__open_file(path, NULL);
	if (!obj)
		return -errno;
	prog = bpf_object__next_program(obj, NULL);
	if (!prog)
		return -ENOENT;
	bpf_program__set_type(prog, type);
	if (type != BPF_PROG_TYPE_XDP)
		bpf_program__set_expected_attach_type(prog, (enum bpf_attach_type)BPF_HWIRQ);
	err = bpf_object__load(obj);
	return err ? err : bpf_program__fd(prog);
}

static int device(const char *name)
{
	int index = if_nametoindex(name);

	return index ? index : atoi(name);
}

static int do_attach(const char *path, const char *dev, const char *how, const char *pin, bool xdp)
{
	DECLARE_LIBBPF_OPTS(bpf_link_create_opts, opts);
	int prog, link;

	prog = load(path, xdp ? BPF_PROG_TYPE_XDP : (enum bpf_prog_type)BPF_PROG_TYPE_HWIRQ);
	if (prog < 0)
		return refused("load", prog);
	if (xdp)
		opts.flags = strcmp(how, "generic") ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
	else
		opts.target_btf_id = strcmp(how, "all") ? atoi(how) + 1 : 0;
	link = bpf_link_create(prog, device(dev), xdp ? BPF_XDP : (enum bpf_attach_type)BPF_HWIRQ, &opts);
	if (link < 0)
		return refused("attach", errno);
	return bpf_obj_pin(link, pin) ? refused("pin", errno) : 0;
}

static int do_replace(const char *pin, const char *path)
{
	int prog, link;

	link = bpf_obj_get(pin);
	if (link < 0)
		return refused(pin, errno);
	prog = load(path, (enum bpf_prog_type)BPF_PROG_TYPE_HWIRQ);
	if (prog < 0)
		return refused("load", prog);
	return bpf_link_update(link, prog, NULL) ? refused("replace", errno) : 0;
}

/* The fdinfo of a pinned link; 0 or an exit status. */
static int read_stats(const char *pin, char *buf, size_t size)
{
	char path[64];
	size_t len = 0;
	int link, fd;
	ssize_t n;

	link = bpf_obj_get(pin);
	if (link < 0)
		return refused(pin, errno);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", link);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return refused(path, errno);
	while ((n = read(fd, buf + len, size - 1 - len)) > 0)
		len += n;
	buf[len] = 0;
	close(fd);
	close(link);
	return 0;
}

static int do_stats(const char *pin)
{
	char buf[4096];
	int status = read_stats(pin, buf, sizeof(buf));

	if (!status)
		fputs(buf, stdout);
	return status;
}

/* Let the Nth allocation of this thread fail; 0 or -errno. */
static int fail_nth_set(int fd, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	return pwrite(fd, text, len, 0) == len ? 0 : -errno;
}

/* Has it failed? Then the number is down to 0. Resets it. */
static bool fail_nth_fired(int fd)
{
	char text[16] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		return false;
	fail_nth_set(fd, 0);
	return !atoi(text);
}

/* Until there was no allocation left to fail. Each attach must succeed or say ENOMEM. */
static int do_faults(const char *path, const char *dev, unsigned int step)
{
	unsigned int n, rounds = 0, failed = 0;
	int prog, link, err, fd;
	bool fired = true;

	fd = open("/proc/thread-self/fail-nth", O_RDWR);
	if (fd < 0)
		return refused("/proc/thread-self/fail-nth", errno);
	prog = load(path, (enum bpf_prog_type)BPF_PROG_TYPE_HWIRQ);
	if (prog < 0)
		return refused("load", prog);
	if (!step)
		return refused("faults: a step of 0", EINVAL);
	for (n = 1; fired; n += step) {
		err = fail_nth_set(fd, n);
		if (err)
			return refused("fail-nth", err);
		link = bpf_link_create(prog, device(dev), (enum bpf_attach_type)BPF_HWIRQ, NULL);
		err = link < 0 ? errno : 0;
		fired = fail_nth_fired(fd);
		if (err && (err != ENOMEM || !fired)) {
			printf("allocation %u%s\n", n, fired ? "" : " (none failed)");
			return refused("attach", err);
		}
		failed += !!err;
		rounds += fired;
		/* waits for the detach */
		if (link >= 0 && bpf_link_detach(link))
			return refused("detach", errno);
		if (link >= 0)
			close(link);
	}
	printf("allocations:\t%u\nfailed:\t%u\nsurvived:\t%u\n", rounds, failed, rounds - failed);
	return 0;
}

static int do_info(const char *pin)
{
	union {
		struct bpf_link_info info;
		unsigned char room[512];	/* our header may be older */
	} u;
	struct hwirq_sdk_link_info hw;
	__u32 len = sizeof(u);
	int link;

	link = bpf_obj_get(pin);
	if (link < 0)
		return refused(pin, errno);
	memset(&u, 0, sizeof(u));
	if (bpf_obj_get_info_by_fd(link, &u.info, &len))
		return refused("info", errno);
	memcpy(&hw, &u.info.xdp, sizeof(hw));
	printf("prog_id:\t%u\nifindex:\t%u\nqueue_plus1:\t%u\nmode:\t%u\nnr_queues:\t%u\n",
	       u.info.prog_id, hw.ifindex, hw.queue_plus1, hw.mode, hw.nr_queues);
#define SHOW(name) printf(#name ":\t%llu\n", (unsigned long long)hw.name)
	SHOW(irqs);
	SHOW(aborted);
	SHOW(drop);
	SHOW(pass);
	SHOW(tx);
	SHOW(hardirq_packets);
	SHOW(napi_packets);
	SHOW(ns_total);
	SHOW(ns_max);
#undef SHOW
	return 0;
}

/* It receives nothing: the fill ring stays empty. */
static int do_xsk(const char *dev, unsigned int queue, bool copy, unsigned int seconds)
{
	struct sockaddr_xdp addr = { .sxdp_family = AF_XDP,
				     .sxdp_flags = copy ? XDP_COPY : XDP_ZEROCOPY,
				     .sxdp_ifindex = if_nametoindex(dev), .sxdp_queue_id = queue };
	struct xdp_umem_reg umem = { .len = 64 * 4096, .chunk_size = 4096 };
	int fd = socket(AF_XDP, SOCK_RAW, 0), entries = 64, i;
	const int rings[] = { XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING, XDP_TX_RING };
	void *area = mmap(NULL, umem.len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (fd < 0 || area == MAP_FAILED)
		return refused("AF_XDP", errno);
	umem.addr = (uintptr_t)area;
	if (setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem)))
		return refused("XDP_UMEM_REG", errno);
	for (i = 0; i < 4; i++)
		if (setsockopt(fd, SOL_XDP, rings[i], &entries, sizeof(entries)))
			return refused("AF_XDP ring", errno);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return refused("bind", errno);
	puts("bound");
	fflush(stdout);
	sleep(seconds);
	return 0;
}

static int do_hold(const char *pin, unsigned int seconds)
{
	int link = bpf_obj_get(pin);

	if (link < 0)
		return refused(pin, errno);
	sleep(seconds);
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* What a process that needs nothing but CPU 0 gets of it: rounds of work in the
 * given time, and the longest time that it stood still.
 */
static void spin(uint64_t ms, unsigned long long *rounds, unsigned long long *took,
		 unsigned long long *still)
{
	uint64_t start = now_ns(), last = start, now = start;
	volatile unsigned int work;

	*rounds = *still = 0;
	while (now < start + ms * 1000000) {
		for (work = 0; work < 500; work++)
			;
		++*rounds;
		now = now_ns();
		if (now - last > *still)
			*still = now - last;
		last = now;
	}
	*took = now - start;
}

/* All numbers of the fdinfo as differences. */
static int do_spin(const char *pin, uint64_t ms)
{
	unsigned long long rounds, took, still, value, was;
	char before[4096], after[4096], key[64], *line, *at, *rest;
	cpu_set_t cpus;
	int status;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		return refused("CPU 0", errno);
	status = read_stats(pin, before, sizeof(before));
	if (status)
		return status;
	spin(ms, &rounds, &took, &still);
	status = read_stats(pin, after, sizeof(after));
	if (status)
		return status;
	printf("spin_rounds:\t%llu\nspin_ns:\t%llu\nspin_still_ns:\t%llu\n", rounds, took, still);
	for (line = strtok_r(after, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (sscanf(line, "%60[^:]: %llu", key, &value) != 2)
			continue;
		strcat(key, ":");
		at = strstr(before, key);
		was = at ? strtoull(at + strlen(key), NULL, 10) : 0;
		printf("%s\t%lld\n", key, (long long)(value - was));
	}
	return 0;
}

static int count_programs(void)
{
	struct bpf_prog_info info;
	__u32 id = 0, len, type;
	int fd, n = 0;

	while (!bpf_prog_get_next_id(id, &id)) {
		fd = bpf_prog_get_fd_by_id(id);
		if (fd < 0)
			continue;
		memset(&info, 0, sizeof(info));
		len = sizeof(info);
		type = bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.type;
		close(fd);
		if (type == BPF_PROG_TYPE_HWIRQ || type == BPF_PROG_TYPE_XDP)
			n++;
	}
	return n;
}

/* A link is detached some time after its last reference and its id went. Its program stays
 * until then.
 */
static int do_idle(void)
{
	int i, n;

	for (i = 0; i < 1500; i++) {	/* half a minute */
		n = count_programs();
		if (!n)
			return 0;
		usleep(20000);
	}
	printf("hwctl: %d programs are still there\n", n);
	return 1;
}

static pid_t parent_of(pid_t pid)
{
	char path[32], text[256];
	int fd, parent = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (n > 0) {
		text[n] = '\0';
		sscanf(text, "%*d (%*[^)]) %*c %d", &parent);
	}
	return parent;
}

static bool descends_from(pid_t pid)
{
	pid_t me;

	for (me = getpid(); me; me = parent_of(me))
		if (me == pid)
			return true;
	return false;
}

/* killall looks at all processes again for each name: seconds, with all checkers on. */
static int do_clean(void)
{
	char path[300], target[8];
	struct dirent *entry;
	DIR *dir;
	pid_t pid;

	dir = opendir("/proc");
	if (!dir)
		return refused("/proc", errno);
	while ((entry = readdir(dir))) {
		pid = atoi(entry->d_name);
		snprintf(path, sizeof(path), "/proc/%d/exe", pid);
		/* the kernel's own have no file */
		if (pid > 0 && readlink(path, target, sizeof(target)) > 0 && !descends_from(pid))
			kill(pid, SIGKILL);
	}
	closedir(dir);
	dir = opendir("/sys/fs/bpf");
	if (!dir)
		return refused("/sys/fs/bpf", errno);
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/fs/bpf/%s", entry->d_name);
		if (entry->d_name[0] != '.' && unlink(path) && errno != EISDIR)
			return refused(path, errno);
	}
	closedir(dir);
	return do_idle();
}

int main(int argc, char **argv)
{
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	if (argc == 6 && !strcmp(argv[1], "attach"))
		return do_attach(argv[2], argv[3], argv[4], argv[5], false);
	if (argc == 6 && !strcmp(argv[1], "xdp"))
		return do_attach(argv[2], argv[3], argv[4], argv[5], true);
	if (argc == 4 && !strcmp(argv[1], "replace"))
		return do_replace(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "stats"))
		return do_stats(argv[2]);
	if (argc == 5 && !strcmp(argv[1], "faults"))
		return do_faults(argv[2], argv[3], atoi(argv[4]));
	if (argc == 3 && !strcmp(argv[1], "info"))
		return do_info(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "hold"))
		return do_hold(argv[2], atoi(argv[3]));
	if (argc == 6 && !strcmp(argv[1], "xsk"))
		return do_xsk(argv[2], atoi(argv[3]), !strcmp(argv[4], "copy"), atoi(argv[5]));
	if (argc == 4 && !strcmp(argv[1], "spin"))
		return do_spin(argv[2], atoi(argv[3]));
	if (argc == 2 && !strcmp(argv[1], "idle"))
		return do_idle();
	if (argc == 2 && !strcmp(argv[1], "clean"))
		return do_clean();
	return usage();
}
