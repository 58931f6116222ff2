// SPDX-License-Identifier: GPL-2.0-only
#include "badnet.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/virtio_ring.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness.h"

/* Everything is little-endian: the rings of virtio 1.0, and x86. */

static struct ring {
	uint64_t desc, avail, used;	/* guest-physical */
	uint16_t taken;			/* index of the next available entry */
	uint16_t next_used;		/* index of the next used entry */
} rings[BADNET_QUEUES];

static FILE *qtest;
static uint64_t msix_table;

/* One request of the qtest protocol; what follows "OK". */
__attribute__((format(printf, 1, 2)))
static const char *ask(const char *fmt, ...)
{
	static char line[2 * FRAME_MAX + 64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	check(fprintf(qtest, "%s\n", line) > 0 && !fflush(qtest) && fgets(line, sizeof(line), qtest) &&
	      !strncmp(line, "OK", 2), "QEMU's answer to a qtest request: %s", line);
	return line + 2;
}

static uint64_t number(const char *answer)
{
	return strtoull(answer, NULL, 0);
}

static void write_memory(uint64_t address, const void *data, size_t len)
{
	static char hex[2 * FRAME_MAX + 32];
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", p[i]);
	ask("write %#llx %#zx 0x%s", (unsigned long long)address, len, hex);
}

static uint16_t used_index(const struct ring *r)
{
	return number(ask("readw %#llx", (unsigned long long)r->used + offsetof(struct vring_used, idx)));
}

static uint64_t member(const char *json, const char *name)
{
	char key[32];
	const char *p;

	snprintf(key, sizeof(key), "\"%s\": ", name);
	p = strstr(json, key);
	check(p, "no '%s' in QEMU's answer: %s", name, json);
	return number(p + strlen(key));
}

static void find_ring(enum badnet_queue queue)
{
	struct ring *r = &rings[queue];
	char command[200];

	snprintf(command, sizeof(command),
		 "{\"execute\":\"x-query-virtio-queue-status\",\"arguments\":{\"path\":\"/machine/peripheral/nic0/virtio-backend\",\"queue\":%d}}",
		 queue);
	check(!lab_qmp(&lab, command), "%s", lab_error());
	check(member(lab.answer, "vring-num") == BADNET_NUM, "a ring of %d entries was expected: %s", BADNET_NUM,
	      lab.answer);
	r->desc = member(lab.answer, "vring-desc");
	r->avail = member(lab.answer, "vring-avail");
	r->used = member(lab.answer, "vring-used");
}

static void connect_qtest(void)
{
	struct timeval patience = { .tv_sec = 10 * lab.patience };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (qtest)
		fclose(qtest);
	snprintf(to.sun_path, sizeof(to.sun_path), "%s/qtest", lab.dir);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	qtest = fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) ? NULL : fdopen(fd, "r+e");
	check(qtest, "%s: %s", to.sun_path, strerror(errno));
}

void badnet_start(void)
{
	enum badnet_queue queue;

	connect_qtest();
	/* QEMU has the table at the start of the second BAR */
	msix_table = number(guest("sed -n 2p /sys/class/net/eth0/device/../resource"));
	for (queue = BADNET_RX; queue < BADNET_QUEUES; queue++) {
		find_ring(queue);
		rings[queue].next_used = used_index(&rings[queue]);
		rings[queue].taken = rings[queue].next_used;
	}
}

bool badnet_available(void)
{
	const struct ring *r = &rings[BADNET_RX];

	return number(ask("readw %#llx", (unsigned long long)r->avail + offsetof(struct vring_avail, idx))) != r->taken;
}

uint32_t badnet_take(void)
{
	struct ring *r = &rings[BADNET_RX];

	check(badnet_available(), "the driver has posted no buffer");
	return number(ask("readw %#llx", (unsigned long long)(r->avail + offsetof(struct vring_avail, ring) +
							       r->taken++ % BADNET_NUM * 2)));
}

uint32_t badnet_fill(uint32_t id, const struct virtio_net_hdr_v1 *hdr, const struct frame *f)
{
	uint64_t desc = rings[BADNET_RX].desc + id * sizeof(struct vring_desc);
	uint8_t data[sizeof(*hdr) + FRAME_MAX];
	size_t len = sizeof(*hdr) + f->len;

	check(number(ask("readl %#llx", (unsigned long long)desc + offsetof(struct vring_desc, len))) >= len,
	      "the driver's buffer is too short for a frame of %zu bytes", f->len);
	memcpy(data, hdr, sizeof(*hdr));
	memcpy(data + sizeof(*hdr), f->data, f->len);
	write_memory(number(ask("readq %#llx", (unsigned long long)desc)), data, len);
	return len;
}

static uint64_t used_entry(const struct ring *r, uint16_t index)
{
	return r->used + offsetof(struct vring_used, ring) + index % BADNET_NUM * sizeof(struct vring_used_elem);
}

void badnet_use(enum badnet_queue queue, uint32_t id, uint32_t len)
{
	struct vring_used_elem entry = { .id = id, .len = len };
	struct ring *r = &rings[queue];

	write_memory(used_entry(r, r->next_used++), &entry, sizeof(entry));
}

uint32_t badnet_last_used(enum badnet_queue queue)
{
	struct ring *r = &rings[queue];

	return number(ask("readl %#llx", (unsigned long long)used_entry(r, r->next_used - 1)));
}

