/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * results.h - what the agents of one or several boots wrote, by cell
 *
 * Runs of the same cell are merged into one row. Times are ns.
 */
#ifndef HWIRQ_LAB_RESULTS_H
#define HWIRQ_LAB_RESULTS_H

#include <stdbool.h>
#include <stdio.h>

#include "cells.h"
#include "hist.h"

#define RUNS_MAX 64
#define FLAVOUR_MAX 32

/* Counters of the device and the load, by the agent's names; summed over the runs */
struct value {
	char key[32];
	double sum;
};

/* Who was in the way, from the run under attribution */
struct blame {
	bool late;		/* a late hard timer, else: while a frame waited */
	uint64_t count, max, sum;
	char who[48];		/* while a frame waited: the process, and in what it was */
	char *stack;		/* innermost function first, separated by '<' */
};

enum { HIST_LATENCY, HIST_LATENESS, HIST_PICKUP, HISTS };

struct row {
	struct lab_cell cell;
	char name[CELL_NAME_MAX];
	char flavour[FLAVOUR_MAX];	/* of the kernel */
	unsigned int runs;
	unsigned int merged;		/* of them: those that are no mere repetition */
	bool virtual_time;
	char kernel[64];
	struct hist hist[HISTS];
	struct value *values;
	size_t value_count;
	struct blame *blames;
	size_t blame_count;
	uint64_t digest[RUNS_MAX];	/* of all latencies in order */
	struct hist latency[RUNS_MAX];	/* of each run, for the spread */
	uint64_t planned[RUNS_MAX];
	char why[256];			/* of a failure; empty: none */
};

struct results {
	struct row *row;
	size_t rows;
};

/* 0, or -1 after a message: the file is not what an agent writes */
int results_read(struct results *rs, FILE *f, const char *name);
void results_free(struct results *rs);
/* By kernel, policy, load and system, as in the tables of cells.h */
void results_sort(struct results *rs);
/*
 * Look for what must not be: a cell that failed, one of @expected (a list of names
 * ending with NULL, may be NULL) without a result, and, in virtual time and without a
 * disk, runs that differ or fewer than @min_runs. Says what is wrong on @out. Return:
 * how many.
 */
unsigned int results_check(const struct results *rs, char *const *expected, unsigned int min_runs,
			   FILE *out);

const struct row *results_find(const struct results *rs, const char *flavour, const char *policy,
			       const char *load, const char *system);
double row_value(const struct row *r, const char *key, double none);
/* As hist_quantile(), over all planned packets of all runs */
enum hist_status row_quantile(const struct row *r, const struct quantile *q, uint64_t *value);
/* Least and greatest over the runs; @q NULL: of the maximum. False if there is none. */
bool row_spread(const struct row *r, const struct quantile *q, uint64_t *low, uint64_t *high);
/* Packets that were never answered */
double row_lost(const struct row *r);
/* What the load did meanwhile, as words; "-" for the load "none" */
void row_work(const struct row *r, char *buf, size_t size);

/* One line per cell, with a heading */
void results_csv(const struct results *rs, FILE *f);
/* 0 or -1 */
int results_json(const struct results *rs, FILE *f);

#endif
