// SPDX-License-Identifier: GPL-2.0-only
/* Mutants: random programs and those of BPF objects, with a few changes. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <linux/bpf.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "fuzz.h"

#define BASES_MAX 4096
#define MAPS_MAX  64

static struct base {
	struct bpf_insn *insn;
	size_t cnt;
} bases[BASES_MAX];
static int nbases;

/* The object that is being loaded, and its maps. */
static struct bpf_object *object;
static int map_fd[MAPS_MAX], map_copy[MAPS_MAX], nmaps;
static bool kept;

static void keep(const struct bpf_insn *insn, size_t cnt)
{
	struct base *base = &bases[nbases];

	if (nbases == BASES_MAX || !cnt || cnt > MAX_INSNS)
		return;
	base->insn = malloc(cnt * sizeof(*insn));
	if (!base->insn)
		return;
	memcpy(base->insn, insn, cnt * sizeof(*insn));
	base->cnt = cnt;
	nbases++;
}

/* libbpf is about to load the first program of the object. All of them have the
 * descriptors of their maps by now, and some are going to be refused.
 */
static int keep_all(struct bpf_program *prog, struct bpf_prog_load_opts *opts,
		    long cookie)
{
	struct bpf_map *map;

	(void)prog;
	(void)opts;
	(void)cookie;
	if (kept)
		return 0;
	kept = true;
	bpf_object__for_each_program(prog, object)
		if (bpf_program__autoload(prog))
			keep(bpf_program__insns(prog),
			     bpf_program__insn_cnt(prog));
	bpf_object__for_each_map(map, object) {
		if (bpf_map__fd(map) < 0 || nmaps == MAPS_MAX)
			continue;
		map_fd[nmaps] = bpf_map__fd(map);
		map_copy[nmaps++] = fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 0);
	}
	return 0;
}

static int quiet(enum libbpf_print_level level, const char *format,
		 va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static void keep_object(const char *path, bool maps)
{
	struct bpf_program *prog;
	struct bpf_map *map;
	int i;

	kept = false;
	nmaps = 0;
	object = bpf_object__open_file(path, NULL);
	if (!object)
		return;
	bpf_object__for_each_program(prog, object) {
		/* others have a type: they are not ours to change */
		bool ours = bpf_program__type(prog) == BPF_PROG_TYPE_UNSPEC;

		bpf_program__set_autoload(prog, ours);
		if (!ours)
			continue;
		bpf_program__set_type(prog,
				      (enum bpf_prog_type)BPF_PROG_TYPE_HWIRQ);
		bpf_program__set_expected_attach_type(
			prog, (enum bpf_attach_type)BPF_HWIRQ);
	}
	if (!maps)
		bpf_object__for_each_map(map, object)
			if (!bpf_map__is_internal(map))
				bpf_map__set_autocreate(map, false);
	if (bpf_object__load(object)) {
		/* That closed the maps, which mutants may use nevertheless. */
		for (i = 0; i < nmaps; i++)
			dup2(map_copy[i], map_fd[i]);
	}
	for (i = 0; i < nmaps; i++)
		close(map_copy[i]);
	/* The object stays open, and with it the maps. */
	if (maps && !kept)
		keep_object(path, false); /* not all of them could be created */
}

int mutate_init(const char *dir)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, opts,
		    .prog_prepare_load_fn = keep_all);
	struct dirent *entry;
	char path[PATH_MAX];
	int objects = 0;
	DIR *d;

	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 65536, 65536 });
	libbpf_set_print(quiet);
	if (libbpf_register_prog_handler(NULL, BPF_PROG_TYPE_UNSPEC, 0, &opts) <
	    0)
		return -1;
	d = opendir(dir);
	if (!d)
		return -1;
	while ((entry = readdir(d))) {
		size_t len = strlen(entry->d_name);

		if (len < 2 || strcmp(entry->d_name + len - 2, ".o"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		keep_object(path, true);
		objects++;
	}
	closedir(d);
	printf("fuzz: %d programs of %d objects to start from\n", nbases,
	       objects);
	return nbases;
}

static int random_imm(struct rng *r)
{
	static const int values[] = { 0,
				      1,
				      -1,
				      2,
				      4,
				      8,
				      14,
				      64,
				      0x7fff,
				      0xffff,
				      0x7fffffff,
				      -512,
				      -0x7fffffff - 1 };

	if (one_in(r, 2))
		return values[below(r, sizeof(values) / sizeof(values[0]))];
	return one_in(r, 2) ? (int)below(r, 256) : (int)rng_next(r);
}

static uint8_t random_code(struct rng *r, uint8_t code)
{
	switch (below(r, 4)) {
	case 0:
		return rng_next(r);
	case 1: /* another operation of the same class */
		return (code & 0x0f) | (below(r, 16) << 4);
	case 2: /* a register instead of a constant, and the other way round */
		return code ^ 0x08;
	default: /* another size, or 32 bits for 64 */
		return code ^ (one_in(r, 2) ? 0x18 : 0x03);
	}
}

static void change(struct program *p, struct rng *r)
{
	int at = below(r, p->cnt), from = below(r, p->cnt);
	struct bpf_insn *insn = &p->insn[at], other;

	switch (below(r, 12)) {
	case 0:
		((uint8_t *)insn)[below(r, 8)] ^= 1 << below(r, 8);
		break;
	case 1:
		insn->code = random_code(r, insn->code);
		break;
	case 2:
		insn->dst_reg = below(r, 11);
		break;
	case 3:
		insn->src_reg = below(r, 11);
		break;
	case 4:
		insn->off += (int)below(r, 9) - 4;
		break;
	case 5:
		insn->off = random_imm(r);
		break;
	case 6:
		insn->imm += (int)below(r, 9) - 4;
		break;
	case 7:
		insn->imm = random_imm(r);
		break;
	case 8:
		if (insn->code == (BPF_JMP | BPF_CALL))
			insn->imm = 1 + below(r, 212);
		else
			insn->imm = random_imm(r);
		break;
	case 9:
		other = *insn;
		*insn = p->insn[from];
		p->insn[from] = other;
		break;
	case 10:
		*insn = p->insn[from];
		break;
	case 11:
		*insn = INSN(BPF_JMP | BPF_JA, 0, 0, 0, 0);
		break;
	}
}

bool mutant(struct program *p, const struct mode *mode, struct rng *r)
{
	bool foreign = nbases && one_in(r, 2);
	int changes;

	if (foreign) {
		const struct base *base = &bases[below(r, nbases)];

		memcpy(p->insn, base->insn, base->cnt * sizeof(p->insn[0]));
		p->cnt = base->cnt;
	} else {
		generate(p, mode, r);
	}
	for (changes = 1 + below(r, one_in(r, 3) ? 6 : 2); changes; changes--)
		change(p, r);
	p->deterministic = false;
	p->flags = one_in(r, 4) ? BPF_F_STRICT_ALIGNMENT : 0;
	return foreign;
}
