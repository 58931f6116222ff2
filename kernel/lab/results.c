// SPDX-License-Identifier: GPL-2.0-only
#include "results.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

static const char *const hist_names[HISTS] = { "latency", "lateness", "pickup" };

struct parser {
	struct results *rs;
	struct row *row;		/* the cell that is open */
	struct hist run[HISTS];		/* its figures, until it is closed */
	struct row values;		/* only those of it */
	uint64_t digest, planned;
	uint64_t said[HISTS][4];	/* count, sum, min, max */
	const char *file;
	unsigned int line;
	char kernel[64], flavour[FLAVOUR_MAX];
	bool virtual_time, booted;
};

static int bad(const struct parser *p, const char *what)
{
	fprintf(stderr, "lab-report: %s:%u: %s\n", p->file, p->line, what);
	return -1;
}

static void *more(void *array, size_t count, size_t size)
{
	array = realloc(array, (count + 1) * size);
	if (!array) {
		perror("lab-report");
		exit(EXIT_FAILURE);
	}
	memset((char *)array + count * size, 0, size);
	return array;
}

static struct row *row_of(struct results *rs, const char *flavour, const char *name)
{
	size_t i;

	for (i = 0; i < rs->rows; i++)
		if (!strcmp(rs->row[i].name, name) && !strcmp(rs->row[i].flavour, flavour))
			return &rs->row[i];
	rs->row = (struct row *)more(rs->row, rs->rows, sizeof(*rs->row));
	snprintf(rs->row[rs->rows].name, CELL_NAME_MAX, "%s", name);
	snprintf(rs->row[rs->rows].flavour, FLAVOUR_MAX, "%s", flavour);
	return &rs->row[rs->rows++];
}

static void add_value(struct row *r, const char *key, double value)
{
	size_t i;

	for (i = 0; i < r->value_count; i++)
		if (!strcmp(r->values[i].key, key))
			break;
	if (i == r->value_count) {
		r->values = (struct value *)more(r->values, r->value_count++, sizeof(*r->values));
		snprintf(r->values[i].key, sizeof(r->values[i].key), "%s", key);
	}
	r->values[i].sum += value;
}

static int open_cell(struct parser *p, const char *name)
{
	struct lab_cell cell;

	if (p->row || !p->booted)
		return bad(p, p->row ? "a cell begins inside another" : "a cell before the boot's line");
	if (!lab_cell_parse(name, &cell))
		return bad(p, "no such cell");
	p->row = row_of(p->rs, p->flavour, name);
	if (p->row->runs == RUNS_MAX)
		return bad(p, "too many runs of one cell");
	p->row->cell = cell;
	p->row->virtual_time = p->virtual_time;
	memcpy(p->row->kernel, p->kernel, sizeof(p->kernel));
	memset(p->said, 0, sizeof(p->said));
	p->planned = p->digest = 0;
	return 0;
}

/* A run that repeats another in virtual time adds nothing but the proof that it does. */
static bool repeats(const struct row *r, uint64_t digest)
{
	return r->merged && r->virtual_time && r->cell.load->disk == DISK_NONE && digest == r->digest[0];
}

static int merge_run(struct parser *p)
{
	struct row *r = p->row;
	size_t i;

	for (i = 0; i < HISTS; i++)
		if (hist_merge(&r->hist[i], &p->run[i]))
			return bad(p, "the histograms of two runs have different buckets");
	for (i = 0; i < p->values.value_count; i++)
		add_value(r, p->values.values[i].key, p->values.values[i].sum);
	r->merged++;
	return 0;
}

static int close_cell(struct parser *p, const char *status, const char *why)
{
	struct row *r = p->row;
	int i;

	for (i = 0; i < HISTS; i++) {
		if (hist_seal(&p->run[i], p->said[i][0], p->said[i][1], p->said[i][2], p->said[i][3]))
			return bad(p, "a histogram and its heading do not agree");
	}
	if (!repeats(r, p->digest) && merge_run(p))
		return -1;
	p->values.value_count = 0;
	r->digest[r->runs] = p->digest;
	r->planned[r->runs] = p->planned;
	r->latency[r->runs] = p->run[HIST_LATENCY];
	memset(&p->run[HIST_LATENCY], 0, sizeof(p->run[0]));
	hist_free(&p->run[HIST_LATENESS]);
	hist_free(&p->run[HIST_PICKUP]);
	r->runs++;
	if (strcmp(status, "ok") && !r->why[0])
		snprintf(r->why, sizeof(r->why), "%s", *why ? why : "failed without a reason");
	p->row = NULL;
	return 0;
}

