// SPDX-License-Identifier: GPL-2.0-only
/* The end-to-end cases; harness.h describes what they are written in. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "e2e_command.h"
#include "e2e_device.h"
#include "e2e_survive.h"
#include "e2e_templates.h"
#include "harness.h"

/* The lab itself: what fails here is no fault of hwirq */

static void lab_ping(void)
{
	size_t sizes[] = { 0, 1, 17, 56, 1000, 1472 }, i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		expect_ping(i + 1, sizes[i]);
}

static void lab_xdp(void)
{
	struct udp u = udp_to_guest(1003, 100, 1);
	struct frame f;
	int i;

	guest("hwctl xdp /progs/xdp_reflect.bpf.o eth0 generic /sys/fs/bpf/xdp");
	for (i = 0; i < 20; i++) {
		u.seed = i;
		frame_udp(&f, &u);
		send_frame(&f);
		expect_frame(&f);
	}
	expect_ping(1, 64);
}

/* TCP peer: a process on the host behind PEER_IP */

struct server {
	bool stop;
	int fd;
	uint16_t port;
	size_t len;
	char *content, *got;
	size_t got_len;
	int err;
};

/* False if that takes a minute, or nobody waits for it any more. */
static bool server_ready(struct server *s, int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int i;

	for (i = 0; i < 600 * lab.patience && !__atomic_load_n(&s->stop, __ATOMIC_RELAXED); i++)
		if (poll(&pfd, 1, 100) > 0)
			return true;
	return false;
}

static void *server_main(void *arg)
{
	struct server *s = arg;
	int i, c;
	ssize_t n;

	/* First connection: we receive; second: we send. */
	for (i = 0; i < 2; i++) {
		if (!server_ready(s, s->fd, POLLIN)) {
			s->err = ETIMEDOUT;
			return NULL;
		}
		c = accept(s->fd, NULL, NULL);
		if (c < 0) {
			s->err = errno;
			return NULL;
		}
		if (i == 0) {
			while (s->got_len < s->len + 1 && server_ready(s, c, POLLIN) &&
			       (n = read(c, s->got + s->got_len, s->len + 1 - s->got_len)) > 0)
				s->got_len += n;
		} else {
			size_t done = 0;

			while (done < s->len && server_ready(s, c, POLLOUT) &&
			       (n = send(c, s->content + done, s->len - done,
					 MSG_NOSIGNAL | MSG_DONTWAIT)) > 0)
				done += n;
		}
		close(c);
	}
	return NULL;
}

/* Also of what a case that failed has left. */
static void server_end(struct server *s)
{
	background_stop(&s->stop);
	if (s->fd > 0)
		close(s->fd);
	free(s->content);
	free(s->got);
	memset(s, 0, sizeof(*s));
}

/* With so many lines of text. */
static void server_start(struct server *s, unsigned int lines)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t size = sizeof(sin);
	unsigned int i;

	server_end(s);
	s->content = malloc(lines * 11 + 16);
	s->got = malloc(lines * 11 + 16);
	check(s->content && s->got, "no memory");
	for (i = 1; i <= lines; i++)
		s->len += sprintf(s->content + s->len, "%u\n", i);
	/* QEMU's user network hands PEER_IP to the host's loopback. */
	sin.sin_addr.s_addr = htonl(lab.config->tap_queues ? PEER_IP : INADDR_LOOPBACK);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	check(s->fd >= 0 && !bind(s->fd, (struct sockaddr *)&sin, sizeof(sin)) &&
	      !listen(s->fd, 4) && !getsockname(s->fd, (struct sockaddr *)&sin, &size),
	      "cannot listen: %s", strerror(errno));
	s->port = ntohs(sin.sin_port);
	background_start(server_main, s, &s->stop);
}

/* Both ways, compared byte for byte. */
static void transfer_tcp(unsigned int lines)
{
	static struct server s;

	server_start(&s, lines);
	guest("seq 1 %u >/tmp/content", lines);
	guest("nc 10.0.2.2 %u </tmp/content", s.port);
	guest("nc 10.0.2.2 %u </dev/null >/tmp/back", s.port);
	background_stop(&s.stop);
	check(!s.err, "TCP: %s", strerror(s.err));
	check(s.got_len == s.len && !memcmp(s.got, s.content, s.len),
	      "TCP from the guest: %zu bytes of %zu arrived, or others", s.got_len, s.len);
	guest("cmp /tmp/content /tmp/back");
	server_end(&s);
}

static void lab_tcp(void)
{
	transfer_tcp(lab.patience > 1 ? 50000 : 200000);
}


/* The echo template in the guest */

#define ECHO_PORT	7

static void echo_start(const char *options)
{
	guest("hwirq-echo --dev eth0 --port %d --addr 10.0.2.15 --addr fd00::215 --json %s >/run/echo.log 2>&1 &",
	      ECHO_PORT, options);
	guest_until("grep -q '\"event\":\"attached\"' /run/echo.log || { cat /run/echo.log; exit 1; }");
}

static void echo_stop(void)
{
	guest("killall -INT hwirq-echo");
	guest_until("! pidof hwirq-echo");
	guest("hwctl idle");
}

/* What adds up on every link at every time when no frame is under way. */
static void check_stats_invalid(const char *text, long invalid)
{
	long packets = stat_of(text, "packets");

	check(packets == stat_of(text, "aborted") + stat_of(text, "drop") +
			 stat_of(text, "pass") + stat_of(text, "tx"),
	      "the verdicts do not add up to the packets:\n%s", text);
	check(packets == stat_of(text, "hardirq_packets") + stat_of(text, "napi_packets"),
	      "hard-IRQ and NAPI packets do not add up to the packets:\n%s", text);
	check(stat_of(text, "invalid") == invalid, "not %ld frames of impossible length:\n%s",
	      invalid, text);
}

static void check_stats(const char *text)
{
	check_stats_invalid(text, 0);
}

static const char *echo_stats(void)
{
	static char text[4096];

	snprintf(text, sizeof(text), "%s",
		 guest("cat $(grep -l ^hardirq_packets: /proc/$(pidof hwirq-echo)/fdinfo/*)"));
	return text;
}

/* The same once a counter has come so far: another queue may be slower than the test. */
static const char *echo_stats_when(const char *key, long least)
{
	uint64_t end = now_ms() + 10000 * lab.patience;
	const char *stats;

	for (;;) {
		stats = echo_stats();
		if (stat_of(stats, key) >= least || now_ms() > end)
			return stats;
		usleep(50000);
	}
}

/* Frames that found no room: the host may stall the guest, or who reads its frames. */
static long no_room(const char *stats)
{
	return stat_of(stats, "pool_empty") + stat_of(stats, "tx_full");
}

/* Send one datagram to the echo port; the answer must be right in every byte. */
static void expect_echo(const struct udp *u)
{
	struct frame f;
	struct udp reply = udp_reply(u);

	frame_udp(&f, u);
	send_frame(&f);
	frame_udp(&f, &reply);
	expect_frame(&f);
}