void badnet_jump(enum badnet_queue queue, uint16_t n)
{
	rings[queue].taken += n;
	rings[queue].next_used += n;
}

/* What the driver has written to the MSI-X table is where the interrupt goes. */
static void interrupt(enum badnet_queue queue)
{
	/* vector 0 is for changes of the configuration */
	unsigned long long entry = msix_table + (1 + queue) * PCI_MSIX_ENTRY_SIZE;
	uint32_t address, data;

	address = number(ask("readl %#llx", entry + PCI_MSIX_ENTRY_LOWER_ADDR));
	data = number(ask("readl %#llx", entry + PCI_MSIX_ENTRY_DATA));
	ask("writel %#x %#x", address, data);
}

void badnet_publish(enum badnet_queue queue)
{
	struct ring *r = &rings[queue];

	ask("writew %#llx %#x", (unsigned long long)r->used + offsetof(struct vring_used, idx), r->next_used);
	if (!(number(ask("readw %#llx", (unsigned long long)r->avail)) & VRING_AVAIL_F_NO_INTERRUPT))
		interrupt(queue);
}

#define KERNEL_MAP	0xffffffff80000000ull	/* where x86-64 maps physical address 0 */
#define CALL_LEN	5			/* call rel32, and mov imm32,%eax */
#define CODE_MAX	32768			/* bytes of a function */

/* Code that was replaced, to be put back by badnet_mend() */
static struct patch {
	unsigned long long address;	/* physical */
	char was[32];			/* as QEMU gave it */
} patches[32];
static unsigned int npatches;

static void put_code(unsigned long long address, const uint8_t *code, size_t len)
{
	struct patch *p = &patches[npatches++];

	check(npatches <= sizeof(patches) / sizeof(patches[0]), "too many places to patch");
	p->address = address;
	snprintf(p->was, sizeof(p->was), "%#zx %s", len, ask("read %#llx %#zx", address, len) + 1);
	p->was[strcspn(p->was, "\n")] = '\0';
	write_memory(address, code, len);
}

void badnet_mend(void)
{
	while (npatches) {
		const struct patch *p = &patches[--npatches];

		ask("write %#llx %s", p->address, p->was);
	}
}

/* mov $value,%eax */
static void load_result(uint8_t insn[CALL_LEN], int32_t value)
{
	insn[0] = 0xb8;
	memcpy(insn + 1, &value, sizeof(value));
}

static void read_memory(uint64_t address, uint8_t *data, size_t len)
{
	size_t i, part;

	for (; len; address += part, data += part, len -= part) {
		const char *hex;

		part = len < FRAME_MAX ? len : FRAME_MAX;
		hex = ask("read %#llx %#zx", (unsigned long long)address, part) + strlen(" 0x");
		for (i = 0; i < part; i++)
			check(sscanf(hex + 2 * i, "%2hhx", &data[i]) == 1, "QEMU's answer is too short");
	}
}

static uint64_t address_of(const char *function)
{
	uint64_t address;

	address = strtoull(guest("awk '$3 == \"%s\" { print $1 }' /proc/kallsyms", function), NULL, 16);
	check(address > KERNEL_MAP, "the guest's kernel has no function %s", function);
	return address;
}

/* Patch the calls of one function in the code from start to end. */
static void break_calls_in(uint64_t start, uint64_t end, uint64_t function, int32_t value)
{
	static uint8_t code[CODE_MAX];
	uint8_t insn[CALL_LEN];
	uint64_t at;
	int32_t rel;

	check(end - start <= sizeof(code), "%llu bytes are too long for a function", (unsigned long long)(end - start));
	read_memory(start - KERNEL_MAP, code, end - start);
	load_result(insn, value);
	for (at = 0; at + CALL_LEN <= end - start; at++) {
		memcpy(&rel, code + at + 1, sizeof(rel));
		if (code[at] == 0xe8 && start + at + CALL_LEN + rel == function)
			put_code(start + at - KERNEL_MAP, insn, sizeof(insn));
	}
}

void badnet_break_calls(const char *function, int32_t value, const char *callers)
{
	uint64_t target = address_of(function);
	unsigned long long start, end;
	const char *list;
	char ranges[1024];
	int n;

	/* a function ends where the next one begins */
	snprintf(ranges, sizeof(ranges), "%s",
		 guest("awk 'start { print start, $1; start = \"\" } $3 ~ /%s/ { start = $1 }' /proc/kallsyms", callers));
	connect_qtest();
	for (list = ranges; sscanf(list, "%llx %llx%n", &start, &end, &n) == 2; list += n)
		break_calls_in(start, end, target, value);
	check(npatches, "nothing in %s calls %s", callers, function);
}

int badnet_run_failing(const char *function, int32_t value, const char *cmd)
{
	unsigned long long address = address_of(function) - KERNEL_MAP;
	uint8_t insns[CALL_LEN + 1];
	int status;

	load_result(insns, value);
	insns[CALL_LEN] = 0xc3;	/* ret */
	connect_qtest();
	put_code(address, insns, sizeof(insns));
	status = lab_run(&lab, "%s", cmd);
	badnet_mend();
	check(status >= 0, "%s", lab_error());
	return status;
}
