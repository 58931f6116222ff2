// SPDX-License-Identifier: GPL-2.0-only
/*
 * lab-afxdp DEV - answer datagrams through an AF_XDP socket that busy-polls
 *
 * Copy mode, queue 0. The process drives NAPI itself (SO_PREFER_BUSY_POLL) and never
 * sleeps, as a DPDK program would not. What to answer and how is the echo template,
 * compiled for the host.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <sys/mman.h>
#include <xdp/xsk.h>
#include <hwirq_abi.h>

#include "common.h"
#include "xsk.skel.h"

#define FRAMES 4096
#define FRAME_SIZE XSK_UMEM__DEFAULT_FRAME_SIZE
#define RING 2048
#define BATCH 64
#define BUSY_POLL_US 20
#ifndef SO_PREFER_BUSY_POLL
#define SO_PREFER_BUSY_POLL 69
#define SO_BUSY_POLL_BUDGET 70
#endif

int echo(struct hwirq_md *ctx);
extern volatile unsigned char own_mac[6];

struct port {
	struct xsk_socket *xsk;
	struct xsk_umem *umem;
	struct xsk_ring_cons rx, comp;
	struct xsk_ring_prod tx, fill;
	unsigned char *area;
	uint64_t served;
	int fd;
};

/* The template's pointers are 32 bits wide, as in its context. */
static int open_umem(struct port *p)
{
	const struct xsk_umem_config config = {
		.fill_size = RING,
		.comp_size = RING,
		.frame_size = FRAME_SIZE,
	};
	uint32_t at, i;
	int err;

	p->area = (unsigned char *)mmap(NULL, (size_t)FRAMES * FRAME_SIZE, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_32BIT, -1, 0);
	if (p->area == MAP_FAILED)
		return -errno;
	err = xsk_umem__create(&p->umem, p->area, (uint64_t)FRAMES * FRAME_SIZE, &p->fill, &p->comp,
			       &config);
	if (err)
		return err;
	if (xsk_ring_prod__reserve(&p->fill, RING, &at) != RING)
		return -ENOSPC;
	for (i = 0; i < RING; i++)
		*xsk_ring_prod__fill_addr(&p->fill, at + i) = (uint64_t)i * FRAME_SIZE;
	xsk_ring_prod__submit(&p->fill, RING);
	return 0;
}

static int open_socket(struct port *p, const char *dev, int map)
{
	const struct xsk_socket_config config = {
		.rx_size = RING,
		.tx_size = RING,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_COPY,
	};
	int one = 1, us = BUSY_POLL_US, budget = BATCH, err;

	err = xsk_socket__create(&p->xsk, dev, 0, p->umem, &p->rx, &p->tx, &config);
	if (err)
		return err;
	p->fd = xsk_socket__fd(p->xsk);
	if (setsockopt(p->fd, SOL_SOCKET, SO_PREFER_BUSY_POLL, &one, sizeof(one)) ||
	    setsockopt(p->fd, SOL_SOCKET, SO_BUSY_POLL, &us, sizeof(us)) ||
	    setsockopt(p->fd, SOL_SOCKET, SO_BUSY_POLL_BUDGET, &budget, sizeof(budget)))
		return -errno;
	return xsk_socket__update_xskmap(p->xsk, map);
}

static int attach(const char *dev, struct xsk_bpf **skel)
{
	DECLARE_LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	int link;

	*skel = xsk_bpf__open_and_load();
	if (!*skel)
		return -errno;
	link = bpf_link_create(bpf_program__fd((*skel)->progs.to_socket), (int)if_nametoindex(dev),
			       BPF_XDP, &opts);
	return link < 0 ? -errno : 0;
}

static void refill(struct port *p, uint64_t addr)
{
	uint32_t at;

	/* Never more buffers than the ring holds. */
	if (xsk_ring_prod__reserve(&p->fill, 1, &at) != 1)
		return;
	*xsk_ring_prod__fill_addr(&p->fill, at) = addr & ~(uint64_t)(FRAME_SIZE - 1);
	xsk_ring_prod__submit(&p->fill, 1);
}

/* Sent buffers receive again. */
static void reclaim(struct port *p)
{
	uint32_t n, at, i;

	n = (uint32_t)xsk_ring_cons__peek(&p->comp, BATCH, &at);
	for (i = 0; i < n; i++)
		refill(p, *xsk_ring_cons__comp_addr(&p->comp, at + i));
	xsk_ring_cons__release(&p->comp, n);
}

static bool answer(struct port *p, const struct xdp_desc *desc)
{
	unsigned char *data = p->area + desc->addr;
	struct hwirq_md ctx = { .data = (__u32)(uintptr_t)data };
	uint32_t at;

	ctx.data_end = ctx.data + desc->len;
	if (echo(&ctx) != HWIRQ_TX || xsk_ring_prod__reserve(&p->tx, 1, &at) != 1)
		return false;
	*xsk_ring_prod__tx_desc(&p->tx, at) = (struct xdp_desc){ .addr = desc->addr, .len = desc->len };
	xsk_ring_prod__submit(&p->tx, 1);
	return true;
}

static void poll_once(struct port *p)
{
	uint32_t n, at, i, sent = 0;

	recvfrom(p->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
	n = (uint32_t)xsk_ring_cons__peek(&p->rx, BATCH, &at);
	for (i = 0; i < n; i++) {
		const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&p->rx, at + i);

		if (answer(p, desc))
			sent++;
		else
			refill(p, desc->addr);
	}
	if (!n)
		return;
	xsk_ring_cons__release(&p->rx, n);
	while (sent && sendto(p->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 &&
	       (errno == EAGAIN || errno == EBUSY) && !stop)
		;
	p->served += sent;
	reclaim(p);
}

int main(int argc, char **argv)
{
	struct xsk_bpf *skel = NULL;
	struct port p = { 0 };
	int err;

	if (argc != 2) {
		fputs("usage: lab-afxdp DEV\n", stderr);
		return 2;
	}
	stop_on_signals();
	err = mac_of(argv[1], (unsigned char *)own_mac);
	if (!err)
		err = attach(argv[1], &skel);
	if (!err)
		err = open_umem(&p);
	if (!err)
		err = open_socket(&p, argv[1], bpf_map__fd(skel->maps.sockets));
	if (err)
		return failed(argv[1], err);
	ready();
	while (!stop)
		poll_once(&p);
	printf("served %" PRIu64 "\n", p.served);
	return EXIT_SUCCESS;
}
