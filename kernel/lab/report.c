// SPDX-License-Identifier: GPL-2.0-only
/*
 * lab-report - from what the agents wrote to tables, files and plots' data
 *
 * Exit status: 0, 1 a cell failed, is missing or does not repeat, 2 usage or a file
 * that cannot be read or written.
 */
#include <fnmatch.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "results.h"

#define EXIT_USAGE 2

static int usage(FILE *f)
{
	fputs("usage: lab-report --list [--quick] [--figures] [PATTERN]\n"
	      "       lab-report [OPTION]... FILE...\n"
	      "The first form prints the cells whose name holds PATTERN (or matches it as a\n"
	      "pattern), each with the disk it needs; FILEs are what the agents wrote.\n"
	      "  --csv FILE, --json FILE, --markdown FILE   what to write besides the table\n"
	      "  --ccdf DIR       one file a cell: ns, and the share of packets above that\n"
	      "  --expect FILE    names of cells that must have a result\n"
	      "  --min-runs N     of a cell that must repeat to the nanosecond (2)\n"
	      "  --quiet          no table\n", f);
	return f == stderr ? EXIT_USAGE : EXIT_SUCCESS;
}

static int list(const char *pattern, bool quick, bool figures)
{
	char name[CELL_NAME_MAX];
	struct lab_cell c;
	/* "now/none/xdp" does not mean xdp-map as well. */
	bool exact = lab_cell_parse(pattern, &c);
	size_t p, l, s;
	int found = 0;

	for (p = 0; p < lab_policy_count; p++)
		for (l = 0; l < lab_load_count; l++)
			for (s = 0; s < lab_system_count; s++) {
				c = (struct lab_cell){ &lab_policies[p], &lab_loads[l], &lab_systems[s] };
				lab_cell_name(&c, name, sizeof(name));
				if ((quick && !lab_cell_quick(&c)) || (figures && !lab_cell_figure(&c)))
					continue;
				if (exact ? strcmp(name, pattern) :
					    !strstr(name, pattern) && fnmatch(pattern, name, 0))
					continue;
				printf("%s %s %s\n", name, lab_disk_name(c.load->disk),
				       lab_cell_figure(&c) ? "figure" : "-");
				found++;
			}
	if (found)
		return EXIT_SUCCESS;
	fprintf(stderr, "lab-report: no cell matches '%s'; 'make bench-list' names them\n", pattern);
	return EXIT_USAGE;
}

/* 12,345 */
static const char *with_commas(uint64_t value, char *buf, size_t size)
{
	char digits[32];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, value), i;
	size_t at = 0;

	for (i = 0; i < len && at + 2 < size; i++) {
		if (i && (len - i) % 3 == 0)
			buf[at++] = ',';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
	return buf;
}

static const char *quantile_text(enum hist_status status, uint64_t value, char *buf, size_t size)
{
	if (status == HIST_OK)
		return with_commas(value, buf, size);
	snprintf(buf, size, "%s", status == HIST_LOST ? "lost" : "few");
	return buf;
}

static const char *row_text(const struct row *r, size_t q, char *buf, size_t size)
{
	uint64_t value = 0;
	enum hist_status status = row_quantile(r, &hist_quantiles[q], &value);

	return quantile_text(status, value, buf, size);
}

static enum hist_status floor_p999(const struct row *r, uint64_t *ns)
{
	const struct hist *h = &r->hist[HIST_LATENESS];

	return hist_quantile(h, &hist_quantiles[3], h->count, ns);
}

/* A poller takes frames without the device's timer: then there is no lateness to show. */
static const char *floor_text(const struct row *r, bool max, char *buf, size_t size)
{
	const struct hist *h = &r->hist[HIST_LATENESS];
	uint64_t value = h->max;
	enum hist_status status = HIST_OK;

	if (h->count < r->hist[HIST_LATENCY].count / 2) {
		snprintf(buf, size, "-");
		return buf;
	}
	if (!max)
		status = floor_p999(r, &value);
	return quantile_text(status, value, buf, size);
}

static void table_row(const struct row *r)
{
	char buf[32], work[200];
	size_t q;

	printf("%-28s", r->name);
	if (r->why[0]) {
		printf(" FAILED: %s\n", r->why);
		return;
	}
	for (q = 0; q < HIST_QUANTILES; q++)
		printf(" %10s", row_text(r, q, buf, sizeof(buf)));
	printf(" %11s", with_commas(r->hist[HIST_LATENCY].max, buf, sizeof(buf)));
	printf(" %9s", floor_text(r, false, buf, sizeof(buf)));
	printf(" %9s %6.0f", floor_text(r, true, buf, sizeof(buf)), row_lost(r));
	row_work(r, work, sizeof(work));
	printf("  %s\n", work);
}

