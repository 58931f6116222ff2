// SPDX-License-Identifier: GPL-2.0-only
/* hwirqsim, the device whose wire is a timer: does it do what its documentation
 * says, and do all frames add up? Needs root, a kernel with CONFIG_HWIRQSIM, and the
 * devices sim0 and sim1 with two queues each (hwirqsim.devices=2 hwirqsim.queues=2).
 *
 * With the word sim.exact on the kernel command line time is virtual, and no frame may
 * be lost. Without, the host may stall the guest for longer than its rings last.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>

#include <hwirq_abi.h>

#define QUEUES 2
#define RING 256	/* the driver's default */
#define FRAME_LEN 60
#define PORT_AT 36
#define SEQ_AT 42
#define RAW_LOST 0xffffffffu
#define RAW_UNANSWERED 0xfffffffeu

static bool exact;
static int link_fd = -1;
static pid_t child = -1;

/* Files of a device */

static int sim_open(const char *dev, const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/hwirqsim/%s/%s", dev, name);
	return open(path, flags);
}

/* 0 or -errno */
static int sim_write(const char *dev, const char *name, const void *data, size_t len)
{
	int fd = sim_open(dev, name, O_WRONLY), err = 0;
	ssize_t n;

	if (fd < 0)
		fail_msg("%s/%s: %s", dev, name, strerror(errno));
	n = write(fd, data, len);
	if (n < 0)
		err = -errno;
	else
		assert_int_equal(n, len);
	close(fd);
	return err;
}

static int config(const char *dev, const char *text)
{
	return sim_write(dev, "config", text, strlen(text));
}

static void must_config(const char *text)
{
	int err = config("sim0", text);

	if (err)
		fail_msg("config '%s': %s", text, strerror(-err));
}

static int control(const char *word)
{
	return sim_write("sim0", "control", word, strlen(word));
}

/* The whole file; a copy that lives until the next call. */
static const char *contents(const char *dev, const char *name, size_t *size)
{
	static char *buf;
	static size_t room;
	size_t len = 0;
	ssize_t n;
	int fd = sim_open(dev, name, O_RDONLY);

	assert_true(fd >= 0);
	do {
		if (room - len < 2) {
			room = room ? 2 * room : 1 << 16;
			buf = realloc(buf, room);
			assert_non_null(buf);
		}
		n = read(fd, buf + len, room - len - 1);
		assert_true(n >= 0);
		len += (size_t)n;
	} while (n);
	close(fd);
	buf[len] = '\0';
	if (size)
		*size = len;
	return buf;
}

/* The number behind "KEY=" in a text of lines or words. */
static uint64_t value_of(const char *text, const char *key)
{
	size_t len = strlen(key);
	const char *at = text;

	for (; (at = strstr(at, key)); at += len)
		if ((at == text || at[-1] == '\n' || at[-1] == ' ') && at[len] == '=')
			return strtoull(at + len + 1, NULL, 10);
	fail_msg("no %s in:\n%s", key, text);
	return 0;
}

static uint64_t state_of(const char *dev, const char *key)
{
	return value_of(contents(dev, "state", NULL), key);
}

static uint64_t state(const char *key)
{
	return state_of("sim0", key);
}

static void sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void sh(const char *fmt, ...)
{
	char cmd[256];
	va_list ap;
	int status;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	fflush(stdout);
	status = system(cmd);
	if (status)
		fail_msg("'%s' ended with status %d", cmd, status);
}

static void send_to_port(uint16_t port)
{
	uint8_t frame[FRAME_LEN];
	size_t len;

	memcpy(frame, contents("sim0", "template", &len), sizeof(frame));
	assert_int_equal(len, FRAME_LEN);
	frame[PORT_AT] = (uint8_t)(port >> 8);
	frame[PORT_AT + 1] = (uint8_t)port;
	assert_int_equal(sim_write("sim0", "template", frame, sizeof(frame)), 0);
}

static void start(void)
{
	int i, err;

	/* until the kernel trusts its clock */
	for (i = 0; (err = control("start")) == -EAGAIN && i < 600; i++)
		usleep(50000);
	if (err)
		fail_msg("start: %s", strerror(-err));
}

