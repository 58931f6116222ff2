// SPDX-License-Identifier: GPL-2.0-only
/*
 * cost_trace - count the instructions of paths in an execution trace
 *
 *	cost_trace SYSTEM_MAP <TRACE		virtio_net's functions
 *	cost_trace SYSTEM_MAP FROM TO <TRACE	from one function to another
 *
 * TRACE is QEMU's "-d exec,nochain" log of one CPU in single-step mode: one line
 * for each guest instruction. A call of one of the functions below is followed from
 * its first instruction to its return; all that runs in between counts, but for
 * exceptions and (further) interrupts. Writes, tab-separated:
 *
 *	call FUNCTION CALLS INTERRUPTED MODE MEDIAN MEAN MIN MAX	instructions per call
 *	self FUNCTION CALLEE MEAN				CALLEE's share of MEAN
 *
 * With FROM and TO, a "call" of FROM is what runs until TO is entered, be it called or
 * not, exceptions and interrupts included; one without TO before the next FROM is none.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH	16	/* calls in progress */
#define MAX_INSN	15	/* bytes, on x86 */
#define MAX_TOUCHED	1024	/* functions in one call */

struct symbol {
	uint64_t start;
	char name[64];
};

static struct symbol *symbols;
static int nsymbols;

struct target {
	const char *function;
	uint64_t entry;
	uint64_t *counts;	/* by call */
	int ncounts, interrupted;
	uint64_t *self;		/* by symbol, all calls */
};

static struct target targets[] = {
	{ .function = "skb_recv_done" },
	{ .function = "virtnet_poll" },
	{ .function = "start_xmit" },
	{ .function = "skb_xmit_done" },
	{ .function = "virtnet_poll_tx" },
};
static int ntargets = sizeof(targets) / sizeof(targets[0]);
static uint64_t span_end;	/* the entry of TO */

struct call {
	struct target *target;
	uint64_t from;		/* the call instruction */
	uint64_t count;
	int level;		/* interrupts and exceptions it is in */
	bool interrupted;
	int ntouched;
	int touched[MAX_TOUCHED];
	uint32_t *self;		/* by symbol; zero but for those touched */
};

static struct call calls[MAX_DEPTH];
static int depth;

static uint64_t previous, before;	/* the last two instructions run */
static int irq_level;
static uint64_t irq_return[MAX_DEPTH];	/* what ran before each interrupt */
static uint64_t irq_stubs, irq_common, iret;

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("cost_trace: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	exit(1);
}

static void *alloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		die("out of memory");
	return p;
}

static void add_symbol(uint64_t start, const char *name)
{
	static int room;

	if (nsymbols == room) {
		room = room ? 2 * room : 1 << 15;
		symbols = realloc(symbols, room * sizeof(*symbols));
		if (!symbols)
			die("out of memory");
	}
	symbols[nsymbols].start = start;
	snprintf(symbols[nsymbols].name, sizeof(symbols[0].name), "%s", name);
	nsymbols++;
}

/* The text symbols, which System.map has in ascending order. */
static void read_symbols(const char *path)
{
	char line[512], type, name[256];
	FILE *f = fopen(path, "r");
	uint64_t start, end = 0;

	if (!f)
		die("cannot read %s", path);
	add_symbol(0, "[user]");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx %c %255s", &start, &type, name) != 3)
			continue;
		if (!strcmp(name, "_end"))
			end = start;
		if (strchr("tTwW", type))
			add_symbol(start, name);
	}
	fclose(f);
	/* behind the kernel are only modules, of which there are none, and the JIT */
	if (end <= symbols[nsymbols - 1].start)
		die("%s has no _end, or text behind it", path);
	add_symbol(end, "[bpf]");
}

static int find_symbol(uint64_t pc)
{
	static int last;
	int lo = 0, hi = nsymbols - 1, mid;

	if (pc >= symbols[last].start && (last + 1 == nsymbols || pc < symbols[last + 1].start))
		return last;
	while (lo < hi) {
		mid = (lo + hi + 1) / 2;
		if (symbols[mid].start <= pc)
			lo = mid;
		else
			hi = mid - 1;
	}
	last = lo;
	return lo;
}

static uint64_t address_of(const char *name)
{
	int i, found = -1;

	for (i = 0; i < nsymbols; i++) {
		if (strcmp(symbols[i].name, name))
			continue;
		if (found >= 0)
			die("the kernel has two functions %s", name);
		found = i;
	}
	if (found < 0)
		die("the kernel has no function %s", name);
	return symbols[found].start;
}

static void open_call(struct target *target, uint64_t from)
{
	struct call *c;
	int i;

	if (depth == MAX_DEPTH)
		die("calls of %s do not end", calls[depth - 1].target->function);
	c = &calls[depth++];
	for (i = 0; i < c->ntouched; i++)
		c->self[c->touched[i]] = 0;
	if (!c->self)
		c->self = alloc(nsymbols, sizeof(*c->self));
	c->target = target;
	c->from = from;
	c->count = 0;
	c->ntouched = 0;
	c->level = irq_level;
	c->interrupted = false;
}