/* The program is alive, and has dealt with all that was sent before. */
static void expect_one_echo(uint32_t seed)
{
	struct udp u = udp_to_guest(ECHO_PORT, 32, seed);

	expect_echo(&u);
}

static void echo_udp4(void)
{
	const char *stats;
	int i;

	echo_start("");
	for (i = 0; i < 200; i++)
		expect_one_echo(i);
	stats = echo_stats();
	check_stats(stats);
	check(stat_of(stats, "tx") == 200, "200 frames were echoed:\n%s", stats);
	echo_stop();
	guest_log_has("eth0: queue 0: detached: pool .* lost=0");
}

static void echo_udp6(void)
{
	struct udp u = udp_to_guest(ECHO_PORT, 64, 1);
	int i;

	echo_start("");
	u.v6 = true;
	for (i = 0; i < 50; i++) {
		u.seed = i;
		u.payload = i * 29;
		expect_echo(&u);
	}
}

/* The device lets only those VLANs in that the guest has. */
static void have_vlan(int vid)
{
	guest("ip link add link eth0 name vlan%d type vlan id %d", vid, vid);
	guest("ip link set vlan%d up", vid);
}

static void echo_vlan(void)
{
	struct udp u = udp_to_guest(ECHO_PORT, 64, 1);

	have_vlan(42);
	have_vlan(4094);
	echo_start("");
	u.vlan[0] = 42;
	expect_echo(&u);
	u.payload = 1472;
	expect_echo(&u);
	u.vlan[0] = 0xe000 | 4094;	/* with a priority */
	expect_echo(&u);
	u.vlan[1] = 7;
	u.payload = 100;
	expect_echo(&u);
	u.v6 = true;
	expect_echo(&u);
}

static void echo_ip_options(void)
{
	struct udp u = udp_to_guest(ECHO_PORT, 64, 1);

	echo_start("");
	for (u.ip_options = 4; u.ip_options <= 40; u.ip_options += 4)
		expect_echo(&u);
}

static void echo_checksums(void)
{
	struct udp u = udp_to_guest(ECHO_PORT, 64, 1);
	struct frame f, want;
	struct udp reply;

	echo_start("");
	u.no_checksum = true;
	expect_echo(&u);
	u.no_checksum = false;
	/* TTL and so the header checksum at their limits */
	for (u.ttl = 1; u.ttl < 255; u.ttl += 23)
		expect_echo(&u);
	u.ip_frag = 0x4000;	/* "don't fragment" is no fragment */
	expect_echo(&u);
	/* A payload damaged on the way in has a wrong checksum on the way back. */
	reply = udp_reply(&u);
	frame_udp(&f, &u);
	frame_udp(&want, &reply);
	f.data[60] ^= 0x10;
	want.data[60] ^= 0x10;
	send_frame(&f);
	expect_frame(&want);
	/* Bytes after the packet, as Ethernet pads short frames, stay. */
	u.payload = 1;
	u.padding = 17;
	expect_echo(&u);
}

static void echo_arp(void)
{
	struct frame f, want;
	long tx;

	echo_start("");
	expect_one_echo(1);
	tx = stat_of(echo_stats(), "tx");
	frame_arp(&f, 1, BROADCAST_MAC, CLIENT_MAC, CLIENT_IP, NULL, GUEST_IP);
	frame_arp(&want, 2, CLIENT_MAC, GUEST_MAC, GUEST_IP, CLIENT_MAC, CLIENT_IP);
	send_frame(&f);
	expect_frame(&want);
	f.len = 60;		/* padded to Ethernet's minimum */
	want.len = 60;
	memset(f.data + 42, 0, 18);
	memset(want.data + 42, 0, 18);
	send_frame(&f);
	expect_frame(&want);
	check(stat_of(echo_stats(), "tx") == tx + 2, "the program did not answer ARP, the stack did");
	/* Not our address: silence. */
	frame_arp(&f, 1, BROADCAST_MAC, CLIENT_MAC, CLIENT_IP, NULL, GUEST_IP + 1);
	send_frame(&f);
	expect_one_echo(2);
}

/* Fragments, other ports, other protocols belong to the stack. */
static void echo_passes_rest(void)
{
	struct udp u = udp_to_guest(ECHO_PORT, 1000, 1);
	struct udp reply;
	const char *stats;
	struct frame f;
	long pass;

	echo_start("");
	expect_ping(1, 20);	/* and the guest knows our MAC address */
	expect_one_echo(1);
	pass = stat_of(echo_stats(), "pass");
	expect_unreachable(9);
	expect_ping(1, 200);
	/* The first half of a datagram: the stack waits for the other. */
	frame_udp(&f, &u);
	f.data[16] = (20 + 8 + 504) >> 8;
	f.data[17] = (20 + 8 + 504) & 255;
	f.data[20] = 0x20;
	f.len = ETH_HEADER + 20 + 8 + 504;
	frame_fix_ip(&f);
	send_frame(&f);
	expect_one_echo(2);
	stats = echo_stats_when("pass", pass + 3);
	check(stat_of(stats, "pass") == pass + 3, "three frames went to the stack:\n%s", stats);
	/* Our MAC address, another IP address. */
	u = udp_to_guest(ECHO_PORT, 100, 3);
	u.dst_ip = GUEST_IP + 1;
	frame_udp(&f, &u);
	send_frame(&f);
	/* The client's second port has nothing to do with the first. */
	u = udp_to_guest(ECHO_PORT, 100, 4);
	u.src_port = 50000;
	reply = udp_reply(&u);
	frame_udp(&f, &u);
	send_frame(&f);
	frame_udp(&f, &reply);
	expect_frame(&f);
}

/* Many frames under way at once; they come back complete and in order. */
static void echo_in_order(struct udp *u, size_t first, size_t last, size_t step, int window)
{
	size_t sent = first, seen;
	struct udp reply;
	struct frame f;
	int under_way = 0;

	for (seen = first; seen <= last; seen += step) {
		/* The first one alone: a tap device may then move the flow to another queue. */
		while (sent <= last && under_way < (seen == first ? 1 : window)) {
			u->payload = u->seed = sent;
			u->ip_id = sent;
			frame_udp(&f, u);
			send_frame(&f);
			sent += step;
			under_way++;
		}
		u->payload = u->seed = seen;
		u->ip_id = seen;
		reply = udp_reply(u);
		frame_udp(&f, &reply);
		expect_frame(&f);
		under_way--;
	}
}

static void echo_sizes(void)
{
	struct udp u = udp_to_guest(ECHO_PORT, 0, 0);

	have_vlan(9);
	echo_start("");
	/* Every size up to an Ethernet payload of 1500 bytes */
	echo_in_order(&u, 0, 1472, 1, 8);
	u.v6 = true;
	echo_in_order(&u, 0, 1452, 11, 8);
	echo_in_order(&u, 1440, 1452, 1, 8);
	u.v6 = false;
	u.vlan[0] = 9;
	/* A tap device spreads the tagged frames of a flow over its queues. */
	echo_in_order(&u, 1400, 1472, 1, lab_is == MULTI ? 1 : 8);
	check_stats(echo_stats());
}

