// SPDX-License-Identifier: GPL-2.0-only
#include "lab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <regex.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SCRIPTS_DIR
#error SCRIPTS_DIR must name kernel/scripts
#endif

#define BOOT_MS		40000
#define COMMAND_MS	40000
#define BACKLOG_MAX	20000	/* frames kept for the test */

static _Thread_local char error[2048];

const char *lab_error(void)
{
	return error;
}

__attribute__((format(printf, 1, 2)))
static int fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, sizeof(error), fmt, ap);
	va_end(ap);
	return -1;
}

const char *scripts_dir(void)
{
	return SCRIPTS_DIR;
}

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}

/* Kernel log */

static regex_t *splats;
static size_t nr_splats;

int splat_init(const char *patterns)
{
	FILE *f = fopen(patterns, "re");
	char line[256];
	regex_t *new;

	if (!f)
		return fail("cannot open %s: %s", patterns, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		new = realloc(splats, (nr_splats + 1) * sizeof(*splats));
		if (!new)
			abort();
		splats = new;
		if (!*line || regcomp(&splats[nr_splats], line, REG_EXTENDED | REG_NOSUB)) {
			fclose(f);
			return fail("%s: bad pattern '%s'", patterns, line);
		}
		nr_splats++;
	}
	fclose(f);
	return nr_splats ? 0 : fail("%s holds no pattern", patterns);
}

bool splat_match(const char *line)
{
	size_t i;

	for (i = 0; i < nr_splats; i++)
		if (!regexec(&splats[i], line, 0, NULL, 0))
			return true;
	return false;
}

int lab_check_log(struct lab *lab)
{
	FILE *f = fopen(lab->console, "re");
	char *line = NULL, *found = NULL;
	size_t size = 0;
	ssize_t n;
	int more = 0;

	if (!f)
		return fail("cannot open the guest's log %s: %s", lab->console, strerror(errno));
	fseek(f, lab->log_seen, SEEK_SET);
	while ((n = getline(&line, &size, f)) > 0) {
		if (line[n - 1] != '\n')
			break;	/* the rest is still to come */
		lab->log_seen += n;
		if (found ? more < 40 : splat_match(line)) {
			char *all = NULL;

			if (asprintf(&all, "%s  %s", found ? found : "", line) < 0)
				abort();
			free(found);
			found = all;
			more++;
		}
	}
	free(line);
	fclose(f);
	if (!found)
		return 0;
	fail("splat in the guest's kernel log:\n%s", found);
	free(found);
	return -1;
}

int lab_keep_log(struct lab *lab, const char *dir)
{
	char cmd[512];

	snprintf(cmd, sizeof(cmd), "mkdir -p '%s' && cp '%s' '%s/boot.log' '%s/' 2>/dev/null",
		 dir, lab->console, lab->dir, dir);
	return system(cmd) ? fail("cannot copy logs to %s", dir) : 0;
}

static void log_tail(struct lab *lab, char *text, size_t size)
{
	FILE *f = fopen(lab->console, "re");
	size_t n;

	*text = 0;
	if (!f)
		return;
	fseek(f, 0, SEEK_END);
	if (ftell(f) > (long)size - 1)
		fseek(f, -(long)(size - 1), SEEK_END);
	else
		rewind(f);
	n = fread(text, 1, size - 1, f);
	text[n] = 0;
	fclose(f);
}

/* Wire */

static void arp_answer(struct lab *lab, const struct frame *f)
{
	struct frame reply;
	uint32_t spa;

	memcpy(&spa, f->data + 28, 4);
	frame_arp(&reply, 2, f->data + 6, CLIENT_MAC, CLIENT_IP, f->data + 22, ntohl(spa));
	wire_send(lab, &reply);
}

static bool is_arp_for_us(const struct frame *f)
{
	static const uint8_t head[8] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	uint32_t tpa;

	/* Broadcast, or to us alone to find out whether we are still there */
	if (f->len < 42 || f->data[12] != 8 || f->data[13] != 6 || memcmp(f->data + 14, head, 8) ||
	    !memcmp(f->data + 6, CLIENT_MAC, MAC_LEN))
		return false;
	memcpy(&tpa, f->data + 38, 4);
	return ntohl(tpa) == CLIENT_IP;
}

