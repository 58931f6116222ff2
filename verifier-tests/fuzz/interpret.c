// SPDX-License-Identifier: GPL-2.0-only
/* A reference interpreter of hwirq programs as they are loaded, before the
 * verifier rewrites anything. It checks each access to memory, and adds up what
 * the path costs that it takes.
 */
#include <errno.h>
#include <string.h>

#include <linux/bpf.h>

#include "fuzz.h"

#define FRAMES	  8
#define STACK	  512
#define CSUM_MAX  512
#define STEPS_MAX (1 << 20)

enum mistake mistake;

struct vm {
	const struct program *p;
	const struct mode *mode;
	const struct input *in;
	struct run *out;
	struct rng rng;
	uint64_t reg[11];
	int pc, depth;
	struct {
		int pc;
		uint64_t saved[4];
	} caller[FRAMES];
	uint8_t stack[FRAMES][STACK] __attribute__((aligned(8)));
	struct hwirq_md ctx; /* only its address is used */
	/* The ring, and the record that is reserved. */
	uint8_t record[RING_SIZE] __attribute__((aligned(8)));
	uint8_t written[RING_SIZE];
	uint32_t record_len;
	bool reserved;
	uint64_t ring_used;
	char ring; /* its address stands for the map */
};

static bool fault(struct vm *v, const char *why)
{
	v->out->ending = ENDED_FAULT;
	v->out->fault = why;
	return false;
}

static bool within(uint64_t addr, uint64_t size, const void *start,
		   uint64_t len)
{
	uint64_t at = (uint64_t)(uintptr_t)start;

	return addr >= at && size <= len && addr - at <= len - size;
}

static bool accessible(struct vm *v, uint64_t addr, uint64_t size, bool write)
{
	return within(addr, size, v->out->frame, v->in->len) ||
	       within(addr, size, v->stack, (uint64_t)(v->depth + 1) * STACK) ||
	       (!write && within(addr, size, world.rodata, RODATA_SIZE)) ||
	       (v->reserved && within(addr, size, v->record, v->record_len));
}

static void *mem(uint64_t addr)
{
	return (void *)(uintptr_t)addr;
}

static unsigned int size_of(uint8_t code)
{
	switch (BPF_SIZE(code)) {
	case BPF_B:
		return 1;
	case BPF_H:
		return 2;
	case BPF_W:
		return 4;
	default:
		return 8;
	}
}

/* The program is about to write there, which is accessible. */
static void note_write(struct vm *v, uint64_t addr, uint64_t size)
{
	if (v->reserved && within(addr, size, v->record, v->record_len))
		memset(v->written + (addr - (uintptr_t)v->record), 1, size);
}

static uint64_t get(uint64_t addr, unsigned int size)
{
	uint64_t value = 0;

	memcpy(&value, mem(addr), size); /* little endian */
	return value;
}

static uint64_t sign_extend(uint64_t value, unsigned int bits)
{
	return (uint64_t)((int64_t)(value << (64 - bits)) >> (64 - bits));
}

static bool load_ctx(struct vm *v, const struct bpf_insn *insn, uint64_t off)
{
	unsigned int size = size_of(insn->code);
	bool sx = BPF_MODE(insn->code) == BPF_MEMSX;
	uint64_t *dst = &v->reg[insn->dst_reg];

	switch (off) {
	case offsetof(struct hwirq_md, data):
		*dst = (uintptr_t)v->out->frame;
		break;
	case offsetof(struct hwirq_md, data_end):
		*dst = (uintptr_t)v->out->frame + v->in->len;
		break;
	case offsetof(struct hwirq_md, ingress_ifindex):
		*dst = v->in->ifindex;
		break;
	case offsetof(struct hwirq_md, rx_queue_index):
		*dst = v->in->queue;
		break;
	case offsetof(struct hwirq_md, timestamp):
		*dst = v->in->timestamp;
		return size == 8 ? true
				 : fault(v, "context load of a wrong size");
	default:
		return fault(v, "context load at a wrong offset");
	}
	if (size != 4)
		return fault(v, "context load of a wrong size");
	if (sx)
		*dst = sign_extend(*dst, 32);
	return true;
}