/* A slow guest's stack may still have something to say about an earlier case. */
static bool is_udp4_from(const struct frame *f, unsigned int port)
{
	return frame_is_udp4(f) && (unsigned int)(f->data[34] << 8 | f->data[35]) == port;
}

static void receive_udp4(struct frame *f, unsigned int port)
{
	do
		check(wire_receive(&lab, f, ANSWER_MS), "no answer from port %u", port);
	while (!is_udp4_from(f, port));
}

/* Those of a burst that come back, until none did for a while: right and in order. */
static unsigned int receive_burst(struct udp *u, unsigned int *next)
{
	struct frame f, want;
	unsigned int n = 0;
	struct udp reply;

	while (wire_receive(&lab, &f, 300 * lab.patience)) {
		unsigned int id = f.data[18] << 8 | f.data[19];

		if (!is_udp4_from(&f, ECHO_PORT))
			continue;
		check(id >= *next && id < 5000, "frame %u came after %u", id, *next);
		*next = id + 1;
		u->seed = u->ip_id = id;
		reply = udp_reply(u);
		frame_udp(&want, &reply);
		check(!frame_diff(&f, &want), "the frame %s", frame_diff(&f, &want));
		n++;
	}
	return n;
}

static void echo_burst(void)
{
	struct udp u = udp_to_guest(ECHO_PORT, 200, 0);
	unsigned int i, echoed = 0, next = 0;
	const char *stats;
	struct frame f;
	uint64_t end;

	echo_start("");
	for (i = 0; i < 5000; i++) {
		u.seed = u.ip_id = i;
		frame_udp(&f, &u);
		send_frame(&f);
	}
	/* What was dropped must have been counted. */
	end = now_ms() + 10000 * lab.patience;
	do {
		echoed += receive_burst(&u, &next);
		stats = echo_stats();
	} while (echoed + no_room(stats) < 5000 && now_ms() < end);
	check_stats(stats);
	check(echoed + no_room(stats) >= 5000,
	      "%u of 5000 frames came back, the others are not accounted for:\n%s", echoed, stats);
	check(echoed >= 2500, "only %u of 5000 frames came back:\n%s", echoed, stats);
	expect_one_echo(1);
}

/* Where the program runs, by the kernel's own account. */
static void hard_irq_context(void)
{
	const char *count = "awk '/virtio[0-9]+-input/ { for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++) n += $i } END { print n + 0 }' /proc/interrupts";
	const char *stats;
	long before, after;
	int i;

	guest_unlimited();
	echo_start("");
	expect_one_echo(1);
	before = guest_number("%s", count);
	for (i = 0; i < 100; i++) {
		expect_one_echo(i);
		/* Let the handler return: the answer leaves before it does. */
		usleep(2000 * lab.patience);
	}
	after = guest_number("%s", count);
	stats = echo_stats();
	check_stats(stats);
	check(after - before >= 50, "100 separate frames, but %ld interrupts", after - before);
	check(stat_of(stats, "irqs") > 50 && stat_of(stats, "hardirq_packets") > 50,
	      "few frames were processed in the interrupt handler:\n%s", stats);
}

static void context_fields(void)
{
	struct udp u = udp_to_guest(1020, 64, 1);
	struct answer {
		uint32_t ifindex, queue, len, cpu;
		uint64_t timestamp, age;
	} a;
	uint64_t last = 0;
	struct frame f;
	long ifindex;
	int i;

	guest("hwctl attach /progs/context.bpf.o eth0 all /sys/fs/bpf/context");
	ifindex = guest_number("cat /sys/class/net/eth0/ifindex");
	for (i = 0; i < 50; i++) {
		u.src_port = 40000 + i;
		u.payload = 40 + i * 20;
		frame_udp(&f, &u);
		send_frame(&f);
		receive_udp4(&f, u.src_port);	/* comes back as it went */
		memcpy(&a, f.data + 42, sizeof(a));
		check(a.ifindex == ifindex, "ifindex %u, not %ld", a.ifindex, ifindex);
		check(a.queue < (lab_is == MULTI ? 4 : 1), "queue %u", a.queue);
		check(a.len == ETH_HEADER + 28 + u.payload, "data_end - data is %u, the frame %zu bytes",
		      a.len, ETH_HEADER + 28 + u.payload);
		check(a.timestamp > last, "the timestamp went from %llu to %llu",
		      (unsigned long long)last, (unsigned long long)a.timestamp);
		check(a.age < 1000000000, "the timestamp is %llu ns old", (unsigned long long)a.age);
		last = a.timestamp;
	}
}

/* Verdicts */

/* What comes back from port 1003 of verdict.bpf.c is the frame itself. */
static void expect_reflection(uint32_t seed)
{
	struct udp u = udp_to_guest(1003, 80, seed);
	struct frame f;

	frame_udp(&f, &u);
	send_frame(&f);
	expect_frame(&f);
}

static void verdicts(void)
{
	const char *stats;
	int i;

	expect_ping(0, 40);	/* the guest knows our MAC address, and passes no ARP later */
	guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
	for (i = 0; i < 50; i++) {
		send_to_port(1000, 40000, i);		/* ABORTED */
		send_to_port(1001, 40000, i);		/* DROP */
		send_to_port(1001, 40000, i + 1000);
	}
	for (i = 0; i < 20; i++)
		expect_reflection(i);
	expect_ping(1, 100);
	/* other flows, so perhaps in a queue that is slower */
	stats = link_stats_when("verdict", 171);
	check_stats(stats);
	check(stat_of(stats, "aborted") == 50 && stat_of(stats, "drop") == 100 &&
	      stat_of(stats, "tx") == 20 && stat_of(stats, "pass") >= 1,
	      "50 aborted, 100 dropped, 20 sent, a ping passed:\n%s", stats);
}

/* PASS */

static void pass_ping(void)
{
	size_t size;

	echo_start("");
	for (size = 0; size <= 1472; size += size < 64 ? 1 : 44) {
		expect_ping(size, size);
		expect_one_echo(size);
	}
	check_stats(echo_stats());
}

static uint16_t port_of(const struct frame *f, int at)
{
	return f->data[at] << 8 | f->data[at + 1];
}

/* Is this the answer to a frame of traffic_start()? mark: first payload byte, or -1 */
static void check_traffic(const struct frame *f, bool reflected, int mark)
{
	struct udp u = udp_to_guest(port_of(f, reflected ? 36 : 34), 100, port_of(f, 18)), reply;
	struct frame want;

	u.src_port = port_of(f, reflected ? 34 : 36);
	reply = reflected ? u : udp_reply(&u);
	frame_udp(&want, &reply);
	if (mark >= 0)
		want.data[42] = mark;
	check(!frame_diff(f, &want), "the frame %s", frame_diff(f, &want));
}

/* Take answers until none came for a while, or until there were max; their number. */
static unsigned int drain(bool reflected, unsigned int max, int idle_ms)
{
	unsigned int n = 0;
	struct frame f;

	while (n < max && wire_receive(&lab, &f, idle_ms)) {
		if (!frame_is_udp4(&f))
			continue;	/* the stack's ICMP while no program is attached */
		check_traffic(&f, reflected, -1);
		n++;
	}
	return n;
}

