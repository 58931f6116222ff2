// SPDX-License-Identifier: GPL-2.0-only
/* What instructions and helpers cost, after the tables of
 * Documentation/bpf/prog_hwirq.rst and nothing else: had this been taken from
 * the verifier, both could be wrong in the same way. A kernel that runs without
 * CPU mitigations does not sanitize anything.
 */
#include <linux/bpf.h>

#include "fuzz.h"

struct weights weights = {
	.insn = 1,
	.ctx_load = 4,
	.div = 12,
	.atomic = 20,
	.alu_reg_unpriv = 10,
	.store_unpriv = 30,
	.blind = 3,
	.blind_imm64 = 3,
};

unsigned int insn_weight(const struct bpf_insn *insn, bool ctx_load,
			 const struct mode *mode)
{
	unsigned int class = BPF_CLASS(insn->code), cost = weights.insn;
	bool sanitized = !mode->perfmon && world.mitigations;
	bool imm64 = insn->code == (BPF_LD | BPF_IMM | BPF_DW);

	if (class == BPF_ALU || class == BPF_ALU64) {
		unsigned int op = BPF_OP(insn->code);

		if (op == BPF_DIV || op == BPF_MOD)
			cost = weights.div;
		else if ((op == BPF_ADD || op == BPF_SUB) &&
			 BPF_SRC(insn->code) == BPF_X && sanitized)
			cost = weights.alu_reg_unpriv;
	} else if (ctx_load) {
		cost = weights.ctx_load;
	} else if (class == BPF_ST || class == BPF_STX) {
		if (class == BPF_STX && BPF_MODE(insn->code) == BPF_ATOMIC)
			cost = weights.atomic;
		if (sanitized)
			cost += weights.store_unpriv;
	}

	if (mode->blinding)
		cost *= weights.blind * (imm64 ? weights.blind_imm64 : 1);
	return cost;
}

/* 'bytes' is what the size arguments of this call add up to. */
unsigned int helper_weight(int id, uint64_t bytes)
{
	switch (id) {
	case BPF_FUNC_ktime_get_ns:
	case BPF_FUNC_ktime_get_boot_ns:
	case BPF_FUNC_ktime_get_tai_ns:
		return 30;
	case BPF_FUNC_get_prandom_u32:
		return 20;
	case BPF_FUNC_jiffies64:
	case BPF_FUNC_get_smp_processor_id:
	case BPF_FUNC_get_numa_node_id:
		return 4;
	case BPF_FUNC_csum_diff:
		return 30 + bytes / 4;
	case BPF_FUNC_xdp_load_bytes:
		return 30 + bytes / 8;
	case BPF_FUNC_ringbuf_reserve:
	case BPF_FUNC_ringbuf_query:
		return 40;
	case BPF_FUNC_ringbuf_submit:
	case BPF_FUNC_ringbuf_discard:
		return 250;
	case BPF_FUNC_ringbuf_output:
		return 290 + bytes / 8;
	}
	return 0;
}
