// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * measure.c - what a hard-IRQ program costs: its longest path as proved, the time of
 * test runs, and the time in the interrupt handler of a device
 */
#include <inttypes.h>
#include <time.h>

#include <hwirq_user.h>

enum { EXIT_USAGE = 2, FRAME_BYTES = 64, RUNS = 32 * 1000 };

static int path_cost(const struct bpf_program *prog)
{
	unsigned int cost;
	int err = hwirq_program__path_cost(prog, &cost);

	if (!err)
		printf("longest path: %u of at most %u\n", cost, hwirq_path_limit());
	return err;
}

/* Runs on one frame in hard IRQ, without a device. The frame holds zeros. */
static int test_run(const struct bpf_program *prog)
{
	unsigned char frame[FRAME_BYTES] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = RUNS);
	int err = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);

	if (err)
		fprintf(stderr, "measure: no test run: %s. A program with a ring has none while it is attached\n",
			strerror(-err));
	else
		printf("test run: verdict %u, %u ns each of %d\n", opts.retval, opts.duration,
		       RUNS);
	return err;
}

/* What the handler of a device really takes: driver, program and all. */
static int handler(const struct bpf_program *prog, const char *dev, unsigned int seconds)
{
	struct timespec ts = { .tv_sec = seconds };
	struct hwirq_link *link;
	struct hwirq_stats s;
	int err, ifindex = hwirq_ifindex(dev);

	if (ifindex < 0)
		return ifindex;
	err = hwirq_program__attach(prog, ifindex, HWIRQ_ALL_QUEUES, &link);
	if (err)
		return err;
	printf("attached for %u s\n", seconds);
	nanosleep(&ts, NULL);
	err = hwirq_link__stats(link, &s);
	hwirq_link__destroy(link);
	if (err)
		return err;
	printf("handler: %" PRIu64 " frames, %" PRIu64 " of them in hard IRQ; %" PRIu64 " ns for each of these, at most %" PRIu64 " ns at a time\n",
	       (uint64_t)s.packets, (uint64_t)s.hardirq_packets,
	       (uint64_t)(s.hardirq_packets ? s.ns_total / s.hardirq_packets : 0), (uint64_t)s.ns_max);
	return 0;
}

int main(int argc, char **argv)
{
	struct bpf_program *prog;
	struct bpf_object *obj;
	int err, seconds = 0;

	if (argc == 4)
		seconds = atoi(argv[3]);
	if (argc != 2 && seconds < 1) {
		fputs("Usage: measure OBJECT [DEV SECONDS]\n"
		      "Print the path cost of the first program in OBJECT and the time of a run;\n"
		      "with DEV also the time in its interrupt handler.\n", stderr);
		return EXIT_USAGE;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (hwirq_object__open(argv[1], NULL, &obj))
		return EXIT_FAILURE;
	err = hwirq_object__load(obj);
	prog = bpf_object__next_program(obj, NULL);
	if (!err)
		err = path_cost(prog);
	if (!err)
		err = test_run(prog);
	if (!err && argc == 4)
		err = handler(prog, argv[2], (unsigned int)seconds);
	bpf_object__close(obj);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
