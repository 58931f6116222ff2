// SPDX-License-Identifier: GPL-2.0-only
/*
 * demo - the echo template answers real frames in a guest's interrupt handler
 *
 * Boots the guest, loads templates/echo in it, and from outside, as a client on
 * the wire, sends UDP datagrams and checks every byte of every answer. Then says
 * what happened, and where the program ran, by the kernel's own account.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lab.h"

#define PORT	7
#define FRAMES	2000
#define WINDOW	8

static struct lab lab;

static int stop(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "demo: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	lab_shutdown(&lab);
	exit(1);
}

static void must(const char *what, int status)
{
	if (status < 0)
		stop("%s: %s", what, lab_error());
	if (status > 0)
		stop("%s: exit status %d\n%s", what, status, lab.output);
}

static long counter(const char *text, const char *key)
{
	const char *p = text;
	size_t len = strlen(key);

	for (; p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
		if (!strncmp(p, key, len) && p[len] == ':')
			return strtol(p + len + 1, NULL, 10);
	return -1;
}

static long interrupts(void)
{
	must("reading /proc/interrupts", lab_run(&lab,
	     "awk '/virtio[0-9]+-input/ { for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++) n += $i } END { print n + 0 }' /proc/interrupts"));
	return strtol(lab.output, NULL, 10);
}

/* What the boot script said: the kernel, the accelerator. */
static void show_boot(void)
{
	char path[96], line[512], *text;
	FILE *f;

	snprintf(path, sizeof(path), "%s/boot.log", lab.dir);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		text = strstr(line, "kernel ");
		if (!text)
			text = strstr(line, "accelerator ");
		if (text)
			printf("  %s", text);
	}
	if (f)
		fclose(f);
}

static void start_echo(void)
{
	int i, status = -1;

	must("starting the loader", lab_run(&lab,
	     "hwirq-echo --dev eth0 --port %d --addr 10.0.2.15 --addr fd00::215 >/run/echo.log 2>&1 &", PORT));
	for (i = 0; i < 200 && status; i++) {
		status = lab_run(&lab, "grep -q attached /run/echo.log || { cat /run/echo.log; ! pidof hwirq-echo >/dev/null && exit 2; exit 1; }");
		if (status < 0 || status == 2)
			break;
		usleep(50000);
	}
	must("the loader in the guest", status);
	must("the loader in the guest", lab_run(&lab, "cat /run/echo.log"));
	printf("  %s\n", lab.output);
}

static void datagram(struct udp *u, unsigned int i)
{
	/* Sizes from 1 to 1472 bytes, IPv4 and every eighth IPv6 */
	*u = udp_to_guest(PORT, 1 + i * 37 % 1452, i);
	u->src_port = 40000 + i % 1000;
	u->v6 = i % 8 == 7;
}

