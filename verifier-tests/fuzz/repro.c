// SPDX-License-Identifier: GPL-2.0-only
/* Reproducers: small programs in a text file, which fuzz --replay runs again. */
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "fuzz.h"

void reproducer_write(FILE *f, const struct program *p, const struct mode *mode,
		      const struct input *in, const char *comment)
{
	uint32_t i;
	int n;

	fprintf(f,
		"# %s\n# run it with: verifier-tests/fuzz/run --replay THIS_FILE\n",
		comment);
	fprintf(f, "mode perfmon=%d blinding=%d deterministic=%d flags=%u\n",
		mode->perfmon, mode->blinding, p->deterministic, p->flags);
	if (in) {
		fprintf(f, "input %u %u %u %llu %llu %llu ", in->ifindex,
			in->queue, in->cpu, (unsigned long long)in->timestamp,
			(unsigned long long)in->seed,
			(unsigned long long)in->ring_used);
		for (i = 0; i < in->len; i++)
			fprintf(f, "%02x", in->frame[i]);
		fputc('\n', f);
	}
	for (n = 0; n < p->cnt; n++) {
		const struct bpf_insn *insn = &p->insn[n];
		int imm = insn->imm;
		const char *map = "";

		/* descriptors have other numbers next time */
		if (insn->code == (BPF_LD | BPF_IMM | BPF_DW) &&
		    insn->src_reg) {
			map = imm == world.rodata_fd ? " rodata"
			      : imm == world.ring_fd ? " ring"
						     : " othermap";
			imm = 0;
		}
		fprintf(f, "insn 0x%02x %u %u %d %d%s\n", insn->code,
			insn->dst_reg, insn->src_reg, insn->off, imm, map);
	}
}

static bool read_frame(const char *hex, struct input *in)
{
	unsigned int byte;

	for (in->len = 0; sscanf(hex, "%2x", &byte) == 1; hex += 2) {
		if (in->len == MAX_FRAME)
			return false;
		in->frame[in->len++] = byte;
	}
	return true;
}

bool reproducer_read(FILE *f, struct program *p, struct mode *mode,
		     struct input *in)
{
	char line[MAX_FRAME * 2 + 256];

	memset(in, 0, sizeof(*in));
	in->len = MIN_FRAME;
	p->cnt = 0;
	p->deterministic = false;
	p->flags = 0;
	while (fgets(line, sizeof(line), f)) {
		unsigned int code, dst, src;
		unsigned long long timestamp, seed, ring_used;
		int off, imm, perfmon, blinding, deterministic, at;
		char map[16] = "";

		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (sscanf(line,
			   "mode perfmon=%d blinding=%d deterministic=%d flags=%u",
			   &perfmon, &blinding, &deterministic,
			   &p->flags) == 4) {
			mode->perfmon = perfmon;
			mode->blinding = blinding;
			p->deterministic = deterministic;
		} else if (sscanf(line, "input %u %u %u %llu %llu %llu %n",
				  &in->ifindex, &in->queue, &in->cpu,
				  &timestamp, &seed, &ring_used, &at) == 6) {
			in->timestamp = timestamp;
			in->seed = seed;
			in->ring_used = ring_used;
			if (!read_frame(line + at, in))
				return false;
		} else if (sscanf(line, "insn %x %u %u %d %d %15s", &code, &dst,
				  &src, &off, &imm, map) >= 5) {
			if (p->cnt == MAX_INSNS)
				return false;
			if (!strcmp(map, "rodata"))
				imm = world.rodata_fd;
			else if (!strcmp(map, "ring"))
				imm = world.ring_fd;
			p->insn[p->cnt++] = INSN(code, dst, src, off, imm);
		} else {
			fprintf(stderr, "not a line of a reproducer: %s", line);
			return false;
		}
	}
	return p->cnt > 0;
}

static bool is_jump(const struct bpf_insn *insn)
{
	unsigned int class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

	return (class == BPF_JMP || class == BPF_JMP32) && op != BPF_CALL &&
	       op != BPF_EXIT;
}

static bool is_static_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) &&
	       insn->src_reg == BPF_PSEUDO_CALL;
}

/* out = p without the instructions from .. from+len-1; false if there are none or
 * a jump would become too long.
 */
static bool without(const struct program *p, int from, int len,
		    struct program *out)
{
	int i;

	if (from + len > p->cnt)
		len = p->cnt - from;
	if (len <= 0 || len == p->cnt)
		return false;
	/* not half of a 64-bit constant */
	if (!p->insn[from].code ||
	    (from + len < p->cnt && !p->insn[from + len].code))
		return false;
	out->cnt = 0;
	out->deterministic = p->deterministic;
	out->flags = p->flags;
	for (i = 0; i < p->cnt; i++) {
		struct bpf_insn insn = p->insn[i];
		int target, at = out->cnt;

		if (i >= from && i < from + len)
			continue;
		if (is_jump(&insn) || is_static_call(&insn)) {
			bool call = is_static_call(&insn);

			target = i + 1 + (call ? insn.imm : insn.off);
			if (target >= from + len)
				target -= len;
			else if (target > from)
				target = from;
			if (call)
				insn.imm = target - at - 1;
			else
				insn.off = target - at - 1;
		}
		out->insn[out->cnt++] = insn;
	}
	return true;
}

void minimise(struct program *p, bool (*still_fails)(struct program *, void *),
	      void *arg)
{
	static struct program candidate;
	int len, from, i;
	bool again = true;

	while (again) {
		again = false;
		for (len = p->cnt / 2; len; len /= 2)
			for (from = 0; from < p->cnt;) {
				if (without(p, from, len, &candidate) &&
				    still_fails(&candidate, arg)) {
					*p = candidate;
					again = true;
				} else {
					from += len;
				}
			}
	}
	/* simpler operands */
	for (i = 0; i < p->cnt; i++) {
		struct bpf_insn *insn = &p->insn[i];

		if (BPF_CLASS(insn->code) == BPF_LD || is_jump(insn) ||
		    BPF_OP(insn->code) == BPF_CALL || !insn->imm)
			continue;
		candidate = *p;
		candidate.insn[i].imm = 1;
		if (insn->imm != 1 && still_fails(&candidate, arg))
			*p = candidate;
	}
}
