// SPDX-License-Identifier: GPL-2.0-only
/* From what agents write to rows, checks, CSV and JSON */
#include "results.h"

#include <json-c/json.h>

#include <test.h>

#define BOOT "@ boot kernel=6.12.0 flavour=lab cpus=1 virtual=1\n"
#define NODISK "now/none/xdp"
#define DISK "old/ahci-fsync/xdp"

/* A cell with @count packets of @ns, @lost more that never came back */
static void add_cell(char *text, size_t size, const char *name, unsigned int count, unsigned int ns,
		     unsigned int lost, const char *digest)
{
	size_t at = strlen(text);

	snprintf(text + at, size - at,
		 "@ cell %s\nplanned %u\nanswered %u\ndigest %s\n"
		 "h latency # count=%u sum=%u min=%u max=%u unit=ns\nh latency %u %u %u\n"
		 "h lateness # count=0 sum=0 min=0 max=0 unit=ns\nh pickup # count=0 sum=0 min=0 max=0 unit=ns\n"
		 "@ end %s ok \n",
		 name, count + lost, count, digest, count, count * ns, ns, ns, ns, ns, count, name);
}

static int parse(struct results *rs, const char *text)
{
	FILE *f = fmemopen((void *)text, strlen(text), "r");
	int err;

	assert_non_null(f);
	err = results_read(rs, f, "test");
	fclose(f);
	return err;
}

/* How many things results_check() finds wrong; @says must be among its words. */
static unsigned int check(const struct results *rs, char *const *expected, unsigned int runs,
			  const char *says)
{
	unsigned int wrong;
	char *words;
	size_t size;
	FILE *f = open_memstream(&words, &size);

	assert_non_null(f);
	wrong = results_check(rs, expected, runs, f);
	fclose(f);
	if (says && !strstr(words, says))
		fail_msg("'%s' does not say '%s'", words, says);
	free(words);
	return wrong;
}

static void test_equal_runs(void **state)
{
	char text[4096] = BOOT;
	struct results rs = { 0 };

	(void)state;
	add_cell(text, sizeof(text), NODISK, 100, 1000, 0, "12ab");
	add_cell(text, sizeof(text), NODISK, 100, 1000, 0, "12ab");
	assert_int_equal(parse(&rs, text), 0);
	assert_int_equal(rs.rows, 1);
	assert_int_equal(rs.row[0].runs, 2);
	/* a repetition is no more data */
	assert_int_equal(rs.row[0].hist[HIST_LATENCY].count, 100);
	assert_int_equal(row_value(&rs.row[0], "planned", 0), 100);
	assert_int_equal(check(&rs, NULL, 2, NULL), 0);
	results_free(&rs);
}

static void test_different_runs(void **state)
{
	char text[4096] = BOOT;
	struct results rs = { 0 };

	(void)state;
	add_cell(text, sizeof(text), NODISK, 100, 1000, 0, "12ab");
	add_cell(text, sizeof(text), NODISK, 100, 1000, 0, "12ac");
	assert_int_equal(parse(&rs, text), 0);
	assert_int_equal(check(&rs, NULL, 2, "differ"), 1);
	results_free(&rs);
}

static void test_single_run(void **state)
{
	char text[4096] = BOOT;
	struct results rs = { 0 };

	(void)state;
	add_cell(text, sizeof(text), NODISK, 100, 1000, 0, "12ab");
	assert_int_equal(parse(&rs, text), 0);
	assert_int_equal(check(&rs, NULL, 2, "nothing proves"), 1);
	assert_int_equal(check(&rs, NULL, 1, NULL), 0);
	results_free(&rs);
}

/* Disks answer when the host does: their runs differ, and add up. */
static void test_disk_runs(void **state)
{
	char text[4096] = BOOT;
	struct results rs = { 0 };
	uint64_t low, high;

	(void)state;
	add_cell(text, sizeof(text), DISK, 100, 1000, 0, "1");
	add_cell(text, sizeof(text), DISK, 100, 1500, 0, "2");
	assert_int_equal(parse(&rs, text), 0);
	assert_int_equal(check(&rs, NULL, 2, NULL), 0);
	assert_int_equal(rs.row[0].hist[HIST_LATENCY].count, 200);
	assert_true(row_spread(&rs.row[0], NULL, &low, &high));
	assert_int_equal(low, 1000);
	assert_int_equal(high, 1500);
	results_free(&rs);
}

