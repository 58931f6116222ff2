// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* pcapng.c - blocks as in draft-ietf-opsawg-pcapng, in the byte order of this machine */
#include <errno.h>
#include <string.h>

#include "pcapng.h"

enum {
	BLOCK_INTERFACE = 1,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = 6,
	BLOCK_SECTION = 0x0a0d0d0a,
	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	LINKTYPE_ETHERNET = 1,

	OPT_END = 0,
	SHB_USERAPPL = 4,
	IF_NAME = 2,
	IF_TSRESOL = 9,
	EPB_FLAGS = 2,
	EPB_DROPCOUNT = 4,
	EPB_QUEUE = 6,
	ISB_IFRECV = 4,
	ISB_IFDROP = 5,

	TSRESOL_NS = 9,		/* 10 to the power of -9 */
	FLAG_INBOUND = 1,
};

/* All of a block but a packet's data; its length comes before and behind it. */
struct block {
	uint32_t type;
	uint32_t len;
	unsigned char body[256];
};

static void put(struct block *b, const void *data, size_t len)
{
	if (b->len + len <= sizeof(b->body))
		memcpy(b->body + b->len, data, len);
	b->len += (uint32_t)len;
}

static void put16(struct block *b, uint16_t value)
{
	put(b, &value, sizeof(value));
}

static void put32(struct block *b, uint32_t value)
{
	put(b, &value, sizeof(value));
}

/* Upper half first, whatever the byte order is. */
static void put_time(struct block *b, uint64_t time)
{
	put32(b, (uint32_t)(time >> 32));
	put32(b, (uint32_t)time);
}

static void put_option(struct block *b, uint16_t code, const void *data, size_t len)
{
	static const char zeros[4];

	put16(b, code);
	put16(b, (uint16_t)len);
	put(b, data, len);
	put(b, zeros, -len & 3);
}

static void put_option32(struct block *b, uint16_t code, uint32_t value)
{
	put_option(b, code, &value, sizeof(value));
}

static void put_option64(struct block *b, uint16_t code, uint64_t value)
{
	put_option(b, code, &value, sizeof(value));
}

static void put_end(struct block *b)
{
	put_option(b, OPT_END, "", 0);
}

static int write_all(FILE *f, const void *data, size_t len)
{
	errno = 0;
	if (!len || fwrite(data, 1, len, f) == len)
		return 0;
	return errno ? -errno : -EIO;
}

/* @data stands after @fixed bytes of the block, before its options. */
static int write_block(FILE *f, const struct block *b, size_t fixed,
		       const void *data, size_t data_len)
{
	static const char zeros[4];
	size_t padding = -data_len & 3;
	uint32_t total = (uint32_t)(b->len + data_len + padding) + 12;
	int err;

	if (b->len > sizeof(b->body))
		return -E2BIG;
	err = write_all(f, &b->type, sizeof(b->type));
	if (!err)
		err = write_all(f, &total, sizeof(total));
	if (!err)
		err = write_all(f, b->body, fixed);
	if (!err)
		err = write_all(f, data, data_len);
	if (!err)
		err = write_all(f, zeros, padding);
	if (!err)
		err = write_all(f, b->body + fixed, b->len - fixed);
	if (!err)
		err = write_all(f, &total, sizeof(total));
	return err;
}

int pcapng_begin(FILE *f, const char *ifname, uint32_t snaplen)
{
	struct block section = { .type = BLOCK_SECTION };
	struct block interface = { .type = BLOCK_INTERFACE };
	const unsigned char resolution = TSRESOL_NS;
	static const char app[] = "hwirq-sdk payload-logger";
	int err;

	put32(&section, BYTE_ORDER_MAGIC);
	put16(&section, 1);		/* version 1.0 */
	put16(&section, 0);
	put32(&section, ~0U);		/* length of the section: unknown */
	put32(&section, ~0U);
	put_option(&section, SHB_USERAPPL, app, sizeof(app) - 1);
	put_end(&section);

	put16(&interface, LINKTYPE_ETHERNET);
	put16(&interface, 0);
	put32(&interface, snaplen);
	put_option(&interface, IF_NAME, ifname, strlen(ifname));
	put_option(&interface, IF_TSRESOL, &resolution, 1);
	put_end(&interface);

	err = write_block(f, &section, section.len, NULL, 0);
	return err ? err : write_block(f, &interface, interface.len, NULL, 0);
}

int pcapng_packet(FILE *f, const struct pcapng_packet *p)
{
	struct block b = { .type = BLOCK_PACKET };
	size_t fixed;

	put32(&b, 0);			/* interface */
	put_time(&b, p->time);
	put32(&b, p->captured);
	put32(&b, p->length);
	fixed = b.len;
	put_option32(&b, EPB_FLAGS, FLAG_INBOUND);
	if (p->lost)
		put_option64(&b, EPB_DROPCOUNT, p->lost);
	put_option32(&b, EPB_QUEUE, p->queue);
	put_end(&b);
	return write_block(f, &b, fixed, p->data, p->captured);
}

int pcapng_end(FILE *f, uint64_t time, uint64_t received, uint64_t dropped)
{
	struct block b = { .type = BLOCK_STATISTICS };

	put32(&b, 0);			/* interface */
	put_time(&b, time);
	put_option64(&b, ISB_IFRECV, received);
	put_option64(&b, ISB_IFDROP, dropped);
	put_end(&b);
	return write_block(f, &b, b.len, NULL, 0);
}
