// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * test_stats.c - what `hwirq stats` prints about a link that the tests make up
 *
 * The linker wraps syscall() and fopen() as for test_user.c: there is one link, whose
 * fdinfo is another text each time that the command looks for links.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/syscall.h>
#include <json-c/json.h>

#include "test.h"
#include "../command/command.h"

#define COUNTERS(packets, total, max) \
	"ifindex:\t1\nqueue:\tall\nirqs:\t1\npackets:\t" packets "\naborted:\t0\ndrop:\t0\n" \
	"pass:\t0\ntx:\t" packets "\ninvalid:\t0\nineligible:\t0\npool_empty:\t0\n" \
	"pass_full:\t0\ntx_full:\t0\nbusy:\t0\nnapi_packets:\t0\nhardirq_packets:\t" packets \
	"\nns_total:\t" total "\nns_max:\t" max "\nnapi_ns:\t0\naux_ns:\t0\nswitches:\t0\n" \
	"budget_hit:\t0\ntime_hit:\t0\nshare_hit:\t0\nmissed:\t0\nrests:\t0\naux_rests:\t0\nstarved:\t0\n" \
	"pool_total:\t0\npool_free:\t0\npool_rx:\t0\npool_tx:\t0\npool_pass:\t0\n"

static const char *texts[2];	/* of the first look and the second */
static unsigned int looks;
static char out[8192];

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

FILE *__wrap_fopen(const char *path, const char *mode)
{
	const char *text;

	if (strncmp(path, "/proc/self/fdinfo/", 18))
		return __real_fopen(path, mode);
	text = texts[looks > 1];
	return fmemopen((void *)(uintptr_t)text, strlen(text), "r");
}

static long fake_bpf(int cmd, union bpf_attr *attr)
{
	struct bpf_link_info info;

	switch (cmd) {
	case BPF_LINK_GET_NEXT_ID:
		if (!attr->start_id) {
			looks++;
			attr->next_id = 7;
			return 0;
		}
		errno = ENOENT;
		return -1;
	case BPF_LINK_GET_FD_BY_ID:
		return __real_syscall(__NR_openat, AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC);
	case BPF_OBJ_GET_INFO_BY_FD:
		memset(&info, 0, sizeof(info));
		info.type = BPF_LINK_TYPE_HWIRQ;
		info.id = 7;
		memcpy((void *)(uintptr_t)attr->info.info, &info, attr->info.info_len);
		return 0;
	}
	errno = ENOENT;
	return -1;
}

#include "fake_bpf.h"

/* One report, into out. */
static void stats(const char *before, const char *after, const char *option)
{
	char name[] = "hwirq stats", count[] = "--count=1", interval[] = "--interval=0.01";
	char *argv[] = { name, count, interval, (char *)(uintptr_t)option, NULL };
	int before_fd, fd, status;
	ssize_t n;

	looks = 0;
	texts[0] = before;
	texts[1] = after;
	fflush(stdout);
	before_fd = dup(STDOUT_FILENO);
	fd = memfd_create("stdout", MFD_CLOEXEC);
	dup2(fd, STDOUT_FILENO);
	status = do_stats(option ? 4 : 3, argv);
	fflush(stdout);
	dup2(before_fd, STDOUT_FILENO);
	close(before_fd);
	n = pread(fd, out, sizeof(out) - 1, 0);
	close(fd);
	assert_int_equal(status, 0);
	assert_int_equal(looks, 2);
	out[n > 0 ? n : 0] = '\0';
}

static void prints(const char *words)
{
	if (!strstr(out, words))
		fail_msg("no '%s' in: %s", words, out);
}

#define HIST "handler_ns_hist:\t"

/* Of two queues: 2 runs before the interval, in it 90, 9 and 1. */
static const char before[] = COUNTERS("2", "9000", "8000") HIST "0 4096:2\n";
static const char after[] = COUNTERS("102", "59000", "70000")
	HIST "0 480:45 960:9 4096:2\n" HIST "1 480:45 65536:1\n";

static void text(void **state)
{
	(void)state;
	stats(before, after, NULL);
	prints("lo queue all: ");
	prints(" 500 ns each; handler p50 511, p90 511, p99 1023, p99.9 73727, at most 70000 ns, 102 packets since attach\n");
	/* all that happened was before the interval */
	stats(before, before, NULL);
	prints("; handler p50 -, p90 -, p99 -, p99.9 -, at most 8000 ns, 2 packets since attach\n");
}

static void json(void **state)
{
	(void)state;
	stats(before, after, "--json");
	prints("\"mean_ns_per_packet\":500.0,\"p50_ns_of_handler\":511,\"p90_ns_of_handler\":511,\"p99_ns_of_handler\":1023,\"p99_9_ns_of_handler\":73727,\"max_ns_of_handler\":70000,");
	stats(before, before, "--json");
	prints("\"p50_ns_of_handler\":null,");
	prints("\"p99_9_ns_of_handler\":null,\"max_ns_of_handler\":8000,");
}

/* A kernel that keeps none */
static void no_histogram(void **state)
{
	(void)state;
	stats(COUNTERS("2", "9000", "8000"), COUNTERS("4", "18000", "8000"), NULL);
	prints(" 4500 ns each; handler p50 -, p90 -, p99 -, p99.9 -, at most 8000 ns");
	stats(COUNTERS("2", "9000", "8000"), COUNTERS("4", "18000", "8000"), "--json");
	prints("\"mean_ns_per_packet\":4500.0,\"max_ns_of_handler\":8000,");
	assert_null(strstr(out, "p50"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(json),
		cmocka_unit_test(no_histogram),
	};

	return run_group("stats", tests);
}