static bool many_flavours(const struct results *rs)
{
	size_t i;

	for (i = 1; i < rs->rows; i++)
		if (strcmp(rs->row[i].flavour, rs->row[0].flavour))
			return true;
	return false;
}

static void print_spread(const struct row *r)
{
	uint64_t low[2], high[2];
	char a[32], b[32], c[32], d[32];

	if (r->runs < 2 || (r->virtual_time && r->cell.load->disk == DISK_NONE) || r->why[0])
		return;
	if (!row_spread(r, NULL, &low[1], &high[1]))
		return;
	printf("%-28s %u runs:", r->name, r->runs);
	if (row_spread(r, &hist_quantiles[3], &low[0], &high[0]))
		printf(" p99.9 %s .. %s,", with_commas(low[0], a, sizeof(a)), with_commas(high[0], b, sizeof(b)));
	printf(" max %s .. %s\n", with_commas(low[1], c, sizeof(c)), with_commas(high[1], d, sizeof(d)));
}

static void table(const struct results *rs)
{
	bool flavours = many_flavours(rs);
	size_t i;

	if (!rs->rows)
		return;
	printf("latency from the planned arrival to the transmit doorbell, ns%s; floor: lateness of the bare timer\n",
	       rs->row[0].virtual_time ? " of virtual time (1 instruction = 1 ns)" : " of real time");
	printf("%-28s %10s %10s %10s %10s %10s %11s %9s %9s %6s  %s\n", "policy/load/system", "p50", "p90",
	       "p99", "p99.9", "p99.99", "max", "floor99.9", "floor max", "lost", "load's work meanwhile");
	for (i = 0; i < rs->rows; i++) {
		if (flavours && (!i || strcmp(rs->row[i].flavour, rs->row[i - 1].flavour)))
			printf("kernel %s:\n", rs->row[i].flavour);
		table_row(&rs->row[i]);
	}
	for (i = 0; i < rs->rows; i++)
		print_spread(&rs->row[i]);
}

static FILE *create(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f)
		fprintf(stderr, "lab-report: cannot write %s: %m\n", path);
	return f;
}

/* 0, or -1 after a message */
static int finish(FILE *f, const char *path)
{
	int bad = ferror(f);

	if (!fclose(f) && !bad)
		return 0;
	fprintf(stderr, "lab-report: cannot write %s: %m\n", path);
	return -1;
}

/* Each line: a latency, and the share of all planned packets that took longer */
static int write_ccdf(const struct row *r, const char *dir)
{
	const struct hist *h = &r->hist[HIST_LATENCY];
	double planned = row_value(r, "planned", 0);
	char path[512], name[CELL_NAME_MAX], *c;
	uint64_t seen = 0;
	size_t i;
	FILE *f;

	snprintf(name, sizeof(name), "%s", r->name);
	while ((c = strchr(name, '/')))
		*c = '_';
	snprintf(path, sizeof(path), "%s/%s.%s.dat", dir, r->flavour, name);
	f = create(path);
	if (!f)
		return -1;
	fprintf(f, "# ns share\n");
	for (i = 0; i < h->buckets; i++) {
		fprintf(f, "%" PRIu64 " %.9g\n", h->bucket[i].low, ((double)planned - (double)seen) / planned);
		seen += h->bucket[i].count;
	}
	fprintf(f, "%" PRIu64 " %.9g\n", h->max, 1 / planned);
	return finish(f, path);
}

static int write_ccdfs(const struct results *rs, const char *dir)
{
	size_t i;
	int err = 0;

	if (mkdir(dir, 0777) && errno != EEXIST) {
		fprintf(stderr, "lab-report: cannot create %s: %m\n", dir);
		return -1;
	}
	for (i = 0; i < rs->rows && !err; i++)
		if (!rs->row[i].why[0])
			err = write_ccdf(&rs->row[i], dir);
	return err;
}

/* RESULTS.md */

/* "-75.3 %": by how much the figure of @to is less than that of @from */
static const char *reduction(const struct row *from, const struct row *to, bool max, char *buf,
			     size_t size)
{
	uint64_t a = 0, b = 0;

	snprintf(buf, size, "-");
	if (!from || !to)
		return buf;
	if (max) {
		a = from->hist[HIST_LATENCY].max;
		b = to->hist[HIST_LATENCY].max;
	} else {
		enum hist_status x = row_quantile(from, &hist_quantiles[3], &a);
		enum hist_status y = row_quantile(to, &hist_quantiles[3], &b);

		if (x == HIST_LOST && y == HIST_OK) {
			snprintf(buf, size, "rival lost");
			return buf;
		}
		if (x != HIST_OK || y != HIST_OK)
			return buf;
	}
	snprintf(buf, size, "%+.1f %%", ((double)b - (double)a) * 100 / (double)a);
	return buf;
}