/* All frames are somewhere. */
static void check_sums(uint64_t planned)
{
	const char *text = contents("sim0", "state", NULL);
	uint64_t lost = value_of(text, "lost_full") + value_of(text, "lost_down");

	if (planned)
		assert_int_equal(value_of(text, "planned"), planned);
	planned = value_of(text, "planned");
	assert_int_equal(planned, value_of(text, "delivered") + lost);
	assert_int_equal(value_of(text, "delivered"),
			 value_of(text, "answered") + value_of(text, "unanswered"));
	assert_true(value_of(text, "consumed") <= value_of(text, "delivered"));
	if (exact && value_of(text, "lost_down"))
		return;
	assert_int_equal(value_of(text, "duplicate") + value_of(text, "unknown"), 0);
}

/* "low high count" lines: disjoint, rising, and as many as they say. */
static void check_histogram(const char *name, uint64_t count)
{
	const char *text = contents("sim0", name, NULL), *line = text;
	uint64_t low, high, n, last = 0, sum = 0, min, max;
	bool first = true;

	assert_int_equal(value_of(text, "count"), count);
	min = value_of(text, "min");
	max = value_of(text, "max");
	while ((line = strchr(line, '\n')) && *++line) {
		assert_int_equal(sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64, &low, &high, &n), 3);
		assert_true(low <= high && n);
		assert_true(low < 2048 ? low == high : (high - low) * 1000 < low);
		if (first)
			assert_true(low <= min && min <= high);
		else
			assert_true(low > last);
		first = false;
		last = high;
		sum += n;
	}
	assert_int_equal(sum, count);
	if (count)
		assert_true(max <= last);
}

/* Until nothing is counted any more: a host that stalls the guest also makes replies late. */
static void wait_for_late(void)
{
	uint64_t before, now = 0;
	int i = 0;

	if (exact)
		return;
	do {
		before = now;
		usleep(50000);
		now = state("consumed") + state("answered") + state("bad") + state("unknown");
	} while (now != before && i++ < 100);
}

static void run(const char *how)
{
	if (how)
		must_config(how);
	start();
	assert_int_equal(control("wait"), 0);
	wait_for_late();
	assert_non_null(strstr(contents("sim0", "state", NULL), "state=done\n"));
	check_sums(state_of("sim0", "planned"));
	check_histogram("latency", state("answered"));
	check_histogram("pickup", state("consumed"));
	check_histogram("lateness", state("timers") - state("retimed"));
}

static void all_answered(uint64_t frames)
{
	assert_int_equal(state("planned"), frames);
	if (exact)
		assert_int_equal(state("answered"), frames);
	assert_int_equal(state("bad") + state("unknown") + state("duplicate"), 0);
	assert_true(state("answered") > 0);
}

/* Frames that the driver took were replied to so; in real time, some after the end. */
static void nearly_all(const char *key)
{
	assert_in_range(state(key), exact ? state("consumed") : 1, state("consumed"));
}

/* Programs */

#define INSN(c, d, s, o, i)                                                    \
	((struct bpf_insn){                                                    \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })
#define MOV_K(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define MOV_X(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define ADD_K(d, i) INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define LDX_W(d, s, o) INSN(BPF_LDX | BPF_MEM | BPF_W, d, s, o, 0)
#define ST_B(d, o, i) INSN(BPF_ST | BPF_MEM | BPF_B, d, 0, o, i)
#define JLE_X(d, s, o) INSN(BPF_JMP | BPF_JLE | BPF_X, d, s, o, 0)
#define CALL(id) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, id)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static void attach(enum bpf_prog_type type, enum bpf_attach_type how, const struct bpf_insn *insns,
		   size_t cnt)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = how);
	LIBBPF_OPTS(bpf_link_create_opts, link, .flags = how == BPF_XDP ? XDP_FLAGS_DRV_MODE : 0);
	int prog = bpf_prog_load(type, "sim", "GPL", insns, cnt, &opts);

	if (prog < 0)
		fail_msg("load: %s", strerror(-prog));
	link_fd = bpf_link_create(prog, (int)if_nametoindex("sim0"), how, &link);
	close(prog);
}

static void attach_hwirq(const struct bpf_insn *insns, size_t cnt)
{
	attach((enum bpf_prog_type)BPF_PROG_TYPE_HWIRQ, (enum bpf_attach_type)BPF_HWIRQ, insns, cnt);
}

