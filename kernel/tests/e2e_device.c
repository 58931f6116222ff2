// SPDX-License-Identifier: GPL-2.0-only
/*
 * End-to-end cases of a device that misbehaves: what it reports of a buffer, and what it
 * writes to the rings, is wrong.
 *
 * badnet is the device at the receive ring. Each case says what has to be counted, frame by
 * frame, and that the program goes on with sensible frames in between; at the end every
 * buffer of the pool has come back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "badnet.h"
#include "e2e_device.h"
#include "harness.h"

#define LEN(array)	(sizeof(array) / sizeof((array)[0]))
#define DROP_PORT	1001	/* of verdict.bpf.c */
#define TX_PORT		1003
#define HEADER		((uint32_t)sizeof(struct virtio_net_hdr_v1))
#define BUFFER		(4096u - 256)	/* a page without its headroom */
#define RIGHT		-1		/* for a length: what there is */

static const struct virtio_net_hdr_v1 plain = { .num_buffers = 1 };

/* What the link has to say of all frames since the attach. */
static struct want {
	long packets, drop, pass, tx, invalid, ineligible;
} want;

static long seen(const char *text)
{
	return stat_of(text, "packets") + stat_of(text, "invalid") + stat_of(text, "ineligible");
}

static long expected(void)
{
	return want.packets + want.invalid + want.ineligible;
}

/* There may be thousands of frames to go: patience ends when it sees none for a while. */
static void expect_counts(const char *after)
{
	const char *stats = link_stats("verdict");
	long before = seen(stats);
	uint64_t end = 0;

	while (seen(stats) < expected()) {
		if (!end || seen(stats) > before)
			end = now_ms() + 10000 * lab.patience;
		else if (now_ms() > end)
			break;
		before = seen(stats);
		stats = link_stats("verdict");
	}
	check(stat_of(stats, "packets") == want.packets && stat_of(stats, "drop") == want.drop &&
	      stat_of(stats, "pass") == want.pass && stat_of(stats, "tx") == want.tx &&
	      stat_of(stats, "invalid") == want.invalid && stat_of(stats, "ineligible") == want.ineligible,
	      "after %s: %ld packets (%ld dropped, %ld passed, %ld sent), %ld invalid and %ld ineligible were expected:\n%s",
	      after, want.packets, want.drop, want.pass, want.tx, want.invalid, want.ineligible, stats);
}

static void expect_frames(long *verdict, long n)
{
	*verdict += n;
	want.packets += n;
}

/* What is still on its way from the guest is of no interest. */
static void settle(void)
{
	struct frame f;

	while (wire_receive(&lab, &f, 200 * lab.patience))
		;
}

static void attach(void)
{
	settle();
	/* with the neighbours known, no frame comes but those of the case */
	expect_ping(0, 40);
	guest("hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict");
	memset(&want, 0, sizeof(want));
	badnet_start();
}

static void detach(void)
{
	guest("dmesg -c >/dev/null; rm /sys/fs/bpf/verdict && hwctl idle");
	guest_log_has("eth0: queue 0: detached: pool .* lost=0$");
}

static struct frame frame_to_port(uint16_t port, size_t payload)
{
	struct udp u = udp_to_guest(port, payload, 1);
	struct frame f;

	frame_udp(&f, &u);
	return f;
}

/* Into the next buffer, with a header and a length of the device's choice. */
static void put(const struct frame *f, const struct virtio_net_hdr_v1 *hdr, int64_t len)
{
	uint32_t id = badnet_take(), right = badnet_fill(id, hdr, f);

	badnet_use(BADNET_RX, id, len == RIGHT ? right : len);
}

/* The same with a frame for the program to drop. */
static void put_drop(const struct virtio_net_hdr_v1 *hdr, int64_t len)
{
	struct frame f = frame_to_port(DROP_PORT, 100);

	put(&f, hdr, len);
}

static void deliver(const struct virtio_net_hdr_v1 *hdr, int64_t len)
{
	put_drop(hdr, len);
	badnet_publish(BADNET_RX);
}