static void close_call(struct call *c)
{
	struct target *p = c->target;
	int i;

	p->interrupted += c->interrupted;
	if (!(p->ncounts & (p->ncounts - 1))) {
		p->counts = realloc(p->counts, 2 * (p->ncounts + 1) * sizeof(*p->counts));
		if (!p->counts)
			die("out of memory");
	}
	p->counts[p->ncounts++] = c->count;
	for (i = 0; i < c->ntouched; i++)
		p->self[c->touched[i]] += c->self[c->touched[i]];
}

/* Is this the first instruction of an exception or interrupt? */
static bool is_entry(uint64_t pc, int symbol)
{
	const struct symbol *s = &symbols[symbol];

	if (s->start == irq_stubs)
		return symbols[find_symbol(previous)].start != irq_stubs;
	/* the stubs go on there */
	return pc == s->start && pc != irq_common && !strncmp(s->name, "asm_", 4);
}

/* Is what runs now part of the call? */
static bool inside(const struct call *c)
{
	return span_end || c->level == irq_level;
}

static void step(uint64_t pc)
{
	int symbol = find_symbol(pc), i;
	struct call *c;

	if (previous == iret && irq_level)
		previous = irq_return[--irq_level];
	if (is_entry(pc, symbol)) {
		if (irq_level == MAX_DEPTH)
			die("interrupts do not end");
		irq_return[irq_level++] = previous;
		for (i = 0; i < depth; i++)
			calls[i].interrupted = true;
	}

	if (span_end) {
		if (depth && pc == span_end)
			close_call(&calls[--depth]);
		else if (depth && pc == targets[0].entry)
			depth = 0;
	}
	/* back behind the call? */
	while (!span_end && depth && irq_level == calls[depth - 1].level &&
	       pc > calls[depth - 1].from && pc <= calls[depth - 1].from + MAX_INSN)
		close_call(&calls[--depth]);

	for (i = 0; i < ntargets; i++)
		if (pc == targets[i].entry)
			open_call(&targets[i], previous);

	for (i = 0; i < depth; i++) {
		c = &calls[i];
		if (!inside(c))
			continue;
		c->count++;
		if (!c->self[symbol]++) {
			if (c->ntouched == MAX_TOUCHED)
				die("%s calls too many functions", c->target->function);
			c->touched[c->ntouched++] = symbol;
		}
	}
	before = previous;
	previous = pc;
}

/* Take back an instruction that was announced and not run. */
static void unstep(uint64_t pc)
{
	int symbol = find_symbol(pc), i;
	struct call *c;

	for (i = 0; i < depth; i++) {
		c = &calls[i];
		if (!inside(c))
			continue;
		if (!c->count || !c->self[symbol])
			die("the trace stops before an instruction at %lx that it did not announce", pc);
		c->count--;
		if (!--c->self[symbol])
			c->ntouched--;
	}
	if (depth && !calls[depth - 1].count)
		depth--;
	previous = before;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void print_target(struct target *p)
{
	uint64_t sum = 0, mode = 0;
	int i, run = 0, best = 0;

	if (!p->ncounts)
		return;
	qsort(p->counts, p->ncounts, sizeof(*p->counts), compare);
	for (i = 0; i < p->ncounts; i++) {
		sum += p->counts[i];
		run = i && p->counts[i] == p->counts[i - 1] ? run + 1 : 1;
		if (run > best) {
			best = run;
			mode = p->counts[i];
		}
	}
	printf("call\t%s\t%d\t%d\t%lu\t%lu\t%.3f\t%lu\t%lu\n", p->function, p->ncounts, p->interrupted, mode,
	       p->counts[p->ncounts / 2], (double)sum / p->ncounts, p->counts[0],
	       p->counts[p->ncounts - 1]);
	for (i = 0; i < nsymbols; i++)
		if (p->self[i])
			printf("self\t%s\t%s\t%.3f\n", p->function, symbols[i].name,
			       (double)p->self[i] / p->ncounts);
}

int main(int argc, char **argv)
{
	uint64_t pc;
	char line[512], *at;
	long steps = 0;
	int i;

	if (argc != 2 && argc != 4)
		die("usage: cost_trace SYSTEM_MAP [FROM TO] <TRACE");
	read_symbols(argv[1]);
	if (argc == 4) {
		targets[0].function = argv[2];
		ntargets = 1;
		span_end = address_of(argv[3]);
	}
	for (i = 0; i < ntargets; i++) {
		targets[i].entry = address_of(targets[i].function);
		targets[i].self = alloc(nsymbols, sizeof(uint64_t));
	}
	irq_stubs = address_of("irq_entries_start");
	irq_common = address_of("asm_common_interrupt");
	iret = address_of("native_irq_return_iret");

	/* Trace 0: 0x7f... [CS_BASE/PC/FLAGS/CFLAGS] SYMBOL */
	/* Stopped execution of TB chain before 0x7f... [PC] SYMBOL */
	while (fgets(line, sizeof(line), stdin)) {
		at = strchr(line, '[');
		if (!at)
			continue;
		if (!strncmp(line, "Stopped ", 8)) {
			unstep(strtoull(at + 1, NULL, 16));
			continue;
		}
		if (strncmp(line, "Trace ", 6) || !(at = strchr(at, '/')))
			continue;
		pc = strtoull(at + 1, NULL, 16);
		step(pc);
		steps++;
	}
	if (!steps)
		die("the trace is empty");
	fprintf(stderr, "cost_trace: %ld instructions\n", steps);
	for (i = 0; i < ntargets; i++)
		print_target(&targets[i]);
	return 0;
}