/* 1 if the frame is under way, 0 if there is no room for it. */
static int wire_try(int fd, const char *path, const struct frame *f)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	ssize_t n;

	if (!*path) {
		n = send(fd, f->data, f->len, MSG_DONTWAIT);
	} else {
		memcpy(to.sun_path, path, sizeof(to.sun_path));
		n = sendto(fd, f->data, f->len, MSG_DONTWAIT,
			   (struct sockaddr *)&to, sizeof(to));
	}
	if (n == (ssize_t)f->len)
		return 1;
	if (n >= 0)
		return fail("short write to the wire: %zd of %zu bytes", n, f->len);
	if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
		return fail("cannot send a frame of %zu bytes: %s", f->len, strerror(errno));
	return 0;
}

static int wire_put(struct lab *lab, int fd, const char *path, const struct frame *f)
{
	uint64_t end = now_ms() + 10000 * lab->patience;
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	int n;

	for (;;) {
		n = wire_try(fd, path, f);
		if (n)
			return n > 0 ? 0 : -1;
		if (now_ms() > end)
			return fail("the guest took no frame for %d s", 10 * lab->patience);
		/* An unconnected datagram socket is always writable: just wait. */
		poll(*path ? NULL : &pfd, !*path, 1);
	}
}

int wire_send(struct lab *lab, const struct frame *f)
{
	if (wire_put(lab, lab->wire.fd, lab->wire.guest_path, f))
		return -1;
	__atomic_add_fetch(&lab->wire.sent, 1, __ATOMIC_RELAXED);
	return 0;
}

int wire_offer(struct lab *lab, const struct frame *f)
{
	int n = wire_try(lab->wire.fd, lab->wire.guest_path, f);

	if (n > 0)
		__atomic_add_fetch(&lab->wire.sent, 1, __ATOMIC_RELAXED);
	return n;
}

/* A packet socket gets frames without their outer VLAN tag: put it back. */
static ssize_t tap_receive(int fd, struct frame *f)
{
	struct iovec iov = { .iov_base = f->data, .iov_len = FRAME_MAX - 4 };
	union {
		char buf[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
		struct cmsghdr align;
	} control;
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct tpacket_auxdata aux;
	struct cmsghdr *c;
	ssize_t n;

	n = recvmsg(fd, &msg, MSG_DONTWAIT);
	if (n < 12)
		return n;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
			continue;
		memmove(f->data + 16, f->data + 12, n - 12);
		f->data[12] = aux.tp_vlan_tpid >> 8;
		f->data[13] = aux.tp_vlan_tpid & 0xff;
		f->data[14] = aux.tp_vlan_tci >> 8;
		f->data[15] = aux.tp_vlan_tci & 0xff;
		n += 4;
	}
	return n;
}

static void *wire_receiver(void *arg)
{
	struct lab *lab = arg;
	struct wire *wire = &lab->wire;
	struct pollfd pfd[2] = {
		{ .fd = wire->fd, .events = POLLIN },
		{ .fd = wire->peer_fd, .events = POLLIN },
	};
	struct wire_frame *w = NULL;
	static struct frame back;
	size_t backlog = 0;
	ssize_t n;

	/* if we may: QEMU's socket holds few frames, then the guest has to drop its answers */
	setpriority(PRIO_PROCESS, gettid(), -20);
	while (__atomic_load_n(&wire->running, __ATOMIC_RELAXED)) {
		if (poll(pfd, 2, 100) <= 0)
			continue;
		n = pfd[1].revents ? recv(wire->peer_fd, back.data, FRAME_MAX, MSG_DONTWAIT) : -1;
		if (n > 0) {
			back.len = n;
			wire_put(lab, wire->fd, wire->guest_path, &back);
		}
		if (!w)
			w = malloc(sizeof(*w));
		if (!w)
			abort();
		if (wire->tap)
			n = tap_receive(wire->fd, &w->frame);
		else
			n = recv(wire->fd, w->frame.data, FRAME_MAX, MSG_DONTWAIT);
		if (n < 0)
			continue;
		w->frame.len = n;
		w->next = NULL;
		if (is_arp_for_us(&w->frame)) {
			arp_answer(lab, &w->frame);
			continue;
		}
		/* Ours, or ours sent back as they were. */
		if (n >= 12 && memcmp(w->frame.data, CLIENT_MAC, MAC_LEN) &&
		    memcmp(w->frame.data + 6, CLIENT_MAC, MAC_LEN)) {
			if (wire->peer_fd >= 0)
				wire_put(lab, wire->peer_fd, wire->peer_path, &w->frame);
			continue;
		}
		pthread_mutex_lock(&wire->lock);
		if (!wire->first)
			backlog = 0;
		if (backlog < BACKLOG_MAX) {
			backlog++;
			wire->received++;
			*wire->last = w;
			wire->last = &w->next;
			w = NULL;
			pthread_cond_signal(&wire->arrived);
		}
		pthread_mutex_unlock(&wire->lock);
	}
	free(w);
	return NULL;
}

