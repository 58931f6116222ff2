// SPDX-License-Identifier: GPL-2.0-only
/*
 * cost_frames - send frames one at a time, each when the one before is dealt with
 *
 *	cost_frames DEV FRAMES PORT pass|keep
 *
 * The frames are UDP datagrams to the test network's guest, sent by AF_PACKET on
 * DEV, whose wire leads to the NIC that is measured. With "pass" each must reach
 * a UDP socket of the guest, with "keep" none may. scripts/cost runs it in virtual
 * time, where the wait between two frames costs nothing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../frame.h"

#define PAYLOAD		18	/* bytes: the smallest Ethernet frame */
#define WAIT_NS		1000000

static int die(const char *what)
{
	fprintf(stderr, "cost_frames: %s: %s\n", what, strerror(errno));
	return 1;
}

static int packet_socket(const char *dev)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_ifindex = if_nametoindex(dev),
	};
	/* protocol 0: receives nothing */
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -1;
	return fd;
}

static int udp_socket(int port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -1;
	return fd;
}

int main(int argc, char **argv)
{
	const struct timespec wait = { .tv_nsec = WAIT_NS };
	int out, in, i, frames, port, got = 0, want;
	static struct frame frame;
	struct udp udp;
	char buf[64];

	if (argc != 5) {
		fputs("usage: cost_frames DEV FRAMES PORT pass|keep\n", stderr);
		return 2;
	}
	frames = atoi(argv[2]);
	port = atoi(argv[3]);
	want = strcmp(argv[4], "pass") ? 0 : frames;
	out = packet_socket(argv[1]);
	if (out < 0)
		return die(argv[1]);
	in = udp_socket(port);
	if (in < 0)
		return die("UDP socket");

	udp = udp_to_guest(port, PAYLOAD, 1);
	frame_udp(&frame, &udp);
	for (i = 0; i < frames; i++) {
		if (send(out, frame.data, frame.len, 0) < 0)
			return die("send");
		nanosleep(&wait, NULL);
		while (recv(in, buf, sizeof(buf), MSG_DONTWAIT) >= 0)
			got++;
	}
	if (got != want) {
		fprintf(stderr, "cost_frames: %d of %d frames reached the stack, not %d\n", got, frames, want);
		return 1;
	}
	return 0;
}