static const char *paper_says(const char *load, const char *rival)
{
	if (strncmp(load, "ahci-", 5))
		return "";
	if (!strcmp(rival, "xdp"))
		return "-74.9 %";
	if (!strcmp(rival, "afxdp"))
		return "-67.6 % (DPDK)";
	return !strcmp(rival, "xdp-map") ? "-69.4 %" : "";
}

/* Targets: what issue and paper promise, and whether it came true */

#define P50 (&hist_quantiles[0])
#define P999 (&hist_quantiles[3])

static const struct row *own_row(const struct results *rs, const char *policy, const char *load,
				 const char *system)
{
	return results_find(rs, "lab", policy, load, system);
}

static bool value_of(const struct row *r, const struct quantile *q, double *value)
{
	uint64_t ns;

	if (!r || row_quantile(r, q, &ns) != HIST_OK)
		return false;
	*value = (double)ns;
	return true;
}

static void target_line(FILE *f, const char *what, const char *where, double limit, double got,
			const char *unit, const char *why_missed)
{
	int digits = strcmp(unit, "ns") ? 1 : 0;

	fprintf(f, "| %s | %s | at most %.*f %s | %.*f %s | %s%s |\n", what, where, digits, limit, unit, digits,
		got, unit, got <= limit ? "met" : "**missed**", got <= limit ? "" : why_missed);
}

/* The p99.9 of the bare timer in the run of a cell, and p50 of the same system on the idle machine */
static bool floor_and_idle(const struct results *rs, const struct row *own, double *floor, double *idle)
{
	uint64_t ns;

	if (!own || floor_p999(own, &ns) != HIST_OK)
		return false;
	*floor = (double)ns;
	return value_of(own_row(rs, "now", "none", own->cell.system->name), P50, idle);
}

/* The p99.9 of @own, as a change of that of @rival */
static void target_reduction(const struct results *rs, FILE *f, const char *policy, const char *load,
			     const char *own, const char *rival, double limit)
{
	char what[128], where[CELL_NAME_MAX], why[128] = "";
	const struct row *row = own_row(rs, policy, load, own);
	double a, b, wanted, floor, idle;

	if (!value_of(own_row(rs, policy, load, rival), P999, &a) || !value_of(row, P999, &b))
		return;
	wanted = a * (1 + limit / 100);
	/* Nothing that starts with an interrupt can be below these two. */
	if (floor_and_idle(rs, row, &floor, &idle) && floor + idle > wanted)
		snprintf(why, sizeof(why), ": that is %.0f ns, and floor + idle p50 alone are %.0f", wanted, floor + idle);
	snprintf(what, sizeof(what), "p99.9 of %s against %s", own, rival);
	snprintf(where, sizeof(where), "%s/%s", policy, load);
	target_line(f, what, where, limit, (b - a) * 100 / a, "%", why);
}

/* In which percentiles is hwirq later than XDP, with Linux as it is? */
static void target_never_worse(const struct results *rs, FILE *f)
{
	char worse[512] = "", more[96];
	size_t l, q, rows = 0, len = 0;
	double a, b;

	for (l = 0; l < lab_load_count; l++) {
		const struct row *xdp = own_row(rs, "now", lab_loads[l].name, "xdp");
		const struct row *own = own_row(rs, "now", lab_loads[l].name, "hwirq");

		if (!xdp || !own)
			continue;
		rows++;
		for (q = 0; q < HIST_QUANTILES; q++)
			if (value_of(xdp, &hist_quantiles[q], &a) && value_of(own, &hist_quantiles[q], &b) && b > a) {
				snprintf(more, sizeof(more), "%s%s %s %+.1f %%", len ? ", " : "", lab_loads[l].name,
					 hist_quantiles[q].name, (b - a) * 100 / a);
				if (len + strlen(more) < sizeof(worse)) {
					memcpy(worse + len, more, strlen(more) + 1);
					len += strlen(more);
				}
			}
	}
	if (rows)
		fprintf(f, "| no percentile of hwirq above that of xdp | now, %zu loads | none | %s | %s |\n", rows,
			len ? worse : "none", len ? "**missed**" : "met");
}