static int histogram_line(struct parser *p, const char *text)
{
	uint64_t low, high, count, *said;
	char name[16];
	int used, i;

	if (sscanf(text, "%15s %n", name, &used) != 1)
		return bad(p, "no histogram's name");
	for (i = 0; i < HISTS && strcmp(name, hist_names[i]); i++)
		;
	if (i == HISTS)
		return bad(p, "an unknown histogram");
	text += used;
	said = p->said[i];
	if (*text == '#') {
		if (sscanf(text, "# count=%" SCNu64 " sum=%" SCNu64 " min=%" SCNu64 " max=%" SCNu64,
			   &said[0], &said[1], &said[2], &said[3]) != 4)
			return bad(p, "a histogram's heading");
		return 0;
	}
	if (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64, &low, &high, &count) != 3 ||
	    hist_add(&p->run[i], low, high, count))
		return bad(p, "a histogram's bucket");
	return 0;
}

static void name_waiter(const char *text, const char *stack, char *who, size_t size)
{
	const char *at = strstr(text, " comm="), *in = "kernel";
	char comm[16] = "?";

	if (at)
		sscanf(at, " comm=%15[^ ]", comm);
	if (!strcmp(stack, "user"))
		in = "user space";
	else if (strstr(stack, "handle_softirqs"))
		in = "softirq";
	snprintf(who, size, "%s, %s", comm, in);
}

/* Lines of the same stack differ only in what was interrupted where. */
static int blame_line(struct parser *p, const char *text)
{
	struct row *r = p->row;
	uint64_t count, max, sum;
	bool late = !strncmp(text, "late ", 5);
	char stack[512], who[sizeof(r->blames->who)] = "", *at;
	size_t i;

	if (!late && strncmp(text, "wait ", 5))
		return 0;	/* arrivals and overflow */
	at = strstr(text, " ip=");
	if (!at || sscanf(text + 5, "count=%" SCNu64 " max=%" SCNu64 " sum=%" SCNu64, &count, &max, &sum) != 3)
		return bad(p, "an attribution");
	/* without a stack, as in user space: what was interrupted */
	if (sscanf(at, " ip=%*s stack=%511s", stack) != 1 && sscanf(at, " ip=%511s", stack) != 1)
		return bad(p, "an attribution without a place");
	if (!late)
		name_waiter(text, stack, who, sizeof(who));
	for (i = 0; i < r->blame_count; i++)
		if (r->blames[i].late == late && !strcmp(r->blames[i].stack, stack) &&
		    !strcmp(r->blames[i].who, who))
			break;
	if (i == r->blame_count) {
		r->blames = (struct blame *)more(r->blames, r->blame_count++, sizeof(*r->blames));
		r->blames[i].late = late;
		memcpy(r->blames[i].who, who, sizeof(who));
		r->blames[i].stack = strdup(stack);
	}
	r->blames[i].count += count;
	r->blames[i].sum += sum;
	if (max > r->blames[i].max)
		r->blames[i].max = max;
	return 0;
}

static int value_line(struct parser *p, const char *text)
{
	char key[32], word[64];
	double value;
	char *end;

	if (sscanf(text, "%31s %63s", key, word) != 2)
		return bad(p, "neither a key nor a value");
	if (!strcmp(key, "digest")) {
		p->digest = strtoull(word, &end, 16);
		return *end ? bad(p, "a digest") : 0;
	}
	value = strtod(word, &end);
	if (*end)
		return bad(p, "a value that is no number");
	if (!strcmp(key, "planned"))
		p->planned = (uint64_t)value;
	add_value(&p->values, key, value);
	return 0;
}

static int structure_line(struct parser *p, const char *text)
{
	char name[CELL_NAME_MAX], status[8];
	int is_virtual, used = 0;

	if (sscanf(text, "boot kernel=%63s flavour=%31s cpus=%*d virtual=%d", p->kernel, p->flavour,
		   &is_virtual) == 3) {
		p->virtual_time = is_virtual;
		p->booted = true;
		return 0;
	}
	if (sscanf(text, "cell %63s", name) == 1)
		return open_cell(p, name);
	if (sscanf(text, "end %63s %7s %n", name, status, &used) == 2 && p->row && !strcmp(name, p->row->name))
		return close_cell(p, status, used ? text + used : "");
	return bad(p, "a line that does not fit here");
}