static void deliver_frame(const struct frame *f)
{
	put(f, &plain, RIGHT);
	badnet_publish(BADNET_RX);
}

/* Sensible frames make it in and out: the program's answer, and the stack's. */
static void good(const char *after)
{
	struct frame f;
	int i;

	for (i = 0; i < 2; i++) {
		f = frame_to_port(TX_PORT, 100 + i);
		deliver_frame(&f);
		expect_frame(&f);
	}
	expect_frames(&want.tx, 2);
	frame_ping(&f, false, 0x4857, 1, 500);
	deliver_frame(&f);
	check(wire_receive(&lab, &f, ANSWER_MS) && frame_is_pong(&f, 0x4857, 1, 500),
	      "no answer to a ping after %s", after);
	expect_frames(&want.pass, 1);
	expect_counts(after);
}

void device_lengths(void)
{
	static const uint32_t lengths[] = {
		0, 1, HEADER - 1, HEADER, HEADER + ETH_HEADER - 1,
		BUFFER + 1, 4096, 4097, 65535, 65536, 0x7fffffff, 0x80000000, 0xffffffff,
	};
	char what[64];
	size_t i;

	attach();
	for (i = 0; i < LEN(lengths); i++) {
		snprintf(what, sizeof(what), "a length of %u bytes", lengths[i]);
		deliver(&plain, lengths[i]);
		want.invalid++;
		expect_counts(what);
		good(what);
	}
	/* the limits: nothing but an Ethernet header, and a buffer that is full */
	deliver(&plain, HEADER + ETH_HEADER);
	expect_frames(&want.pass, 1);
	expect_counts("the shortest frame");
	deliver(&plain, BUFFER);
	expect_frames(&want.drop, 1);
	good("the longest frame");
	/* more than an interrupt deals with */
	for (i = 0; i < 100; i++)
		put_drop(&plain, 0);
	badnet_publish(BADNET_RX);
	want.invalid += 100;
	good("100 impossible lengths at once");
	guest("ethtool -S eth0 | grep 'rx0_hwirq_invalid: %ld$'", want.invalid);
	check(stat_of(link_stats("verdict"), "hardirq_packets") > 0, "no frame met the program in hard IRQ");
	detach();
}

/* One frame in two buffers, as a device does that merges them. */
static void deliver_in_two(void)
{
	struct virtio_net_hdr_v1 hdr = { .num_buffers = 2 };

	put_drop(&hdr, BUFFER);
	put_drop(&plain, 1000);
	badnet_publish(BADNET_RX);
}

void device_num_buffers(void)
{
	static const uint16_t numbers[] = { 0, 2, 3, BADNET_NUM, 65535 };
	struct virtio_net_hdr_v1 hdr = { 0 };
	char what[64];
	size_t i;
	int n;

	attach();
	for (i = 0; i < LEN(numbers); i++) {
		snprintf(what, sizeof(what), "num_buffers = %u", numbers[i]);
		hdr.num_buffers = numbers[i];
		deliver(&hdr, RIGHT);
		/* without mergeable buffers there is no such number */
		if (lab_is == MERGEABLE)
			want.ineligible++;
		else
			expect_frames(&want.drop, 1);
		expect_counts(what);
		good(what);
	}
	if (lab_is != MERGEABLE)
		return detach();
	deliver_in_two();
	want.ineligible += 2;
	good("a frame in two buffers");
	/* what is there already is taken for the rest of the frame, up to the number */
	hdr.num_buffers = 5;
	put_drop(&hdr, RIGHT);
	for (n = 0; n < 9; n++)
		put_drop(&plain, RIGHT);
	badnet_publish(BADNET_RX);
	want.ineligible += 5;
	expect_frames(&want.drop, 5);
	good("a frame in 5 of 10 buffers");
	detach();
}