static void pass_tcp(void)
{
	const unsigned int lines = lab.patience > 1 ? 50000 : 200000;
	unsigned int echoed = 0, dropped;
	static struct traffic t;
	const char *stats;
	uint64_t end;

	echo_start("");
	traffic_start(&t, ECHO_PORT, GUEST_IP);
	transfer_tcp(lines);
	traffic_stop(&t);
	end = now_ms() + 10000 * lab.patience;
	do {
		echoed += drain(false, -1u, 200 * lab.patience);
		stats = echo_stats();
		dropped = no_room(stats);
	} while (echoed + dropped < t.sent && now_ms() < end);
	check_stats(stats);
	check(echoed + dropped >= t.sent, "%u frames sent beside TCP, %u came back, %u dropped and counted:\n%s",
	      t.sent, echoed, dropped, stats);
	check(echoed > t.sent / 2, "%u frames sent beside TCP, only %u came back:\n%s",
	      t.sent, echoed, stats);
	/* some hundred lines fit into a frame, and each way has its frames */
	check(stat_of(stats, "pass") > lines / 400, "TCP did not come by way of PASS:\n%s", stats);
}

/* Malformed frames */

static void quiet_about(const struct frame *f, const char *what)
{
	struct udp u = udp_to_guest(ECHO_PORT, 32, 99), reply = udp_reply(&u);
	struct frame want, got;

	send_frame(f);
	frame_udp(&want, &u);
	send_frame(&want);
	frame_udp(&want, &reply);
	/* The stack may complain by ICMP; the program must not answer. */
	do {
		if (!wire_receive(&lab, &got, ANSWER_MS))
			fail_case("no more echo after %s: %s", what, frame_describe(f));
	} while (got.data[12] == 8 && got.data[13] == 0 && got.data[23] == 1);
	check(!frame_diff(&got, &want), "%s was answered (%s): the frame %s", what,
	      frame_describe(f), frame_diff(&got, &want));
}

static void malformed_short(void)
{
	struct udp u = udp_to_guest(ECHO_PORT, 40, 5);
	struct frame f;
	size_t len, min = lab.config->tap_queues ? ETH_HEADER : 1;

	echo_start("");
	/* A valid frame, cut anywhere */
	frame_udp(&f, &u);
	for (len = f.len - 1; len >= min; len--) {
		f.len = len;
		quiet_about(&f, "a cut IPv4 frame");
	}
	u.v6 = true;
	frame_udp(&f, &u);
	for (len = f.len - 1; len >= ETH_HEADER; len -= 3) {
		f.len = len;
		quiet_about(&f, "a cut IPv6 frame");
	}
	u.v6 = false;
	u.vlan[0] = 5;
	u.vlan[1] = 6;
	frame_udp(&f, &u);
	for (len = ETH_HEADER + 12; len >= ETH_HEADER; len--) {
		f.len = len;
		quiet_about(&f, "a cut VLAN frame");
	}
	frame_arp(&f, 1, BROADCAST_MAC, CLIENT_MAC, CLIENT_IP, NULL, GUEST_IP);
	for (len = f.len - 1; len >= ETH_HEADER; len -= 3) {
		f.len = len;
		quiet_about(&f, "a cut ARP frame");
	}
	expect_ping(1, 64);
	/* too short for an Ethernet header: no program sees them */
	check_stats_invalid(echo_stats(), ETH_HEADER - min);
}

static void malformed_headers(void)
{
	const struct {
		const char *what;
		int at;
		uint8_t value;
		bool fix_ip;
	} bytes[] = {
		{ "IP version 5", 14, 0x55, true },
		{ "IP version 6 in an IPv4 frame", 14, 0x65, true },
		{ "IP header length 16", 14, 0x44, true },
		{ "IP header length 0", 14, 0x40, true },
		{ "IP header longer than the packet", 14, 0x4f, true },
		{ "IP length beyond the frame", 16, 0x40, true },
		{ "IP length 0", 17, 0, true },
		{ "IP length without UDP header", 17, 24, true },
		{ "IP checksum wrong", 24, 0xaa, false },
		{ "more fragments", 20, 0x20, true },
		{ "last fragment", 21, 8, true },
		{ "UDP length beyond the packet", 38, 0x10, false },
		{ "UDP length 7", 39, 7, false },
		{ "UDP length 0", 39, 0, false },
		{ "source MAC a group", 6, 0x03, false },
		{ "source IP a group", 26, 224, true },
		{ "source IP loopback", 26, 127, true },
		{ "source IP broadcast", 26, 255, true },
		{ "source IP this network", 26, 0, true },
		{ "another destination IP", 33, 77, true },
	};
	struct udp u = udp_to_guest(ECHO_PORT, 20, 5);
	struct frame f;
	size_t i;

	echo_start("");
	for (i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		frame_udp(&f, &u);
		f.data[bytes[i].at] = bytes[i].value;
		if (bytes[i].fix_ip)
			frame_fix_ip(&f);
		quiet_about(&f, bytes[i].what);
	}
	u.src_port = 0;
	frame_udp(&f, &u);
	quiet_about(&f, "source port 0");
	u.src_port = ECHO_PORT;
	frame_udp(&f, &u);
	quiet_about(&f, "source port equal to the echo port");
	u.src_port = 40000;
	memcpy(u.dst_mac, BROADCAST_MAC, MAC_LEN);
	frame_udp(&f, &u);
	quiet_about(&f, "destination MAC broadcast");
	memcpy(u.dst_mac, GUEST_MAC, MAC_LEN);
	u.vlan[0] = u.vlan[1] = u.vlan[2] = 3;
	frame_udp(&f, &u);
	quiet_about(&f, "three VLAN tags");
	u.vlan[0] = 0;
	u.v6 = u.no_checksum = true;
	frame_udp(&f, &u);
	quiet_about(&f, "IPv6 without a UDP checksum");
	u.no_checksum = false;
	frame_udp(&f, &u);
	f.data[18] = 0x10;
	quiet_about(&f, "IPv6 length beyond the frame");
	expect_ping(1, 64);
	check_stats(echo_stats());
}

static void malformed_random(void)
{
	const char *again = getenv("SEED");
	uint32_t seed = again ? strtoul(again, NULL, 0) : (uint32_t)time(NULL);
	struct udp u = udp_to_guest(ECHO_PORT, 100, 1);
	struct frame f;
	size_t i, n;

	printf("seed %u (repeat with SEED=%u)\n", seed, seed);
	srandom(seed);
	echo_start("");
	for (n = 0; n < 150; n++) {
		f.len = ETH_HEADER + random() % 1500;
		for (i = 12; i < f.len; i++)
			f.data[i] = random();
		memcpy(f.data, GUEST_MAC, MAC_LEN);
		memcpy(f.data + 6, CLIENT_MAC, MAC_LEN);
		/* Half of them get as far as IP. */
		if (n & 1)
			memcpy(f.data + 12, "\x08\x00\x45\x00", 4);
		quiet_about(&f, "random bytes");
	}
	/* A valid frame, damaged in its IP header: the checksum catches each bit. */
	for (n = 0; n < 160; n++) {
		frame_udp(&f, &u);
		f.data[ETH_HEADER + n / 8] ^= 1 << n % 8;
		quiet_about(&f, "one wrong bit in the IP header");
	}
	expect_ping(1, 64);
	check_stats(echo_stats());
}