static void target_load(const struct results *rs, FILE *f, const char *policy, const char *load)
{
	const struct row *own = own_row(rs, policy, load, "hwirq"), *xdp = own_row(rs, policy, load, "xdp");
	/* where XDP waits for softirqs, not for interrupts */
	bool softirq_bound = !strncmp(load, "nic-", 4) || !strcmp(load, "timers") ||
			     (!strncmp(load, "ahci-", 5) && !strcmp(policy, "old"));
	char where[CELL_NAME_MAX];
	double floor, idle, a, b;

	snprintf(where, sizeof(where), "%s/%s", policy, load);
	if (softirq_bound && own && value_of(xdp, P999, &a))
		target_line(f, "maximum of hwirq, of xdp's p99.9", where, 100,
			    (double)own->hist[HIST_LATENCY].max * 100 / a, "%", "");
	if (value_of(own, P999, &b) && floor_and_idle(rs, own, &floor, &idle))
		target_line(f, "p99.9 of hwirq, at most 1.2 x the floor's p99.9 + its idle p50", where,
			    1.2 * floor + idle, b, "ns", "");
}

static void md_targets(const struct results *rs, FILE *f)
{
	static const char *const paper_loads[] = { "ahci-hdd", "ahci-fsync", "ahci-direct" };
	double a, b;
	size_t i, p;

	fputs("## Targets\n\nWhat the paper found and what this project set itself, on these data. Negative: less than the rival.\n"
	      "The paper's figures are for 99.9th percentiles under disk I/O: -74.9 % against XDP, -67.6 % against DPDK,\n"
	      "-69.4 % with a map write. `old` is the softirq policy of its kernel.\n\n"
	      "| target | where | limit | measured | |\n|---|---|---:|---:|---|\n", f);
	if (value_of(own_row(rs, "now", "none", "xdp"), P50, &a) && value_of(own_row(rs, "now", "none", "hwirq"), P50, &b))
		target_line(f, "p50 of hwirq, of xdp's", "now/none", 60, b * 100 / a, "%", "");
	if (value_of(own_row(rs, "now", "none", "hwirq"), P50, &a) &&
	    value_of(own_row(rs, "now", "none", "hwirq-ring"), P50, &b))
		target_line(f, "what the ring's record adds to p50", "now/none", 10, (b - a) * 100 / a, "%", "");
	for (i = 0; i < LAB_ARRAY_SIZE(paper_loads); i++)
		target_reduction(rs, f, "old", paper_loads[i], "hwirq", "xdp", -74.9);
	for (i = 0; i < LAB_ARRAY_SIZE(paper_loads); i++)
		target_reduction(rs, f, "old", paper_loads[i], "hwirq-ring", "xdp-map", -69.4);
	for (i = 0; i < LAB_ARRAY_SIZE(paper_loads); i++)
		target_reduction(rs, f, "old", paper_loads[i], "hwirq", "afxdp", -67.6);
	target_never_worse(rs, f);
	for (i = 0; i < lab_load_count; i++)
		if (!strncmp(lab_loads[i].name, "nic-", 4))
			target_reduction(rs, f, "now", lab_loads[i].name, "hwirq", "xdp", -99);
	for (p = 0; p < lab_policy_count; p++)
		for (i = 0; i < lab_load_count; i++)
			target_load(rs, f, lab_policies[p].name, lab_loads[i].name);
	fputs("\nAF_XDP and the sockets are ordinary processes on the one CPU that the load wants as well, and wait for the\n"
	      "scheduler; the paper's DPDK had a core of its own. Their rows say what a hard interrupt handler saves on a\n"
	      "machine without a core to spare, not that it outruns a poller that has one. The kernel is built with\n"
	      "PREEMPT_VOLUNTARY, as Debian's: a thread with SCHED_FIFO waits until a system call gives the CPU away.\n\n", f);
}

static void md_reductions(const struct results *rs, FILE *f)
{
	static const struct {
		const char *rival, *own;
	} pairs[] = {
		{ "xdp", "hwirq" },	{ "xdp-threaded", "hwirq" }, { "afxdp", "hwirq" },
		{ "socket", "hwirq" },	{ "socket-fifo", "hwirq" },  { "xdp-map", "hwirq-ring" },
	};
	size_t p, l, i;
	char a[32], b[32];

	fputs("## Reductions\n\nWhat answering in the hard interrupt handler changes against each rival under the same load.\n"
	      "The paper's figures are 99.9th percentiles under disk I/O.\n\n"
	      "| policy | load | rival | system | p99.9 | max | paper |\n|---|---|---|---|---:|---:|---:|\n", f);
	for (p = 0; p < lab_policy_count; p++)
		for (l = 0; l < lab_load_count; l++)
			for (i = 0; i < LAB_ARRAY_SIZE(pairs); i++) {
				const char *policy = lab_policies[p].name, *load = lab_loads[l].name;
				const struct row *from = results_find(rs, "lab", policy, load, pairs[i].rival);
				const struct row *to = results_find(rs, "lab", policy, load, pairs[i].own);

				if (!from || !to)
					continue;
				fprintf(f, "| %s | %s | %s | %s | %s | %s | %s |\n", policy, load, pairs[i].rival,
					pairs[i].own, reduction(from, to, false, a, sizeof(a)),
					reduction(from, to, true, b, sizeof(b)), paper_says(load, pairs[i].rival));
			}
}

