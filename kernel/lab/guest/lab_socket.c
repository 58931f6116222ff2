// SPDX-License-Identifier: GPL-2.0-only
/*
 * lab-socket echo|sink PORT - the UDP server of textbooks: answer each datagram, or
 * only count them
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "common.h"

#define RCVBUF (4 << 20)	/* room for a burst, so that a loss is not the buffer's */

int main(int argc, char **argv)
{
	struct sockaddr_in any = { .sin_family = AF_INET }, peer;
	bool echo = argc > 1 && !strcmp(argv[1], "echo");
	int fd, room = RCVBUF;
	uint64_t served = 0;
	char buf[2048];
	socklen_t len;
	ssize_t n;

	if (argc != 3 || (!echo && strcmp(argv[1], "sink"))) {
		fputs("usage: lab-socket echo|sink PORT\n", stderr);
		return 2;
	}
	any.sin_port = htons((uint16_t)atoi(argv[2]));
	stop_on_signals();
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)))
		return failed("socket", errno);
	ready();
	while (!stop) {
		len = sizeof(peer);
		n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&peer, &len);
		if (n < 0)
			continue;
		if (echo && sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&peer, len) != n)
			continue;
		served++;
	}
	printf("%s %" PRIu64 "\n", echo ? "served" : "count", served);
	return EXIT_SUCCESS;
}