/* Losses count in percentiles, and are told. */
static void test_losses(void **state)
{
	char text[4096] = BOOT;
	struct results rs = { 0 };
	uint64_t value;

	(void)state;
	add_cell(text, sizeof(text), DISK, 900, 1000, 100, "1");
	assert_int_equal(parse(&rs, text), 0);
	assert_int_equal(row_lost(&rs.row[0]), 100);
	assert_int_equal(row_quantile(&rs.row[0], &hist_quantiles[1], &value), HIST_OK);
	assert_int_equal(row_quantile(&rs.row[0], &hist_quantiles[2], &value), HIST_LOST);
	results_free(&rs);
}

static void test_failed_cell(void **state)
{
	struct results rs = { 0 };

	(void)state;
	assert_int_equal(parse(&rs, BOOT "@ cell " NODISK "\n@ end " NODISK " FAIL the load did nothing\n"), 0);
	assert_int_equal(check(&rs, NULL, 1, "FAILED: the load did nothing"), 1);
	assert_null(results_find(&rs, "lab", "now", "none", "xdp"));
	results_free(&rs);
}

static void test_dead_guest(void **state)
{
	struct results rs = { 0 };

	(void)state;
	assert_int_equal(parse(&rs, BOOT "@ cell " NODISK "\nplanned 100\n"), 0);
	assert_int_equal(check(&rs, NULL, 1, "in the middle"), 1);
	results_free(&rs);
}

static void test_missing_cell(void **state)
{
	char text[4096] = BOOT, first[] = NODISK, second[] = "now/none/hwirq";
	char *expected[] = { first, second, NULL };
	struct results rs = { 0 };

	(void)state;
	add_cell(text, sizeof(text), NODISK, 100, 1000, 0, "12ab");
	assert_int_equal(parse(&rs, text), 0);
	assert_int_equal(check(&rs, expected, 1, "now/none/hwirq: no result"), 1);
	results_free(&rs);
}

static void test_not_an_agents_words(void **state)
{
	static const char *const wrong[] = {
		"Kernel panic\n",
		"@ cell " NODISK "\n",
		BOOT "@ cell now/none/carrier-pigeon\n",
		BOOT "@ cell " NODISK "\n@ cell " NODISK "\n",
		BOOT "@ cell " NODISK "\nplanned many\n",
		BOOT "@ cell " NODISK "\nh latency 9 8 7\n",
		BOOT "@ cell " NODISK "\nh longitude 7 8 9\n",
		BOOT "@ cell " NODISK "\nh latency # count=2 sum=2 min=1 max=1 unit=ns\nh latency 1 1 1\n@ end " NODISK " ok \n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct results rs = { 0 };

		if (!parse(&rs, wrong[i]))
			fail_msg("accepted: %s", wrong[i]);
		results_free(&rs);
	}
}

static void test_attribution(void **state)
{
	struct results rs = { 0 };
	const struct row *r;

	(void)state;
	assert_int_equal(parse(&rs, BOOT "@ cell " DISK "\n"
			       "w arrival seq=1 planned=1 latency=9 pickup=2 lateness=0\n"
			       "w late count=2 max=7000 sum=12000 comm=a ip=f stack=f<g\n"
			       "w late count=1 max=9000 sum=9000 comm=b ip=h stack=f<g\n"
			       "w wait count=3 max=60000 sum=60000 comm=a ip=f stack=f<g\n"
			       "w wait count=1 max=20000 sum=20000 comm=a ip=user stack=\n"
			       "w wait count=1 max=20000 sum=20000 comm=a ip=x stack=x<handle_softirqs<y\n"
			       "w overflow late=0 wait=0\n@ end " DISK " ok \n"), 0);
	r = &rs.row[0];
	assert_int_equal(r->blame_count, 4);
	assert_true(r->blames[0].late);
	assert_int_equal(r->blames[0].count, 3);
	assert_int_equal(r->blames[0].max, 9000);
	assert_int_equal(r->blames[0].sum, 21000);
	assert_string_equal(r->blames[0].stack, "f<g");
	/* who ran while a frame waited: a process in the kernel, in user space, a softirq */
	assert_string_equal(r->blames[1].who, "a, kernel");
	assert_string_equal(r->blames[2].who, "a, user space");
	assert_string_equal(r->blames[3].who, "a, softirq");
	results_free(&rs);
}