static bool load(struct vm *v, const struct bpf_insn *insn)
{
	uint64_t addr = v->reg[insn->src_reg] + insn->off;
	unsigned int size = size_of(insn->code);

	if (!accessible(v, addr, size, false))
		return fault(v, "load out of bounds");
	v->reg[insn->dst_reg] = get(addr, size);
	if (BPF_MODE(insn->code) == BPF_MEMSX)
		v->reg[insn->dst_reg] =
			sign_extend(v->reg[insn->dst_reg], size * 8);
	return true;
}

static bool atomic(struct vm *v, const struct bpf_insn *insn)
{
	uint64_t addr = v->reg[insn->dst_reg] + insn->off;
	unsigned int size = size_of(insn->code);
	uint64_t old, new, operand = v->reg[insn->src_reg];
	uint64_t mask = size == 8 ? ~0ULL : 0xffffffff;

	if (size < 4 || !accessible(v, addr, size, true))
		return fault(v, "atomic operation out of bounds");
	old = get(addr, size);
	operand &= mask;
	new = old;
	switch (insn->imm & ~BPF_FETCH) {
	case BPF_ADD:
		new = old + operand;
		break;
	case BPF_OR:
		new = old | operand;
		break;
	case BPF_AND:
		new = old &operand;
		break;
	case BPF_XOR:
		new = old ^ operand;
		break;
	case BPF_XCHG & ~BPF_FETCH:
		new = operand;
		break;
	case BPF_CMPXCHG & ~BPF_FETCH:
		if (old == (v->reg[0] & mask))
			new = operand;
		break;
	default:
		return fault(v, "unknown atomic operation");
	}
	memcpy(mem(addr), &new, size);
	if (insn->imm == BPF_CMPXCHG)
		v->reg[0] = old;
	else if (insn->imm & BPF_FETCH)
		v->reg[insn->src_reg] = old;
	return true;
}

static uint64_t swap(uint64_t value, int bits)
{
	switch (bits) {
	case 16:
		return __builtin_bswap16(value);
	case 32:
		return __builtin_bswap32(value);
	default:
		return __builtin_bswap64(value);
	}
}

static uint64_t divide(uint64_t a, uint64_t b, bool mod, bool is_signed,
		       bool is32)
{
	if (!b)
		return mod ? a : 0;
	if (!is_signed)
		return mod ? a % b : a / b;
	if (is32) {
		int32_t x = a, y = b;

		if (y == -1) /* INT_MIN / -1 wraps */
			return mod ? 0 : (uint32_t) - (uint32_t)x;
		return (uint32_t)(mod ? x % y : x / y);
	}
	if ((int64_t)b == -1)
		return mod ? 0 : -a;
	return mod ? (int64_t)a % (int64_t)b : (int64_t)a / (int64_t)b;
}

static bool alu(struct vm *v, const struct bpf_insn *insn)
{
	bool is32 = BPF_CLASS(insn->code) == BPF_ALU;
	uint64_t *dst = &v->reg[insn->dst_reg], a = *dst;
	uint64_t b = BPF_SRC(insn->code) == BPF_X
			     ? v->reg[insn->src_reg]
			     : (uint64_t)(int64_t)insn->imm;
	unsigned int bits = is32 ? 32 : 64;

	if (BPF_OP(insn->code) == BPF_END) {
		if (!is32 || BPF_SRC(insn->code) == BPF_TO_BE)
			*dst = swap(a, insn->imm);
		else if (insn->imm < 64)
			*dst = a & ((1ULL << insn->imm) - 1);
		return true;
	}
	if (is32) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	switch (BPF_OP(insn->code)) {
	case BPF_ADD:
		a += b;
		break;
	case BPF_SUB:
		a -= b;
		break;
	case BPF_MUL:
		a *= b;
		break;
	case BPF_OR:
		a |= b;
		break;
	case BPF_AND:
		a &= b;
		break;
	case BPF_XOR:
		a = mistake == XOR_IS_OR ? a | b : a ^ b;
		break;
	case BPF_LSH:
		a <<= b & (bits - 1);
		break;
	case BPF_RSH:
		a >>= b & (bits - 1);
		break;
	case BPF_ARSH:
		a = is32 ? (uint32_t)((int32_t)a >> (b & 31))
			 : (uint64_t)((int64_t)a >> (b & 63));
		break;
	case BPF_NEG:
		a = -a;
		break;
	case BPF_MOV:
		a = insn->off ? sign_extend(b, insn->off) : b;
		break;
	case BPF_DIV:
	case BPF_MOD:
		a = divide(a, b, BPF_OP(insn->code) == BPF_MOD, insn->off == 1,
			   is32);
		break;
	default:
		return fault(v, "unknown ALU operation");
	}
	*dst = is32 ? (uint32_t)a : a;
	return true;
}

