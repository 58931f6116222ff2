// SPDX-License-Identifier: GPL-2.0-only
/* Tries to prove the verifier wrong about hwirq programs.
 *
 * Soundness: no run of an accepted program costs more than the bound that the
 * verifier proved for it. Random programs are loaded, and run by the interpreter
 * of interpret.c on inputs that are made to cost more and more. The kernel runs
 * some of these inputs, too: results that differ would mean that the interpreter
 * is wrong, or the JIT. For some programs the limit is set just below what a run
 * has cost: the kernel must refuse them then.
 *
 * Mutation: whatever the verifier makes of a slightly wrong program, the kernel
 * survives loading it, and running it if it was accepted.
 *
 * Program N of a seed is always the same one. Needs root and CONFIG_BPF_HWIRQ.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/bpf.h>

#include "fuzz.h"

#define JOBS_MAX       16
#define PATH_LIMIT     4096
#define INPUTS	       40  /* per program */
#define RUNS	       2   /* of them in the kernel, for every second program */
#define STATE_FREQ_MAX 500 /* instructions to look at, without the flag */

enum reason {
	REFUSED_COST,	 /* the path is too long, the program perhaps right */
	REFUSED_COMPLEX, /* too much work for the verifier */
	REFUSED_OTHER,
	REASONS
};

struct stats {
	uint64_t tried, accepted, refused[REASONS];
	uint64_t processed, exact, interpreted, insns, cost, bound, kernel_runs,
		compared;
	uint64_t tight_checked, tight_accepted;
	bool foreign; /* the program that is being checked comes from an object */
	double highest, lowest; /* executed / bound */
	uint64_t highest_at, lowest_at;
	double ratios;
};

static struct shared {
	atomic_ullong accepted;
	atomic_int failed;
	pthread_mutex_t limit_lock; /* the guest has no flock() */
	struct stats stats[JOBS_MAX];
} * shared;

static struct options {
	uint64_t seed;
	uint64_t count, mutants;
	uint64_t program; /* only this one */
	unsigned int jobs;
	bool verbose;
	const char *objects;
} opt;

/* What the self-test gets wrong on purpose. */
static struct {
	bool halve_bound, tight_too_high;
	bool silent;
} sabotage;

static const char *phase;

void rng_init(struct rng *r, uint64_t seed, uint64_t stream)
{
	r->state =
		seed * 0x9e3779b97f4a7c15ULL + stream * 0xd1b54a32d192ed03ULL;
	rng_next(r);
}