static void md_rows(const struct results *rs, FILE *f)
{
	char work[200], b[8][32];
	size_t i, q;

	fputs("\n## Latencies\n\nns. `few`: fewer than 10 packets lie beyond, so there is no such percentile; `lost`: so many\n"
	      "packets were lost that this percentile never arrived. The floor is the lateness of the bare hard timer in\n"
	      "the same run: no handler can begin earlier.\n\n"
	      "| kernel | cell | runs | packets | p50 | p90 | p99 | p99.9 | p99.99 | max | floor p99.9 | floor max | lost | the load's work meanwhile |\n"
	      "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|\n", f);
	for (i = 0; i < rs->rows; i++) {
		const struct row *r = &rs->row[i];

		if (r->why[0]) {
			fprintf(f, "| %s | %s | failed: %s |\n", r->flavour, r->name, r->why);
			continue;
		}
		row_work(r, work, sizeof(work));
		fprintf(f, "| %s | %s | %u | %s |", r->flavour, r->name, r->runs,
			with_commas((uint64_t)row_value(r, "planned", 0), b[0], sizeof(b[0])));
		for (q = 0; q < HIST_QUANTILES; q++)
			fprintf(f, " %s |", row_text(r, q, b[0], sizeof(b[0])));
		fprintf(f, " %s | %s | %s | %.0f | %s |\n", with_commas(r->hist[HIST_LATENCY].max, b[0], sizeof(b[0])),
			floor_text(r, false, b[1], sizeof(b[1])), floor_text(r, true, b[2], sizeof(b[2])),
			row_lost(r), work);
	}
}

static void md_spread(const struct results *rs, FILE *f)
{
	uint64_t low[2] = { 0 }, high[2] = { 0 };
	char b[4][32];
	size_t i;
	bool head = false;

	for (i = 0; i < rs->rows; i++) {
		const struct row *r = &rs->row[i];

		if (r->why[0] || r->runs < 2 || (r->virtual_time && r->cell.load->disk == DISK_NONE) ||
		    !row_spread(r, NULL, &low[1], &high[1]))
			continue;
		if (!head)
			fputs("\n## Spread\n\nA disk answers when the host does, so these cells do not repeat to the nanosecond.\n\n"
			      "| kernel | cell | runs | p99.9 of each run | max of each run |\n|---|---|---:|---|---|\n", f);
		head = true;
		fprintf(f, "| %s | %s | %u | ", r->flavour, r->name, r->runs);
		if (row_spread(r, &hist_quantiles[3], &low[0], &high[0]))
			fprintf(f, "%s .. %s", with_commas(low[0], b[0], sizeof(b[0])), with_commas(high[0], b[1], sizeof(b[1])));
		else
			fputs("few", f);
		fprintf(f, " | %s .. %s |\n", with_commas(low[1], b[2], sizeof(b[2])), with_commas(high[1], b[3], sizeof(b[3])));
	}
}

static void md_cpu(const struct results *rs, FILE *f)
{
	double share, window;
	bool head = false;
	size_t i;

	for (i = 0; i < rs->rows; i++) {
		const struct row *r = &rs->row[i];

		if (r->why[0] || strcmp(r->cell.load->name, "cpu"))
			continue;
		if (!head)
			fputs("\n## CPU time\n\nA process that only counts runs beside each system. What it does not get, the packets cost:\n"
			      "the device's own work (the same for all), interrupts, and the system.\n\n"
			      "| kernel | cell | share left to the process | CPU time per packet | of that in interrupt handler and NAPI |\n"
			      "|---|---|---:|---:|---:|\n", f);
		head = true;
		share = row_value(r, "spin-share", 0) / r->merged;
		window = row_value(r, "window", 0);
		fprintf(f, "| %s | %s | %.1f %% | %.0f ns | %.0f ns |\n", r->flavour, r->name, share * 100,
			(1 - share) * window / row_value(r, "planned", 1),
			(row_value(r, "isr_ns", 0) + row_value(r, "napi_ns", 0)) / row_value(r, "planned", 1));
	}
}

/* The two innermost functions and the outermost but one say enough. */
static void short_stack(const char *stack, char *buf, size_t size)
{
	const char *at = stack;
	size_t len = 0;
	int n;

	for (n = 0; n < 4 && *at; n++) {
		size_t word = strcspn(at, "<");

		if (len < size)
			len += (size_t)snprintf(buf + len, size - len, "%s%.*s", n ? " < " : "", (int)word, at);
		at += word + (at[word] != '\0');
	}
}