static void exchange(double *seconds, unsigned long *bytes)
{
	struct timespec a, b;
	unsigned int sent = 0, seen;
	struct frame f, got;
	struct udp u, reply;

	*bytes = 0;
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (seen = 0; seen < FRAMES; seen++) {
		for (; sent < FRAMES && sent < seen + WINDOW; sent++) {
			datagram(&u, sent);
			frame_udp(&f, &u);
			if (wire_send(&lab, &f))
				stop("%s", lab_error());
		}
		if (!wire_receive(&lab, &got, 5000))
			stop("answer %u of %d did not come within 5 s", seen + 1, FRAMES);
		datagram(&u, seen);
		reply = udp_reply(&u);
		frame_udp(&f, &reply);
		if (frame_diff(&got, &f))
			stop("answer %u of %d is wrong: it %s", seen + 1, FRAMES, frame_diff(&got, &f));
		*bytes += got.len;
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	*seconds = b.tv_sec - a.tv_sec + (b.tv_nsec - a.tv_nsec) / 1e9;
}

static void show_one(void)
{
	struct udp u = udp_to_guest(PORT, 12, 1), reply = udp_reply(&u);
	struct frame f, want;

	frame_udp(&f, &u);
	printf("  first frame out: %s\n", frame_describe(&f));
	frame_udp(&f, &reply);
	printf("  and its answer:  %s\n", frame_describe(&f));
	frame_udp(&f, &u);
	if (wire_send(&lab, &f))
		stop("%s", lab_error());
	if (!wire_receive(&lab, &f, 5000))
		stop("no answer within 5 s");
	frame_udp(&want, &reply);
	if (frame_diff(&f, &want))
		stop("the answer is wrong: it %s", frame_diff(&f, &want));
}

static void ping(void)
{
	struct frame f;

	frame_ping(&f, false, 1, 1, 56);
	if (wire_send(&lab, &f))
		stop("%s", lab_error());
	if (!wire_receive(&lab, &f, 5000))
		stop("the guest's stack does not answer a ping");
	if (!frame_is_pong(&f, 1, 1, 56))
		stop("not the answer to a ping: %s", frame_describe(&f));
}

int main(int argc, char **argv)
{
	static const struct lab_config config = { .name = "demo", .nic = "dgram", .cpus = 1 };
	long before, after, packets, hard;
	unsigned long bytes;
	char patterns[256];
	double seconds;

	if (argc != 3) {
		fprintf(stderr, "usage: demo BZIMAGE INITRAMFS\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	lab.kernel = argv[1];
	lab.initramfs = argv[2];
	snprintf(patterns, sizeof(patterns), "%s/splats", scripts_dir());
	if (splat_init(patterns))
		stop("%s", lab_error());

	printf("Booting a guest:\n");
	if (lab_boot(&lab, &config))
		stop("%s", lab_error());
	show_boot();

	printf("Loading templates/echo in it:\n");
	start_echo();

	printf("Sending real frames to its NIC from this process:\n");
	show_one();
	before = interrupts();
	exchange(&seconds, &bytes);
	after = interrupts();
	printf("  %d datagrams of 1 to 1452 bytes, IPv4 and IPv6, sent; %d answered, %lu bytes, all right, in %.2f s\n",
	       FRAMES, FRAMES, bytes, seconds);
	ping();
	printf("  a ping beside them went to the network stack and was answered\n");

	must("reading the link's counters", lab_run(&lab,
	     "cat $(grep -l ^hardirq_packets: /proc/$(pidof hwirq-echo)/fdinfo/*)"));
	packets = counter(lab.output, "packets");
	hard = counter(lab.output, "hardirq_packets");
	printf("Where the program ran, as the kernel counted:\n"
	       "  %ld packets: %ld sent back, %ld passed to the stack, %ld dropped\n"
	       "  %ld of them in the hard interrupt handler with interrupts off, %ld in the NAPI fall-back\n"
	       "  the NIC's receive interrupt fired %ld times meanwhile (/proc/interrupts)\n",
	       packets, counter(lab.output, "tx"), counter(lab.output, "pass"), counter(lab.output, "drop"),
	       hard, counter(lab.output, "napi_packets"), after - before);
	if (hard <= 0 || counter(lab.output, "tx") < FRAMES)
		stop("the counters do not show %d answers from the interrupt handler:\n%s", FRAMES, lab.output);

	must("stopping the loader", lab_run(&lab, "killall -INT hwirq-echo; hwctl idle"));
	must("the pool's account", lab_run(&lab, "sleep 0.2; dmesg | sed -n 's/.*\\(hwirq: .*detached\\)/\\1/p' | grep ."));
	printf("Detached; no buffer lost:\n  %s\n", lab.output);
	if (lab_shutdown(&lab))
		stop("%s", lab_error());

	printf("\nNext:\n"
	       "  make shell                    a guest of your own, with echo and the test programs in it\n"
	       "  cp -r templates/echo ~/mine   a program of your own: edit echo.bpf.c there and build it with\n"
	       "                                make -C ~/mine HWIRQ_SDK=$PWD\n"
	       "  make test                     all tests; make test T=malformed for some of them\n");
	return 0;
}