int results_read(struct results *rs, FILE *f, const char *name)
{
	struct parser p = { .rs = rs, .file = name };
	char *line = NULL;
	size_t room = 0;
	int i, err = 0;

	while (!err && getline(&line, &room, f) > 0) {
		p.line++;
		line[strcspn(line, "\r\n")] = '\0';
		if (!strncmp(line, "@ ", 2))
			err = structure_line(&p, line + 2);
		else if (!p.row)
			err = *line ? bad(&p, "a line outside of a cell") : 0;
		else if (!strncmp(line, "h ", 2))
			err = histogram_line(&p, line + 2);
		else if (!strncmp(line, "w ", 2))
			err = blame_line(&p, line + 2);
		else
			err = value_line(&p, line);
	}
	if (!err && p.row) {
		snprintf(p.row->why, sizeof(p.row->why), "the guest ended in the middle of it");
		p.row->runs++;
	}
	for (i = 0; i < HISTS; i++)
		hist_free(&p.run[i]);
	free(p.values.values);
	free(line);
	return err;
}

void results_free(struct results *rs)
{
	size_t i, j;

	for (i = 0; i < rs->rows; i++) {
		struct row *r = &rs->row[i];

		for (j = 0; j < HISTS; j++)
			hist_free(&r->hist[j]);
		for (j = 0; j < r->runs; j++)
			hist_free(&r->latency[j]);
		for (j = 0; j < r->blame_count; j++)
			free(r->blames[j].stack);
		free(r->blames);
		free(r->values);
	}
	free(rs->row);
	memset(rs, 0, sizeof(*rs));
}

static int by_cell(const void *a, const void *b)
{
	const struct row *x = (const struct row *)a, *y = (const struct row *)b;
	int order = strcmp(x->flavour, y->flavour);

	/* pointers into tables */
	if (!order)
		order = (x->cell.policy > y->cell.policy) - (x->cell.policy < y->cell.policy);
	if (!order)
		order = (x->cell.load > y->cell.load) - (x->cell.load < y->cell.load);
	if (!order)
		order = (x->cell.system > y->cell.system) - (x->cell.system < y->cell.system);
	return order;
}

void results_sort(struct results *rs)
{
	if (rs->rows)
		qsort(rs->row, rs->rows, sizeof(*rs->row), by_cell);
}

static unsigned int check_runs(const struct row *r, unsigned int min_runs, FILE *out)
{
	unsigned int i;

	if (!r->virtual_time || r->cell.load->disk != DISK_NONE)
		return 0;
	if (r->runs < min_runs) {
		fprintf(out, "%s: %u of %u runs: nothing proves that it repeats\n", r->name, r->runs, min_runs);
		return 1;
	}
	for (i = 1; i < r->runs; i++)
		if (r->digest[i] != r->digest[0]) {
			fprintf(out, "%s: two runs in virtual time differ. The lab is broken: do not use its figures\n",
				r->name);
			return 1;
		}
	return 0;
}

unsigned int results_check(const struct results *rs, char *const *expected, unsigned int min_runs,
			   FILE *out)
{
	unsigned int wrong = 0;
	size_t i;

	for (i = 0; i < rs->rows; i++) {
		if (rs->row[i].why[0]) {
			fprintf(out, "%s: FAILED: %s\n", rs->row[i].name, rs->row[i].why);
			wrong++;
		} else {
			wrong += check_runs(&rs->row[i], min_runs, out);
		}
	}
	for (; expected && *expected; expected++) {
		for (i = 0; i < rs->rows && strcmp(rs->row[i].name, *expected); i++)
			;
		if (i == rs->rows) {
			fprintf(out, "%s: no result\n", *expected);
			wrong++;
		}
	}
	return wrong;
}

const struct row *results_find(const struct results *rs, const char *flavour, const char *policy,
			       const char *load, const char *system)
{
	size_t i;

	for (i = 0; i < rs->rows; i++) {
		const struct row *r = &rs->row[i];

		if (!r->why[0] && !strcmp(r->flavour, flavour) && !strcmp(r->cell.policy->name, policy) &&
		    !strcmp(r->cell.load->name, load) && !strcmp(r->cell.system->name, system))
			return r;
	}
	return NULL;
}