static int by_late_max(const void *a, const void *b)
{
	const struct blame *x = (const struct blame *)a, *y = (const struct blame *)b;

	if (x->late != y->late)
		return y->late - x->late;
	return (x->max < y->max) - (x->max > y->max);
}

static int by_who(const void *a, const void *b)
{
	const struct blame *x = (const struct blame *)a, *y = (const struct blame *)b;
	int order = y->late - x->late;

	return order ? order : strcmp(x->who, y->who);
}

/* The longest sections with interrupts off */
static void md_late(const struct row *r, FILE *f)
{
	char stack[400], buf[32];
	size_t i;

	qsort(r->blames, r->blame_count, sizeof(*r->blames), by_late_max);
	for (i = 0; i < r->blame_count && i < 3 && r->blames[i].late; i++) {
		short_stack(r->blames[i].stack, stack, sizeof(stack));
		fprintf(f, "| %s | %s | late | %s | %" PRIu64 " | `%s` |\n", r->flavour, r->name,
			with_commas(r->blames[i].max, buf, sizeof(buf)), r->blames[i].count, stack);
	}
}

/* Samples of a process, in whatever function of it, with the longest of them */
static void md_wait(const struct row *r, FILE *f)
{
	char stack[400], buf[32];
	const struct blame *b, *worst;
	uint64_t count;
	size_t i, j;

	qsort(r->blames, r->blame_count, sizeof(*r->blames), by_who);
	for (i = 0; i < r->blame_count; i = j) {
		count = 0;
		worst = b = &r->blames[i];
		for (j = i; j < r->blame_count && r->blames[j].late == b->late && !strcmp(r->blames[j].who, b->who); j++) {
			count += r->blames[j].count;
			if (r->blames[j].max > worst->max)
				worst = &r->blames[j];
		}
		if (b->late)
			continue;
		short_stack(worst->stack, stack, sizeof(stack));
		fprintf(f, "| %s | %s | wait: %s | %s | %" PRIu64 " | `%s` |\n", r->flavour, r->name, b->who,
			with_commas(worst->max, buf, sizeof(buf)), count, stack);
	}
}

static void md_blame(const struct results *rs, FILE *f)
{
	size_t i;

	fputs("\n## Who was in the way\n\nFrom a run under attribution after each measurement (sampling costs time, so it is none itself).\n"
	      "`late`: what a hard timer that was late had interrupted, a section with interrupts off, which delays every\n"
	      "system; the three longest. `wait`: what ran while a frame waited in the ring, sampled each 20 us, by process and\n"
	      "what it was in, with the longest wait and where that was. A hard interrupt would have interrupted it.\n\n"
	      "| kernel | cell | kind | longest, ns | samples | function < callers |\n|---|---|---|---:|---:|---|\n", f);
	for (i = 0; i < rs->rows; i++) {
		const struct row *r = &rs->row[i];

		if (r->why[0] || !r->blame_count ||
		    (strcmp(r->cell.system->name, "hwirq") && strcmp(r->cell.system->name, "xdp")))
			continue;
		md_late(r, f);
		md_wait(r, f);
	}
}

static const struct blame *worst_late(const struct row *r)
{
	const struct blame *worst = NULL;
	size_t i;

	for (i = 0; i < r->blame_count; i++)
		if (r->blames[i].late && (!worst || r->blames[i].max > worst->max))
			worst = &r->blames[i];
	return worst;
}

/* Where hard IRQ gains less than half at p99.9, or loses, against XDP */
static void md_no_gain(const struct results *rs, FILE *f)
{
	uint64_t a, b, floor;
	char stack[400];
	size_t i;

	fputs("\n## Where hwirq gains less than half\n\n"
	      "Against XDP under the same load and policy, at p99.9, and what was in the way then.\n\n"
	      "| kernel | policy | load | xdp, ns | hwirq, ns | change | floor of hwirq's run, ns | longest section with interrupts off |\n"
	      "|---|---|---|---:|---:|---:|---:|---|\n", f);
	for (i = 0; i < rs->rows; i++) {
		const struct row *own = &rs->row[i], *xdp;
		const struct blame *w;

		if (own->why[0] || strcmp(own->cell.system->name, "hwirq"))
			continue;
		xdp = results_find(rs, own->flavour, own->cell.policy->name, own->cell.load->name, "xdp");
		if (!xdp || row_quantile(xdp, &hist_quantiles[3], &a) != HIST_OK ||
		    row_quantile(own, &hist_quantiles[3], &b) != HIST_OK || b * 2 <= a)
			continue;
		floor = 0;
		floor_p999(own, &floor);
		w = worst_late(own);
		snprintf(stack, sizeof(stack), "none over 3,000 ns");
		if (w)
			short_stack(w->stack, stack, sizeof(stack));
		fprintf(f, "| %s | %s | %s | %" PRIu64 " | %" PRIu64 " | %+.1f %% | %" PRIu64 " | `%s` |\n", own->flavour,
			own->cell.policy->name, own->cell.load->name, a, b, ((double)b - (double)a) * 100 / (double)a,
			floor, stack);
	}
	fputs("\nOf an idle machine's latency most is the device's and the entry's own cost, which all systems share. Under loads\n"
	      "whose floor is high, interrupts were off: nothing that begins with an interrupt can be earlier.\n", f);
}

