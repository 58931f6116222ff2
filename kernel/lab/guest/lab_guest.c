// SPDX-License-Identifier: GPL-2.0-only
/*
 * lab-guest CELL PACKETS [N] - the lab's agent in the guest
 *
 * Runs one cell: starts the system, then the load, sees that both do their work, has
 * the device sim0 measure PACKETS arrivals, then N more under attribution, and writes
 * what it found to stdout as lines "@ ..." (structure), "KEY VALUE", "h NAME LOW HIGH
 * COUNT" (histograms) and "w ..." (who was in the way) that lab-report reads. A cell
 * whose load, system or device did not do what the cell's name says is marked FAIL,
 * with the reason, and the status is 1.
 *
 * In virtual time a guest must repeat to the nanosecond. So nothing goes to the host
 * before all is measured, and the CPU does not idle: QEMU lets an idle CPU's clock jump.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "cells.h"
#include "common.h"

#define SIM "/sys/kernel/debug/hwirqsim"
#define WARM_UP_MS 300		/* of the load, before the measurement */
#define READY_MS 30000
#define STOP_MS 60000		/* the disk's queue may be long */
#define FIFO_PRIO 99
#define SPIN_FILE "/tmp/spin"
#define SYSTEM_LOG "/tmp/system.log"
#define REPORT "/tmp/report"
#define LOADS_MAX 8
/* What a run under attribution calls late: in the way for so long */
#define LATE_NS 3000
#define WAIT_NS 20000

struct process {
	pid_t pid;
	char log[32];
	const char *name;
	bool stress;		/* stress-ng; its own count is in a file */
};

struct run {
	struct lab_cell cell;
	char name[CELL_NAME_MAX];
	uint64_t packets, attribute;
	struct process system, load[LOADS_MAX];
	size_t loads;
	char why[256];		/* of the failure; empty: none */
	uint64_t before_xdp_tx;
};

/* Figures of the whole machine, before and after */
struct counters {
	uint64_t ns, timer, net_rx, block, rcu, completed, sectors, flushes, spin, sink;
};

static uint64_t spin_step_ns;
static bool virtual_time;
static struct process filler = { .log = "/tmp/filler.log" };

static void __attribute__((format(printf, 2, 3))) fail(struct run *r, const char *fmt, ...)
{
	va_list ap;

	if (r->why[0])
		return;	/* the first one tells most */
	va_start(ap, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, ap);
	va_end(ap);
}

static void sleep_ms(unsigned int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Text files */

/* A copy that lives until the next call; empty if it cannot be read */
static char *contents(const char *path)
{
	static char *buf;
	static size_t room;
	size_t len = 0;
	ssize_t n = 0;
	int fd;

	fd = open(path, O_RDONLY);
	do {
		if (room - len < 2) {
			room = room ? 2 * room : 1 << 16;
			buf = (char *)realloc(buf, room);
			if (!buf)
				exit(failed("memory", ENOMEM));
		}
		n = fd < 0 ? 0 : read(fd, buf + len, room - len - 1);
		if (n > 0)
			len += (size_t)n;
	} while (n > 0);
	if (fd >= 0)
		close(fd);
	buf[len] = '\0';
	return buf;
}

/* The number behind "KEY" and one of the characters of @sep, at the start of a word */
static bool number_after(const char *text, const char *key, const char *sep, uint64_t *value)
{
	size_t len = strlen(key);
	const char *at = text;

	for (; (at = strstr(at, key)); at += len)
		if ((at == text || strchr("\n \t\",", at[-1])) && at[len] && strchr(sep, at[len])) {
			*value = strtoull(at + len + strspn(at + len, sep), NULL, 10);
			return true;
		}
	return false;
}

static int write_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, data, len) != (ssize_t)len)
		err = errno ? -errno : -EIO;
	close(fd);
	return err;
}

/* 0 or -errno */
static int write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	for (; len; data += n, len -= (size_t)n) {
		n = write(fd, data, len);
		if (n < 0)
			return -errno;
	}
	return 0;
}

static int sim_write(const char *dev, const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), SIM "/%s/%s", dev, file);
	return write_file(path, text, strlen(text));
}

static char *sim_read(const char *dev, const char *file)
{
	char path[128];

	snprintf(path, sizeof(path), SIM "/%s/%s", dev, file);
	return contents(path);
}