int wire_receive(struct lab *lab, struct frame *f, int timeout_ms)
{
	struct wire *wire = &lab->wire;
	struct wire_frame *w;
	struct timespec end;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += timeout_ms / 1000;
	end.tv_nsec += timeout_ms % 1000 * 1000000l;
	if (end.tv_nsec >= 1000000000) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&wire->lock);
	while (!wire->first && !err)
		err = pthread_cond_timedwait(&wire->arrived, &wire->lock, &end);
	w = wire->first;
	if (w) {
		wire->first = w->next;
		if (!wire->first)
			wire->last = &wire->first;
	}
	pthread_mutex_unlock(&wire->lock);
	if (!w)
		return 0;
	f->len = w->frame.len;
	memcpy(f->data, w->frame.data, w->frame.len);
	free(w);
	return 1;
}

void wire_flush(struct lab *lab)
{
	struct frame f;

	while (wire_receive(lab, &f, 0))
		;
}

unsigned long wire_dropped(const struct lab *lab)
{
	/* not /sys, which shows the namespace that mounted it */
	FILE *f = lab->wire.tap ? fopen("/proc/thread-self/net/dev", "re") : NULL;
	unsigned long n = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " tap0: %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %lu", &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

static int wire_start(struct lab *lab)
{
	struct wire *wire = &lab->wire;
	pthread_condattr_t attr;

	pthread_mutex_init(&wire->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&wire->arrived, &attr);
	wire->last = &wire->first;
	wire->running = true;
	if (pthread_create(&wire->receiver, NULL, wire_receiver, lab)) {
		wire->running = false;
		return fail("cannot create the receiver thread");
	}
	return 0;
}

/* A datagram socket at DIR/NAME.host, and the path of its peer, DIR/NAME.guest. */
static int unix_socket(struct lab *lab, const char *name, char *peer, size_t size)
{
	struct sockaddr_un own = { .sun_family = AF_UNIX };
	int room = 4 << 20, fd;

	snprintf(own.sun_path, sizeof(own.sun_path), "%s/%s.host", lab->dir, name);
	snprintf(peer, size, "%s/%s.guest", lab->dir, name);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)))
		return fail("cannot bind %s: %s", own.sun_path, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return fd;
}

static int wire_open_dgram(struct lab *lab)
{
	struct wire *wire = &lab->wire;

	wire->fd = unix_socket(lab, "nic0", wire->guest_path, sizeof(wire->guest_path));
	if (wire->fd < 0)
		return -1;
	if (lab->config->user_net) {
		wire->peer_fd = unix_socket(lab, "user0", wire->peer_path, sizeof(wire->peer_path));
		if (wire->peer_fd < 0)
			return -1;
	}
	return wire_start(lab);
}

/* Give the host's end of the tap device an address, for its stack to be the peer. */
static int tap_up(int fd, const char *name)
{
	struct ifreq ifr = { 0 };
	struct sockaddr_in *sin = (struct sockaddr_in *)&ifr.ifr_addr;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = htonl(PEER_IP);
	if (ioctl(fd, SIOCSIFADDR, &ifr))
		return -1;
	sin->sin_addr.s_addr = htonl(0xffffff00);
	if (ioctl(fd, SIOCSIFNETMASK, &ifr))
		return -1;
	memset(&ifr.ifr_addr, 0, sizeof(ifr.ifr_addr));
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	return ioctl(fd, SIOCSIFFLAGS, &ifr);
}