/* More than an MTU of 1500 allows: never to the program in part, never to the stack unseen. */
static void malformed_long(void)
{
	struct udp u = udp_to_guest(ECHO_PORT, 0, 1);
	size_t sizes[] = { 1600, 2000, 3000, 4040, 4100, 6000, 9000 }, i, n;
	struct frame f, want, got;
	struct udp reply;

	echo_start("");
	for (n = 0; n < 40; n++) {
		for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			u.payload = sizes[i];
			u.seed = n;
			frame_udp(&f, &u);
			send_frame(&f);
		}
	}
	/* A buffer that holds one whole may echo it; then it must be right. */
	u = udp_to_guest(ECHO_PORT, 32, 1000);
	reply = udp_reply(&u);
	frame_udp(&f, &u);
	send_frame(&f);
	frame_udp(&want, &reply);
	for (;;) {
		check(wire_receive(&lab, &got, ANSWER_MS), "no more echo after oversized frames:\n%s",
		      echo_stats());
		if (!frame_diff(&got, &want))
			break;
		if (!frame_is_udp4(&got))
			continue;
		u = udp_to_guest(ECHO_PORT, got.len - 42, 0);
		u.ip_id = port_of(&got, 18);
		for (n = 0; n < 40; n++) {
			u.seed = n;
			u.ip_id = 1;
			reply = udp_reply(&u);
			frame_udp(&f, &reply);
			if (!frame_diff(&got, &f))
				break;
		}
		check(n < 40, "a damaged oversized frame came back: %s", frame_describe(&got));
	}
	expect_ping(1, 1400);
	check_stats(echo_stats());
}

/* Life of an attachment */

static long detached_queues(void)
{
	return guest_number("dmesg | grep -c 'eth0: queue .*detached: pool .* lost=0$'; true");
}

static void attach_detach(void)
{
	int queues = lab_is == MULTI ? 4 : 1, cycles = lab.patience > 1 ? 8 : 20, i;
	static struct traffic t;

	traffic_start(&t, 1003, GUEST_IP);
	for (i = 0; i < cycles; i++) {
		guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
		check(drain(true, 10, ANSWER_MS) == 10, "no traffic came back in cycle %d", i);
		guest("rm /sys/fs/bpf/verdict && hwctl idle");
	}
	traffic_stop(&t);
	guest_until("[ $(dmesg | grep -c 'eth0: queue .*detached: pool .* lost=0$') -ge %d ]", cycles * queues);
	check(detached_queues() == cycles * queues, "%d detaches of %d queues:\n%s", cycles, queues,
	      guest("dmesg | grep detached"));
	drain(true, -1u, 200 * lab.patience);
	expect_ping(1, 1000);
	expect_ping(2, 1);
}

/* Take the answers of either program until none comes in time, and count them by program. */
static void take_marked(unsigned int *a, unsigned int *b, int idle_ms)
{
	struct frame f;

	while (wire_receive(&lab, &f, idle_ms)) {
		if (!frame_is_udp4(&f))
			continue;
		check(f.data[42] == 'A' || f.data[42] == 'B', "neither program's mark: %s",
		      frame_describe(&f));
		check_traffic(&f, true, f.data[42]);
		*(f.data[42] == 'A' ? a : b) += 1;
	}
}

static void replace(void)
{
	unsigned int n = 0, a = 0, b = 0;
	static struct traffic t;
	const char *stats;
	struct frame f;
	uint64_t end;
	int i;

	guest("hwctl attach /progs/mark_a.bpf.o eth0 all /sys/fs/bpf/mark");
	traffic_start(&t, 1010, GUEST_IP);
	for (i = 0; i < 20; i++) {
		int mark = i % 2 ? 'A' : 'B';

		guest("hwctl replace /sys/fs/bpf/mark /progs/mark_%c.bpf.o", mark == 'A' ? 'a' : 'b');
		take_marked(&a, &b, 0);
	}
	traffic_stop(&t);
	end = now_ms() + 10000 * lab.patience;
	do {
		take_marked(&a, &b, 200 * lab.patience);
		stats = link_stats("mark");
		n = a + b + no_room(stats);
	} while (n < t.sent && now_ms() < end);
	check(a && b, "%u frames through one program, %u through the other", a, b);
	check(n == t.sent && a + b > t.sent / 2,
	      "%u frames sent while programs were replaced, %u came back:\n%s", t.sent, a + b, stats);
	/* Now the last one alone is in force. */
	for (i = 0; i < 20; i++) {
		send_to_port(1010, 42000 + i, i);
		check(wire_receive(&lab, &f, ANSWER_MS), "no answer after the last replace");
		check(f.data[42] == 'A', "an answer of the program that was replaced");
	}
}

static void sigkill(void)
{
	int i;

	echo_start("");
	for (i = 0; i < 10; i++)
		expect_one_echo(i);
	guest("killall -KILL hwirq-echo");
	guest("hwctl idle");
	guest_log_has("eth0: queue 0: detached: pool .* lost=0");
	/* The stack has the port again, and no one listens there. */
	expect_unreachable(ECHO_PORT);
	expect_ping(1, 1000);
	echo_start("");
	expect_one_echo(1);
}

static void ctrl_c(void)
{
	echo_start("--interval 0.2");
	expect_one_echo(1);
	guest_until("grep -q '\"event\":\"stats\"' /run/echo.log");
	echo_stop();
	guest("grep -q '\"event\":\"detaching\"' /run/echo.log");
	check(strstr(guest("grep detaching /run/echo.log"), "\"tx\":1"), "final counters: %s", lab.output);
	guest_log_has("eth0: queue 0: detached: pool .* lost=0");
}

static void if_down_up(void)
{
	int i;

	echo_start("");
	for (i = 0; i < 3; i++) {
		expect_one_echo(i);
		guest("ip link set eth0 down");
		guest("ip link set eth0 up");
	}
	expect_one_echo(100);
	check_stats(echo_stats());
	expect_ping(1, 100);
}

static void attach_while_down(void)
{
	guest("ip link set eth0 down");
	echo_start("");
	guest("ip link set eth0 up");
	expect_one_echo(1);
	guest("ip link set eth0 down");
	echo_stop();
	guest_log_has("eth0: queue 0: detached: pool .* lost=0");
	guest("ip link set eth0 up");
	expect_ping(1, 100);
}