static uint64_t sim_state(const char *dev, const char *key)
{
	uint64_t value = 0;

	number_after(sim_read(dev, "state"), key, "=", &value);
	return value;
}

static bool sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static bool sh(const char *fmt, ...)
{
	char cmd[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	fflush(stdout);
	return system(cmd) == 0;
}

/* Processes */

static bool alive(const struct process *p)
{
	return p->pid > 0 && waitpid(p->pid, NULL, WNOHANG) == 0;
}

/* The end of a log, on one line */
static const char *log_tail(const char *path)
{
	char *text = contents(path), *c;
	size_t len = strlen(text);

	text = len > 150 ? text + len - 150 : text;
	for (c = text; *c; c++)
		if (*c == '\n')
			*c = ' ';
	return text;
}

/* @policy: SCHED_OTHER, SCHED_IDLE, or SCHED_FIFO for the highest priority of all */
static bool start(struct run *r, struct process *p, const char *name, const char *cmd, int policy)
{
	const struct sched_param prio = { .sched_priority = policy == SCHED_FIFO ? FIFO_PRIO : 0 };
	struct sched_param got = { 0 };
	char exec[512];
	int fd;

	p->name = name;
	p->pid = fork();
	if (p->pid < 0) {
		fail(r, "fork: %s", strerror(errno));
		return false;
	}
	if (!p->pid) {
		fd = open(p->log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		dup2(fd, 1);
		dup2(fd, 2);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (sched_setscheduler(0, policy, &prio))
			_exit(126);
		snprintf(exec, sizeof(exec), "exec %s", cmd);
		execl("/bin/sh", "sh", "-c", exec, NULL);
		_exit(127);
	}
	if (policy == SCHED_OTHER)
		return true;
	sleep_ms(50);
	if (sched_getscheduler(p->pid) != policy || sched_getparam(p->pid, &got) ||
	    got.sched_priority != prio.sched_priority) {
		fail(r, "%s does not run with the policy %d and priority %d", name, policy, prio.sched_priority);
		return false;
	}
	return true;
}

static bool wait_ready(struct run *r, struct process *p, const char *word)
{
	int ms;

	for (ms = 0; ms < READY_MS; ms += 5) {
		if (strstr(contents(p->log), word))
			return true;
		if (!alive(p))
			break;
		sleep_ms(5);
	}
	fail(r, "%s %s: %s", p->name, alive(p) ? "does not get ready" : "ended", log_tail(p->log));
	return false;
}

static void stop_process(struct run *r, struct process *p)
{
	int ms, status = 0;
	pid_t pid = 0;

	if (p->pid <= 0)
		return;
	kill(p->pid, p->stress ? SIGINT : SIGTERM);
	for (ms = 0; ms < STOP_MS && !(pid = waitpid(p->pid, &status, WNOHANG)); ms += 5)
		sleep_ms(5);
	if (!pid) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
		fail(r, "%s does not end", p->name);
	} else if (!p->stress && (!WIFEXITED(status) || WEXITSTATUS(status))) {
		fail(r, "%s ended with status %#x: %s", p->name, (unsigned int)status, log_tail(p->log));
	}
	p->pid = 0;
}

/*
 * What keeps the CPU from idling, at the lowest priority there is. Beside what never
 * sleeps even that would get time, and would be seen: there it ends in time.
 */
static bool start_filler(struct run *r)
{
	if (!virtual_time)
		return true;
	return start(r, &filler, "filler", "lab-spin /tmp/filler", SCHED_IDLE) &&
	       wait_ready(r, &filler, "ready");
}

static bool never_idle(const struct lab_cell *cell)
{
	return !strcmp(cell->load->name, "cpu") || cell->load->disk != DISK_NONE ||
	       !strcmp(cell->system->name, "afxdp");
}

/* Loads */

static bool add_load(struct run *r, const char *name, const char *cmd)
{
	struct process *p = &r->load[r->loads++];

	snprintf(p->log, sizeof(p->log), "/tmp/load%zu.log", r->loads);
	p->stress = !strncmp(cmd, "stress-ng", 9);
	if (!start(r, p, name, cmd, SCHED_OTHER))
		return false;
	return p->stress || wait_ready(r, p, "ready");
}

static bool add_hdd(struct run *r, const char *dir, const char *options)
{
	static const char *const names[] = { "hdd", "hdd-tmpfs" };
	bool tmpfs = !strcmp(dir, "/mnt/tmpfs");
	char cmd[256];

	/* Without --no-rand-seed, stress-ng's seed is the time of day. */
	snprintf(cmd, sizeof(cmd),
		 "stress-ng --no-rand-seed --metrics-brief --hdd 4 --hdd-bytes 8m --temp-path %s --yaml /tmp/%s.yaml %s",
		 dir, names[tmpfs], options);
	return add_load(r, names[tmpfs], cmd);
}

static bool mount_disk(struct run *r)
{
	const char *dev = r->cell.load->disk == DISK_AHCI ? "/dev/sda" : "/dev/vda";

	mkdir("/mnt", 0755);
	mkdir("/mnt/disk", 0755);
	if (!mount(dev, "/mnt/disk", "ext4", 0, NULL))
		return true;
	fail(r, "cannot mount %s: %s", dev, strerror(errno));
	return false;
}

static bool mount_tmpfs(struct run *r)
{
	mkdir("/mnt", 0755);
	mkdir("/mnt/tmpfs", 0755);
	if (!mount("tmpfs", "/mnt/tmpfs", "tmpfs", 0, "size=128m"))
		return true;
	fail(r, "cannot mount a tmpfs: %s", strerror(errno));
	return false;
}

/* Frames to the other device's own address, @burst of them each ms */
static bool add_flood(struct run *r, unsigned int burst)
{
	static const unsigned char frame[60] = {
		0x02, 0, 0, 0x73, 0x6d, 1,  0x02, 0, 0, 0x73, 0x6d, 0xfd,  8, 0,
		/* IPv4, 203.0.113.2 > 203.0.113.1; its checksum is filled in below */
		0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 203, 0, 113, 2, 203, 0, 113, 1,
		/* UDP 40000 > 9, no checksum */
		0x9c, 0x40, 0, 9, 0, 26, 0, 0,
	};
	unsigned char copy[sizeof(frame)];
	uint32_t sum = 0;
	char text[160];
	size_t i;
	int err;

	memcpy(copy, frame, sizeof(copy));
	for (i = 14; i < 34; i += 2)
		sum += (uint32_t)(copy[i] << 8 | copy[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
	copy[24] = (unsigned char)(sum >> 8);
	copy[25] = (unsigned char)sum;
	if (!sh("ip addr flush dev sim1; ip addr add 203.0.113.1/24 dev sim1; ip link set sim1 up")) {
		fail(r, "cannot set up sim1");
		return false;
	}
	err = write_file(SIM "/sim1/template", copy, sizeof(copy));
	snprintf(text, sizeof(text), "pattern=burst burst=%u rate=%u count=2147483647 seed=7", burst,
		 burst * 1000);
	if (!err)
		err = sim_write("sim1", "config", text);
	if (!err)
		add_load(r, "sink", "lab-socket sink 9");
	if (!err && !r->why[0])
		err = sim_write("sim1", "control", "start");
	if (err)
		fail(r, "the flood from sim1: %s", strerror(-err));
	return !r->why[0];
}

static bool start_load(struct run *r)
{
	const char *load = r->cell.load->name, *kind = strchr(load, '-');
	bool mixed = !strcmp(load, "mixed");

	if (r->cell.load->disk != DISK_NONE) {
		if (!mount_disk(r))
			return false;
		kind = mixed ? "-fsync" : kind;
		if (!add_hdd(r, "/mnt/disk",
			     !strcmp(kind, "-fsync") ? "--hdd-opts fsync" :
			     !strcmp(kind, "-direct") ? "--hdd-opts direct --hdd-write-size 1m" : ""))
			return false;
	}
	if (!strcmp(load, "tmpfs") || !strcmp(load, "timers") || mixed)
		if (!mount_tmpfs(r))
			return false;
	if (!strcmp(load, "tmpfs") || mixed)
		if (!add_hdd(r, "/mnt/tmpfs", ""))
			return false;
	if (!strcmp(load, "cpu") || mixed)
		if (!add_load(r, "spin", "lab-spin " SPIN_FILE))
			return false;
	if (!strcmp(load, "timers") || mixed)
		if (!add_load(r, "churn", "lab-churn /mnt/tmpfs"))
			return false;
	if (!strncmp(load, "nic-", 4) || mixed)
		return add_flood(r, mixed ? 32 : (unsigned int)atoi(load + 4));
	return true;
}

static void stop_load(struct run *r)
{
	uint64_t ops;
	char path[64];
	size_t i;

	sim_write("sim1", "control", "stop");
	for (i = 0; i < r->loads; i++) {
		struct process *p = &r->load[i];

		stop_process(r, p);
		if (p->stress)
			snprintf(path, sizeof(path), "/tmp/%s.yaml", p->name);
		if (!number_after(contents(p->stress ? path : p->log),
				  p->stress ? "bogo-ops" : "count", ": ", &ops) || !ops)
			fail(r, "the load %s reports no work: %s", p->name, log_tail(p->log));
		else
			printf("ops-%s %" PRIu64 "\n", p->name, ops);
	}
	r->loads = 0;
	sh("ip link set sim1 down");
	umount("/mnt/tmpfs");
	if (r->cell.load->disk != DISK_NONE && umount("/mnt/disk"))
		fail(r, "umount: %s", strerror(errno));
}

/* Systems */

static bool thread_fifo(struct run *r)
{
	const struct sched_param prio = { .sched_priority = FIFO_PRIO };
	DIR *proc = opendir("/proc");
	struct sched_param got = { 0 };
	char path[300];
	struct dirent *e;
	int found = 0;
	pid_t pid;

	while (proc && (e = readdir(proc))) {
		pid = atoi(e->d_name);
		snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
		if (pid <= 0 || strncmp(contents(path), "napi/sim0", 9))
			continue;
		found++;
		if (sched_setscheduler(pid, SCHED_FIFO, &prio) || sched_getscheduler(pid) != SCHED_FIFO ||
		    sched_getparam(pid, &got) || got.sched_priority != FIFO_PRIO)
			fail(r, "the NAPI thread %d does not run with SCHED_FIFO %d", pid, FIFO_PRIO);
	}
	if (proc)
		closedir(proc);
	if (!found)
		fail(r, "there is no NAPI thread of sim0");
	return !r->why[0];
}

static uint64_t xdp_tx(void)
{
	uint64_t value = 0;

	sh("ethtool -S sim0 >/tmp/ethtool");
	number_after(contents("/tmp/ethtool"), "q0_xdp_tx", ":", &value);
	return value;
}

static bool start_system(struct run *r)
{
	static const struct {
		const char *name, *cmd, *word;
		int policy;
	} how[] = {
		{ "hwirq", "hwirq-echo --dev sim0 --json --interval 86400", "attached", SCHED_OTHER },
		{ "hwirq-ring", "lab-prog hwirq-ring sim0", "ready", SCHED_OTHER },
		{ "xdp", "lab-prog xdp sim0", "ready", SCHED_OTHER },
		{ "xdp-threaded", "lab-prog xdp sim0", "ready", SCHED_OTHER },
		{ "xdp-map", "lab-prog xdp-map sim0", "ready", SCHED_OTHER },
		{ "afxdp", "lab-afxdp sim0", "ready", SCHED_OTHER },
		{ "socket", "lab-socket echo 7", "ready", SCHED_OTHER },
		{ "socket-fifo", "lab-socket echo 7", "ready", SCHED_FIFO },
	};
	const char *name = r->cell.system->name;
	bool poll = !strcmp(name, "afxdp"), threaded = !strcmp(name, "xdp-threaded");
	size_t i;

	/* As Documentation/networking/napi.rst advises for busy polling */
	if (!sh("echo %d >/sys/class/net/sim0/napi_defer_hard_irqs;"
		"echo %d >/sys/class/net/sim0/gro_flush_timeout;"
		"echo %d >/sys/class/net/sim0/threaded", poll ? 2 : 0, poll ? 200000 : 0, threaded)) {
		fail(r, "cannot configure sim0's NAPI");
		return false;
	}
	if (threaded && !thread_fifo(r))
		return false;
	r->before_xdp_tx = xdp_tx();
	snprintf(r->system.log, sizeof(r->system.log), SYSTEM_LOG);
	for (i = 0; i < LAB_ARRAY_SIZE(how); i++)
		if (!strcmp(how[i].name, name))
			return start(r, &r->system, name, how[i].cmd, how[i].policy) &&
			       wait_ready(r, &r->system, how[i].word);
	fail(r, "no such system");
	return false;
}

/* Has the system answered what the device says was answered? */
static void stop_system(struct run *r, uint64_t answered)
{
	const char *name = r->cell.system->name, *log;
	uint64_t served = 0, hardirq = 0;

	if (!strncmp(name, "xdp", 3))
		served = xdp_tx() - r->before_xdp_tx;
	stop_process(r, &r->system);
	log = contents(SYSTEM_LOG);
	if (!strcmp(name, "hwirq")) {
		number_after(log, "tx", "\":", &served);
		number_after(log, "hardirq_packets", "\":", &hardirq);
	} else if (strncmp(name, "xdp", 3)) {
		number_after(log, "served", " ", &served);
		number_after(log, "hardirq", " ", &hardirq);
	}
	printf("served %" PRIu64 "\n", served);
	if (!strncmp(name, "hwirq", 5))
		printf("hardirq %" PRIu64 "\n", hardirq);
	if (served < answered)
		fail(r, "%s says it answered %" PRIu64 ", the device saw %" PRIu64, name, served, answered);
	sh("hwctl idle; echo 0 >/sys/class/net/sim0/threaded");
}

/* Measurement */

static uint64_t softirqs(const char *kind)
{
	char *line = strstr(contents("/proc/softirqs"), kind);
	uint64_t sum = 0;
	int used, at;
	unsigned long long n;

	for (at = line ? (int)strlen(kind) : 0; line && sscanf(line + at, "%llu%n", &n, &used) == 1; at += used)
		sum += n;
	return sum;
}

/* Reads and writes completed, sectors moved and flushes of a disk */
static void disk_counters(struct counters *c, enum lab_disk disk)
{
	unsigned long long rd, rs, wr, ws, fl = 0;
	char *line = strstr(contents("/proc/diskstats"), disk == DISK_AHCI ? " sda " : " vda ");

	if (!line || sscanf(line + 5, "%llu %*u %llu %*u %llu %*u %llu %*u %*u %*u %*u %*u %*u %*u %*u %llu",
			    &rd, &rs, &wr, &ws, &fl) < 4)
		return;
	c->completed = rd + wr;
	c->sectors = rs + ws;
	c->flushes = fl;
}

static uint64_t spin_count(void)
{
	uint64_t value = 0;
	int fd = open(SPIN_FILE, O_RDONLY);

	if (fd < 0 || read(fd, &value, sizeof(value)) != sizeof(value))
		value = 0;
	if (fd >= 0)
		close(fd);
	return value;
}

static void take(struct run *r, struct counters *c)
{
	memset(c, 0, sizeof(*c));
	c->timer = softirqs("TIMER:");
	c->net_rx = softirqs("NET_RX:");
	c->block = softirqs("BLOCK:");
	c->rcu = softirqs("RCU:");
	c->sink = sim_state("sim1", "consumed");
	if (r->cell.load->disk != DISK_NONE)
		disk_counters(c, r->cell.load->disk);
	c->spin = spin_count();
	c->ns = now_ns();
}

/* What the load did while the device measured, and whether that is what it is for */
static void prove_load(struct run *r, const struct counters *a, const struct counters *b)
{
	const char *load = r->cell.load->name;
	bool mixed = !strcmp(load, "mixed");
	double seconds = (double)(b->ns - a->ns) / 1e9;

	printf("window %" PRIu64 "\nsoftirq-timer %" PRIu64 "\nsoftirq-net-rx %" PRIu64
	       "\nsoftirq-block %" PRIu64 "\nsoftirq-rcu %" PRIu64 "\n",
	       b->ns - a->ns, b->timer - a->timer, b->net_rx - a->net_rx, b->block - a->block, b->rcu - a->rcu);
	if (r->cell.load->disk != DISK_NONE) {
		printf("disk-completed %" PRIu64 "\ndisk-sectors %" PRIu64 "\ndisk-flushes %" PRIu64 "\n",
		       b->completed - a->completed, b->sectors - a->sectors, b->flushes - a->flushes);
		if (b->completed == a->completed)
			fail(r, "the disk completed nothing during the measurement");
		if (r->cell.load->disk == DISK_AHCI && b->block == a->block)
			fail(r, "no block completion ran in softirq: is maxcpus=1 missing?");
	}
	if (!strcmp(load, "cpu") || mixed) {
		printf("spin-share %.6f\n", (double)((b->spin - a->spin) * spin_step_ns) / (double)(b->ns - a->ns));
		if (b->spin == a->spin && !mixed)
			fail(r, "the counting process did not count");
	}
	if (!strncmp(load, "nic-", 4) || mixed) {
		printf("flood-consumed %" PRIu64 "\n", b->sink - a->sink);
		if ((double)(b->sink - a->sink) < seconds * 1000)
			fail(r, "the neighbour NIC saw no flood");
	}
	if ((!strcmp(load, "timers") || mixed) && (b->rcu == a->rcu || b->timer == a->timer))
		fail(r, "no timers or no RCU callbacks ran");
}

static void print_histogram(const char *name)
{
	const char *text = sim_read("sim0", name), *line = text;

	printf("h %s %.*s\n", name, (int)strcspn(text, "\n"), text);
	while ((line = strchr(line, '\n')) && *++line)
		printf("h %s %.*s\n", name, (int)strcspn(line, "\n"), line);
}

/* One number that two equal runs share: of all latencies in order */
static uint64_t digest(void)
{
	uint64_t hash = 0xcbf29ce484222325ull;
	unsigned char buf[4096];
	ssize_t n, i;
	int fd = open(SIM "/sim0/raw", O_RDONLY);

	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		for (i = 0; i < n; i++)
			hash = (hash ^ buf[i]) * 0x100000001b3ull;
	if (fd >= 0)
		close(fd);
	return hash;
}

static bool device_run(struct run *r, uint64_t packets, bool attribute)
{
	char text[200];
	int err, ms = 0;

	/* virtual time has no caches: to flush them would only cost instructions, a device's */
	snprintf(text, sizeof(text),
		 "pattern=cbr rate=%d count=%" PRIu64 " seed=1 raw=1 jitter=50000 late_ns=%d wait_ns=%d clflush=%d",
		 LAB_RATE, packets, attribute ? LATE_NS : 0, attribute ? WAIT_NS : 0, !virtual_time);
	err = sim_write("sim0", "config", text);
	/* until the kernel trusts its clock */
	while (!err && (err = sim_write("sim0", "control", "start")) == -EAGAIN && ms < READY_MS) {
		sleep_ms(50);
		ms += 50;
		err = 0;
	}
	if (!err)
		err = sim_write("sim0", "control", "wait");
	if (err)
		fail(r, "the device sim0: %s", strerror(-err));
	return !err;
}

static void print_worst(void)
{
	const char *text = sim_read("sim0", "worst"), *line = text;

	while (*line) {
		printf("w %.*s\n", (int)strcspn(line, "\n"), line);
		line = strchr(line, '\n');
		if (!line)
			break;
		line++;
	}
}

/*
 * With LAB_SYNC=TTY a host at the other end traces what happens between "trace SYSTEM" and
 * "stop", see ../profile. Each is answered by a line.
 */
static void tell_tracer(struct run *r, const char *word, const char *name)
{
	const char *path = getenv("LAB_SYNC");
	char line[64];
	ssize_t got = -1;
	int fd, len;

	if (!path)
		return;
	len = snprintf(line, sizeof(line), "%s%s\n", word, name);
	fd = open(path, O_RDWR | O_NOCTTY);
	if (fd >= 0 && !write_all(fd, line, (size_t)len))
		got = read(fd, line, sizeof(line));
	if (got <= 0)
		fail(r, "%s: %s", path, got ? strerror(errno) : "no answer");
	if (fd >= 0)
		close(fd);
}

static void measure(struct run *r)
{
	static const char *const keys[] = {
		"planned", "delivered", "lost_full", "lost_down", "consumed", "answered", "duplicate", "bad",
		"unknown", "unanswered", "irqs", "timers", "retimed", "isr_ns", "isr_ns_max", "napi_polls", "napi_ns",
	};
	struct counters before, after;
	uint64_t answered, lost, value;
	size_t i;

	take(r, &before);
	tell_tracer(r, "trace ", r->cell.system->name);
	if (!device_run(r, r->packets, false))
		return;
	tell_tracer(r, "stop", "");
	take(r, &after);
	prove_load(r, &before, &after);
	for (i = 0; i < LAB_ARRAY_SIZE(keys); i++)
		printf("%s %" PRIu64 "\n", keys[i], sim_state("sim0", keys[i]));
	answered = sim_state("sim0", "answered");
	value = sim_state("sim0", "bad") + sim_state("sim0", "unknown") + sim_state("sim0", "duplicate");
	if (sim_state("sim0", "planned") != r->packets)
		fail(r, "the device has not sent what it should");
	lost = sim_state("sim0", "unanswered") + sim_state("sim0", "lost_full") + sim_state("sim0", "lost_down");
	if (answered + lost != r->packets)
		fail(r, "%" PRIu64 " packets, %" PRIu64 " answered, %" PRIu64 " lost: where are the others?",
		     r->packets, answered, lost);
	if (!answered)
		fail(r, "nothing was answered");
	if (value)
		fail(r, "%" PRIu64 " replies were wrong", value);
	printf("digest %016" PRIx64 "\n", digest());
	print_histogram("latency");
	print_histogram("lateness");
	print_histogram("pickup");
	for (i = 0; i < r->loads; i++)
		if (!alive(&r->load[i]))
			fail(r, "the load %s ended early: %s", r->load[i].name, log_tail(r->load[i].log));
	if (r->attribute && !r->why[0] && device_run(r, r->attribute, true))
		print_worst();
	stop_load(r);
	stop_system(r, answered);
}

static bool check_policy(struct run *r)
{
	char *text = contents("/sys/module/softirq/parameters/ksoftirqd_defer");
	bool defer = *text == 'Y' || *text == '1';

	if (defer == r->cell.policy->defer)
		return true;
	fail(r, "this kernel was not booted with softirq.ksoftirqd_defer=%d", r->cell.policy->defer);
	return false;
}

static void run_cell(struct run *r)
{
	size_t i;

	printf("@ cell %s\n", r->name);
	if (check_policy(r) && start_filler(r) &&
	    sh("ip link set sim0 down; ip addr flush dev sim0; ip addr add 198.51.100.1/24 dev sim0; ip link set sim0 up;"
	       "arp -i sim0 -s 198.51.100.2 02:00:00:73:6d:fe") &&
	    start_system(r) && start_load(r)) {
		if (never_idle(&r->cell))
			stop_process(r, &filler);
		sleep_ms(WARM_UP_MS);
		measure(r);
	} else {
		fail(r, "cannot set up sim0");
	}
	for (i = 0; i < r->loads; i++)
		stop_process(r, &r->load[i]);
	stop_process(r, &r->system);
	stop_process(r, &filler);
	printf("@ end %s %s %s\n", r->name, r->why[0] ? "FAIL" : "ok", r->why);
}

static void print_machine(void)
{
	char *cmdline = contents("/proc/cmdline"), name[32] = "lab";
	const char *flavour = strstr(cmdline, "lab.flavour=");
	struct utsname u;

	virtual_time = strstr(cmdline, "lab.virtual") != NULL;
	uname(&u);
	if (flavour)
		sscanf(flavour, "lab.flavour=%31[a-z-]", name);
	sh("lab-spin --calibrate >/tmp/calibration");
	spin_step_ns = strtoull(contents("/tmp/calibration"), NULL, 10);
	printf("@ boot kernel=%s flavour=%s cpus=%ld virtual=%d\n", u.release, name,
	       sysconf(_SC_NPROCESSORS_ONLN), virtual_time);
}

static int usage(void)
{
	fputs("usage: lab-guest CELL PACKETS [N]\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	int host = dup(STDOUT_FILENO), status;
	struct run r = { 0 };
	const char *report;

	if (argc < 3 || argc > 4 || !lab_cell_parse(argv[1], &r.cell))
		return usage();
	r.packets = strtoull(argv[2], NULL, 10);
	r.attribute = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	if (!r.packets)
		return usage();
	lab_cell_name(&r.cell, r.name, sizeof(r.name));
	if (host < 0 || !freopen(REPORT, "w", stdout))
		return failed(REPORT, errno);
	print_machine();
	run_cell(&r);
	fflush(stdout);
	report = contents(REPORT);
	status = r.why[0] ? EXIT_FAILURE : EXIT_SUCCESS;
	if (write_all(host, report, strlen(report)))
		status = failed("report", errno);
	return status;
}
