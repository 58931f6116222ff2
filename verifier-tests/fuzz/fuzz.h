/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the fuzzer share; fuzz.c says what it is for. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <hwirq_abi.h>

#define MAX_INSNS   8192
#define MIN_FRAME   14 /* BPF_PROG_TEST_RUN asks for an Ethernet header */
#define MAX_FRAME   256
#define RODATA_SIZE 256
#define RING_SIZE   4096 /* a page, the smallest */

/* Newer than the distribution's <linux/bpf.h>. */
#ifndef BPF_MEMSX
#define BPF_MEMSX 0x80
#endif
#define MAP_TYPE_RING 62

#define INSN(c, d, s, o, i) \
	((struct bpf_insn){ .code = (c), \
			    .dst_reg = (d), \
			    .src_reg = (s), \
			    .off = (o), \
			    .imm = (i) })

struct rng {
	uint64_t state;
};

void rng_init(struct rng *r, uint64_t seed, uint64_t stream);
uint64_t rng_next(struct rng *r);
/* below(r, 0) is 0 */
uint32_t below(struct rng *r, uint32_t limit);
static inline bool one_in(struct rng *r, uint32_t n)
{
	return below(r, n) == 0;
}

/* How a program is loaded, as far as that changes what its path costs. */
struct mode {
	bool perfmon;  /* the loader has CAP_PERFMON */
	bool blinding; /* net.core.bpf_jit_harden is 2 */
};

struct program {
	struct bpf_insn insn[MAX_INSNS];
	int cnt;
	uint32_t flags; /* to load it with */
	/* A run of it has one result: no clock, no random number. */
	bool deterministic;
};

/* The outside world of the programs, set up once. */
struct world {
	int rodata_fd;
	uint8_t rodata[RODATA_SIZE];
	int ring_fd; /* -1 if this kernel has no ring map */
	unsigned int cpus;
	bool mitigations; /* programs of others than CAP_PERFMON are sanitized */
	/* csum_partial() folds a buffer's sum to 16 bits, as with CONFIG_GENERIC_CSUM
	 * (KASAN selects it). Only the sum modulo 0xffff is the same everywhere.
	 */
	bool csum_folds;
};

extern struct world world;

/* generate.c */
void generate(struct program *p, const struct mode *mode, struct rng *r);

/* weights.c */
struct weights {
	unsigned int insn, ctx_load, div, atomic;
	unsigned int alu_reg_unpriv, store_unpriv;
	unsigned int blind, blind_imm64;
};

extern struct weights weights;
unsigned int insn_weight(const struct bpf_insn *insn, bool ctx_load,
			 const struct mode *mode);
unsigned int helper_weight(int id, uint64_t bytes);

/* interpret.c */
struct input {
	uint32_t len;
	uint8_t frame[MAX_FRAME];
	uint32_t ifindex, queue, cpu;
	uint64_t timestamp;
	/* of what clocks and random numbers answer, and memory holds that the
	 * program has not written
	 */
	uint64_t seed;
	/* bytes of the ring that the consumer has not freed, or so it says */
	uint64_t ring_used;
};

/* What a run adds to the ring: the bytes, and which of them are known. Those of a
 * record that the program does not write are what was there before.
 */
struct ring_output {
	uint32_t len;
	uint64_t dropped;
	uint8_t data[RING_SIZE], known[RING_SIZE];
};

enum ending {
	ENDED_EXIT,
	ENDED_OVER,  /* the cost is above the limit */
	ENDED_FAULT, /* it did what no accepted program may do */
};

struct run {
	enum ending ending;
	uint64_t cost;
	uint64_t insns;
	uint32_t retval;
	uint8_t frame[MAX_FRAME];
	struct ring_output ring;
	int pc;
	const char *fault;
};

void interpret(const struct program *p, const struct mode *mode,
	       const struct input *in, uint64_t limit, struct run *out);
/* For the self-test: the kernel must be seen to disagree. */
extern enum mistake { NO_MISTAKE, XOR_IS_OR, WRONG_RECORD } mistake;

/* kernel.c */
#define LOG_SIZE (64 * 1024)
extern char kernel_log[LOG_SIZE];
bool world_init(void);
/* The new descriptor or -errno; log_level 4 gives the last lines only. */
int kernel_load(const struct program *p, int log_level);
/* The bound in the log of the last load, 0 if there is none. */
unsigned int kernel_bound(void);
/* Each process needs a ring of its own: a test run claims it. */
bool make_ring(void);
int kernel_run(int fd, const struct input *in, uint32_t *retval,
	       uint8_t *frame);
/* Does the ring hold what the last run should have written? */
bool ring_holds(const struct ring_output *expected);
void set_max_path(unsigned int limit);
void set_harden(unsigned int level);
bool drop_perfmon(void);
/* Call it without CAP_PERFMON. */
bool kernel_sanitizes(void);

/* repro.c */
void reproducer_write(FILE *f, const struct program *p, const struct mode *mode,
		      const struct input *in, const char *comment);
bool reproducer_read(FILE *f, struct program *p, struct mode *mode,
		     struct input *in);
/* Make p smaller as long as still_fails(p, arg). */
void minimise(struct program *p, bool (*still_fails)(struct program *, void *),
	      void *arg);

/* mutate.c */
/* How many programs there are, or -1. */
int mutate_init(const char *dir);
/* From a program of the directory (true), or else from a random one. */
bool mutant(struct program *p, const struct mode *mode, struct rng *r);

#endif /* FUZZ_H */
