// SPDX-License-Identifier: GPL-2.0-only
/*
 * lab-spin - a process that only counts, and so tells what share of a CPU it got
 *
 * The counter lies in a file that the agent maps, so that it can be read over the
 * time of a measurement: lab-spin FILE. "lab-spin --calibrate" prints how many ns a
 * step takes when nothing else wants the CPU: the least over several rounds.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>

#include "common.h"

#define STEP 4	/* turns of the loop that are counted as one */

/*
 * Long stretches of nothing: to an emulator a block of 500 such instructions is hardly more
 * work than one, so the idle part of virtual time, which this fills, is soon over.
 */
static void step(void)
{
	int i;

	for (i = 0; i < STEP; i++)
		__asm__ volatile(".rept 500\n\tnop\n\t.endr");
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int calibrate(void)
{
	uint64_t best = UINT64_MAX, t;
	int round, i;

	for (round = 0; round < 100; round++) {
		t = now();
		for (i = 0; i < 100; i++)
			step();
		t = now() - t;
		if (t < best)
			best = t;
	}
	printf("%" PRIu64 "\n", best / 100);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	volatile uint64_t *count;
	int fd;

	if (argc == 2 && !strcmp(argv[1], "--calibrate"))
		return calibrate();
	if (argc != 2) {
		fputs("usage: lab-spin FILE | --calibrate\n", stderr);
		return 2;
	}
	stop_on_signals();
	fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*count)))
		return failed(argv[1], errno);
	count = (volatile uint64_t *)mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (count == MAP_FAILED)
		return failed("mmap", errno);
	*count = 0;
	ready();
	while (!stop) {
		step();
		(*count)++;
	}
	printf("count %" PRIu64 "\n", *count);
	return EXIT_SUCCESS;
}
