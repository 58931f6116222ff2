// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the test tools: a lab that overlooks a splat or builds wrong frames
 * would pass everything. With LAB_KERNEL and LAB_INITRAMFS in the environment
 * also with a guest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lab.h"

static void test_splats(void **state)
{
	static const char *const bad[] = {
		"[    3.1] BUG: KASAN: slab-use-after-free in foo+0x1/0x2",
		"[    3.1] WARNING: CPU: 0 PID: 1 at net/core/hwirq.c:1 foo+0x1/0x2",
		"[    3.1] WARNING: possible recursive locking detected",
		"WARNING: inconsistent lock state",
		"[ BUG: Invalid wait context ]",
		"BUG: sleeping function called from invalid context at mm/page_alloc.c:1",
		"BUG: scheduling while atomic: sh/1/0x00010002",
		"WARNING: suspicious RCU usage",
		"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
		"rcu: INFO: rcu_sched self-detected stall on CPU",
		"watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:1]",
		"INFO: task sh:1 blocked for more than 120 seconds.",
		"Oops: general protection fault, probably for non-canonical address",
		"Kernel panic - not syncing: Fatal exception in interrupt",
		"Call Trace:",
		"list_del corruption. prev->next should be x, but was y",
		"refcount_t: underflow; use-after-free.",
		"irq 27: nobody cared (try booting with the \"irqpoll\" option)",
		"NETDEV WATCHDOG: CPU: 0: transmit queue 0 timed out 5000 ms",
		"ODEBUG: free active (active state 0) object type: timer_list",
		"INFO: lockdep is turned off.",
		"hwirq: eth0: queue 0: detached: pool total=900 free=898 rx=0 tx=0 pass=0 lost=2",
		"hwirq: eth0: queue 0: detached: pool total=900 free=901 rx=0 tx=0 pass=0 lost=-1",
	};
	static const char *const good[] = {
		"[    0.0] Linux version 6.12.117-hwirq",
		"hwirq: eth0: queue 0: detached: pool total=900 free=900 rx=0 tx=0 pass=0 lost=0",
		"hwirq: eth0: attach refused: an XDP program is attached",
		"rcu: RCU lockdep checking is enabled.",
		"Lock dependency validator: Copyright (c) 2006 Red Hat, Inc., Ingo Molnar",
		"workqueue: round-robin CPU selection forced, expect performance impact",
		"kasan: KernelAddressSanitizer initialized",
		"DMA-API: preallocated 65536 debug entries",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!splat_match(bad[i]))
			fail_msg("no splat seen in: %s", bad[i]);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (splat_match(good[i]))
			fail_msg("splat seen in: %s", good[i]);
}

/* Computed by hand, not by frame.c */
static void test_known_frame(void **state)
{
	static const uint8_t known[] = {
		0x02, 0x00, 0x00, 0x00, 0x02, 0x15, 0x02, 0x00, 0x00, 0x00, 0x02, 0x99,
		0x08, 0x00, 0x45, 0x00, 0x00, 0x1c, 0x00, 0x01, 0x00, 0x00, 0x3f, 0x11,
		0x63, 0x5f, 0x0a, 0x00, 0x02, 0x63, 0x0a, 0x00, 0x02, 0x0f, 0x9c, 0x40,
		0x00, 0x07, 0x00, 0x08, 0x4b, 0x25,
	};
	struct udp u = udp_to_guest(7, 0, 1);
	struct frame f;

	(void)state;
	frame_udp(&f, &u);
	assert_int_equal(f.len, sizeof(known));
	assert_memory_equal(f.data, known, sizeof(known));
}

static void test_checksums(void **state)
{
	struct udp u = udp_to_guest(7, 0, 1);
	struct frame f;
	uint32_t pseudo;

	(void)state;
	for (u.payload = 0; u.payload < 200; u.payload++) {
		u.seed = u.payload;
		frame_udp(&f, &u);
		assert_int_equal(inet_sum(f.data + 14, 20, 0), 0);
		pseudo = 17 + 8 + u.payload + 0x0a00 + 0x0263 + 0x0a00 + 0x020f;
		assert_int_equal(inet_sum(f.data + 34, 8 + u.payload, pseudo), 0);
	}
	u.ip_options = 12;
	frame_udp(&f, &u);
	assert_int_equal(f.data[14], 0x48);
	assert_int_equal(inet_sum(f.data + 14, 32, 0), 0);
	f.data[22] = 1;
	frame_fix_ip(&f);
	assert_int_equal(inet_sum(f.data + 14, 32, 0), 0);
}