void device_headers(void)
{
	static const struct virtio_net_hdr_v1 lost[] = {
		{ .num_buffers = 1, .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 6 },
		{ .num_buffers = 1, .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 65535, .csum_offset = 65535 },
		{ .num_buffers = 1, .flags = 255 },
		{ .num_buffers = 1, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 1 },
		{ .num_buffers = 1, .gso_type = VIRTIO_NET_HDR_GSO_UDP, .hdr_len = 65535 },
		{ .num_buffers = 1, .gso_type = VIRTIO_NET_HDR_GSO_TCPV6, .gso_size = 65535 },
		{ .num_buffers = 1, .gso_type = VIRTIO_NET_HDR_GSO_ECN },
		{ .num_buffers = 1, .gso_type = 2 },
		{ .num_buffers = 1, .gso_type = 255 },
	};
	/* of no consequence: a frame is a frame */
	static const struct virtio_net_hdr_v1 ignored[] = {
		{ .num_buffers = 1, .flags = VIRTIO_NET_HDR_F_DATA_VALID },
		{ .num_buffers = 1, .flags = 255 & ~VIRTIO_NET_HDR_F_NEEDS_CSUM },
		{ .num_buffers = 1, .hdr_len = 65535, .gso_size = 65535, .csum_start = 65535, .csum_offset = 65535 },
	};
	char what[64];
	size_t i;

	attach();
	for (i = 0; i < LEN(lost); i++) {
		snprintf(what, sizeof(what), "flags %#x, GSO type %#x", lost[i].flags, lost[i].gso_type);
		deliver(&lost[i], RIGHT);
		want.ineligible++;
		expect_counts(what);
		good(what);
	}
	for (i = 0; i < LEN(ignored); i++) {
		deliver(&ignored[i], RIGHT);
		expect_frames(&want.drop, 1);
		good("a header with nonsense where nobody looks");
	}
	detach();
}

/* In the place of the next buffer, which the device leaves alone from then on. */
static void use_instead(uint32_t id, uint32_t len)
{
	badnet_take();
	badnet_use(BADNET_RX, id, len);
}

/* The same buffer again and again: it was posted again each time, so is a frame each time. */
void device_repeats(void)
{
	struct frame f = frame_to_port(DROP_PORT, 100);
	uint32_t id, len;
	int i;

	attach();
	id = badnet_take();
	len = badnet_fill(id, &plain, &f);
	badnet_use(BADNET_RX, id, len);
	for (i = 1; i < 100; i++)
		use_instead(id, len);
	badnet_publish(BADNET_RX);
	expect_frames(&want.drop, 100);
	expect_counts("a buffer used 100 times");
	for (i = 0; i < 3; i++) {
		use_instead(id, len);
		badnet_publish(BADNET_RX);
		expect_frames(&want.drop, 1);
		expect_counts("a buffer used once more");
	}
	good("a buffer used several times");
	detach();
}

/*
 * The used index jumps. The entries that it claims are those of the lap before: the same
 * buffers, in the same order, with the same frames in them.
 */
void device_jumps(void)
{
	static const uint16_t jumps[] = { 1, 100, BADNET_NUM, 1000, 65535 /* back by one */ };
	char what[64];
	size_t i;

	attach();
	for (i = 0; i < BADNET_NUM; i++)
		put_drop(&plain, RIGHT);
	badnet_publish(BADNET_RX);
	expect_frames(&want.drop, BADNET_NUM);
	expect_counts("a lap");
	for (i = 0; i < LEN(jumps); i++) {
		snprintf(what, sizeof(what), "a jump by %u", jumps[i]);
		badnet_jump(BADNET_RX, jumps[i]);
		badnet_publish(BADNET_RX);
		expect_frames(&want.drop, jumps[i]);
		expect_counts(what);
	}
	good("jumps");
	detach();
}

/* A ring that vring calls broken is so until the device is reset. */
static void rebind(bool attached)
{
	const char *driver = "/sys/bus/virtio/drivers/virtio_net";
	char name[64];

	snprintf(name, sizeof(name), "%s", guest("basename $(readlink /sys/class/net/eth0/device)"));
	guest("dmesg -c >/dev/null; echo %s >%s/unbind", name, driver);
	if (attached)
		guest_log_has("eth0: queue 0: detached: pool .* lost=0$");
	guest("echo %s >%s/bind", name, driver);
	guest_until("cleanup-case");
}

