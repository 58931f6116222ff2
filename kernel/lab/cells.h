/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cells.h - what the lab compares: softirq policies x loads x systems
 *
 * A cell is named POLICY/LOAD/SYSTEM. Host and guest share these tables, so that a
 * name means the same to the runner, the guest's agent and the report.
 */
#ifndef HWIRQ_LAB_CELLS_H
#define HWIRQ_LAB_CELLS_H

#include <stdbool.h>
#include <stddef.h>

#define LAB_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define CELL_NAME_MAX 64
/*
 * Packets/s. Not 10,000, of which the period of the tick is a multiple: at that rate a boot's
 * packets meet the tick always or never, and its percentiles are luck.
 */
#define LAB_RATE 9999

enum lab_disk { DISK_NONE, DISK_AHCI, DISK_VIRTIO };

struct lab_policy {
	const char *name;
	const char *what;
	bool defer;		/* softirq.ksoftirqd_defer */
};

struct lab_load {
	const char *name;
	const char *what;
	enum lab_disk disk;
};

struct lab_system {
	const char *name;
	const char *what;
	bool map;		/* writes a record of each frame: the second experiment */
};

extern const struct lab_policy lab_policies[];
extern const struct lab_load lab_loads[];
extern const struct lab_system lab_systems[];
extern const size_t lab_policy_count, lab_load_count, lab_system_count;

struct lab_cell {
	const struct lab_policy *policy;
	const struct lab_load *load;
	const struct lab_system *system;
};

/* Is it one of ours? Fills @cell if so. */
bool lab_cell_parse(const char *name, struct lab_cell *cell);
void lab_cell_name(const struct lab_cell *cell, char *buf, size_t size);
const char *lab_disk_name(enum lab_disk disk);
/* Of two cells that the quick run and CI include; see README.md */
bool lab_cell_quick(const struct lab_cell *cell);
/* Do the figures of the paper come from such a cell? It gets ten times the packets. */
bool lab_cell_figure(const struct lab_cell *cell);

#endif