static void test_reply(void **state)
{
	struct udp u = udp_to_guest(7, 10, 1), r = udp_reply(&u), back = udp_reply(&r);
	struct frame f, g;

	(void)state;
	u.ttl = 64;
	frame_udp(&f, &u);
	frame_udp(&g, &back);
	assert_null(frame_diff(&f, &g));
	frame_udp(&g, &r);
	assert_memory_equal(f.data, g.data + 6, 6);
	assert_memory_equal(f.data + 26, g.data + 30, 4);
	assert_memory_equal(f.data + 34, g.data + 36, 2);
	assert_memory_equal(f.data + 40, g.data + 40, 12);	/* checksum, payload */
	g.data[50] ^= 1;
	frame_udp(&f, &r);
	assert_non_null(strstr(frame_diff(&g, &f), "offset 50"));
}

static void test_vlan_and_v6(void **state)
{
	struct udp u = udp_to_guest(7, 4, 1);
	struct frame f;

	(void)state;
	u.vlan[0] = 5;
	u.vlan[1] = 6;
	u.v6 = true;
	frame_udp(&f, &u);
	assert_memory_equal(f.data + 12, "\x88\xa8\x00\x05\x81\x00\x00\x06\x86\xdd\x60", 11);
	assert_int_equal(f.len, 14 + 8 + 40 + 8 + 4);
}

/* The guest side of it: each of these must be noticed. */

static struct lab lab;
static const struct lab_config plain = { .name = "plain", .nic = "dgram", .cpus = 1 };

static int boot(void **state)
{
	(void)state;
	lab.kernel = getenv("LAB_KERNEL");
	lab.initramfs = getenv("LAB_INITRAMFS");
	if (lab_boot(&lab, &plain)) {
		print_error("%s\n", lab_error());
		lab_shutdown(&lab);
		return -1;
	}
	return 0;
}

static void test_guest_splat(void **state)
{
	int tries, found = 0;

	(void)state;
	assert_int_equal(lab_check_log(&lab), 0);
	assert_int_equal(lab_run(&lab, "echo 'WARNING: CPU: 0 from a test' >/dev/kmsg"), 0);
	/* QEMU writes the log in its own time */
	for (tries = 0; !found && tries < 50; tries++) {
		found = lab_check_log(&lab);
		if (!found)
			usleep(100000);
	}
	assert_int_equal(found, -1);
	assert_non_null(strstr(lab_error(), "from a test"));
	assert_int_equal(lab_check_log(&lab), 0);
	/* The boot script looks at the whole log again. */
	assert_int_equal(lab_shutdown(&lab), -1);
}

static void test_guest_status(void **state)
{
	(void)state;
	assert_int_equal(lab_run(&lab, "echo out; echo err >&2; exit 7"), 7);
	assert_string_equal(lab.output, "out\nerr");
	assert_int_equal(lab_run(&lab, "true"), 0);
	assert_string_equal(lab.output, "");
	assert_int_equal(lab_run(&lab, "head -c 300000 /dev/zero | tr '\\0' x"), 0);
	assert_int_equal(lab.output_len, 300000);
	assert_int_equal(lab_shutdown(&lab), 0);
}

static void test_guest_death(void **state)
{
	(void)state;
	assert_int_equal(lab_run(&lab, "poweroff -f; sleep 100"), -1);
	assert_int_equal(lab_run(&lab, "true"), -1);
	assert_int_equal(lab_shutdown(&lab), -1);
}

static void test_guest_panic(void **state)
{
	(void)state;
	assert_int_equal(lab_run(&lab, "echo c >/proc/sysrq-trigger"), -1);
	assert_non_null(strstr(lab_error(), "panic"));
	assert_int_equal(lab_shutdown(&lab), -1);
}

static int run(const char *group, const struct CMUnitTest *tests, size_t n, const char *results)
{
	int failed = _cmocka_run_group_tests(group, tests, n, NULL, NULL);
	FILE *f = results ? fopen(results, "ae") : NULL;

	if (f) {
		fprintf(f, "%zu %d\n", n, failed);
		fclose(f);
	}
	return failed;
}

int main(void)
{
	const struct CMUnitTest host[] = {
		cmocka_unit_test(test_splats),
		cmocka_unit_test(test_known_frame),
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_reply),
		cmocka_unit_test(test_vlan_and_v6),
	};
	const struct CMUnitTest guest[] = {
		cmocka_unit_test_setup(test_guest_status, boot),
		cmocka_unit_test_setup(test_guest_splat, boot),
		cmocka_unit_test_setup(test_guest_death, boot),
		cmocka_unit_test_setup(test_guest_panic, boot),
	};
	const char *results = getenv("RESULTS");
	char patterns[256];
	int failed;

	snprintf(patterns, sizeof(patterns), "%s/splats", scripts_dir());
	if (splat_init(patterns)) {
		fprintf(stderr, "%s\n", lab_error());
		return 2;
	}
	failed = run("lab", host, sizeof(host) / sizeof(host[0]), results);
	if (getenv("LAB_KERNEL"))
		failed += run("lab with a guest", guest, sizeof(guest) / sizeof(guest[0]), results);
	return failed > 0;
}
