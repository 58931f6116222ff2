// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * test_pcapng.c - the capture files of templates/payload-logger, read back block by
 * block; that tcpdump reads them, too, the end-to-end tests show
 */
#include <errno.h>

#include "test.h"
#include "../../templates/payload-logger/pcapng.h"

static char *file;
static size_t file_len;

static uint32_t get32(size_t at)
{
	uint32_t value;

	assert_true(at + 4 <= file_len);
	memcpy(&value, file + at, 4);
	return value;
}

static unsigned int half(size_t at)
{
	uint16_t value;

	assert_true(at + 2 <= file_len);
	memcpy(&value, file + at, 2);
	return value;
}

/* Where the block ends; its lengths agree. */
static size_t block(size_t at, uint32_t type)
{
	uint32_t len = get32(at + 4);

	assert_int_equal(get32(at), type);
	assert_int_equal(len % 4, 0);
	assert_int_equal(get32(at + len - 4), len);
	return at + len;
}

/* Where the value of an option is, 0 if there is none; the list must have an end. */
static size_t option(size_t at, size_t end, unsigned int code, unsigned int *len)
{
	size_t found = 0;

	for (;;) {
		assert_true(at + 4 <= end - 4);
		*len = half(at + 2);
		if (half(at) == code && !found)
			found = at + 4;
		if (!half(at))
			break;
		at += 4 + (*len + 3) / 4 * 4;
	}
	assert_int_equal(at + 4, end - 4);
	if (found)
		*len = half(found - 2);
	return found;
}

static uint64_t option64(size_t at, size_t end, unsigned int code)
{
	unsigned int len;
	uint64_t value;

	at = option(at, end, code, &len);
	assert_true(at);
	assert_int_equal(len, 8);
	memcpy(&value, file + at, 8);
	return value;
}

static void blocks(void **state)
{
	static const unsigned char data[1600] = { 1, 2, 3, [1598] = 4, 5 };
	struct pcapng_packet p = { .data = data, .length = 9000, .queue = 3 };
	unsigned int len;
	size_t at, end;
	FILE *f;
	uint32_t i;

	(void)state;
	f = open_memstream(&file, &file_len);
	assert_int_equal(pcapng_begin(f, "eth0", 192), 0);
	for (i = 0; i < 1600; i++) {
		p.captured = i;
		p.time = 1700000000123456789ULL + i;
		p.lost = i % 3;
		assert_int_equal(pcapng_packet(f, &p), 0);
	}
	assert_int_equal(pcapng_end(f, p.time, 3200, 1600), 0);
	fclose(f);

	end = block(0, 0x0a0d0d0a);
	assert_int_equal(get32(8), 0x1a2b3c4d);
	assert_int_equal(half(12), 1);
	assert_int_equal(half(14), 0);
	assert_int_equal(get32(16) & get32(20), 0xffffffff);
	assert_true(option(24, end, 4, &len));

	at = end;
	end = block(at, 1);
	assert_int_equal(half(at + 8), 1);	/* Ethernet */
	assert_int_equal(get32(at + 12), 192);
	assert_memory_equal(file + option(at + 16, end, 2, &len), "eth0", 4);
	assert_int_equal(len, 4);
	assert_int_equal(file[option(at + 16, end, 9, &len)], 9);
	assert_int_equal(len, 1);

	for (i = 0; i < 1600; i++) {
		size_t opts;

		at = end;
		end = block(at, 6);
		assert_int_equal(get32(at + 8), 0);
		assert_int_equal((uint64_t)get32(at + 12) << 32 | get32(at + 16),
				 1700000000123456789ULL + i);
		assert_int_equal(get32(at + 20), i);
		assert_int_equal(get32(at + 24), 9000);
		assert_memory_equal(file + at + 28, data, i);
		opts = at + 28 + (i + 3) / 4 * 4;
		assert_int_equal(get32(option(opts, end, 2, &len)), 1);
		assert_int_equal(get32(option(opts, end, 6, &len)), 3);
		if (i % 3)
			assert_int_equal(option64(opts, end, 4), i % 3);
		else
			assert_false(option(opts, end, 4, &len));
	}
	at = end;
	end = block(at, 5);
	assert_int_equal(option64(at + 20, end, 4), 3200);
	assert_int_equal(option64(at + 20, end, 5), 1600);
	assert_int_equal(end, file_len);
	free(file);
}

static void errors(void **state)
{
	const struct pcapng_packet p = { .data = "", .captured = 1 };
	char name[4096];
	FILE *f;

	(void)state;
	f = fopen("/dev/full", "we");
	assert_non_null(f);
	setvbuf(f, NULL, _IONBF, 0);
	assert_int_equal(pcapng_begin(f, "eth0", 192), -ENOSPC);
	assert_int_equal(pcapng_packet(f, &p), -ENOSPC);
	assert_int_equal(pcapng_end(f, 0, 0, 0), -ENOSPC);
	fclose(f);
	/* longer than any name of an interface */
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	f = fopen("/dev/null", "we");
	assert_int_equal(pcapng_begin(f, name, 192), -E2BIG);
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks),
		cmocka_unit_test(errors),
	};

	return run_group("pcapng", tests);
}