static void unbind_driver(void)
{
	const char *dev;
	char name[64];

	dev = guest("basename $(readlink /sys/class/net/eth0/device)");
	snprintf(name, sizeof(name), "%s", dev);
	echo_start("");
	expect_one_echo(1);
	guest("echo %s >/sys/bus/virtio/drivers/virtio_net/unbind", name);
	guest_log_has("eth0: queue 0: detached: pool .* lost=0");
	guest("echo %s >/sys/bus/virtio/drivers/virtio_net/bind", name);
	guest_until("cleanup-case");
	echo_start("");
	expect_one_echo(2);
}

static void netns_move(void)
{
	echo_start("");
	expect_one_echo(1);
	guest("unshare -n sleep 1000 >/dev/null 2>&1 & echo $! >/run/sleeper");
	guest_until("[ $(readlink /proc/$(cat /run/sleeper)/ns/net) != $(readlink /proc/self/ns/net) ]");
	/* The link keeps the program on the device wherever that goes, as for XDP */
	guest("ip link set eth0 netns $(cat /run/sleeper)");
	guest("nsenter -t $(cat /run/sleeper) -n ip link set eth0 up");
	expect_one_echo(2);
	/* ... and comes back with it when the namespace ends */
	guest("kill $(cat /run/sleeper)");
	guest_until("ip link set eth0 up");
	expect_one_echo(3);
	echo_stop();
	guest_log_has("eth0: queue 0: detached: pool .* lost=0");
}

/* Refusals */

static void xdp_first(void)
{
	const char *modes[] = { "generic", "native" };
	int i;

	for (i = 0; i < 2; i++) {
		/* virtio_net needs spare queues or switched-off offloads for native XDP. */
		if (lab_run(&lab, "hwctl xdp /progs/xdp_reflect.bpf.o eth0 %s /sys/fs/bpf/xdp", modes[i])) {
			check(i == 1, "no generic XDP: %s", lab.output);
			break;
		}
		refuses_attach("EBUSY", "an XDP program is attached; detach it first");
		guest_refuses("hwirq-echo --dev eth0 --count 1 >/run/echo.log 2>&1");
		guest("grep -q 'XDP program' /run/echo.log || { cat /run/echo.log; exit 1; }");
		guest("rm /sys/fs/bpf/xdp && hwctl idle");
	}
	echo_start("");
	expect_one_echo(1);
}

static void xdp_second(void)
{
	const char *modes[] = { "generic", "native" }, *out;
	int i;

	echo_start("");
	for (i = 0; i < 2; i++) {
		out = guest_refuses("hwctl xdp /progs/xdp_reflect.bpf.o eth0 %s /sys/fs/bpf/xdp", modes[i]);
		check(strstr(out, "EBUSY"), "%s XDP: expected EBUSY, got: %s", modes[i], out);
	}
	expect_one_echo(1);
	echo_stop();
	guest("hwctl xdp /progs/xdp_reflect.bpf.o eth0 generic /sys/fs/bpf/xdp");
}

/* XDP on a bond reaches the devices below it without the core's knowledge. */
static void xdp_bond(void)
{
	const char *out;

	guest("ip link add bond0 type bond && ip link set eth0 down && ip link set eth0 master bond0 && "
	      "ip link set bond0 up && ip link set eth0 up");
	guest("hwctl xdp /progs/xdp_reflect.bpf.o bond0 native /sys/fs/bpf/xdp");
	refuses_attach("EBUSY", "an XDP program of an upper device (bond) is attached; detach it first");
	guest("rm /sys/fs/bpf/xdp && hwctl idle");

	guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
	out = guest_refuses("hwctl xdp /progs/xdp_reflect.bpf.o bond0 native /sys/fs/bpf/xdp");
	check(strstr(out, "EBUSY"), "XDP on the bond: expected EBUSY, got: %s", out);
	guest("rm /sys/fs/bpf/verdict && hwctl idle");
	guest("ip link set eth0 nomaster && ip link del bond0 && ip link set eth0 up");
	echo_start("");
	expect_one_echo(1);
}

static void second_program(void)
{
	const char *out;

	echo_start("");
	refuses_attach("EEXIST", "the queue already has a hwirq program; update its link instead");
	out = guest_refuses("hwctl attach /progs/verdict.bpf.o eth0 0 /sys/fs/bpf/verdict");
	check(strstr(out, "EEXIST"), "expected EEXIST, got: %s", out);
	expect_one_echo(1);
}

static void wrong_target(void)
{
	const struct {
		const char *dev, *queue, *error, *reason;
	} targets[] = {
		{ "4711", "all", "ENODEV", NULL },
		{ "eth0", "4", "ENXIO", "the device has no such receive queue" },
		{ "eth0", "100000", "ENXIO", "the device has no such receive queue" },
		{ "lo", "all", "EOPNOTSUPP", "the driver has no hook in its interrupt handler; virtio_net has" },
	};
	const char *out;
	char line[200];
	size_t i;

	for (i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		out = guest_refuses("hwctl attach /progs/verdict.bpf.o %s %s /sys/fs/bpf/verdict",
				    targets[i].dev, targets[i].queue);
		check(strstr(out, targets[i].error), "attach to %s, queue %s: expected %s, got: %s",
		      targets[i].dev, targets[i].queue, targets[i].error, out);
		if (!targets[i].reason)
			continue;
		snprintf(line, sizeof(line), "hwirq: %s: attach refused: %s$", targets[i].dev,
			 targets[i].reason);
		guest_log_has(line);
	}
	guest_refuses("hwirq-echo --dev lo --count 1 >/run/echo.log 2>&1");
	guest("grep -q hwirq: /run/echo.log || grep -q Ethernet /run/echo.log");
}

static void large_mtu(void)
{
	if (lab_run(&lab, "ip link set eth0 mtu 9000"))
		skip_case("the device takes no MTU of 9000");
	refuses_attach("EMSGSIZE", "the MTU is too large: a frame must fit into one page");
	guest("ip link set eth0 mtu 1500");
	echo_start("");
	guest_refuses("ip link set eth0 mtu 9000");
	check(guest_number("cat /sys/class/net/eth0/mtu") == 1500, "the refused MTU is in force");
	guest_log_has("eth0: MTU refused: a frame must fit into [0-9]* bytes while a hwirq program is attached");
	guest("ip link set eth0 mtu 1400");
	guest("ip link set eth0 mtu 1500");
	expect_one_echo(1);
	echo_stop();
	guest("ip link set eth0 mtu 9000 && ip link set eth0 mtu 1500");
}

static void netpoll(void)
{
	const char *target = "/sys/kernel/config/netconsole/test";

	guest("mkdir %s && cd %s && echo eth0 >dev_name && echo 10.0.2.15 >local_ip && echo 10.0.2.200 >remote_ip && echo 02:00:00:00:02:77 >remote_mac && echo 1 >enabled",
	      target, target);
	refuses_attach("EBUSY", "netpoll (netconsole) uses the device; remove it first");
	guest("echo 0 >%s/enabled", target);
	echo_start("");
	expect_one_echo(1);
	guest("echo 1 >%s/enabled 2>/dev/null; [ $(cat %s/enabled) = 0 ]", target, target);
	expect_one_echo(2);
	echo_stop();
	guest("rmdir %s", target);
}