static void hwirq(int verdict)
{
	const struct bpf_insn insns[] = { MOV_K(BPF_REG_0, verdict), EXIT() };

	attach_hwirq(insns, 2);
	if (link_fd < 0)
		fail_msg("attach: %s", strerror(errno));
}

static void xdp(int verdict)
{
	const struct bpf_insn insns[] = { MOV_K(BPF_REG_0, verdict), EXIT() };

	attach(BPF_PROG_TYPE_XDP, BPF_XDP, insns, 2);
	if (link_fd < 0)
		fail_msg("attach: %s", strerror(errno));
}

/* A counter of the link, from its fdinfo */
static uint64_t link_stat(const char *key)
{
	char path[64], buf[4096], want[40], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", link_fd);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	assert_true(n > 0);
	buf[n] = '\0';
	snprintf(want, sizeof(want), "\n%s:\t", key);
	at = strstr(buf, want);
	if (!at)
		fail_msg("no %s in:\n%s", key, buf);
	return strtoull(at + strlen(want), NULL, 10);
}

static void detach(void)
{
	if (link_fd >= 0)
		close(link_fd);
	link_fd = -1;
}

static uint64_t ethtool_stat(const char *name)
{
	char cmd[80], line[80];
	FILE *f;

	snprintf(cmd, sizeof(cmd), "ethtool -S sim0 | sed -n 's/ *%s: //p'", name);
	f = popen(cmd, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	pclose(f);
	return strtoull(line, NULL, 10);
}

/* A child that answers datagrams to a port, through a socket. To a host that stalls the guest,
 * 4,000 in a second are a flood, in which no process gets its turn.
 */
static void socket_echo(uint16_t port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) }, peer;
	int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 4 << 20;
	socklen_t len;
	char buf[64];
	ssize_t n;

	assert_true(fd >= 0);
	if (!exact)
		must_config("rate=200");
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	child = fork();
	assert_true(child >= 0);
	if (child) {
		close(fd);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		len = sizeof(peer);
		n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&peer, &len);
		if (n > 0)
			sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&peer, len);
	}
}

static void kill_child(void)
{
	if (child <= 0)
		return;
	kill(child, SIGTERM);
	waitpid(child, NULL, 0);
	child = -1;
}

static int setup(void **context)
{
	(void)context;
	sh("ip link set sim0 down; ip link set sim1 down; ethtool -G sim0 rx %d tx %d; true", RING, RING);
	must_config("pattern=cbr rate=2000 count=500 burst=32 burst_gap=0 jitter=0 seed=1 itr=0 "
		    "linger=20000000 raw=1 cpu=-1 late_ns=0 wait_ns=0 seq_offset=42 check_offset=46");
	/* a host that stalls the guest must not end the run before the replies are there */
	if (!exact)
		must_config("linger=1000000000");
	send_to_port(7);
	sh("ip addr flush dev sim0; ip addr add 198.51.100.1/24 dev sim0; ip link set sim0 up;"
	   "ip link set sim1 up; arp -i sim0 -s 198.51.100.2 02:00:00:73:6d:fe");
	return 0;
}

static int teardown(void **context)
{
	(void)context;
	control("stop");
	kill_child();
	detach();
	sh("hwctl idle; echo 0 >/sys/class/net/sim0/threaded; ip link set sim0 down; ip link set sim1 down");
	return 0;
}

/* Tests */

static void test_config(void **context)
{
	static const struct {
		const char *text;
		int err;
	} wrong[] = {
		{ "rate=0", -ERANGE },
		{ "rate=1x", -EINVAL },
		{ "rate", -EINVAL },
		{ "speed=1", -EINVAL },
		{ "pattern=often", -EINVAL },
		{ "seq_offset=57", -EINVAL },
		{ "check_offset=61", -EINVAL },
		{ "csum_offset=46", -EINVAL },
		{ "window=1000", -EINVAL },
		{ "jitter=500001", -EINVAL },
		{ "cpu=100", -EINVAL },
		{ "count=2147483647 rate=1 seed=7 clflush=2", -ERANGE },
	};
	char *before = strdup(contents("sim0", "config", NULL));
	size_t i;

	(void)context;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (config("sim0", wrong[i].text) != wrong[i].err)
			fail_msg("'%s' was not refused", wrong[i].text);
		assert_string_equal(contents("sim0", "config", NULL), before);
	}
	free(before);
	must_config("seed=5\n pattern=burst\tburst=7");
	assert_non_null(strstr(contents("sim0", "config", NULL), "\nseed=5\n"));
	assert_non_null(strstr(contents("sim0", "config", NULL), "pattern=burst\n"));
	assert_int_equal(value_of(contents("sim0", "config", NULL), "burst"), 7);
}