double row_value(const struct row *r, const char *key, double none)
{
	size_t i;

	for (i = 0; i < r->value_count; i++)
		if (!strcmp(r->values[i].key, key))
			return r->values[i].sum;
	return none;
}

enum hist_status row_quantile(const struct row *r, const struct quantile *q, uint64_t *value)
{
	return hist_quantile(&r->hist[HIST_LATENCY], q, (uint64_t)row_value(r, "planned", 0), value);
}

bool row_spread(const struct row *r, const struct quantile *q, uint64_t *low, uint64_t *high)
{
	uint64_t value;
	unsigned int i;

	for (i = 0; i < r->runs; i++) {
		value = r->latency[i].max;
		if (q && hist_quantile(&r->latency[i], q, r->planned[i], &value) != HIST_OK)
			return false;
		if (!i || value < *low)
			*low = value;
		if (!i || value > *high)
			*high = value;
	}
	return r->runs > 0;
}

double row_lost(const struct row *r)
{
	return row_value(r, "planned", 0) - row_value(r, "answered", 0);
}

void row_work(const struct row *r, char *buf, size_t size)
{
	static const struct {
		const char *key, *words;
		double scale;
	} known[] = {
		{ "disk-completed", "%.0f I/O", 1 },
		{ "disk-sectors", "%.1f MiB", 1.0 / 2048 },
		{ "disk-flushes", "%.0f flushes", 1 },
		{ "softirq-block", "%.0f BLOCK softirqs", 1 },
		{ "ops-hdd-tmpfs", "%.0f tmpfs writes in all", 1 },
		{ "flood-consumed", "%.0f neighbour frames", 1 },
		{ "softirq-timer", "%.0f TIMER softirqs", 1 },
		{ "softirq-rcu", "%.0f RCU softirqs", 1 },
		{ "ops-churn", "%.0f time-outs and inodes in all", 1 },
		{ "spin-share", "counting got %.1f %% of the CPU", 100 },
	};
	bool timers = row_value(r, "ops-churn", 0) > 0, disk = r->cell.load->disk != DISK_NONE;
	size_t i, at = 0;
	double value;

	snprintf(buf, size, "-");
	for (i = 0; i < LAB_ARRAY_SIZE(known); i++) {
		value = row_value(r, known[i].key, 0);
		if (value <= 0 || (!strncmp(known[i].key, "softirq", 7) &&
				   !(strstr(known[i].key, "block") ? disk : timers)))
			continue;
		if (!strcmp(known[i].key, "spin-share"))
			value /= r->merged;
		if (at && at < size)
			at += (size_t)snprintf(buf + at, size - at, ", ");
		if (at < size) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			at += (size_t)snprintf(buf + at, size - at, known[i].words, value * known[i].scale);
#pragma GCC diagnostic pop
		}
	}
}

/* A number, or why there is none */
static const char *cell_text(enum hist_status status, uint64_t value, char *buf, size_t size)
{
	if (status == HIST_OK)
		snprintf(buf, size, "%" PRIu64, value);
	else
		snprintf(buf, size, "%s", status == HIST_LOST ? "lost" : "few");
	return buf;
}

void results_csv(const struct results *rs, FILE *f)
{
	uint64_t value = 0;
	enum hist_status status;
	char buf[256];
	size_t i, q, h;

	fputs("kernel,flavour,clock,policy,load,system,runs,planned,answered,lost", f);
	for (h = 0; h < HISTS; h++) {
		for (q = 0; q < HIST_QUANTILES; q++)
			fprintf(f, ",%s_%s_ns", hist_names[h], hist_quantiles[q].name);
		fprintf(f, ",%s_max_ns", hist_names[h]);
	}
	fputs(",isr_ns,napi_ns,window_ns,spin_share,work,failure\n", f);
	for (i = 0; i < rs->rows; i++) {
		const struct row *r = &rs->row[i];

		fprintf(f, "%s,%s,%s,%s,%s,%s,%u,%.0f,%.0f,%.0f", r->kernel, r->flavour,
			r->virtual_time ? "virtual" : "real", r->cell.policy->name, r->cell.load->name,
			r->cell.system->name, r->runs, row_value(r, "planned", 0),
			row_value(r, "answered", 0), row_lost(r));
		for (h = 0; h < HISTS; h++) {
			for (q = 0; q < HIST_QUANTILES; q++) {
				status = h == HIST_LATENCY ? row_quantile(r, &hist_quantiles[q], &value) :
					hist_quantile(&r->hist[h], &hist_quantiles[q], r->hist[h].count, &value);
				fprintf(f, ",%s", cell_text(status, value, buf, sizeof(buf)));
			}
			fprintf(f, ",%" PRIu64, r->hist[h].max);
		}
		row_work(r, buf, sizeof(buf));
		fprintf(f, ",%.0f,%.0f,%.0f,", row_value(r, "isr_ns", 0), row_value(r, "napi_ns", 0),
			row_value(r, "window", 0));
		if (row_value(r, "spin-share", -1) >= 0)
			fprintf(f, "%.6f", row_value(r, "spin-share", 0) / r->merged);
		fprintf(f, ",\"%s\",\"%s\"\n", buf, r->why);
	}
}