static int wire_open_tap(struct lab *lab)
{
	struct wire *wire = &lab->wire;
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int one = 1, size = 8 << 20, inet;
	char path[64];
	FILE *f;

	/* Nothing but what a test sends: no router solicitations. */
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/tap0/disable_ipv6");
	f = fopen(path, "we");
	if (f) {
		fputs("1", f);
		fclose(f);
	}
	inet = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (inet < 0 || tap_up(inet, "tap0")) {
		fail("cannot configure tap0: %s", strerror(errno));
		close(inet);
		return -1;
	}
	close(inet);
	wire->tap = true;
	ll.sll_ifindex = if_nametoindex("tap0");
	wire->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	if (wire->fd < 0 || bind(wire->fd, (struct sockaddr *)&ll, sizeof(ll)) ||
	    setsockopt(wire->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    setsockopt(wire->fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)))
		return fail("cannot open a packet socket on tap0: %s", strerror(errno));
	setsockopt(wire->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return wire_start(lab);
}

static void wire_close(struct wire *wire)
{
	struct wire_frame *w;

	if (wire->running) {
		__atomic_store_n(&wire->running, false, __ATOMIC_RELAXED);
		pthread_join(wire->receiver, NULL);
	}
	while ((w = wire->first)) {
		wire->first = w->next;
		free(w);
	}
	if (wire->fd >= 0)
		close(wire->fd);
	if (wire->peer_fd >= 0)
		close(wire->peer_fd);
	wire->fd = wire->peer_fd = -1;
}

/* A network namespace of our own for the tap device; a user namespace too unless root. */
static int enter_namespace(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int flags = CLONE_NEWNET | (uid ? CLONE_NEWUSER : 0);
	const char *files[] = { "/proc/self/setgroups", "/proc/self/uid_map", "/proc/self/gid_map" };
	char text[3][32];
	int i, fd;

	if (access("/dev/net/tun", R_OK | W_OK))
		return fail("no access to /dev/net/tun: %s", strerror(errno));
	if (unshare(flags))
		return fail("no private network namespace: %s", strerror(errno));
	if (!uid)
		return 0;
	snprintf(text[0], sizeof(text[0]), "deny");
	snprintf(text[1], sizeof(text[1]), "0 %u 1", uid);
	snprintf(text[2], sizeof(text[2]), "0 %u 1", gid);
	for (i = 0; i < 3; i++) {
		fd = open(files[i], O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, text[i], strlen(text[i])) < 0) {
			fail("cannot write %s: %s", files[i], strerror(errno));
			close(fd);
			return -1;
		}
		close(fd);
	}
	return 0;
}

bool lab_can_tap(void)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE };
	int fd;

	if (enter_namespace())
		return false;
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	return fd >= 0 && !ioctl(fd, TUNSETIFF, &ifr);
}

/* Guest */

/* Read until a newline or len bytes; -1 on time-out or end of file. */
static ssize_t control_read(struct lab *lab, char *buf, size_t len, bool line, uint64_t end)
{
	struct pollfd pfd = { .fd = lab->control, .events = POLLIN };
	size_t n = 0;
	ssize_t got;

	while (n < len) {
		int64_t left = end - now_ms();

		if (left <= 0)
			return fail("no answer from the guest within the time limit");
		if (poll(&pfd, 1, left > 1000 ? 1000 : left) <= 0)
			continue;
		got = read(lab->control, buf + n, line ? 1 : len - n);
		if (got <= 0)
			return fail("the guest is gone");
		n += got;
		if (line && buf[n - 1] == '\n')
			break;
	}
	return n;
}

/* What the boot script said so far, and how it ended, if it did. */
static void boot_words(struct lab *lab, char *text, size_t size)
{
	uint64_t end = now_ms() + 2000;
	size_t n = 0;
	char path[96];
	int status;
	FILE *f;

	snprintf(path, sizeof(path), "%s/boot.log", lab->dir);
	while (lab->boot > 0 && now_ms() < end) {
		if (waitpid(lab->boot, &status, WNOHANG) == lab->boot) {
			lab->boot = 0;
			lab->lost = true;
			n = snprintf(text, size, "it ended with status %d%s", WEXITSTATUS(status),
				     WIFSIGNALED(status) ? ", by a signal" : "");
		}
		usleep(20000);
	}
	f = fopen(path, "re");
	if (f) {
		n += snprintf(text + n, size - n, "\n");
		n += fread(text + n, 1, size - 1 - n, f);
		fclose(f);
	}
	text[n] = 0;
}

/* Replace the error by one with the end of the guest's log. */
static int guest_lost(struct lab *lab, const char *doing)
{
	char why[256], tail[1500], boot[512];

	snprintf(why, sizeof(why), "%.*s", (int)sizeof(why) - 1, error);
	boot_words(lab, boot, sizeof(boot));
	if (lab_check_log(lab) == 0) {
		log_tail(lab, tail, sizeof(tail));
		fail("%s: %s; the script boot: %s\nThe guest's log ends:\n%s", doing, why, boot,
		     tail);
	}
	if (lab->control >= 0)
		close(lab->control);
	lab->control = -1;
	return -1;
}