/* features says why not, by what it sees, and with --try in the driver's own words. */
static void features_say(const char *seen, const char *reason)
{
	guest("hwirq features --dev eth0 >/run/features; [ $? -eq 1 ] && grep -qF '%s' /run/features || { cat /run/features; exit 1; }",
	      seen);
	if (reason)
		guest("hwirq features --dev eth0 --try >/run/features; [ $? -eq 1 ] && grep -qF ': %s' /run/features || { cat /run/features; exit 1; }",
		      reason);
}

static void refused_here(void)
{
	const char *reason = "", *seen = "";

	switch (lab_is) {
	case THREADED:
		reason = "interrupt handlers run in threads; boot without threadirqs";
		seen = "threadirqs is on the kernel";
		break;
	case SHARED:
		reason = "the receive queue shares its interrupt; give the virtio device more MSI-X vectors";
		seen = "its queues share an interrupt";
		break;
	case NO_RESET:
		reason = "the virtio device cannot reset single queues (VIRTIO_F_RING_RESET)";
		seen = reason;
		break;
	case NO_OFFLOAD_CTRL:
		reason = "the virtio device cannot turn off GRO_HW and checksum offload for its guest";
		seen = reason;
		break;
	case NO_TX_NAPI:
		reason = "transmit NAPI is off; load virtio_net with napi_tx=1";
		seen = "transmit NAPI is off";
		break;
	}
	refuses_attach("EOPNOTSUPP", reason);
	features_say(seen, reason);
	expect_ping(1, 100);
}

static void deferred_interrupts(void)
{
	guest("echo 2 >/sys/class/net/eth0/napi_defer_hard_irqs");
	refuses_attach("EBUSY", "napi_defer_hard_irqs keeps interrupts off; set it to 0");
	guest("echo 0 >/sys/class/net/eth0/napi_defer_hard_irqs");
	echo_start("");
	expect_one_echo(1);
}

static void no_unprivileged(void)
{
	guest_refuses("su nobody -c 'hwirq-echo --dev eth0 --count 1' >/run/echo.log 2>&1");
	guest("grep -qE 'CAP_|root|permi' /run/echo.log || { cat /run/echo.log; exit 1; }");
}

static void clear_sentence(void)
{
	expect_ping(1, 100);
	guest_refuses("hwirq-echo --dev eth0 --count 1 >/run/echo.log 2>&1");
	guest("grep -q 'this kernel (.*) has no hard-IRQ programs' /run/echo.log || { cat /run/echo.log; exit 1; }");
	guest("[ $(wc -l </run/echo.log) -eq 1 ] || { echo 'more than one sentence:'; cat /run/echo.log; exit 1; }");
	features_say("has no hard-IRQ programs: ", NULL);
}

/* Several queues */

static void multi_queue(void)
{
	long sum = 0, busy_queues = 0;
	unsigned int i, n;
	struct frame f;

	for (i = 0; i < 4; i++)
		guest("hwctl attach /progs/verdict.bpf.o eth0 %u /sys/fs/bpf/q%u", i, i);
	refuses_attach("EEXIST", "the queue already has a hwirq program; update its link instead");
	for (i = 0; i < 256; i++)
		send_to_port(1003, 43000 + i, i);
	for (n = 0; n < 256; n++)
		check(wire_receive(&lab, &f, ANSWER_MS), "%u of 256 frames came back", n);
	for (i = 0; i < 4; i++) {
		const char *stats;
		char pin[8];

		snprintf(pin, sizeof(pin), "q%u", i);
		stats = link_stats(pin);
		check_stats(stats);
		check(stat_of(stats, "queue") == i, "link of queue %u:\n%s", i, stats);
		sum += stat_of(stats, "tx");
		busy_queues += stat_of(stats, "tx") > 0;
	}
	check(sum == 256, "the queues' links count %ld frames, not 256", sum);
	check(busy_queues == 4, "only %ld of 4 queues had traffic", busy_queues);
	/* Without its program a queue's flows go to the stack, the others' do not. */
	guest("rm /sys/fs/bpf/q1");
	guest_log_has("eth0: queue 1: detached: pool .* lost=0");
	n = answered_flows(256);
	check(n > 64 && n < 256, "%u of 256 frames came back by three of four queues", n);
}

static void multi_queue_stats(void)
{
	const char *stats;
	unsigned int i, n;
	struct frame f;

	echo_start("");
	for (i = 0; i < 256; i++) {
		struct udp u = udp_to_guest(ECHO_PORT, 100, i);

		u.src_port = 43000 + i;
		frame_udp(&f, &u);
		send_frame(&f);
	}
	for (n = 0; n < 256; n++) {
		check(wire_receive(&lab, &f, ANSWER_MS), "%u of 256 frames came back", n);
		check_traffic(&f, false, -1);
	}
	stats = echo_stats();
	check_stats(stats);
	check(stat_of(stats, "tx") == 256, "256 frames over all queues:\n%s", stats);
	check(strstr(stats, "queue:\tall"), "a link of all queues:\n%s", stats);
}

static void channels(void)
{
	echo_start("");
	guest_refuses("ethtool -L eth0 combined 2");
	expect_one_echo(1);
	echo_stop();
	guest("ethtool -L eth0 combined 2");
	echo_start("");
	expect_one_echo(2);
	echo_stop();
	guest("ethtool -L eth0 combined 4");
}

static void ring_resize(void)
{
	const char *out;

	if (lab_run(&lab, "ethtool -G eth0 rx 128"))
		skip_case("the device resizes no rings");
	guest("ethtool -G eth0 rx 256");
	echo_start("");
	/* Resize or refuse, but go on working. */
	if (lab_run(&lab, "ethtool -G eth0 rx 64") < 0 || lab_run(&lab, "ethtool -G eth0 tx 64") < 0)
		fail_case("%s", lab_error());
	expect_one_echo(1);
	expect_ping(1, 500);
	echo_stop();
	guest("ethtool -G eth0 rx 256 tx 256 || true");
	expect_ping(2, 500);

	/* What is attached has buffers for the ring that it found. */
	guest("ethtool -G eth0 rx 64");
	echo_start("");
	out = guest_refuses("ethtool -G eth0 rx 256");
	check(strstr(out, "the hwirq program's buffers are too few; attach it after the resize"),
	      "no reason in: %s", out);
	expect_one_echo(2);
	echo_stop();
	guest("ethtool -G eth0 rx 256");
}

/* The tests of prog_checks.c, ring_checks.c and sim_checks.c, which run in the guest */

static void guest_check(const char *program, const char *name)
{
	const char *out;

	/* cmocka is content when a filter matches nothing. */
	out = guest("CMOCKA_MESSAGE_OUTPUT=TAP %s %s 2>&1", program, name);
	check(strstr(out, "\nok 1 - ") || !strncmp(out, "ok 1 - ", 7), "%s did not run:\n%s", name, out);
}