static void test_control(void **context)
{
	uint8_t frame[2000] = { 0 };

	(void)context;
	assert_int_equal(control("begin"), -EINVAL);
	assert_int_equal(control("stop"), 0);
	assert_int_equal(control("wait"), 0);
	/* longer than this test takes */
	must_config("count=100000 rate=100");
	start();
	assert_int_equal(control("start"), -EBUSY);
	assert_int_equal(config("sim0", "seed=2"), -EBUSY);
	assert_int_equal(sim_write("sim0", "template", frame, 60), -EBUSY);
	assert_non_null(strstr(contents("sim0", "state", NULL), "state=running\n"));
	assert_int_equal(control("stop"), 0);
	assert_non_null(strstr(contents("sim0", "state", NULL), "state=done\n"));
	check_sums(0);
	assert_true(state("planned") < 200000);
	sh("ip link set sim0 down");
	assert_int_equal(control("start"), -ENETDOWN);
	assert_int_equal(sim_write("sim0", "template", frame, 13), -EINVAL);
	assert_int_equal(sim_write("sim0", "template", frame, 1515), -EINVAL);
	/* too short for the sequence number */
	assert_int_equal(sim_write("sim0", "template", frame, 45), -EINVAL);
}

static void test_patterns(void **context)
{
	uint64_t span;

	(void)context;
	hwirq(HWIRQ_DROP);
	run("pattern=cbr rate=3000 count=400");
	span = state("last_planned") - state("first_planned");
	/* both queues have the same plan; 1/3000 s is no whole number of ns */
	assert_int_equal(span, 399 * 1000000000ull / 3000);
	run("pattern=burst rate=4000 burst=40 burst_gap=100");
	span = state("last_planned") - state("first_planned");
	assert_int_equal(span, 9 * 10000000ull + 39 * 100);
	run("pattern=poisson rate=20000 count=2000");
	span = state("last_planned") - state("first_planned");
	/* 100 ms; the standard deviation of a queue's is 2.2 ms */
	assert_in_range(span, 85000000, 115000000);
	assert_int_equal(state("planned"), 4000);
	if (exact)
		assert_int_equal(state("consumed") + state("lost_full"), 4000);
}

static void test_stack(void **context)
{
	(void)context;
	socket_echo(7);
	run(NULL);
	all_answered(1000);
	assert_true(state("napi_polls") > 0 && state("napi_ns") > 0);
}

static void test_hwirq_tx(void **context)
{
	(void)context;
	hwirq(HWIRQ_TX);
	run(NULL);
	all_answered(1000);
	assert_int_equal(link_stat("tx"), state("consumed"));
	if (exact) {
		assert_int_equal(link_stat("hardirq_packets"), 1000);
		assert_int_equal(state("irqs"), 1000);
	}
}

static void test_hwirq_drop(void **context)
{
	(void)context;
	hwirq(HWIRQ_DROP);
	run(NULL);
	assert_int_equal(state("answered"), 0);
	assert_int_equal(state("unanswered"), state("consumed"));
	assert_int_equal(link_stat("drop"), state("consumed"));
}

static void test_hwirq_pass(void **context)
{
	(void)context;
	socket_echo(7);
	hwirq(HWIRQ_PASS);
	run(NULL);
	all_answered(1000);
	assert_int_equal(link_stat("pass"), state("consumed"));
}

