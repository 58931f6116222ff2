// SPDX-License-Identifier: GPL-2.0-only
#include "cells.h"

#include <stdio.h>
#include <string.h>

const struct lab_policy lab_policies[] = {
	{ "now", "Linux 6.5 and later, as it is: softirqs run at once", false },
	{ "old", "before Linux 6.5: while ksoftirqd is runnable, softirqs are left to it", true },
};

const struct lab_load lab_loads[] = {
	{ "none", "nothing else runs", DISK_NONE },
	{ "cpu", "a process that counts", DISK_NONE },
	{ "tmpfs", "stress-ng --hdd 4 on tmpfs", DISK_NONE },
	{ "nic-32", "second NIC, bursts of 32 frames each ms through the stack to a socket", DISK_NONE },
	{ "nic-128", "the same, 128 frames", DISK_NONE },
	{ "nic-256", "the same, 256 frames", DISK_NONE },
	{ "timers", "64 expiring timers per tick, and inodes freed by RCU callbacks", DISK_NONE },
	{ "ahci-hdd", "stress-ng --hdd 4, ext4 on AHCI", DISK_AHCI },
	{ "ahci-fsync", "the same with fsync", DISK_AHCI },
	{ "ahci-direct", "the same with direct writes of 1 MiB", DISK_AHCI },
	{ "virtio-hdd", "stress-ng --hdd 4, ext4 on virtio-blk", DISK_VIRTIO },
	{ "virtio-fsync", "the same with fsync", DISK_VIRTIO },
	{ "virtio-direct", "the same with direct writes of 1 MiB", DISK_VIRTIO },
	{ "mixed", "ahci-fsync, tmpfs, timers, nic-32 and a counting process at once", DISK_AHCI },
};

const struct lab_system lab_systems[] = {
	{ "hwirq", "templates/echo in the hard interrupt handler", false },
	{ "xdp", "the same program as native XDP", false },
	{ "xdp-threaded", "the same under threaded NAPI, SCHED_FIFO 99", false },
	{ "afxdp", "AF_XDP socket, copy mode, busy polling", false },
	{ "socket", "UDP socket", false },
	{ "socket-fifo", "UDP socket, SCHED_FIFO 99", false },
	{ "hwirq-ring", "hwirq, and a record into the ring map", true },
	{ "xdp-map", "xdp, and the same record into an array map", true },
};

const size_t lab_policy_count = LAB_ARRAY_SIZE(lab_policies);
const size_t lab_load_count = LAB_ARRAY_SIZE(lab_loads);
const size_t lab_system_count = LAB_ARRAY_SIZE(lab_systems);

const char *lab_disk_name(enum lab_disk disk)
{
	switch (disk) {
	case DISK_AHCI:
		return "ahci";
	case DISK_VIRTIO:
		return "virtio";
	case DISK_NONE:
		break;
	}
	return "nodisk";
}

void lab_cell_name(const struct lab_cell *cell, char *buf, size_t size)
{
	snprintf(buf, size, "%s/%s/%s", cell->policy->name, cell->load->name, cell->system->name);
}

bool lab_cell_parse(const char *name, struct lab_cell *cell)
{
	char want[CELL_NAME_MAX];
	size_t p, l, s;

	for (p = 0; p < lab_policy_count; p++)
		for (l = 0; l < lab_load_count; l++)
			for (s = 0; s < lab_system_count; s++) {
				cell->policy = &lab_policies[p];
				cell->load = &lab_loads[l];
				cell->system = &lab_systems[s];
				lab_cell_name(cell, want, sizeof(want));
				if (!strcmp(want, name))
					return true;
			}
	return false;
}

static bool any_of(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(name, *list))
			return true;
	return false;
}

bool lab_cell_quick(const struct lab_cell *cell)
{
	static const char *const loads[] = { "none", "nic-128", "ahci-fsync", NULL };
	static const char *const systems[] = { "hwirq", "xdp", "xdp-threaded", "afxdp", "socket", NULL };

	/* The policy matters to disks; the rest is told by one of the two. */
	if (cell->policy->defer != (cell->load->disk != DISK_NONE))
		return false;
	return any_of(cell->load->name, loads) && any_of(cell->system->name, systems);
}

bool lab_cell_figure(const struct lab_cell *cell)
{
	static const char *const loads[] = { "none", "ahci-hdd", "ahci-fsync", "ahci-direct", NULL };
	static const char *const systems[] = { "hwirq", "xdp", "afxdp", "hwirq-ring", "xdp-map", NULL };

	return any_of(cell->load->name, loads) && any_of(cell->system->name, systems);
}