static bool taken(struct vm *v, const struct bpf_insn *insn)
{
	uint64_t a = v->reg[insn->dst_reg];
	uint64_t b = BPF_SRC(insn->code) == BPF_X
			     ? v->reg[insn->src_reg]
			     : (uint64_t)(int64_t)insn->imm;
	int64_t sa = a, sb = b;

	if (BPF_CLASS(insn->code) == BPF_JMP32) {
		a = (uint32_t)a;
		b = (uint32_t)b;
		sa = (int32_t)a;
		sb = (int32_t)b;
	}
	switch (BPF_OP(insn->code)) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSET:
		return a & b;
	case BPF_JSGT:
		return sa > sb;
	case BPF_JSGE:
		return sa >= sb;
	case BPF_JSLT:
		return sa < sb;
	default:
		return sa <= sb;
	}
}

/* One's complement sum of 32-bit words. It is 0 only if all of them are. */
static uint32_t csum_add(uint32_t a, uint32_t b)
{
	a += b;
	return a + (a < b);
}

/* csum_partial() */
static uint32_t csum_words(uint64_t addr, uint32_t size, uint32_t seed)
{
	uint32_t sum = 0;

	for (; size; size -= 4, addr += 4)
		sum = csum_add(sum, get(addr, 4));
	if (world.csum_folds) {
		sum = (sum & 0xffff) + (sum >> 16);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return csum_add(sum, seed);
}

static bool csum_diff(struct vm *v, uint64_t *bytes)
{
	uint64_t *r = v->reg;
	uint32_t from = r[2], to = r[4], sum = r[5];

	if (((from | to) & 3) || from + to > CSUM_MAX) {
		r[0] = -EINVAL;
		return true;
	}
	*bytes = from + to;
	if ((from && !accessible(v, r[1], from, false)) ||
	    (to && !accessible(v, r[3], to, false)))
		return fault(v, "bpf_csum_diff() out of bounds");
	if (from)
		sum = csum_add(sum, ~csum_words(r[1], from, 0));
	if (to)
		sum = csum_words(r[3], to, sum);
	r[0] = sum;
	return true;
}

static bool load_bytes(struct vm *v, uint64_t *bytes)
{
	uint64_t *r = v->reg;
	uint32_t off = r[2], len = r[4];

	if (!accessible(v, r[3], len, true))
		return fault(v, "bpf_xdp_load_bytes() out of bounds");
	*bytes = len;
	note_write(v, r[3], len);
	if ((uint64_t)off + len > v->in->len) {
		memset(mem(r[3]), 0, len);
		r[0] = -EINVAL;
	} else {
		memcpy(mem(r[3]), v->out->frame + off, len);
		r[0] = 0;
	}
	return true;
}

/* A record takes a header and is padded. */
static uint32_t record_size(uint64_t len)
{
	return (16 + len + 7) & ~7;
}

static bool ring_has_room(struct vm *v, uint64_t len)
{
	if (len <= RING_SIZE - 16 && !v->reserved &&
	    v->ring_used <= RING_SIZE &&
	    record_size(len) <= RING_SIZE - v->ring_used)
		return true;
	v->out->ring.dropped++;
	return false;
}

static void publish(struct vm *v, const void *data, const uint8_t *known,
		    uint32_t len)
{
	struct ring_output *ring = &v->out->ring;
	uint32_t at = ring->len;

	memset(ring->known + at, 0, record_size(len));
	memcpy(ring->data + at, &len, sizeof(len));
	memset(ring->known + at, 1, sizeof(len));
	memcpy(ring->data + at + 16, data, len);
	if (mistake == WRONG_RECORD && len)
		ring->data[at + 16] ^= 1;
	if (known)
		memcpy(ring->known + at + 16, known, len);
	else
		memset(ring->known + at + 16, 1, len);
	ring->len += record_size(len);
	v->ring_used += record_size(len);
}

static bool call_ring(struct vm *v, int id, uint64_t *bytes)
{
	uint64_t *r = v->reg;

	if (id == BPF_FUNC_ringbuf_submit || id == BPF_FUNC_ringbuf_discard) {
		if (!v->reserved || r[1] != (uintptr_t)v->record)
			return fault(v, "commits what is not a record");
		if (id == BPF_FUNC_ringbuf_submit)
			publish(v, v->record, v->written, v->record_len);
		v->reserved = false;
		return true;
	}
	if (r[1] != (uintptr_t)&v->ring)
		return fault(v, "not the ring");
	switch (id) {
	case BPF_FUNC_ringbuf_reserve:
		if (r[3] || !ring_has_room(v, r[2])) {
			r[0] = 0;
			return true;
		}
		v->reserved = true;
		v->record_len = r[2];
		memset(v->written, 0, sizeof(v->written));
		r[0] = (uintptr_t)v->record;
		return true;
	case BPF_FUNC_ringbuf_output:
		if (!accessible(v, r[2], r[3], false))
			return fault(v, "bpf_ringbuf_output() out of bounds");
		if (r[4] &
		    ~(uint64_t)(BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP)) {
			r[0] = -EINVAL;
		} else if (!ring_has_room(v, r[3])) {
			r[0] = -EAGAIN;
		} else {
			*bytes = r[3];
			publish(v, mem(r[2]), NULL, r[3]);
			r[0] = 0;
		}
		return true;
	default: /* bpf_ringbuf_query() */
		if (r[2] == BPF_RB_AVAIL_DATA)
			r[0] = v->ring_used;
		else if (r[2] == BPF_RB_RING_SIZE)
			r[0] = RING_SIZE;
		else if (r[2] == BPF_RB_CONS_POS || r[2] == BPF_RB_PROD_POS)
			r[0] = rng_next(&v->rng);
		else
			r[0] = 0;
		return true;
	}
}

static bool call(struct vm *v, int id)
{
	uint64_t *r = v->reg, bytes = 0;
	bool ok = true;
	int i;

	switch (id) {
	case BPF_FUNC_ktime_get_ns:
	case BPF_FUNC_ktime_get_boot_ns:
	case BPF_FUNC_ktime_get_tai_ns:
	case BPF_FUNC_jiffies64:
		r[0] = rng_next(&v->rng) >> below(&v->rng, 64);
		break;
	case BPF_FUNC_get_prandom_u32:
		r[0] = (uint32_t)rng_next(&v->rng);
		break;
	case BPF_FUNC_get_smp_processor_id:
		r[0] = v->in->cpu;
		break;
	case BPF_FUNC_get_numa_node_id:
		r[0] = 0;
		break;
	case BPF_FUNC_csum_diff:
		ok = csum_diff(v, &bytes);
		break;
	case BPF_FUNC_xdp_load_bytes:
		ok = load_bytes(v, &bytes);
		break;
	case BPF_FUNC_ringbuf_reserve:
	case BPF_FUNC_ringbuf_submit:
	case BPF_FUNC_ringbuf_discard:
	case BPF_FUNC_ringbuf_output:
	case BPF_FUNC_ringbuf_query:
		ok = call_ring(v, id, &bytes);
		break;
	default:
		return fault(v, "unknown helper");
	}
	v->out->cost += helper_weight(id, bytes);
	for (i = 1; i <= 5; i++)
		r[i] = rng_next(&v->rng);
	return ok;
}

static bool call_function(struct vm *v, int target)
{
	if (v->depth + 1 >= FRAMES)
		return fault(v, "calls nested too deep");
	v->caller[v->depth].pc = v->pc + 1;
	memcpy(v->caller[v->depth].saved, &v->reg[6],
	       sizeof(v->caller[0].saved));
	v->depth++;
	v->reg[10] = (uintptr_t)v->stack[v->depth] + STACK;
	v->pc = target;
	return true;
}

/* Execute what is at pc, except for its cost. */
static bool step(struct vm *v, const struct bpf_insn *insn)
{
	uint64_t addr;
	unsigned int size;

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		v->pc++;
		return alu(v, insn);
	case BPF_LDX:
		v->pc++;
		addr = v->reg[insn->src_reg] + insn->off - (uintptr_t)&v->ctx;
		if (addr < sizeof(v->ctx))
			return load_ctx(v, insn, addr);
		return load(v, insn);
	case BPF_ST:
	case BPF_STX:
		v->pc++;
		if (BPF_CLASS(insn->code) == BPF_STX &&
		    BPF_MODE(insn->code) == BPF_ATOMIC)
			return atomic(v, insn);
		addr = v->reg[insn->dst_reg] + insn->off;
		size = size_of(insn->code);
		if (!accessible(v, addr, size, true))
			return fault(v, "store out of bounds");
		note_write(v, addr, size);
		if (BPF_CLASS(insn->code) == BPF_ST)
			memcpy(mem(addr), &(int64_t){ insn->imm }, size);
		else
			memcpy(mem(addr), &v->reg[insn->src_reg], size);
		return true;
	case BPF_LD:
		v->pc += 2;
		if (insn->src_reg == BPF_PSEUDO_MAP_FD)
			v->reg[insn->dst_reg] = (uintptr_t)&v->ring;
		else if (insn->src_reg == BPF_PSEUDO_MAP_VALUE)
			v->reg[insn->dst_reg] =
				(uintptr_t)world.rodata + (uint32_t)insn[1].imm;
		else
			v->reg[insn->dst_reg] = (uint64_t)(uint32_t)insn[1].imm
							<< 32 |
						(uint32_t)insn->imm;
		return true;
	}

	switch (BPF_OP(insn->code)) {
	case BPF_JA:
		v->pc += 1 + (BPF_CLASS(insn->code) == BPF_JMP32 ? insn->imm
								 : insn->off);
		return true;
	case BPF_CALL:
		if (insn->src_reg == BPF_PSEUDO_CALL)
			return call_function(v, v->pc + 1 + insn->imm);
		v->pc++;
		return call(v, insn->imm);
	case BPF_EXIT:
		v->depth--;
		if (v->depth < 0)
			return true;
		v->pc = v->caller[v->depth].pc;
		memcpy(&v->reg[6], v->caller[v->depth].saved,
		       sizeof(v->caller[0].saved));
		v->reg[10] = (uintptr_t)v->stack[v->depth] + STACK;
		return true;
	}
	v->pc += 1 + (taken(v, insn) ? insn->off : 0);
	return true;
}