/* The template's program, as its users run it */
static void test_hwirq_echo(void **context)
{
	(void)context;
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		freopen("/tmp/echo.log", "w", stdout);
		execlp("hwirq-echo", "hwirq-echo", "--dev", "sim0", "--json", NULL);
		_exit(127);
	}
	sh("i=0; until grep -q attached /tmp/echo.log; do sleep 0.1; i=$((i + 1)); [ $i -lt 300 ] || exit 1; done");
	run(NULL);
	all_answered(1000);
	kill_child();
	sh("grep -q '\"event\":\"detaching\".*\"tx\":%" PRIu64 ",' /tmp/echo.log", state("consumed"));
}

static void test_xdp_tx(void **context)
{
	uint64_t before = ethtool_stat("q0_xdp_tx") + ethtool_stat("q1_xdp_tx");

	(void)context;
	xdp(XDP_TX);
	run(NULL);
	all_answered(1000);
	assert_int_equal(ethtool_stat("q0_xdp_tx") + ethtool_stat("q1_xdp_tx") - before,
			 state("consumed"));
}

static void test_xdp_drop(void **context)
{
	uint64_t before = ethtool_stat("q0_xdp_drop");

	(void)context;
	xdp(XDP_DROP);
	run(NULL);
	assert_int_equal(state("answered"), 0);
	if (exact)
		assert_int_equal(ethtool_stat("q0_xdp_drop") - before, 500);
}

static void test_xdp_pass(void **context)
{
	(void)context;
	socket_echo(7);
	xdp(XDP_PASS);
	run(NULL);
	all_answered(1000);
}

/* Frames leave through the other device, to whose generator they are strangers. */
static void test_xdp_redirect(void **context)
{
	const struct bpf_insn insns[] = {
		MOV_K(BPF_REG_1, (int)if_nametoindex("sim1")),
		MOV_K(BPF_REG_2, 0),
		CALL(BPF_FUNC_redirect),
		EXIT(),
	};
	uint64_t before = state_of("sim1", "other");

	(void)context;
	attach(BPF_PROG_TYPE_XDP, BPF_XDP, insns, 4);
	assert_true(link_fd >= 0);
	run(NULL);
	assert_int_equal(state("answered"), 0);
	assert_int_equal(state_of("sim1", "other") - before, state("consumed"));
}

/* An AF_XDP socket on queue 0, in copy mode, that sends back what it gets */

#define XSK_RING 512	/* buffers, and entries of each ring */
#define XSK_FRAME 4096

struct xsk_ring {
	uint32_t *producer, *consumer;
	void *desc;
};

static struct xsk_ring xsk_ring(int fd, int option, const struct xdp_ring_offset *off, off_t at,
				size_t desc_size)
{
	int entries = XSK_RING;
	char *map;

	assert_int_equal(setsockopt(fd, SOL_XDP, option, &entries, sizeof(entries)), 0);
	/* the offsets do not depend on the sizes */
	map = mmap(NULL, off->desc + XSK_RING * desc_size, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_POPULATE, fd, at);
	assert_true(map != MAP_FAILED);
	return (struct xsk_ring){ (uint32_t *)(map + off->producer), (uint32_t *)(map + off->consumer),
				  map + off->desc };
}

static uint32_t ring_filled(const struct xsk_ring *r)
{
	return __atomic_load_n(r->producer, __ATOMIC_ACQUIRE) - *r->consumer;
}

static void ring_publish(uint32_t *index)
{
	__atomic_store_n(index, *index + 1, __ATOMIC_RELEASE);
}

static void xsk_echo(int fd, struct xsk_ring *fill, struct xsk_ring *done, struct xsk_ring *rx,
		     struct xsk_ring *tx)
{
	const uint32_t mask = XSK_RING - 1;
	uint32_t moved;

	for (;;) {
		for (moved = 0; ring_filled(rx); moved++) {
			((struct xdp_desc *)tx->desc)[*tx->producer & mask] =
				((struct xdp_desc *)rx->desc)[*rx->consumer & mask];
			ring_publish(rx->consumer);
			ring_publish(tx->producer);
		}
		while (ring_filled(tx))
			sendto(fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
		while (ring_filled(done)) {
			((uint64_t *)fill->desc)[*fill->producer & mask] =
				((uint64_t *)done->desc)[*done->consumer & mask];
			ring_publish(done->consumer);
			ring_publish(fill->producer);
		}
		if (!moved)
			poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 100);
	}
}

