// SPDX-License-Identifier: GPL-2.0-only
/* The end-to-end cases; harness.h describes what they are written in. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
	int fd;
	uint16_t port;
	pthread_t thread;
	size_t len;
	const char *content;
	char *got;
	size_t got_len;
	int err;
};

static void *server_main(void *arg)
{
	struct server *s = arg;
	struct pollfd pfd = { .fd = s->fd, .events = POLLIN };
	int i, c;
	ssize_t n;

	/* First connection: we receive; second: we send. */
	for (i = 0; i < 2; i++) {
		if (poll(&pfd, 1, 60000 * lab.patience) <= 0) {
			s->err = ETIMEDOUT;
			return NULL;
		}
		c = accept(s->fd, NULL, NULL);
		if (c < 0) {
			s->err = errno;
			return NULL;
		}
		if (i == 0) {
			while (s->got_len < s->len + 1 &&
			       (n = read(c, s->got + s->got_len, s->len + 1 - s->got_len)) > 0)
				s->got_len += n;
		} else {
			size_t done = 0;

			while (done < s->len &&
			       (n = send(c, s->content + done, s->len - done, MSG_NOSIGNAL)) > 0)
				done += n;
		}
		close(c);
	}
	return NULL;
}

static void server_start(struct server *s, const char *content, size_t len)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t size = sizeof(sin);

	memset(s, 0, sizeof(*s));
	/* QEMU's user network hands PEER_IP to the host's loopback. */
	sin.sin_addr.s_addr = htonl(lab.config->tap_queues ? PEER_IP : INADDR_LOOPBACK);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	check(s->fd >= 0 && !bind(s->fd, (struct sockaddr *)&sin, sizeof(sin)) &&
	      !listen(s->fd, 4) && !getsockname(s->fd, (struct sockaddr *)&sin, &size),
	      "cannot listen: %s", strerror(errno));
	s->port = ntohs(sin.sin_port);
	s->content = content;
	s->len = len;
	s->got = malloc(len + 1);
	check(s->got && !pthread_create(&s->thread, NULL, server_main, s), "no server thread");
}

/* Both ways, compared byte for byte. */
static void transfer_tcp(unsigned int lines)
{
	char *content = malloc(lines * 11 + 16);
	struct server s;
	size_t len = 0;
	unsigned int i;

	for (i = 1; i <= lines; i++)
		len += sprintf(content + len, "%u\n", i);
	server_start(&s, content, len);
	guest("seq 1 %u >/tmp/content", lines);
	guest("nc 10.0.2.2 %u </tmp/content", s.port);
	guest("nc 10.0.2.2 %u </dev/null >/tmp/back", s.port);
	pthread_join(s.thread, NULL);
	close(s.fd);
	check(!s.err, "TCP: %s", strerror(s.err));
	check(s.got_len == len && !memcmp(s.got, content, len),
	      "TCP from the guest: %zu bytes of %zu arrived, or others", s.got_len, len);
	guest("cmp /tmp/content /tmp/back");
	free(s.got);
	free(content);
}

static void lab_tcp(void)
{
	transfer_tcp(200000);
}

const struct e2e_case e2e_cases[] = {
	{ "lab_ping", lab_ping, ALL },
	{ "lab_xdp", lab_xdp, ALL },
	{ "lab_tcp", lab_tcp, ALL },
};
const size_t nr_e2e_cases = sizeof(e2e_cases) / sizeof(e2e_cases[0]);