#define GUEST_CHECK(name) static void prog_##name(void) { guest_check("prog_checks", "test_" #name); }
#include "prog_checks.inc"
#undef GUEST_CHECK
#define GUEST_CHECK(name) static void ring_##name(void) { guest_check("ring_checks", "test_" #name); }
#include "ring_checks.inc"
#undef GUEST_CHECK
#define GUEST_CHECK(name) static void sim_##name(void) { guest_check("sim_checks", "test_" #name); }
#include "sim_checks.inc"
#undef GUEST_CHECK

const struct e2e_case e2e_cases[] = {
	{ "lab_ping", lab_ping, ALL | THREADED | SHARED | STOCK },
	{ "lab_xdp", lab_xdp, ALL_ONCE },
	{ "lab_tcp", lab_tcp, ALL_ONCE | USER },
	{ "echo_udp4", echo_udp4, ALL },
	{ "echo_udp6", echo_udp6, ALL | USER },
	{ "echo_vlan", echo_vlan, ALL_ONCE | USER },
	{ "echo_ip_options", echo_ip_options, ALL_ONCE | USER },
	{ "echo_checksums", echo_checksums, ALL_ONCE | USER },
	{ "echo_arp", echo_arp, ALL_ONCE | USER },
	{ "echo_passes_rest", echo_passes_rest, ALL | USER },
	{ "echo_sizes", echo_sizes, ALL },
	{ "echo_burst", echo_burst, SMALL | MERGEABLE },
	{ "hard_irq_context", hard_irq_context, ALL },
	{ "context_fields", context_fields, ALL },
	{ "verdicts", verdicts, ALL },
	{ "pass_ping", pass_ping, ALL },
	{ "pass_tcp", pass_tcp, ALL | IOMMU },
	{ "malformed_short", malformed_short, ALL },
	{ "malformed_headers", malformed_headers, ALL_ONCE | USER },
	{ "malformed_random", malformed_random, ALL },
	{ "malformed_long", malformed_long, SMALL | MERGEABLE },
	{ "attach_detach", attach_detach, ALL | IOMMU | QUEUES },
	{ "replace", replace, ALL | IOMMU | QUEUES },
	{ "sigkill", sigkill, ALL },
	{ "ctrl_c", ctrl_c, SMALL | USER },
	{ "if_down_up", if_down_up, ALL | IOMMU },
	{ "attach_while_down", attach_while_down, ALL },
	{ "ring_resize", ring_resize, ALL | IOMMU },
	{ "netns_move", netns_move, ALL },
	{ "unbind_driver", unbind_driver, ALL | IOMMU },
	{ "xdp_first", xdp_first, ALL },
	{ "xdp_second", xdp_second, ALL },
	{ "xdp_bond", xdp_bond, SMALL | MULTI },
	{ "second_program", second_program, ALL_ONCE },
	{ "wrong_target", wrong_target, ALL_ONCE },
	{ "large_mtu", large_mtu, ALL },
	{ "netpoll", netpoll, SMALL | MULTI },
	{ "no_unprivileged", no_unprivileged, SMALL },
	{ "multi_queue", multi_queue, MULTI },
	{ "multi_queue_stats", multi_queue_stats, MULTI },
	{ "channels", channels, MULTI },
	{ "filter_rules", filter_rules, ALL_ONCE | USER },
	{ "filter_reload", filter_reload, ALL_ONCE | USER },
	{ "filter_refusals", filter_refusals, SMALL | USER },
	{ "filter_toggle", filter_toggle, ALL | USER },
	{ "logger_frames", logger_frames, ALL_ONCE | USER },
	{ "logger_pass", logger_pass, ALL_ONCE | USER },
	{ "logger_burst", logger_burst, ALL },
	{ "logger_pcapng", logger_pcapng, ALL_ONCE | USER },
	{ "logger_queues", logger_queues, MULTI | USER },
	{ "logger_undone", logger_undone, ALL_ONCE | USER },
	{ "logger_ends", logger_ends, SMALL | USER },
	{ "command_verbs", command_verbs, ALL_ONCE | USER },
	{ "command_ring", command_ring, ALL_ONCE | USER },
	{ "command_all_or_nothing", command_all_or_nothing, MULTI | USER },
	{ "deferred_interrupts", deferred_interrupts, SMALL },
	{ "attach_faults", attach_faults, SMALL },
	{ "attach_faults_queues", attach_faults, MULTI },
	{ "trace_lines", trace_lines, ALL_ONCE },
	{ "affinity_moves", affinity_moves, MERGEABLE | MULTI | QUEUES },
	{ "refill_fails", refill_fails, SMALL | MERGEABLE },
	{ "capture", capture, SMALL | MULTI },
	{ "packet_rules", packet_rules, SMALL | MULTI },
	{ "suspend", suspend, ALL | IOMMU | QUEUES },
	{ "unplug", unplug, SMALL },
	{ "surprise_removal", surprise_removal, SMALL },
	{ "offloads", offloads, ALL },
	{ "tx_napi_stays", tx_napi_stays, ALL },
	{ "afxdp_socket", afxdp_socket, ALL | IOMMU },
	{ "refill_elsewhere", refill_elsewhere, MULTI },
	{ "cycles_in_flood", cycles_in_flood, MULTI },
	{ "observe", observe, ALL_ONCE | USER },
	{ "ethtool_stats", ethtool_stats, ALL },
	{ "device_lengths", device_lengths, SMALL | MERGEABLE },
	{ "device_num_buffers", device_num_buffers, SMALL | MERGEABLE },
	{ "device_headers", device_headers, SMALL | MERGEABLE },
	{ "device_repeats", device_repeats, MERGEABLE },
	{ "device_jumps", device_jumps, MERGEABLE },
	{ "device_rx_ids", device_rx_ids, MERGEABLE },
	{ "device_tx_ids", device_tx_ids, MERGEABLE },
	{ "device_resets", device_resets, MERGEABLE },
	{ "device_reset_at_detach", device_reset_at_detach, MERGEABLE },
	{ "device_keeps_buffers", device_keeps_buffers, MERGEABLE },
	{ "device_random", device_random, SMALL | MERGEABLE },
	{ "flood_livelock", flood_livelock, SMALL | MULTI },
	{ "flood_pass", flood_pass, ALL },
	{ "flood_ends", flood_ends, SMALL | MERGEABLE },
	{ "flood_teardown", flood_teardown, ALL | QUEUES },
	{ "refused_here", refused_here, THREADED | SHARED | NO_RESET | NO_OFFLOAD_CTRL | NO_TX_NAPI },
	{ "clear_sentence", clear_sentence, STOCK },
#define GUEST_CHECK(name) { "prog_" #name, prog_##name, SMALL },
#include "prog_checks.inc"
#undef GUEST_CHECK
#define GUEST_CHECK(name) { "ring_" #name, ring_##name, MERGEABLE | MULTI },
#include "ring_checks.inc"
#undef GUEST_CHECK
#define GUEST_CHECK(name) { "sim_" #name, sim_##name, SIM | SIM_SMP },
#include "sim_checks.inc"
#undef GUEST_CHECK
};
const size_t nr_e2e_cases = sizeof(e2e_cases) / sizeof(e2e_cases[0]);