static void test_xdp_socket(void **context)
{
	struct sockaddr_xdp addr = { .sxdp_family = AF_XDP, .sxdp_flags = XDP_COPY };
	struct xsk_ring fill, done, rx, tx;
	struct xdp_umem_reg umem = { .len = XSK_RING * XSK_FRAME, .chunk_size = XSK_FRAME };
	int fd = socket(AF_XDP, SOCK_RAW, 0), map, key = 0, i;
	struct xdp_mmap_offsets off;
	socklen_t len = sizeof(off);

	(void)context;
	assert_true(fd >= 0);
	umem.addr = (uintptr_t)mmap(NULL, umem.len, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_int_equal(setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem)), 0);
	assert_int_equal(getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &off, &len), 0);
	fill = xsk_ring(fd, XDP_UMEM_FILL_RING, &off.fr, XDP_UMEM_PGOFF_FILL_RING, sizeof(uint64_t));
	done = xsk_ring(fd, XDP_UMEM_COMPLETION_RING, &off.cr, XDP_UMEM_PGOFF_COMPLETION_RING,
			sizeof(uint64_t));
	rx = xsk_ring(fd, XDP_RX_RING, &off.rx, XDP_PGOFF_RX_RING, sizeof(struct xdp_desc));
	tx = xsk_ring(fd, XDP_TX_RING, &off.tx, XDP_PGOFF_TX_RING, sizeof(struct xdp_desc));
	for (i = 0; i < XSK_RING; i++) {
		((uint64_t *)fill.desc)[i] = (uint64_t)i * XSK_FRAME;
		ring_publish(fill.producer);
	}
	addr.sxdp_ifindex = if_nametoindex("sim0");
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);

	map = bpf_map_create(BPF_MAP_TYPE_XSKMAP, "xsks", 4, 4, QUEUES, NULL);
	assert_true(map >= 0);
	assert_int_equal(bpf_map_update_elem(map, &key, &fd, 0), 0);
	{
		/* queue 1 has no socket: the stack gets that, and nobody answers */
		const struct bpf_insn insns[] = {
			LDX_W(BPF_REG_2, BPF_REG_1, offsetof(struct xdp_md, rx_queue_index)),
			INSN(BPF_LD | BPF_IMM | BPF_DW, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map),
			INSN(0, 0, 0, 0, 0),
			MOV_K(BPF_REG_3, XDP_PASS),
			CALL(BPF_FUNC_redirect_map),
			EXIT(),
		};

		attach(BPF_PROG_TYPE_XDP, BPF_XDP, insns, sizeof(insns) / sizeof(insns[0]));
		assert_true(link_fd >= 0);
	}
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		xsk_echo(fd, &fill, &done, &rx, &tx);
	}
	close(map);
	run(NULL);
	kill_child();
	close(fd);
	assert_int_equal(state("bad") + state("unknown") + state("duplicate"), 0);
	if (exact)
		assert_int_equal(state("answered"), 500);
	else
		assert_in_range(state("answered"), 1, 500);
}

static void test_xdp_threaded(void **context)
{
	(void)context;
	sh("echo 1 >/sys/class/net/sim0/threaded");
	sh("ps | grep -q '[n]api/sim0'");
	xdp(XDP_TX);
	run(NULL);
	all_answered(1000);
}

static void test_exclusive(void **context)
{
	const struct bpf_insn insns[] = { MOV_K(BPF_REG_0, XDP_PASS), EXIT() };
	const struct bpf_insn hw[] = { MOV_K(BPF_REG_0, HWIRQ_PASS), EXIT() };

	(void)context;
	xdp(XDP_PASS);
	detach();
	sh("hwctl idle");
	hwirq(HWIRQ_PASS);
	{
		int first = link_fd;

		attach(BPF_PROG_TYPE_XDP, BPF_XDP, insns, 2);
		assert_int_equal(link_fd, -EBUSY);
		close(first);
	}
	sh("hwctl idle");
	xdp(XDP_PASS);
	{
		int first = link_fd;

		attach_hwirq(hw, 2);
		assert_int_equal(link_fd, -EBUSY);
		close(first);
	}
}