uint64_t rng_next(struct rng *r)
{
	uint64_t z = (r->state += 0x9e3779b97f4a7c15ULL); /* splitmix64 */

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

uint32_t below(struct rng *r, uint32_t limit)
{
	return (uint64_t)(uint32_t)rng_next(r) * limit >> 32;
}

/* Inputs. */

static void random_input(struct input *in, struct rng *r)
{
	uint32_t i, kind = below(r, 6);
	uint8_t fill = rng_next(r);

	in->len = one_in(r, 6) ? MIN_FRAME + below(r, 20) : 40 + below(r, 120);
	for (i = 0; i < in->len; i++)
		switch (kind) {
		case 0:
			in->frame[i] = 0;
			break;
		case 1:
			in->frame[i] = 0xff;
			break;
		case 2:
			in->frame[i] = fill;
			break;
		case 3:
			in->frame[i] = below(r, 16);
			break;
		default:
			in->frame[i] = rng_next(r);
			break;
		}
	in->ifindex = one_in(r, 2) ? 1 + below(r, 16) : rng_next(r);
	in->queue = one_in(r, 2) ? below(r, 16) : rng_next(r);
	in->cpu = below(r, world.cpus);
	in->timestamp = 1 + (rng_next(r) >> below(r, 60) >> 1);
	in->seed = rng_next(r);
	in->ring_used = one_in(r, 3) ? 8 * below(r, RING_SIZE / 8 + 2) : 0;
	if (one_in(r, 20))
		in->ring_used = rng_next(r); /* whatever the consumer says */
}

static void change_input(struct input *in, struct rng *r)
{
	int n = 1 + below(r, 4);

	while (n--)
		switch (below(r, 10)) {
		case 0:
			in->ifindex = one_in(r, 2) ? below(r, 256)
						   : rng_next(r);
			break;
		case 1:
			in->queue = one_in(r, 2) ? below(r, 256) : rng_next(r);
			break;
		case 2:
			in->timestamp = 1 + (rng_next(r) >> below(r, 60) >> 1);
			break;
		case 3:
			in->seed = rng_next(r);
			in->ring_used =
				one_in(r, 2) ? 0 : 8 * below(r, RING_SIZE / 8);
			break;
		case 4:
			in->frame[below(r, in->len)] ^= 1 << below(r, 8);
			break;
		case 5:
			in->frame[below(r, in->len)] = below(r, 16);
			break;
		default:
			in->frame[below(r, in->len)] = rng_next(r);
			break;
		}
}

/* Failures. */

struct failure {
	const struct mode *mode;
	struct input input;
	char what[256];
};

/* One write() each, as several processes do this. */
static void report(const struct program *p, const struct failure *fail,
		   uint64_t index)
{
	char comment[512], *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	snprintf(comment, sizeof(comment), "%s, seed %llu, program %llu: %s",
		 phase, (unsigned long long)opt.seed, (unsigned long long)index,
		 fail->what);
	fprintf(f, "fuzz: FAILED: %s\n--- reproducer ---\n", comment);
	reproducer_write(f, p, fail->mode, &fail->input, comment);
	fprintf(f, "--- end of reproducer ---\n");
	fclose(f);
	fflush(stdout);
	if (write(STDOUT_FILENO, text, size) < 0)
		perror("fuzz: write");
	free(text);
}

static unsigned int bound_of_last_load(void)
{
	unsigned int bound = kernel_bound();

	return sabotage.halve_bound ? (bound + 1) / 2 : bound;
}

/* Run p on many inputs. False, and *fail filled in, if one costs more than bound or
 * does what it must not do. The inputs in 'best' are worth running in the kernel.
 */
static bool explore(const struct program *p, const struct mode *mode,
		    uint64_t bound, struct rng *r, struct input *best,
		    uint64_t *highest, struct stats *st, struct failure *fail)
{
	static struct run run;
	struct input in;
	int i;

	*highest = 0;
	for (i = 0; i < INPUTS; i++) {
		if (i < INPUTS / 3) {
			random_input(&in, r);
		} else {
			in = *best;
			change_input(&in, r);
		}
		interpret(p, mode, &in, bound, &run);
		st->interpreted++;
		if (run.ending != ENDED_EXIT) {
			fail->mode = mode;
			fail->input = in;
			if (run.ending == ENDED_OVER)
				snprintf(
					fail->what, sizeof(fail->what),
					"a run costs %llu, the verified bound is %llu",
					(unsigned long long)run.cost,
					(unsigned long long)bound);
			else
				snprintf(fail->what, sizeof(fail->what),
					 "accepted, but instruction %d: %s",
					 run.pc, run.fault);
			return false;
		}
		st->cost += run.cost;
		st->insns += run.insns;
		if (run.cost >= *highest) {
			*highest = run.cost;
			*best = in;
		}
	}
	return true;
}

/* Does the kernel see what the interpreter sees? */
static bool compare_runs(const struct program *p, const struct mode *mode,
			 int fd, const struct input *in, struct stats *st,
			 struct failure *fail)
{
	static struct run run;
	uint8_t frame[MAX_FRAME];
	uint32_t retval, i;
	int err = kernel_run(fd, in, &retval, frame);

	fail->mode = mode;
	fail->input = *in;
	st->kernel_runs++;
	/* another process may be running a program with the same ring */
	if (err == -EBUSY && st->foreign)
		return true;
	if (err) {
		snprintf(fail->what, sizeof(fail->what),
			 "BPF_PROG_TEST_RUN: %s", strerror(-err));
		return false;
	}
	if (retval > HWIRQ_TX) {
		snprintf(fail->what, sizeof(fail->what), "verdict %u", retval);
		return false;
	}
	if (!p->deterministic)
		return true;
	st->compared++;
	interpret(p, mode, in, UINT64_MAX, &run);
	if (retval != run.retval) {
		snprintf(fail->what, sizeof(fail->what),
			 "the kernel returns %u, the interpreter %u", retval,
			 run.retval);
		return false;
	}
	for (i = 0; i < in->len; i++)
		if (frame[i] != run.frame[i]) {
			snprintf(
				fail->what, sizeof(fail->what),
				"byte %u is 0x%02x after the kernel, 0x%02x after the interpreter",
				i, frame[i], run.frame[i]);
			return false;
		}
	if (!ring_holds(&run.ring)) {
		snprintf(fail->what, sizeof(fail->what),
			 "the ring does not hold what the interpreter says");
		return false;
	}
	return true;
}

/* How many instructions the verifier looked at in the last load. */
static unsigned int processed(void)
{
	const char *line = strstr(kernel_log, "processed ");
	unsigned int n;

	return line && sscanf(line, "processed %u", &n) == 1 ? n : 0;
}

static void count_refusal(struct stats *st, uint64_t index)
{
	char *end = strstr(kernel_log, "verification time"), *line;

	if (strstr(kernel_log, "path cost "))
		st->refused[REFUSED_COST]++;
	else if (strstr(kernel_log, "too complex") ||
		 strstr(kernel_log, "too large"))
		st->refused[REFUSED_COMPLEX]++;
	else
		st->refused[REFUSED_OTHER]++;
	if (!opt.verbose)
		return;
	/* the last line, before the statistics */
	if (end)
		*(end > kernel_log ? end - 1 : end) = '\0';
	line = strrchr(kernel_log, '\n');
	printf("fuzz: %s: program %llu refused: %s\n", phase,
	       (unsigned long long)index, line ? line + 1 : kernel_log);
}

/* For the minimiser: does what fails still do so in the smaller program? */
struct again {
	const struct mode *mode;
	struct failure *fail;
	bool mismatch;
	uint64_t seed;
};

static bool still_fails(struct program *p, void *arg)
{
	struct again *again = arg;
	struct failure fail;
	struct stats st = { 0 };
	static struct run run;
	struct input best;
	uint64_t highest;
	struct rng r;
	bool ok;
	int fd;

	fd = kernel_load(p, 4);
	if (fd < 0)
		return false;
	if (again->mismatch) {
		ok = compare_runs(p, again->mode, fd, &again->fail->input, &st,
				  &fail);
	} else {
		interpret(p, again->mode, &again->fail->input,
			  bound_of_last_load(), &run);
		rng_init(&r, again->seed, 2);
		ok = run.ending == ENDED_EXIT &&
		     explore(p, again->mode, bound_of_last_load(), &r, &best,
			     &highest, &st, &fail);
		if (run.ending == ENDED_OVER) {
			fail = *again->fail;
			snprintf(fail.what, sizeof(fail.what),
				 "a run costs %llu, the verified bound is %u",
				 (unsigned long long)run.cost,
				 bound_of_last_load());
		} else if (run.ending == ENDED_FAULT) {
			fail = *again->fail;
		}
	}
	close(fd);
	if (!ok)
		*again->fail = fail;
	return !ok;
}

static uint64_t minimised_cnt;

static bool failed(struct program *p, struct failure *fail, bool mismatch,
		   uint64_t index)
{
	struct again again = { fail->mode, fail, mismatch, opt.seed };

	minimise(p, still_fails, &again);
	minimised_cnt = p->cnt;
	if (!sabotage.silent)
		report(p, fail, index);
	return false;
}

/* Was the program that was just loaded easy enough for the verifier to have it check
 * the program again, with a checkpoint at each instruction? That is, with as much
 * pruning as possible, but also with a lot of memory for checkpoints.
 */
static bool can_prune_more(void)
{
	return processed() <= STATE_FREQ_MAX;
}

static bool check_soundness(uint64_t index, const struct mode *mode,
			    struct stats *st)
{
	static struct program p;
	struct failure fail;
	struct input in;
	uint64_t highest, bound;
	struct rng r;
	double ratio;
	int fd, i;

	rng_init(&r, opt.seed, index);
	generate(&p, mode, &r);
	st->tried++;
	fd = kernel_load(&p, 4);
	st->processed += processed();
	if (fd < 0) {
		count_refusal(st, index);
		return true;
	}
	bound = bound_of_last_load();
	if (index % 4 == 2 && can_prune_more()) {
		close(fd);
		p.flags = BPF_F_TEST_STATE_FREQ;
		fd = kernel_load(&p, 4);
		if (fd < 0) {
			count_refusal(st, index);
			return true;
		}
		bound = bound_of_last_load();
	}
	st->accepted++;
	atomic_fetch_add(&shared->accepted, 1);
	if (!bound) {
		snprintf(fail.what, sizeof(fail.what), "no bound in the log");
		random_input(&fail.input, &r);
		fail.mode = mode;
		close(fd);
		report(&p, &fail, index);
		return false;
	}
	if (!explore(&p, mode, bound, &r, &in, &highest, st, &fail)) {
		close(fd);
		return failed(&p, &fail, false, index);
	}
	st->bound += bound;
	st->exact += highest == bound;
	ratio = (double)highest / bound;
	st->ratios += ratio;
	if (ratio > st->highest) {
		st->highest = ratio;
		st->highest_at = index;
	}
	if (ratio < st->lowest) {
		st->lowest = ratio;
		st->lowest_at = index;
	}
	for (i = 0; i < RUNS && !(index & 1); i++) {
		if (!compare_runs(&p, mode, fd, &in, st, &fail)) {
			close(fd);
			return failed(&p, &fail, true, index);
		}
		random_input(&in, &r);
	}
	close(fd);
	return true;
}

/* The limit is one for the whole system. */
static int load_with_limit(const struct program *p, unsigned int limit)
{
	int fd;

	/* Its holder may have died; the limit is set below in any case. */
	if (pthread_mutex_lock(&shared->limit_lock) == EOWNERDEAD)
		pthread_mutex_consistent(&shared->limit_lock);
	set_max_path(limit);
	fd = kernel_load(p, 4);
	set_max_path(PATH_LIMIT);
	pthread_mutex_unlock(&shared->limit_lock);
	return fd;
}

/* A limit below what a run costs must lead to a refusal, whatever was pruned. */
static bool check_tight(uint64_t index, const struct mode *mode,
			struct stats *st)
{
	static struct program p;
	struct failure fail;
	struct input in;
	uint64_t highest;
	unsigned int bound;
	struct rng r;
	int fd;

	rng_init(&r, opt.seed, index);
	generate(&p, mode, &r);
	st->tried++;
	fd = load_with_limit(&p, PATH_LIMIT);
	if (fd < 0) {
		count_refusal(st, index);
		return true;
	}
	close(fd);
	st->accepted++;
	atomic_fetch_add(&shared->accepted, 1);
	if (index % 4 == 2 && can_prune_more()) {
		p.flags = BPF_F_TEST_STATE_FREQ;
		fd = load_with_limit(&p, PATH_LIMIT);
		if (fd < 0)
			return true;
		close(fd);
	}
	if (!explore(&p, mode, kernel_bound(), &r, &in, &highest, st, &fail))
		return failed(&p, &fail, false, index);
	fail.mode = mode;
	fail.input = in;

	fd = load_with_limit(&p, highest - !sabotage.tight_too_high);
	st->tight_checked++;
	if (fd >= 0) {
		close(fd);
		snprintf(
			fail.what, sizeof(fail.what),
			"accepted under a limit of %llu, with the bound %u, but a run costs %llu",
			(unsigned long long)highest - 1, kernel_bound(),
			(unsigned long long)highest);
		if (!sabotage.silent)
			report(&p, &fail, index);
		return false;
	}
	/* With the limit at the cost of this run, the bound, if any, is in between. */
	fd = load_with_limit(&p, highest);
	if (fd < 0)
		return true;
	close(fd);
	st->tight_accepted++;
	bound = kernel_bound();
	if (bound != highest) {
		snprintf(
			fail.what, sizeof(fail.what),
			"a run costs %llu, which is the limit, but the bound is %u",
			(unsigned long long)highest, bound);
		report(&p, &fail, index);
		return false;
	}
	return true;
}

static bool check_mutant(uint64_t index, const struct mode *mode,
			 struct stats *st)
{
	static struct program p;
	struct failure fail;
	struct input in;
	uint64_t highest;
	unsigned int bound;
	struct rng r;
	int fd, i;

	rng_init(&r, opt.seed, index);
	st->foreign = mutant(&p, mode, &r);
	st->tried++;
	atomic_fetch_add(&shared->accepted, 1); /* all count */
	fd = kernel_load(&p, 4);
	if (fd < 0) {
		count_refusal(st, index);
		return true;
	}
	st->accepted++;
	bound = kernel_bound();
	fail.mode = mode;
	random_input(&fail.input, &r);
	if (!bound || bound > PATH_LIMIT) {
		close(fd);
		snprintf(fail.what, sizeof(fail.what),
			 "accepted with the bound %u", bound);
		report(&p, &fail, index);
		return false;
	}
	for (i = 0; i < 4; i++) {
		random_input(&in, &r);
		if (!compare_runs(&p, mode, fd, &in, st, &fail)) {
			close(fd);
			report(&p, &fail, index);
			return false;
		}
	}
	close(fd);
	/* The interpreter knows nothing of the maps of others. */
	if (!st->foreign &&
	    !explore(&p, mode, bound, &r, &in, &highest, st, &fail))
		return failed(&p, &fail, false, index);
	return true;
}

/* Phases: several processes share the programs of one. */

struct phase {
	const char *name;
	struct mode mode;
	bool (*check)(uint64_t index, const struct mode *mode,
		      struct stats *st);
};

static const struct phase capable = { "bound",
				      { true, false },
				      check_soundness };
static const struct phase unpriv = { "without CAP_PERFMON",
				     { false, false },
				     check_soundness };
static const struct phase blinded = { "with constant blinding",
				      { true, true },
				      check_soundness };
static const struct phase tight = { "limit", { true, false }, check_tight };
static const struct phase mutation = { "mutation",
				       { true, false },
				       check_mutant };
static const struct phase mutation_unpriv = { "mutation without CAP_PERFMON",
					      { false, false },
					      check_mutant };

static void work(const struct phase *ph, unsigned int job, unsigned int jobs,
		 uint64_t first, uint64_t count)
{
	struct stats *st = &shared->stats[job];
	uint64_t i;

	if (opt.program != UINT64_MAX) {
		if (job == 0 && opt.program >> 32 == first >> 32)
			shared->failed = !ph->check(opt.program, &ph->mode, st);
		return;
	}
	/* Without end if hardly anything is accepted. */
	for (i = first + job; i < first + 20 * count + 1000 + job; i += jobs) {
		char name[16];

		if (atomic_load(&shared->accepted) >= count || shared->failed)
			return;
		/* an oops names the process */
		snprintf(name, sizeof(name), "%c%u", ph->name[0], (uint32_t)i);
		prctl(PR_SET_NAME, name);
		if (!ph->check(i, &ph->mode, st)) {
			shared->failed = 1;
			return;
		}
	}
}

static bool run_phase(const struct phase *ph, uint64_t first, uint64_t count,
		      struct stats *sum)
{
	pthread_mutexattr_t attr;
	unsigned int job;
	bool ok = true;

	phase = ph->name;
	memset(shared, 0, sizeof(*shared));
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	if (pthread_mutex_init(&shared->limit_lock, &attr)) {
		fprintf(stderr, "fuzz: cannot make a lock\n");
		exit(2);
	}
	memset(sum, 0, sizeof(*sum));
	sum->lowest = 1;
	set_harden(ph->mode.blinding ? 2 : 0);
	fflush(stdout);
	for (job = 0; job < opt.jobs; job++) {
		pid_t pid = fork();

		if (pid < 0) {
			perror("fuzz: fork");
			exit(2);
		}
		shared->stats[job].lowest = 1;
		if (pid)
			continue;
		if (world.ring_fd >= 0) {
			close(world.ring_fd);
			if (!make_ring()) {
				perror("fuzz: cannot make a ring map");
				_exit(2);
			}
		}
		if (!ph->mode.perfmon && !drop_perfmon()) {
			perror("fuzz: cannot drop CAP_PERFMON");
			_exit(2);
		}
		if (!ph->mode.perfmon)
			world.mitigations = kernel_sanitizes();
		work(ph, job, opt.jobs, first, count);
		fflush(stdout);
		_exit(0);
	}
	for (job = 0; job < opt.jobs; job++) {
		int status;

		if (wait(&status) < 0 || !WIFEXITED(status) ||
		    WEXITSTATUS(status)) {
			printf("fuzz: %s: a process ended with status 0x%x\n",
			       phase, status);
			ok = false;
		}
	}
	set_harden(0);
	for (job = 0; job < opt.jobs; job++) {
		const struct stats *st = &shared->stats[job];
		int i;

		sum->tried += st->tried;
		sum->accepted += st->accepted;
		for (i = 0; i < REASONS; i++)
			sum->refused[i] += st->refused[i];
		sum->processed += st->processed;
		sum->exact += st->exact;
		sum->interpreted += st->interpreted;
		sum->insns += st->insns;
		sum->cost += st->cost;
		sum->bound += st->bound;
		sum->kernel_runs += st->kernel_runs;
		sum->compared += st->compared;
		sum->tight_checked += st->tight_checked;
		sum->tight_accepted += st->tight_accepted;
		sum->ratios += st->ratios;
		if (st->highest > sum->highest) {
			sum->highest = st->highest;
			sum->highest_at = st->highest_at;
		}
		if (st->lowest < sum->lowest) {
			sum->lowest = st->lowest;
			sum->lowest_at = st->lowest_at;
		}
	}
	return ok && !shared->failed;
}

static void show(const struct stats *st, time_t start)
{
	printf("fuzz: %s: %llu of %llu programs accepted (%.0f %%); refused: %llu for their cost, %llu too complex, %llu others; %ld s\n",
	       phase, (unsigned long long)st->accepted,
	       (unsigned long long)st->tried,
	       100.0 * st->accepted / (st->tried ?: 1),
	       (unsigned long long)st->refused[REFUSED_COST],
	       (unsigned long long)st->refused[REFUSED_COMPLEX],
	       (unsigned long long)st->refused[REFUSED_OTHER],
	       (long)(time(NULL) - start));
	if (st->bound)
		printf("fuzz: %s: executed/bound: tightest %.4f (program %llu), loosest %.4f (program %llu), mean %.4f; %llu exact; mean bound %.0f; the verifier looked at %.0f instructions each\n",
		       phase, st->highest, (unsigned long long)st->highest_at,
		       st->lowest, (unsigned long long)st->lowest_at,
		       st->ratios / st->accepted, (unsigned long long)st->exact,
		       (double)st->bound / st->accepted,
		       (double)st->processed / st->tried);
	if (st->interpreted)
		printf("fuzz: %s: %llu runs interpreted, mean cost %.0f, %.0f instructions\n",
		       phase, (unsigned long long)st->interpreted,
		       (double)st->cost / st->interpreted,
		       (double)st->insns / st->interpreted);
	if (st->tight_checked)
		printf("fuzz: %s: %llu programs refused just below their cost, %llu accepted just at it\n",
		       phase, (unsigned long long)st->tight_checked,
		       (unsigned long long)st->tight_accepted);
	if (st->kernel_runs)
		printf("fuzz: %s: %llu runs in the kernel, %llu with the interpreter's result\n",
		       phase, (unsigned long long)st->kernel_runs,
		       (unsigned long long)st->compared);
}

/* The programs have to be accepted often enough to mean something. */
static bool enough(const struct stats *st, const struct phase *ph,
		   uint64_t count)
{
	/* Without CAP_PERFMON, many paths are followed that no run takes. */
	unsigned int most_tries = ph->mode.perfmon ? 2 : 4;

	if (opt.program != UINT64_MAX)
		return true;
	if (st->accepted >= count && st->accepted * most_tries >= st->tried)
		return true;
	printf("fuzz: FAILED: %s: only %llu of %llu programs accepted\n", phase,
	       (unsigned long long)st->accepted, (unsigned long long)st->tried);
	return false;
}

/* In a process of its own, which gives up the capability. */
static bool sanitizes(void)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(drop_perfmon() && kernel_sanitizes());
	return pid > 0 && waitpid(pid, &status, 0) == pid &&
	       WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static bool soundness(void)
{
	/* The verifier needs much longer for what it sanitizes. */
	uint64_t without = opt.count / (sanitizes() ? 40 : 8);
	const struct {
		const struct phase *phase;
		uint64_t first, count;
	} part[] = {
		{ &capable, 0, opt.count - 2 * (opt.count / 8) - without },
		{ &unpriv, 1ULL << 32, without },
		{ &blinded, 2ULL << 32, opt.count / 8 },
		{ &tight, 3ULL << 32, opt.count / 8 },
	};
	uint64_t total = 0;
	struct stats st;
	size_t i;

	for (i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		time_t start = time(NULL);
		bool ok = run_phase(part[i].phase, part[i].first, part[i].count,
				    &st);

		show(&st, start);
		if (!ok || !enough(&st, part[i].phase, part[i].count))
			return false;
		total += st.accepted;
	}
	printf("fuzz: no run of %llu accepted programs costs more than its bound\n",
	       (unsigned long long)total);
	return true;
}

static bool mutate(void)
{
	const struct phase *const phases[] = { &mutation, &mutation_unpriv };
	struct stats st;
	size_t i;

	if (opt.objects && mutate_init(opt.objects) <= 0) {
		printf("fuzz: no program in %s\n", opt.objects);
		return false;
	}
	for (i = 0; i < 2; i++) {
		time_t start = time(NULL);
		bool ok = run_phase(phases[i], (4 + i) << 32,
				    i ? opt.mutants / 4
				      : opt.mutants - opt.mutants / 4,
				    &st);

		show(&st, start);
		if (!ok)
			return false;
		if (opt.program == UINT64_MAX &&
		    (!st.accepted || st.accepted == st.tried)) {
			printf("fuzz: FAILED: %s: %llu of %llu mutants accepted\n",
			       phase, (unsigned long long)st.accepted,
			       (unsigned long long)st.tried);
			return false;
		}
	}
	return true;
}

/* Self-test: each check has to fail when what it checks is wrong. */

static bool expect_failure(const char *what, const struct phase *ph)
{
	struct stats st;
	bool found;

	opt.jobs = 1;
	sabotage.silent = true;
	found = !run_phase(ph, 6ULL << 32, 3000, &st);
	printf("fuzz: self-test: %s: %s after %llu programs\n", what,
	       found ? "noticed" : "NOT NOTICED",
	       (unsigned long long)st.accepted);
	return found;
}

static bool interpreter_notices(const char *what, const char *expected,
				const struct bpf_insn *insn, int cnt)
{
	static const struct mode mode = { true, false };
	static struct program p;
	static struct run run;
	struct input in = { .len = MIN_FRAME };
	bool found;

	memcpy(p.insn, insn, cnt * sizeof(*insn));
	p.cnt = cnt;
	interpret(&p, &mode, &in, 1000, &run);
	found = expected ? run.ending == ENDED_FAULT &&
				   !strcmp(run.fault, expected)
			 : run.ending == ENDED_OVER;
	printf("fuzz: self-test: %s: %s\n", what,
	       found ? "noticed" : "NOT NOTICED");
	return found;
}

/* A minimised program is small, and all of it is needed. */
static bool minimiser_works(void)
{
	struct stats st;
	uint64_t i;

	phase = "bound";
	sabotage.silent = true;
	sabotage.halve_bound = true;
	minimised_cnt = 0;
	memset(&st, 0, sizeof(st));
	for (i = 0; i < 100; i++)
		if (!check_soundness((6ULL << 32) + i, &capable.mode, &st))
			break;
	sabotage.halve_bound = false;
	printf("fuzz: self-test: minimiser: %llu instructions left\n",
	       (unsigned long long)minimised_cnt);
	return minimised_cnt && minimised_cnt <= 30;
}

static bool self_test(void)
{
	const struct bpf_insn beyond[] = {
		INSN(BPF_LDX | BPF_MEM | BPF_W, 2, 1, 0, 0),
		INSN(BPF_LDX | BPF_MEM | BPF_H, 0, 2, MIN_FRAME - 1, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	const struct bpf_insn below_stack[] = {
		INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -520, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	const struct bpf_insn verdict[] = {
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, HWIRQ_TX + 1),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	const struct bpf_insn endless[] = {
		INSN(BPF_JMP | BPF_JA, 0, 0, -1, 0),
	};
	const struct weights right = weights;
	bool ok = true;

	ok &= interpreter_notices("load behind the frame", "load out of bounds",
				  beyond, 3);
	ok &= interpreter_notices("store below the stack",
				  "store out of bounds", below_stack, 2);
	ok &= interpreter_notices("verdict 4", "verdict out of range", verdict,
				  2);
	ok &= interpreter_notices("endless loop", NULL, endless, 1);

	sabotage.halve_bound = true;
	ok &= expect_failure("a bound that is half of the right one", &capable);
	sabotage.halve_bound = false;

	weights.div++;
	ok &= expect_failure("a division that costs 13, not 12", &capable);
	weights = right;
	weights.ctx_load++;
	ok &= expect_failure("a context load that costs 5, not 4", &capable);
	weights = right;
	weights.store_unpriv++;
	if (sanitizes())
		ok &= expect_failure("a store that costs 31 more, not 30",
				     &unpriv);
	else
		printf("fuzz: self-test: this kernel has no CPU mitigations, nothing is sanitized\n");
	weights = right;
	weights.blind_imm64++;
	ok &= expect_failure("a blinded constant that costs 12, not 9",
			     &blinded);
	weights = right;

	mistake = XOR_IS_OR;
	ok &= expect_failure("an interpreter that confuses XOR and OR",
			     &capable);
	if (world.ring_fd >= 0) {
		mistake = WRONG_RECORD;
		ok &= expect_failure("a record with a wrong bit", &capable);
	}
	mistake = NO_MISTAKE;

	sabotage.tight_too_high = true;
	ok &= expect_failure("a limit that is not below the cost", &tight);
	sabotage.tight_too_high = false;

	ok &= minimiser_works();
	return ok;
}

static bool replay(const char *path)
{
	static struct program p;
	static struct run run;
	struct failure fail;
	struct stats st = { 0 };
	struct input in;
	struct mode mode = { true, false };
	unsigned int bound;
	bool ok;
	FILE *f = fopen(path, "r");
	int fd;

	if (!f || !reproducer_read(f, &p, &mode, &in)) {
		fprintf(stderr, "cannot read %s\n", path);
		return false;
	}
	fclose(f);
	set_harden(mode.blinding ? 2 : 0);
	if (!mode.perfmon && !drop_perfmon()) {
		perror("fuzz: cannot drop CAP_PERFMON");
		return false;
	}
	world.mitigations = !mode.perfmon && kernel_sanitizes();
	fd = kernel_load(&p, 2);
	printf("%s", kernel_log);
	if (fd < 0) {
		printf("fuzz: refused: %s\n", strerror(-fd));
		return true;
	}
	bound = kernel_bound();
	interpret(&p, &mode, &in, UINT64_MAX, &run);
	printf("fuzz: bound %u, this run costs %llu, %s\n", bound,
	       (unsigned long long)run.cost, run.fault ?: "no fault");
	ok = compare_runs(&p, &mode, fd, &in, &st, &fail);
	if (!ok)
		printf("fuzz: %s\n", fail.what);
	return ok && run.ending == ENDED_EXIT && run.cost <= bound;
}

static void usage(FILE *f)
{
	fputs("usage: fuzz [OPTION]...\n"
	      "  --count N       check the bound of N accepted programs (10000)\n"
	      "  --mutants N     load N mutants (0)\n"
	      "  --objects DIR   of the programs in DIR/*.o, too\n"
	      "  --seed N        repeat a run (default: random, printed)\n"
	      "  --program N     only this program of the seed, as named in a report\n"
	      "  --jobs N        processes (default: CPUs)\n"
	      "  --verbose       say why programs are refused\n"
	      "  --self-test     does each check notice when something is wrong?\n"
	      "  --replay FILE   run a reproducer\n",
	      f);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "count", required_argument, NULL, 'c' },
		{ "mutants", required_argument, NULL, 'm' },
		{ "objects", required_argument, NULL, 'o' },
		{ "seed", required_argument, NULL, 's' },
		{ "program", required_argument, NULL, 'p' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "self-test", no_argument, NULL, 't' },
		{ "replay", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *file = NULL;
	bool test = false, ok = true;
	int c;

	opt.count = 10000;
	opt.program = UINT64_MAX;
	opt.seed = (uint32_t)time(NULL) ^ (uint32_t)getpid() << 16;
	if (getentropy(&c, sizeof(c)) == 0)
		opt.seed = (uint32_t)c;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'c':
			opt.count = strtoull(optarg, NULL, 0);
			break;
		case 'm':
			opt.mutants = strtoull(optarg, NULL, 0);
			break;
		case 'o':
			opt.objects = optarg;
			break;
		case 's':
			opt.seed = strtoull(optarg, NULL, 0);
			break;
		case 'p':
			opt.program = strtoull(optarg, NULL, 0);
			break;
		case 'j':
			opt.jobs = strtoul(optarg, NULL, 0);
			break;
		case 'v':
			opt.verbose = true;
			break;
		case 't':
			test = true;
			break;
		case 'r':
			file = optarg;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}

	if (!world_init())
		return 2;
	if (!opt.jobs || opt.jobs > JOBS_MAX)
		opt.jobs = world.cpus < JOBS_MAX ? world.cpus : JOBS_MAX;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		perror("fuzz: mmap");
		return 2;
	}
	set_max_path(PATH_LIMIT);

	if (file)
		return replay(file) ? 0 : 1;
	printf("fuzz: seed %llu, %u processes, %s the ring map\n",
	       (unsigned long long)opt.seed, opt.jobs,
	       world.ring_fd < 0 ? "without" : "with");
	if (test)
		return self_test() ? 0 : 1;
	if (opt.count)
		ok = soundness();
	if (ok && opt.mutants)
		ok = mutate();
	return ok ? 0 : 1;
}