static void md_flavours(const struct results *rs, FILE *f)
{
	size_t i, j;
	char b[6][32];

	if (!many_flavours(rs))
		return;
	fputs("\n## What kernel/config/latency.config changes\n\nns, system hwirq and xdp, kernel `lab` and the same with these settings.\n\n"
	      "| cell | p99.9 | with | max | with | floor max | with |\n|---|---:|---:|---:|---:|---:|---:|\n", f);
	for (i = 0; i < rs->rows; i++)
		for (j = 0; j < rs->rows; j++) {
			const struct row *a = &rs->row[i], *l = &rs->row[j];

			if (strcmp(a->flavour, "lab") || strcmp(l->flavour, "latency") || strcmp(a->name, l->name) ||
			    a->why[0] || l->why[0])
				continue;
			fprintf(f, "| %s | %s | %s | %s | %s | %s | %s |\n", a->name, row_text(a, 3, b[0], 32),
				row_text(l, 3, b[1], 32), with_commas(a->hist[HIST_LATENCY].max, b[2], 32),
				with_commas(l->hist[HIST_LATENCY].max, b[3], 32), floor_text(a, true, b[4], 32),
				floor_text(l, true, b[5], 32));
		}
}

/* Those that the script plot has drawn of these data */
static void md_plots(const struct results *rs, FILE *f)
{
	static const struct {
		const char *file, *policy, *load, *system, *what;
	} plots[] = {
		{ "idle-and-disk", "old", "ahci-hdd", "xdp", "XDP and hwirq, idle and under the disk loads (policy old)" },
		{ "disk-systems", "old", "ahci-fsync", "xdp", "the systems under ahci-fsync (policy old)" },
		{ "disk-systems-now", "now", "ahci-fsync", "xdp", "the systems under ahci-fsync (policy now)" },
		{ "map", "old", "ahci-fsync", "xdp-map", "with a record per packet, ahci-fsync (policy old)" },
		{ "map-now", "now", "ahci-fsync", "xdp-map", "with a record per packet, ahci-fsync (policy now)" },
		{ "neighbour", "now", "nic-128", "xdp", "the systems beside a flooded NIC, nic-128 (policy now)" },
	};
	size_t i;

	fputs("\n## Plots\n\nShare of packets that took longer (CCDF), both axes logarithmic.\n\n", f);
	for (i = 0; i < LAB_ARRAY_SIZE(plots); i++)
		if (own_row(rs, plots[i].policy, plots[i].load, plots[i].system))
			fprintf(f, "![%s](plots/%s.png)\n", plots[i].what, plots[i].file);
}

static void md_head(const struct results *rs, FILE *f)
{
	uint64_t least = UINT64_MAX, most = 0;
	char a[32], b[32], c[32];
	size_t i;

	for (i = 0; i < rs->rows; i++) {
		uint64_t planned = (uint64_t)row_value(&rs->row[i], "planned", 0);

		least = planned < least ? planned : least;
		most = planned > most ? planned : most;
	}
	fprintf(f, "# Results of the latency lab\n\nWritten by `lab-report` from the data of one bench; [README.md](README.md) explains every term.\n"
		"Kernel %s, %s.\n%s packets/s of 64 bytes (60 without FCS), open loop; latency from planned arrival to transmit doorbell.\n"
		"%zu cells, %s to %s packets in each; runs of a disk's cell are added up, a run without a disk is done twice to prove\n"
		"that it repeats, and counts once.\n\n",
		rs->rows ? rs->row[0].kernel : "?",
		rs->rows && rs->row[0].virtual_time ?
			"QEMU TCG `-icount` (virtual time: one guest instruction is one ns, no caches, no pipelines)" : "real time",
		with_commas(LAB_RATE, c, sizeof(c)), rs->rows, with_commas(least, a, sizeof(a)), with_commas(most, b, sizeof(b)));
}