/* What finds no buffer at the time that it was planned for is lost, exactly. */
static void test_ring_full(void **context)
{
	(void)context;
	sh("ip link set sim0 down; ethtool -G sim0 rx 64 tx 64; ip link set sim0 up");
	hwirq(HWIRQ_TX);
	run("pattern=burst burst=100 rate=2000 count=1000");
	assert_int_equal(state("planned"), 2000);
	if (exact) {
		assert_int_equal(state("lost_full"), 2 * 10 * 36);
		assert_int_equal(state("answered"), 2 * 10 * 64);
	} else {
		assert_true(state("lost_full") >= 2 * 10 * 36);
	}
	assert_true(link_stat("napi_packets") > 0 || link_stat("hardirq_packets") > 0);
}

/* Program in place of the reply's last byte, and of its sequence number */
static void change_and_send(int at)
{
	const struct bpf_insn insns[] = {
		LDX_W(BPF_REG_2, BPF_REG_1, offsetof(struct hwirq_md, data)),
		LDX_W(BPF_REG_3, BPF_REG_1, offsetof(struct hwirq_md, data_end)),
		MOV_X(BPF_REG_4, BPF_REG_2),
		ADD_K(BPF_REG_4, FRAME_LEN),
		JLE_X(BPF_REG_4, BPF_REG_3, 2),
		MOV_K(BPF_REG_0, HWIRQ_DROP),
		EXIT(),
		ST_B(BPF_REG_2, (__s16)at, 0xff),
		MOV_K(BPF_REG_0, HWIRQ_TX),
		EXIT(),
	};

	attach_hwirq(insns, sizeof(insns) / sizeof(insns[0]));
	assert_true(link_fd >= 0);
}

static void test_bad_reply(void **context)
{
	(void)context;
	change_and_send(FRAME_LEN - 1);
	run(NULL);
	assert_int_equal(state("answered"), 0);
	nearly_all("bad");
	detach();
	sh("hwctl idle");

	change_and_send(SEQ_AT);
	must_config("rate=2000");
	start();
	assert_int_equal(control("wait"), 0);
	wait_for_late();
	assert_int_equal(state("answered"), 0);
	nearly_all("unknown");
	detach();
	sh("hwctl idle");

	/* the IPv4 header is not the wire's business */
	change_and_send(22);
	run(NULL);
	all_answered(1000);
}

static void test_moderation(void **context)
{
	(void)context;
	hwirq(HWIRQ_TX);
	/* 20 frames per interrupt, 1000 frames on each queue */
	run("rate=10000 count=1000 itr=2000000");
	assert_true(state("irqs") <= 2 * (100 / 2 + 2));
	all_answered(2000);
	assert_true(value_of(contents("sim0", "pickup", NULL), "max") > 1000000);
	if (exact)
		assert_true(state("irqs") >= 2 * (100 / 2 - 2));
}

static void test_queues(void **context)
{
	uint64_t q0 = ethtool_stat("q0_rx_packets"), q1 = ethtool_stat("q1_rx_packets");
	const uint32_t *raw;
	size_t size, i;

	(void)context;
	hwirq(HWIRQ_TX);
	run(NULL);
	all_answered(1000);
	if (exact) {
		assert_int_equal(ethtool_stat("q0_rx_packets") - q0, 500);
		assert_int_equal(ethtool_stat("q1_rx_packets") - q1, 500);
	}
	sh("grep -q 'hwirqsim.*sim0-rx-0' /proc/interrupts && grep -q 'hwirqsim.*sim0-rx-1' /proc/interrupts");
	raw = (const uint32_t *)contents("sim0", "raw", &size);
	assert_int_equal(size, 4 * 1000);
	for (i = 0; i < 1000; i++)
		assert_true(raw[i] != RAW_UNANSWERED && (!exact || raw[i] != RAW_LOST));
}

static void test_strangers(void **context)
{
	uint64_t other = state("other"), answered = state("answered");

	(void)context;
	/* the stack's frames are no replies; nobody answers them */
	sh("ping -c 1 -W 1 198.51.100.3 >/dev/null; true");
	assert_true(state("other") > other);
	assert_int_equal(state("answered"), answered);
}