int lab_run(struct lab *lab, const char *fmt, ...)
{
	uint64_t end = now_ms() + COMMAND_MS * lab->patience;
	char cmd[4096], head[64];
	int n, status;
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	n = vsnprintf(cmd, sizeof(cmd) - 1, fmt, ap);
	va_end(ap);
	if (lab->control < 0)
		return fail("no guest to run '%s' in", cmd);
	if (n < 0 || n >= (int)sizeof(cmd) - 1 || strchr(cmd, '\n'))
		return fail("not a command line: '%s'", cmd);
	cmd[n] = '\n';
	if (send(lab->control, cmd, n + 1, MSG_NOSIGNAL) != n + 1) {
		fail("the guest is gone");
		cmd[n] = 0;
		return guest_lost(lab, cmd);
	}
	cmd[n] = 0;
	n = control_read(lab, head, sizeof(head) - 1, true, end);
	if (n < 0)
		return guest_lost(lab, cmd);
	head[n] = 0;
	if (sscanf(head, "%d %zu", &status, &len) != 2 || len > 16 << 20) {
		fail("not an answer: '%s'", head);
		return guest_lost(lab, cmd);
	}
	free(lab->output);
	lab->output = malloc(len + 1);
	if (!lab->output)
		abort();
	lab->output_len = len;
	lab->output[len] = 0;
	if (len && control_read(lab, lab->output, len, false, end) < 0)
		return guest_lost(lab, cmd);
	while (len && lab->output[len - 1] == '\n')
		lab->output[--len] = 0;
	return status;
}

static pid_t start_boot(struct lab *lab)
{
	char script[256], log[96], cpus[12], mem[12], timeout[12];
	/* seconds until the guest is killed */
	const char *soak = getenv("LAB_TIMEOUT"), *argv[24];
	const struct lab_config *c = lab->config;
	int i = 0, fd;
	pid_t pid;

	snprintf(script, sizeof(script), "%s/boot", SCRIPTS_DIR);
	snprintf(log, sizeof(log), "%s/boot.log", lab->dir);
	snprintf(cpus, sizeof(cpus), "%d", c->cpus ? c->cpus : 1);
	snprintf(mem, sizeof(mem), "%d", (c->mem ? c->mem : 512) * (lab->patience > 1 ? 2 : 1));
	/* several times what all cases take: a busy host must not end them */
	snprintf(timeout, sizeof(timeout), "%d", soak ? atoi(soak) : 1200 * lab->patience);
	argv[i++] = script;
	argv[i++] = "--control";
	argv[i++] = "--remove";	/* if we die and cannot */
	argv[i++] = "--dir";
	argv[i++] = lab->dir;
	argv[i++] = "--kernel";
	argv[i++] = lab->kernel;
	argv[i++] = "--initramfs";
	argv[i++] = lab->initramfs;
	argv[i++] = "--smp";
	argv[i++] = cpus;
	argv[i++] = "--mem";
	argv[i++] = mem;
	argv[i++] = "--timeout";
	argv[i++] = timeout;
	if (c->nic) {
		argv[i++] = "--nic";
		argv[i++] = c->nic;
	}
	if (c->append) {
		argv[i++] = "--append";
		argv[i++] = c->append;
	}
	if (c->icount)
		argv[i++] = "--icount";
	if (c->one_thread)
		argv[i++] = "--one-thread";
	if (c->hotplug)
		argv[i++] = "--hotplug";
	if (c->qtest)
		argv[i++] = "--qtest";
	argv[i] = NULL;

	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* Ctrl-C reaches us; the script ends when we tell it to. */
	setpgid(0, 0);
	fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(127);
	execv(script, (char **)argv);
	_exit(127);
}

static int boot_failed(struct lab *lab, const char *what)
{
	char text[1024];

	boot_words(lab, text, sizeof(text));
	return fail("%s:\n%s", what, text);
}

static int control_connect(struct lab *lab, uint64_t end)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int status;

	snprintf(to.sun_path, sizeof(to.sun_path), "%s/control", lab->dir);
	lab->control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (lab->control < 0)
		return fail("socket: %s", strerror(errno));
	while (connect(lab->control, (struct sockaddr *)&to, sizeof(to))) {
		if (waitpid(lab->boot, &status, WNOHANG) == lab->boot) {
			lab->boot = 0;
			return boot_failed(lab, "the guest did not start");
		}
		if (now_ms() > end)
			return boot_failed(lab, "QEMU did not start in time");
		usleep(20000);
	}
	return 0;
}

