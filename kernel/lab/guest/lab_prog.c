// SPDX-License-Identifier: GPL-2.0-only
/*
 * lab-prog xdp|xdp-map|hwirq-ring DEV - load one of the lab's BPF programs, keep it
 * attached until a signal
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <hwirq_user.h>

#include "common.h"
#include "hwirq_ring.skel.h"
#include "xdp_echo.skel.h"
#include "xdp_map.skel.h"

static uint64_t records;

static int attach_xdp(const struct bpf_program *prog, int ifindex)
{
	DECLARE_LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	int link = bpf_link_create(bpf_program__fd(prog), ifindex, BPF_XDP, &opts);

	return link < 0 ? -errno : link;
}

/* Attached links end with the process. */
static int run_xdp(int ifindex, const unsigned char *mac)
{
	struct xdp_echo_bpf *skel = xdp_echo_bpf__open();
	int err;

	if (!skel)
		return -errno;
	memcpy((void *)skel->rodata->own_mac, mac, 6);
	err = xdp_echo_bpf__load(skel);
	if (!err)
		err = attach_xdp(skel->progs.xdp_echo, ifindex);
	return err;
}

static int run_xdp_map(int ifindex, const unsigned char *mac)
{
	struct xdp_map_bpf *skel = xdp_map_bpf__open();
	int err;

	if (!skel)
		return -errno;
	memcpy((void *)skel->rodata->own_mac, mac, 6);
	err = xdp_map_bpf__load(skel);
	if (!err)
		err = attach_xdp(skel->progs.xdp_map, ifindex);
	return err;
}

static int on_record(void *ctx, void *data, size_t size)
{
	(void)ctx;
	(void)data;
	(void)size;
	records++;
	return 0;
}

static int run_ring(int ifindex, const unsigned char *mac, struct hwirq_queues **qs)
{
	struct hwirq_ring_bpf__rodata *config;
	const void *elf;
	unsigned int i;
	size_t size;
	int err;

	elf = hwirq_ring_bpf__elf_bytes(&size);
	err = hwirq_queues__open_mem(elf, size, NULL, ifindex, HWIRQ_ALL_QUEUES, qs);
	if (err)
		return err;
	for (i = 0; i < hwirq_queues__count(*qs); i++) {
		config = (struct hwirq_ring_bpf__rodata *)hwirq_queues__rodata(*qs, i, sizeof(*config));
		if (!config)
			return -EINVAL;
		memcpy((void *)config->own_mac, mac, 6);
	}
	return hwirq_queues__attach(*qs, NULL, NULL, on_record, NULL);
}

/* The records are read as they come; the frames were answered before. */
static int consume(struct hwirq_queues *qs)
{
	struct hwirq_stats stats;
	int err;

	while (!stop) {
		err = hwirq_ring__poll(hwirq_queues__ring(qs), -1);
		if (err < 0 && err != -EINTR)
			return err;
	}
	err = hwirq_queues__stats(qs, &stats);
	if (err)
		return err;
	hwirq_queues__detach(qs);
	hwirq_ring__consume(hwirq_queues__ring(qs));
	printf("served %" PRIu64 "\nrecords %" PRIu64 "\nhardirq %" PRIu64 "\n",
	       (uint64_t)stats.tx, records, (uint64_t)stats.hardirq_packets);
	return 0;
}

int main(int argc, char **argv)
{
	struct hwirq_queues *qs = NULL;
	unsigned char mac[6];
	int ifindex, err;

	if (argc != 3) {
		fputs("usage: lab-prog xdp|xdp-map|hwirq-ring DEV\n", stderr);
		return 2;
	}
	stop_on_signals();
	ifindex = (int)if_nametoindex(argv[2]);
	err = mac_of(argv[2], mac);
	if (!ifindex || err)
		return failed(argv[2], err ? err : ENODEV);
	if (!strcmp(argv[1], "xdp"))
		err = run_xdp(ifindex, mac);
	else if (!strcmp(argv[1], "xdp-map"))
		err = run_xdp_map(ifindex, mac);
	else if (!strcmp(argv[1], "hwirq-ring"))
		err = run_ring(ifindex, mac, &qs);
	else
		err = -EINVAL;
	if (err < 0)
		return failed(argv[1], err);
	ready();
	if (qs) {
		err = consume(qs);
		hwirq_queues__free(qs);
		return err ? failed("ring", err) : EXIT_SUCCESS;
	}
	while (!stop)
		pause();
	return EXIT_SUCCESS;
}