/* After a reset of the device all is well again. */
static void revive(bool attached)
{
	if (!attached)
		refuses_attach("EIO", "the device broke the queue; unbind its driver and bind it again");
	rebind(attached);
	attach();
	good("a reset of the device");
	detach();
}

/* A broken ring gives the pool back. */
static void recover(bool by_detach)
{
	if (by_detach)
		detach();
	revive(!by_detach);
}

void device_rx_ids(void)
{
	static const uint32_t ids[] = { BADNET_NUM, 0x80000000, 0xffffffff };
	char log[64];
	size_t i;
	int n, before;

	for (i = 0; i < LEN(ids); i++) {
		attach();
		/* the second time, more than an interrupt deals with */
		before = i ? 100 : 1;
		for (n = 0; n < before; n++)
			put_drop(&plain, RIGHT);
		badnet_use(BADNET_RX, ids[i], 100);
		put_drop(&plain, RIGHT);
		badnet_publish(BADNET_RX);
		expect_frames(&want.drop, before);
		expect_counts("an id out of range");
		deliver(&plain, RIGHT);
		usleep(100000 * lab.patience);
		expect_counts("a frame in a broken ring");
		snprintf(log, sizeof(log), "virtio_net .*input.0:id %u out of range", ids[i]);
		guest_log_has(log);
		recover(i % 2);
	}
}

/* Whatever was used of the transmit ring, the driver notices when the stack sends. */
static void stack_sends(void)
{
	guest("ping -c 1 -W 1 10.0.2.99 >/dev/null; true");
}

static const struct tx_malice {
	enum { NO_ID, SENT, NOT_SENT, STALE } what;
	const char *log;
} tx_malices[] = {
	{ NO_ID, "virtio_net .*output.0:id 4294967295 out of range" },
	{ SENT, "virtio_net .*output.0:id [0-9]+ is not a head" },
	{ NOT_SENT, "virtio_net .*output.0:id 200 is not a head" },
	{ STALE, "virtio_net .*output.0:id [0-9]+ is not a head" },
};

static void use_tx(const struct tx_malice *malice)
{
	switch (malice->what) {
	case NO_ID:
		badnet_use(BADNET_TX, 0xffffffff, 0);
		break;
	case SENT:
		badnet_use(BADNET_TX, badnet_last_used(BADNET_TX), 0xffffffff);
		break;
	case NOT_SENT:
		badnet_use(BADNET_TX, 200, 0);
		break;
	case STALE:
		badnet_jump(BADNET_TX, 1000);
	}
	badnet_publish(BADNET_TX);
}

void device_tx_ids(void)
{
	const struct tx_malice *malice;
	const char *stats;
	struct frame f;

	for (malice = tx_malices; malice < tx_malices + LEN(tx_malices); malice++) {
		attach();
		good("an attach");
		badnet_start();
		use_tx(malice);
		stack_sends();
		guest_log_has(malice->log);
		/* the program goes on, its answers have nowhere to go */
		f = frame_to_port(TX_PORT, 100);
		deliver_frame(&f);
		expect_frames(&want.tx, 1);
		expect_counts("a broken transmit ring");
		stats = link_stats("verdict");
		check(stat_of(stats, "tx_full") == 1, "one answer had no room:\n%s", stats);
		recover(malice->what == SENT);
	}
}

/* The device cannot reset a queue, or cannot use it again thereafter. */
static const struct {
	const char *function;
	int error;
} resets[] = {
	{ "vp_modern_disable_vq_and_reset", -5 },
	{ "vp_modern_enable_vq_after_reset", -16 },
};