static void test_csv(void **state)
{
	char text[4096] = BOOT, *out, *line;
	struct results rs = { 0 };
	size_t size, i, commas[2] = { 0, 0 };
	FILE *f;

	(void)state;
	add_cell(text, sizeof(text), DISK, 900, 1000, 100, "1");
	assert_int_equal(parse(&rs, text), 0);
	f = open_memstream(&out, &size);
	assert_non_null(f);
	results_csv(&rs, f);
	fclose(f);
	line = strchr(out, '\n') + 1;
	for (i = 0; i < size; i++)
		commas[out + i >= line] += out[i] == ',';
	assert_int_equal(commas[0], commas[1]);
	assert_memory_equal(line, "6.12.0,lab,virtual,old,ahci-fsync,xdp,1,1000,900,100,1000,1000,lost,",
			    strlen("6.12.0,lab,virtual,old,ahci-fsync,xdp,1,1000,900,100,1000,1000,lost,"));
	free(out);
	results_free(&rs);
}

static void test_json(void **state)
{
	char text[4096] = BOOT, *out;
	struct json_object *all, *cell, *latency, *o;
	struct results rs = { 0 };
	size_t size;
	FILE *f;

	(void)state;
	add_cell(text, sizeof(text), NODISK, 900, 1000, 100, "1");
	assert_int_equal(parse(&rs, text), 0);
	f = open_memstream(&out, &size);
	assert_non_null(f);
	assert_int_equal(results_json(&rs, f), 0);
	fclose(f);
	all = json_tokener_parse(out);
	assert_non_null(all);
	cell = json_object_array_get_idx(all, 0);
	assert_true(json_object_object_get_ex(cell, "cell", &o));
	assert_string_equal(json_object_get_string(o), NODISK);
	assert_true(json_object_object_get_ex(cell, "latency", &latency));
	assert_true(json_object_object_get_ex(latency, "p50", &o));
	assert_int_equal(json_object_get_int64(o), 1000);
	assert_true(json_object_object_get_ex(latency, "p99", &o));
	assert_null(o);
	json_object_put(all);
	free(out);
	results_free(&rs);
}

/* Names are a cell's only identity: each must lead back to itself. */
static void test_cell_names(void **state)
{
	char name[CELL_NAME_MAX], again[CELL_NAME_MAX];
	struct lab_cell c, parsed;
	size_t p, l, s, quick = 0;

	(void)state;
	for (p = 0; p < lab_policy_count; p++)
		for (l = 0; l < lab_load_count; l++)
			for (s = 0; s < lab_system_count; s++) {
				c = (struct lab_cell){ &lab_policies[p], &lab_loads[l], &lab_systems[s] };
				lab_cell_name(&c, name, sizeof(name));
				assert_true(lab_cell_parse(name, &parsed));
				lab_cell_name(&parsed, again, sizeof(again));
				assert_string_equal(name, again);
				quick += lab_cell_quick(&c);
			}
	assert_int_equal(quick, 15);
	assert_false(lab_cell_parse("now/none/", &parsed));
	assert_false(lab_cell_parse("", &parsed));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_equal_runs),   cmocka_unit_test(test_different_runs),
	cmocka_unit_test(test_single_run),   cmocka_unit_test(test_disk_runs),
	cmocka_unit_test(test_losses),	     cmocka_unit_test(test_failed_cell),
	cmocka_unit_test(test_dead_guest),   cmocka_unit_test(test_missing_cell),
	cmocka_unit_test(test_not_an_agents_words), cmocka_unit_test(test_attribution),
	cmocka_unit_test(test_csv),	     cmocka_unit_test(test_json),
	cmocka_unit_test(test_cell_names),
};

int main(void)
{
	return run_group("results", tests);
}