static int write_markdown(const struct results *rs, const char *path)
{
	FILE *f = create(path);
	size_t p, l, s;

	if (!f)
		return -1;
	md_head(rs, f);
	fputs("| policy | |\n|---|---|\n", f);
	for (p = 0; p < lab_policy_count; p++)
		fprintf(f, "| %s | %s |\n", lab_policies[p].name, lab_policies[p].what);
	fputs("\n| load | |\n|---|---|\n", f);
	for (l = 0; l < lab_load_count; l++)
		fprintf(f, "| %s | %s |\n", lab_loads[l].name, lab_loads[l].what);
	fputs("\n| system | |\n|---|---|\n", f);
	for (s = 0; s < lab_system_count; s++)
		fprintf(f, "| %s | %s |\n", lab_systems[s].name, lab_systems[s].what);
	fputc('\n', f);
	md_targets(rs, f);
	md_reductions(rs, f);
	md_plots(rs, f);
	md_no_gain(rs, f);
	md_rows(rs, f);
	md_spread(rs, f);
	md_cpu(rs, f);
	md_flavours(rs, f);
	md_blame(rs, f);
	return finish(f, path);
}

/* Lines of a file as a list that ends with NULL; only ever one */
static char **read_names(const char *path)
{
	static char *names[1024];
	char *line = NULL;
	size_t room = 0, n = 0;
	FILE *f = fopen(path, "r");

	if (!f) {
		fprintf(stderr, "lab-report: cannot read %s: %m\n", path);
		return NULL;
	}
	while (getline(&line, &room, f) > 0 && n < LAB_ARRAY_SIZE(names) - 1) {
		line[strcspn(line, " \n")] = '\0';
		names[n++] = strdup(line);
	}
	free(line);
	fclose(f);
	return names;
}

static int read_all(struct results *rs, char **paths)
{
	FILE *f;
	int err;

	for (; *paths; paths++) {
		f = fopen(*paths, "r");
		if (!f) {
			fprintf(stderr, "lab-report: cannot read %s: %m\n", *paths);
			return -1;
		}
		err = results_read(rs, f, *paths);
		fclose(f);
		if (err)
			return err;
	}
	return 0;
}

static int write_file(const struct results *rs, const char *path, bool json)
{
	FILE *f;
	int err = 0;

	if (!path)
		return 0;
	f = create(path);
	if (!f)
		return -1;
	if (json)
		err = results_json(rs, f);
	else
		results_csv(rs, f);
	return finish(f, path) ? -1 : err;
}

struct options {
	const char *csv, *json, *markdown, *ccdf, *expect;
	unsigned int min_runs;
	bool list, quick, figures, quiet;
};

static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "list", no_argument, NULL, 'l' },	     { "quick", no_argument, NULL, 'q' },
		{ "figures", no_argument, NULL, 'f' },	     { "quiet", no_argument, NULL, 's' },
		{ "csv", required_argument, NULL, 'c' },     { "json", required_argument, NULL, 'j' },
		{ "markdown", required_argument, NULL, 'm' }, { "ccdf", required_argument, NULL, 'd' },
		{ "expect", required_argument, NULL, 'e' },  { "min-runs", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },	     { 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1)
		switch (c) {
		case 'l': o->list = true; break;
		case 'q': o->quick = true; break;
		case 'f': o->figures = true; break;
		case 's': o->quiet = true; break;
		case 'c': o->csv = optarg; break;
		case 'j': o->json = optarg; break;
		case 'm': o->markdown = optarg; break;
		case 'd': o->ccdf = optarg; break;
		case 'e': o->expect = optarg; break;
		case 'n': o->min_runs = (unsigned int)atoi(optarg); break;
		case 'h': exit(usage(stdout));
		default: return -1;
		}
	return o->list || optind < argc ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct options o = { .min_runs = 2 };
	struct results rs = { 0 };
	unsigned int wrong;
	char **expected = NULL;

	if (parse_options(argc, argv, &o))
		return usage(stderr);
	if (o.list)
		return list(optind < argc ? argv[optind] : "", o.quick, o.figures);
	if (o.expect && !(expected = read_names(o.expect)))
		return EXIT_USAGE;
	if (read_all(&rs, argv + optind))
		return EXIT_USAGE;
	results_sort(&rs);
	if (!o.quiet)
		table(&rs);
	wrong = results_check(&rs, expected, o.min_runs, stderr);
	if (write_file(&rs, o.csv, false) || write_file(&rs, o.json, true) ||
	    (o.ccdf && write_ccdfs(&rs, o.ccdf)) || (o.markdown && write_markdown(&rs, o.markdown)))
		return EXIT_USAGE;
	results_free(&rs);
	return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