void device_resets(void)
{
	char log[96];
	size_t i;

	for (i = 0; i < LEN(resets); i++) {
		settle();
		guest("dmesg -c >/dev/null");
		check(badnet_run_failing(resets[i].function, resets[i].error,
					 "hwctl attach /progs/verdict.bpf.o eth0 all /sys/fs/bpf/verdict"),
		      "attach without %s succeeded", resets[i].function);
		guest_log_has("hwirq: eth0: attach refused: the virtio device failed to reset the queue$");
		guest_log_has("eth0: queue 0: detached: pool .* lost=0$");
		snprintf(log, sizeof(log), "eth0: output.0: reset fail: %d$", resets[i].error);
		guest_log_has(log);
		snprintf(log, sizeof(log), "eth0: input.0: reset fail: %d$", resets[i].error);
		guest_log_has(log);
		revive(false);
	}
}

/* The program is detached all the same, and the device has given its buffers back. */
void device_reset_at_detach(void)
{
	attach();
	good("an attach");
	guest("dmesg -c >/dev/null");
	check(!badnet_run_failing("vp_modern_enable_vq_after_reset", -16,
				  "rm /sys/fs/bpf/verdict && hwctl idle"),
	      "detach: %s", lab.output);
	guest_log_has("eth0: input.0: reset fail: -16$");
	guest_log_has("eth0: queue 0: detached: pool .* lost=0$");
	revive(false);
}

/* It may write to them for ever: better lost than used for something else meanwhile. */
void device_keeps_buffers(void)
{
	attach();
	good("an attach");
	guest("dmesg -c >/dev/null");
	check(!badnet_run_failing("vp_modern_disable_vq_and_reset", -5, "rm /sys/fs/bpf/verdict && hwctl idle"),
	      "detach: %s", lab.output);
	guest_log_has("eth0: input.0: reset fail: -5$");
	guest_log_has("hwirq: eth0: queue 0: detached: [1-9][0-9]* of [0-9]* buffers left to a device that did not stop$");
	revive(false);
}

/* Anything, in any order: what is counted is of no interest, that nothing is lost is. */

static uint32_t random_state;

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % n;
}

static uint32_t random_length(void)
{
	static const uint32_t lengths[] = { 0, HEADER, HEADER + ETH_HEADER, 100, BUFFER, BUFFER + 1, 0xffffffff };

	return lengths[random_below(LEN(lengths))];
}

static void random_malice(void)
{
	struct virtio_net_hdr_v1 hdr = { .num_buffers = 1 };

	switch (random_below(8)) {
	case 0:
		put_drop(&plain, random_length());
		break;
	case 1:
		hdr.num_buffers = random_below(4) ? random_below(5) : random_below(65536);
		put_drop(&hdr, RIGHT);
		break;
	case 2:
		hdr.flags = random_below(256);
		hdr.gso_type = random_below(256);
		put_drop(&hdr, RIGHT);
		break;
	case 3:
		badnet_use(BADNET_RX, random_below(BADNET_NUM), random_length());
		break;
	case 4:
		badnet_jump(BADNET_RX, random_below(50) ? random_below(20) : random_below(65536));
		break;
	case 5:
		if (!random_below(100))
			badnet_use(BADNET_RX, random_below(2 * BADNET_NUM), 100);
		break;
	}
}

/* DEVICE_ROUNDS= for a soak, DEVICE_SEED= to see a round again. */
void device_random(void)
{
	const char *rounds = getenv("DEVICE_ROUNDS"), *seed = getenv("DEVICE_SEED");
	unsigned int n = rounds ? atoi(rounds) : lab.patience > 1 ? 1 : 3, first = seed ? atoi(seed) : 1, round, i;
	struct frame f;

	for (round = first; round < first + n; round++) {
		printf("device_random: seed %u\n", round);
		random_state = round * 2654435761u;
		attach();
		for (i = 0; i < 200; i++) {
			f = frame_to_port(random_below(2) ? TX_PORT : 9, random_below(1400));
			/* not in a broken ring */
			if (badnet_available())
				put(&f, &plain, RIGHT);
			if (badnet_available())
				random_malice();
			if (!random_below(4))
				badnet_publish(BADNET_RX);
			if (!random_below(400)) {
				badnet_use(BADNET_TX, random_below(BADNET_NUM), random_length());
				badnet_publish(BADNET_TX);
			}
		}
		detach();
		rebind(false);
		attach();
		good("a reset of the device");
		detach();
	}
}