void interpret(const struct program *p, const struct mode *mode,
	       const struct input *in, uint64_t limit, struct run *out)
{
	static struct vm vm; /* its stack keeps garbage, which is welcome */
	struct vm *v = &vm;

	v->p = p;
	v->mode = mode;
	v->in = in;
	v->out = out;
	v->pc = 0;
	v->depth = 0;
	v->reserved = false;
	v->ring_used = in->ring_used;
	rng_init(&v->rng, in->seed, 1);
	memcpy(out->frame, in->frame, in->len);
	out->ring.len = 0;
	out->ring.dropped = 0;
	out->cost = 0;
	out->insns = 0;
	out->fault = NULL;
	v->reg[1] = (uintptr_t)&v->ctx;
	v->reg[10] = (uintptr_t)v->stack[0] + STACK;

	while (v->depth >= 0) {
		const struct bpf_insn *insn = &p->insn[v->pc];
		bool ctx_load;

		out->pc = v->pc;
		if (v->pc < 0 || v->pc >= p->cnt) {
			fault(v, "left the program");
			return;
		}
		ctx_load =
			BPF_CLASS(insn->code) == BPF_LDX &&
			v->reg[insn->src_reg] + insn->off - (uintptr_t)&v->ctx <
				sizeof(v->ctx);
		out->cost += insn_weight(insn, ctx_load, mode);
		out->insns++;
		if (!step(v, insn))
			return;
		if (out->cost > limit || out->insns > STEPS_MAX) {
			out->ending = ENDED_OVER;
			return;
		}
	}
	out->retval = v->reg[0];
	if (v->reserved) {
		fault(v, "exit with a reserved record");
		return;
	}
	if (out->retval > HWIRQ_TX) {
		fault(v, "verdict out of range");
		return;
	}
	out->ending = ENDED_EXIT;
}