/* Without end: the rings overflow, the guest lives. */
static void test_overload(void **context)
{
	(void)context;
	hwirq(HWIRQ_TX);
	run("rate=5000000 count=10000");
	assert_int_equal(state("planned"), 20000);
	assert_true(state("lost_full") > 0);
	assert_true(state("answered") > 0);
	assert_true(link_stat("napi_packets") > 0);
}

/* Under traffic; that no buffer is lost, the kernel checks at each detach. */
static void test_attach_detach(void **context)
{
	int i;

	(void)context;
	must_config("rate=10000 count=1000000 window=65536");
	if (!exact)
		must_config("rate=100");
	start();
	for (i = 0; i < 20; i++) {
		if (i & 1)
			xdp(XDP_TX);
		else
			hwirq(i & 2 ? HWIRQ_PASS : HWIRQ_TX);
		usleep(10000);
		if (i == 7)
			sh("ip link set sim0 down; ip link set sim0 up");
		detach();
		sh("hwctl idle");
	}
	assert_int_equal(control("stop"), 0);
	check_sums(0);
	assert_true(state("answered") > 0);
}

/* The driver goes away in the middle of a run. */
static void test_unbind(void **context)
{
	const char *driver = "/sys/bus/platform/drivers/hwirqsim";

	(void)context;
	hwirq(HWIRQ_TX);
	must_config("rate=10000 count=1000000");
	start();
	sh("echo hwirqsim.0 >%s/unbind; test ! -d /sys/class/net/sim0; echo hwirqsim.0 >%s/bind", driver, driver);
	detach();
	setup(NULL);
	hwirq(HWIRQ_TX);
	run(NULL);
	all_answered(1000);
}

static void test_attribution(void **context)
{
	const char *text, *line;
	uint64_t last = UINT64_MAX, latency;
	int arrivals = 0, late = 0, waits = 0;

	(void)context;
	xdp(XDP_TX);
	/* all timers are late by that measure, and all frames wait so long */
	run("late_ns=1 wait_ns=1000");
	assert_true(state("late") > 0);
	text = contents("sim0", "worst", NULL);
	for (line = text; *line; line = strchr(line, '\n') + 1) {
		if (!strncmp(line, "arrival ", 8)) {
			latency = value_of(line, "latency");
			assert_true(latency <= last);
			assert_true(value_of(line, "pickup") <= latency);
			last = latency;
			arrivals++;
		} else if (!strncmp(line, "late ", 5)) {
			late += (int)value_of(line, "count");
		} else if (!strncmp(line, "wait ", 5)) {
			waits += (int)value_of(line, "count");
		} else {
			assert_memory_equal(line, "overflow late=", 14);
			late += (int)value_of(line, "late");
			waits += (int)value_of(line, "wait");
		}
	}
	assert_int_equal(arrivals, 16);
	assert_int_equal(late, state("late"));
	assert_true(waits > 0);
	assert_true(value_of(contents("sim0", "worst", NULL), "latency") ==
		    value_of(contents("sim0", "latency", NULL), "max") ||
		    !exact);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_config, setup, teardown),
		cmocka_unit_test_setup_teardown(test_control, setup, teardown),
		cmocka_unit_test_setup_teardown(test_patterns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stack, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hwirq_tx, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hwirq_drop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hwirq_pass, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hwirq_echo, setup, teardown),
		cmocka_unit_test_setup_teardown(test_xdp_tx, setup, teardown),
		cmocka_unit_test_setup_teardown(test_xdp_drop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_xdp_pass, setup, teardown),
		cmocka_unit_test_setup_teardown(test_xdp_redirect, setup, teardown),
		cmocka_unit_test_setup_teardown(test_xdp_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(test_xdp_threaded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exclusive, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ring_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_reply, setup, teardown),
		cmocka_unit_test_setup_teardown(test_moderation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_queues, setup, teardown),
		cmocka_unit_test_setup_teardown(test_strangers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_overload, setup, teardown),
		cmocka_unit_test_setup_teardown(test_attach_detach, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unbind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_attribution, setup, teardown),
	};
	FILE *f = fopen("/proc/cmdline", "r");
	char line[2048];

	exact = f && fgets(line, sizeof(line), f) && strstr(line, " sim.exact");
	if (f)
		fclose(f);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	libbpf_set_print(NULL);
	return cmocka_run_group_tests_name("hwirqsim", tests, NULL, NULL);
}