static struct json_object *json_hist(const struct hist *h, uint64_t total)
{
	struct json_object *o = json_object_new_object(), *all = json_object_new_array(), *b;
	uint64_t value;
	size_t i;

	json_object_object_add(o, "count", json_object_new_int64((int64_t)h->count));
	json_object_object_add(o, "min", json_object_new_int64((int64_t)h->min));
	json_object_object_add(o, "max", json_object_new_int64((int64_t)h->max));
	for (i = 0; i < HIST_QUANTILES; i++)
		json_object_object_add(o, hist_quantiles[i].name,
				       hist_quantile(h, &hist_quantiles[i], total, &value) == HIST_OK ?
					       json_object_new_int64((int64_t)value) : NULL);
	for (i = 0; i < h->buckets; i++) {
		b = json_object_new_array();
		json_object_array_add(b, json_object_new_int64((int64_t)h->bucket[i].low));
		json_object_array_add(b, json_object_new_int64((int64_t)h->bucket[i].high));
		json_object_array_add(b, json_object_new_int64((int64_t)h->bucket[i].count));
		json_object_array_add(all, b);
	}
	json_object_object_add(o, "buckets", all);
	return o;
}

static struct json_object *json_blames(const struct row *r)
{
	struct json_object *all = json_object_new_array(), *o;
	size_t i;

	for (i = 0; i < r->blame_count; i++) {
		o = json_object_new_object();
		json_object_object_add(o, "kind", json_object_new_string(r->blames[i].late ? "late" : "wait"));
		json_object_object_add(o, "count", json_object_new_int64((int64_t)r->blames[i].count));
		json_object_object_add(o, "max_ns", json_object_new_int64((int64_t)r->blames[i].max));
		json_object_object_add(o, "sum_ns", json_object_new_int64((int64_t)r->blames[i].sum));
		json_object_object_add(o, "who", json_object_new_string(r->blames[i].who));
		json_object_object_add(o, "stack", json_object_new_string(r->blames[i].stack));
		json_object_array_add(all, o);
	}
	return all;
}

static struct json_object *json_row(const struct row *r)
{
	struct json_object *o = json_object_new_object(), *counters = json_object_new_object();
	size_t i;

	json_object_object_add(o, "cell", json_object_new_string(r->name));
	json_object_object_add(o, "kernel", json_object_new_string(r->kernel));
	json_object_object_add(o, "flavour", json_object_new_string(r->flavour));
	json_object_object_add(o, "clock", json_object_new_string(r->virtual_time ? "virtual" : "real"));
	json_object_object_add(o, "unit", json_object_new_string("ns"));
	json_object_object_add(o, "runs", json_object_new_int((int)r->runs));
	json_object_object_add(o, "failure", r->why[0] ? json_object_new_string(r->why) : NULL);
	for (i = 0; i < r->value_count; i++)
		json_object_object_add(counters, r->values[i].key, json_object_new_double(r->values[i].sum));
	json_object_object_add(o, "counters", counters);
	for (i = 0; i < HISTS; i++)
		json_object_object_add(o, hist_names[i],
				       json_hist(&r->hist[i], i == HIST_LATENCY ? (uint64_t)row_value(r, "planned", 0) :
							      r->hist[i].count));
	json_object_object_add(o, "in_the_way", json_blames(r));
	return o;
}

int results_json(const struct results *rs, FILE *f)
{
	struct json_object *all = json_object_new_array();
	size_t i;
	int n;

	for (i = 0; i < rs->rows; i++)
		json_object_array_add(all, json_row(&rs->row[i]));
	n = fprintf(f, "%s\n", json_object_to_json_string_ext(all, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(all);
	return n < 0 ? -1 : 0;
}