/* Send a line, and read lines until one that is an answer and no event. */
static int qmp_ask(struct lab *lab, FILE *qmp, const char *command)
{
	char *line = lab->answer;

	if (fprintf(qmp, "%s\n", command) < 0 || fflush(qmp))
		return fail("QEMU's monitor: %s", strerror(errno));
	while (fgets(line, sizeof(lab->answer), qmp)) {
		if (!strncmp(line, "{\"return\"", 9))
			return 0;
		if (!strncmp(line, "{\"error\"", 8))
			return fail("QEMU refuses %s: %s", command, line);
	}
	return fail("QEMU's monitor of %s gives no answer to %s", lab->dir, command);
}

int lab_qmp(struct lab *lab, const char *command)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = 10 * lab->patience };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), err;
	FILE *qmp;

	snprintf(to.sun_path, sizeof(to.sun_path), "%s/qmp", lab->dir);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	qmp = fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) ? NULL : fdopen(fd, "r+e");
	if (!qmp) {
		err = fail("%s: %s", to.sun_path, strerror(errno));
		close(fd);
		return err;
	}
	err = qmp_ask(lab, qmp, "{\"execute\":\"qmp_capabilities\"}");
	if (!err)
		err = qmp_ask(lab, qmp, command);
	fclose(qmp);
	return err;
}

int lab_boot(struct lab *lab, const struct lab_config *config)
{
	uint64_t end;
	char line[64];

	lab->config = config;
	if (!lab->patience)
		lab->patience = 1;
	lab->control = -1;
	lab->wire.fd = lab->wire.peer_fd = -1;
	lab->log_seen = 0;
	lab->lost = false;
	snprintf(lab->dir, sizeof(lab->dir), "/tmp/hwirq-lab.XXXXXX");
	if (!mkdtemp(lab->dir))
		return fail("cannot create %s: %s", lab->dir, strerror(errno));
	snprintf(lab->console, sizeof(lab->console), "%s/console.log", lab->dir);
	if (config->tap_queues && enter_namespace())
		return -1;
	if (!config->tap_queues && config->nic && wire_open_dgram(lab))
		return -1;
	lab->boot = start_boot(lab);
	if (lab->boot < 0)
		return fail("fork: %s", strerror(errno));
	end = now_ms() + BOOT_MS * lab->patience;
	if (control_connect(lab, end))
		return -1;
	if (control_read(lab, line, sizeof(line), true, end) < 0)
		return guest_lost(lab, "booting");
	if (strncmp(line, "ready 0\n", 8))
		return fail("the guest's agent does not greet");
	if (config->tap_queues && wire_open_tap(lab))
		return -1;
	return lab_check_log(lab);
}

int lab_shutdown(struct lab *lab)
{
	uint64_t end = now_ms() + 20000 * lab->patience;
	int status = 0, ret = 0;
	pid_t ended = 0;
	char cmd[128], why[sizeof(error)] = "";

	if (lab->boot > 0) {
		bool asked = lab->control >= 0 &&
			send(lab->control, "poweroff\n", 9, MSG_NOSIGNAL) == 9;

		while (asked && now_ms() < end && !ended) {
			ended = waitpid(lab->boot, &status, WNOHANG);
			usleep(20000);
		}
		if (!ended) {
			kill(lab->boot, SIGTERM);
			waitpid(lab->boot, &status, 0);
			lab->boot = 0;
			ret = fail(asked ? "the guest did not power off" : "the guest was lost");
		} else if (!WIFEXITED(status) || WEXITSTATUS(status)) {
			lab->boot = 0;
			ret = boot_failed(lab, "the guest ended badly");
		}
		lab->boot = 0;
		if (lab_check_log(lab))
			ret = -1;
	}
	if (lab->lost)
		ret = fail("the guest was lost");
	snprintf(why, sizeof(why), "%s", error);
	wire_close(&lab->wire);
	if (lab->control >= 0)
		close(lab->control);
	lab->control = -1;
	free(lab->output);
	lab->output = NULL;
	if (lab->dir[0]) {
		snprintf(cmd, sizeof(cmd), "rm -rf '%s'", lab->dir);
		if (system(cmd))
			fprintf(stderr, "cannot remove %s\n", lab->dir);
		lab->dir[0] = 0;
	}
	if (ret)
		fail("%s", why);
	return ret;
}
