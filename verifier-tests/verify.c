// SPDX-License-Identifier: GPL-2.0-only
/* Does the kernel make of each program of the corpus what the program says? Also
 * gives the kernel's verdict on any other object file, and prints the rules. Runs on
 * the host if its kernel knows hwirq programs, otherwise in a guest that it boots.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/capability.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <hwirq_abi.h>

#define SYSCTL_MAX_PATH "kernel.bpf_hwirq_max_path"
#define LOG_SIZE	(16U << 20)	/* beyond it the kernel says ENOSPC */
#define MAX_TEXTS	8
#define MAX_LOADS	8
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

enum { EXIT_BAD = 1, EXIT_USAGE = 2, EXIT_CANNOT = 3 };

static const char usage_text[] =
	"usage: verify [OPTION]... [PATTERN]\n"
	"Load each program of the corpus and compare what the kernel says with what the\n"
	"program says. PATTERN: only those whose name (topic.program) or rule holds it,\n"
	"or matches it as a shell pattern.\n"
	"\n"
	"  -p, --prog FILE   instead, give the kernel's verdict on the hwirq programs in FILE\n"
	"  -v, --verbose     print the verifier's log of each program\n"
	"  -j, --json        print the results as JSON\n"
	"  -l, --list        print the names of the tests\n"
	"  -r, --rules       print RULES.md\n"
	"  -m, --messages    print all messages that the corpus expects\n"
	"      --here        never boot a guest\n"
	"      --corpus DIR  the object files (default: corpus/ beside this binary)\n"
	"\n"
	"Exit status: 0 all as expected, or all programs of FILE accepted; 1 not so;\n"
	"2 bad usage, no match, or FILE holds no hwirq program; 3 cannot run here;\n"
	"124 to 126 the guest failed (see kernel/scripts/boot --help).\n";

static struct {
	const char *corpus;
	const char *prog;
	const char *pattern;
	bool verbose;
	bool json;
	bool here;
} opt;

static FILE *out;	/* stdout is cmocka's */

static void __attribute__((noreturn, format(printf, 2, 3))) die(int status, const char *fmt, ...)
{
	va_list args;

	fflush(out);
	fputs("verify: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(status);
}

static void *need_memory(void *p)
{
	if (!p)
		die(EXIT_CANNOT, "out of memory");
	return p;
}

static char *copy(const char *s)
{
	return need_memory(strdup(s));
}

static char *__attribute__((format(printf, 1, 2))) format(const char *fmt, ...)
{
	va_list args;
	char *s;

	va_start(args, fmt);
	if (vasprintf(&s, fmt, args) < 0)
		s = NULL;
	va_end(args);
	return need_memory(s);
}

/* Errors have names in the corpus, as in the kernel's source. */
static const struct {
	int number;
	const char *name;
} errors[] = {
	{ EPERM, "EPERM" },   { E2BIG, "E2BIG" },   { EACCES, "EACCES" },
	{ EBUSY, "EBUSY" },   { EEXIST, "EEXIST" }, { EINVAL, "EINVAL" },
	{ ENOENT, "ENOENT" }, { EBADF, "EBADF" },   { EFAULT, "EFAULT" },
	{ ENOTSUP, "EOPNOTSUPP" }, { ENOSPC, "ENOSPC" }, { 524, "ENOTSUPP" },
};

static const char *error_name(int number)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].number == number)
			return errors[i].name;
	return strerror(number);
}

static int error_number(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errors); i++)
		if (!strcmp(errors[i].name, name))
			return errors[i].number;
	return -1;
}

/* The corpus. */

enum cost_kind { COST_UNSET, COST_EXACT, COST_AT_MOST, COST_NONE };

struct topic {
	char *name;		/* corpus/NAME.bpf.c */
	void *elf;
	size_t size;
};

struct rule {
	char *id;
	const struct topic *topic;
	const char *over, *text, *why, *instead;
	int accepted, refused;
};

struct test {
	char *name;		/* topic.program */
	const struct topic *topic;
	const char *program;
	struct rule *rule;
	const char *rule_id;
	enum cost_kind cost_kind;
	unsigned int cost;
	int error;		/* 0 if the program is accepted */
	const char *messages[MAX_TEXTS];	/* the reason first */
	const char *kernel_log;
	bool before_log;
	const char *loads[MAX_LOADS];
	const char *needs;
	const char *covers;
	bool ingredient;
	/* instead of a program: are the enumerators of the rule complete? */
	const struct rule *complete;

	/* results */
	bool done, ok;
	char *skipped;
	char *actual;		/* verdict in words */
	char *actual_message;
	char *log;		/* if verbose */
};

static struct topic *topics;
static struct rule *rules;
static struct test *tests;
static size_t nr_topics, nr_rules, nr_tests, nr_corpus_errors;

static void *add_item(void *array, size_t *count, size_t size)
{
	array = need_memory(realloc(array, (*count + 1) * size));
	memset((char *)array + *count * size, 0, size);
	(*count)++;
	return array;
}

static void __attribute__((format(printf, 2, 3))) corpus_error(const char *where, const char *fmt, ...)
{
	va_list args;

	nr_corpus_errors++;
	fprintf(out, "error in the corpus: %s: ", where);
	va_start(args, fmt);
	vfprintf(out, fmt, args);
	va_end(args);
	fputc('\n', out);
}

/* The last of what libbpf had to say: the reason if the kernel was not asked. */
static char libbpf_log[4096];

static int keep_libbpf_log(enum libbpf_print_level level, const char *fmt, va_list args)
{
	size_t used = strlen(libbpf_log);

	if (level == LIBBPF_WARN)
		vsnprintf(libbpf_log + used, sizeof(libbpf_log) - used, fmt, args);
	return 0;
}

static const char *tag_value(const char *tag, const char *key)
{
	size_t len = strlen(key);

	return strncmp(tag, key, len) ? NULL : tag + len;
}

/* A cost is written as a sum that says how it comes about: 1 + 10 * (2 + 8 / 4). */
static unsigned long parse_sum(const char **p);

static unsigned long parse_product(const char **p)
{
	unsigned long product = 1, factor;
	char operator = '*', *end;

	for (;;) {
		*p += strspn(*p, " ");
		if (**p == '(') {
			++*p;
			factor = parse_sum(p);
			*p += **p == ')';
		} else {
			factor = strtoul(*p, &end, 10);
			if (end == *p)
				break;
			*p = end;
		}
		if (operator == '*')
			product *= factor;
		else if (factor)
			product /= factor;
		*p += strspn(*p, " ");
		if (**p != '*' && **p != '/')
			break;
		operator = *(*p)++;
	}
	return product;
}

static unsigned long parse_sum(const char **p)
{
	unsigned long sum = parse_product(p);

	while (**p == '+') {
		++*p;
		sum += parse_product(p);
	}
	return sum;
}

static void parse_test_tag(struct test *t, const char *tag)
{
	const char *v, *end;
	size_t i;

	if ((v = tag_value(tag, "rule="))) {
		if (t->rule_id)
			corpus_error(t->name, "has two expectations");
		t->rule_id = copy(v);
	} else if ((v = tag_value(tag, "cost=none"))) {
		t->cost_kind = COST_NONE;
	} else if ((v = tag_value(tag, "cost=")) || (v = tag_value(tag, "cost<="))) {
		t->cost_kind = tag[strlen("cost")] == '=' ? COST_EXACT : COST_AT_MOST;
		end = v;
		t->cost = parse_sum(&end);
		if (end == v || *end)
			corpus_error(t->name, "cost '%s' is no sum of products", v);
	} else if ((v = tag_value(tag, "errno="))) {
		t->error = error_number(v);
		if (t->error <= 0)
			corpus_error(t->name, "unknown error '%s'", v);
		return;
	} else if ((v = tag_value(tag, "message=")) || (v = tag_value(tag, "also="))) {
		for (i = 0; i < MAX_TEXTS && t->messages[i]; i++)
			;
		if (i == MAX_TEXTS || !*v)
			corpus_error(t->name, "%s", *v ? "has too many messages" : "empty message");
		else
			t->messages[i] = copy(v);
		return;
	} else if ((v = tag_value(tag, "kernel_log="))) {
		t->kernel_log = copy(v);
	} else if ((v = tag_value(tag, "before_log="))) {
		t->before_log = true;
	} else if ((v = tag_value(tag, "load="))) {
		for (i = 0; i < MAX_LOADS && t->loads[i]; i++)
			;
		if (i == MAX_LOADS)
			corpus_error(t->name, "has too many HWIRQ_LOAD()");
		else
			t->loads[i] = copy(v);
	} else if ((v = tag_value(tag, "needs="))) {
		t->needs = copy(v);
	} else if ((v = tag_value(tag, "covers="))) {
		t->covers = copy(v);
	} else if ((v = tag_value(tag, "ingredient="))) {
		t->ingredient = true;
	} else {
		corpus_error(t->name, "unknown tag '%s'", tag);
	}
}

static void parse_rule_tag(struct rule *r, const char *tag)
{
	const char *v;

	if ((v = tag_value(tag, "text=")))
		r->text = copy(v);
	else if ((v = tag_value(tag, "why=")))
		r->why = copy(v);
	else if ((v = tag_value(tag, "instead=")))
		r->instead = copy(v);
	else if ((v = tag_value(tag, "over=")))
		r->over = copy(v);
}

static struct bpf_object *open_topic(const struct topic *topic)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = topic->name);

	libbpf_log[0] = '\0';
	return bpf_object__open_mem(topic->elf, topic->size, &opts);
}

static void read_file(const char *path, struct topic *topic)
{
	FILE *f = fopen(path, "r");
	struct stat st;

	if (!f || fstat(fileno(f), &st))
		die(EXIT_USAGE, "cannot read %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		die(EXIT_USAGE, "%s is not a file", path);
	topic->size = st.st_size;
	topic->elf = need_memory(malloc(topic->size + 1));
	if (fread(topic->elf, 1, topic->size, f) != topic->size)
		die(EXIT_USAGE, "cannot read %s: %s", path, strerror(errno));
	fclose(f);
}

static void check_test(struct test *t)
{
	if (t->ingredient)
		return;
	if (!t->rule_id) {
		corpus_error(t->name, "has no expectation");
		return;
	}
	if (t->error && !t->messages[0] && !t->kernel_log && !t->before_log)
		corpus_error(t->name, "refused without a message");
	if (!t->error && t->cost_kind == COST_UNSET)
		corpus_error(t->name, "accepted without a cost");
}

static void read_topic(const struct topic *topic)
{
	struct bpf_object *obj = open_topic(topic);
	const struct btf_type *type, *of;
	size_t first = nr_tests, i;
	struct bpf_program *prog;
	const struct btf *btf;
	const char *tag, *v;
	__u32 id;

	if (!obj)
		die(EXIT_CANNOT, "libbpf cannot open corpus/%s.bpf.o: %s", topic->name, libbpf_log);
	btf = bpf_object__btf(obj);

	bpf_object__for_each_program(prog, obj) {
		tests = add_item(tests, &nr_tests, sizeof(*tests));
		tests[nr_tests - 1].topic = topic;
		tests[nr_tests - 1].program = copy(bpf_program__name(prog));
		tests[nr_tests - 1].name = format("%s.%s", topic->name, bpf_program__name(prog));
	}

	for (id = 1; id < btf__type_cnt(btf); id++) {
		type = btf__type_by_id(btf, id);
		if (!btf_is_decl_tag(type))
			continue;
		tag = tag_value(btf__name_by_offset(btf, type->name_off), "hwirq:");
		if (!tag)
			continue;
		of = btf__type_by_id(btf, type->type);
		v = btf__name_by_offset(btf, of->name_off);
		if (btf_is_func(of)) {
			for (i = first; i < nr_tests; i++)
				if (!strcmp(tests[i].program, v))
					break;
			if (i == nr_tests)
				corpus_error(topic->name, "%s is no program", v);
			else
				parse_test_tag(&tests[i], tag);
			continue;
		}
		v = tag_value(v, "hwirq_rule_");
		if (!v)
			continue;
		for (i = 0; i < nr_rules; i++)
			if (!strcmp(rules[i].id, v))
				break;
		if (i == nr_rules) {
			rules = add_item(rules, &nr_rules, sizeof(*rules));
			rules[i].id = copy(v);
			rules[i].topic = topic;
		} else if (rules[i].topic != topic) {
			corpus_error(topic->name, "the rule %s is one of %s, too", v,
				     rules[i].topic->name);
		}
		parse_rule_tag(&rules[i], tag);
	}
	for (i = first; i < nr_tests; i++)
		check_test(&tests[i]);
	bpf_object__close(obj);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void read_corpus(void)
{
	char *pattern = format("%s/*.bpf.o", opt.corpus);
	size_t i, j, nr;
	glob_t found;
	char *name;

	if (glob(pattern, GLOB_NOSORT, NULL, &found))
		die(EXIT_CANNOT, "no corpus: nothing matches %s", pattern);
	qsort(found.gl_pathv, found.gl_pathc, sizeof(char *), by_name);
	topics = need_memory(calloc(found.gl_pathc, sizeof(*topics)));
	for (i = 0; i < found.gl_pathc; i++) {
		name = copy(basename(found.gl_pathv[i]));
		name[strlen(name) - strlen(".bpf.o")] = '\0';
		topics[i].name = name;
		read_file(found.gl_pathv[i], &topics[i]);
	}
	nr_topics = found.gl_pathc;
	for (i = 0; i < nr_topics; i++)
		read_topic(&topics[i]);
	globfree(&found);
	free(pattern);

	for (i = 0; i < nr_tests; i++) {
		struct test *t = &tests[i];

		for (j = 0; t->rule_id && j < nr_rules; j++)
			if (!strcmp(rules[j].id, t->rule_id))
				t->rule = &rules[j];
		if (t->rule_id && !t->rule)
			corpus_error(t->name, "there is no rule %s", t->rule_id);
		else if (t->rule)
			t->error ? t->rule->refused++ : t->rule->accepted++;
	}
	/* Each rule has a neighbour on either side. */
	for (j = 0, nr = nr_tests; j < nr_rules; j++) {
		struct rule *r = &rules[j];

		if (!r->accepted || !r->refused)
			corpus_error(r->topic->name, "the rule %s has no program that is %s",
				     r->id, r->accepted ? "refused" : "accepted");
		if (!r->text || !r->why || !r->instead)
			corpus_error(r->topic->name, "the rule %s is incomplete", r->id);
		if (r->over && *r->over) {
			tests = add_item(tests, &nr_tests, sizeof(*tests));
			tests[nr_tests - 1] = (struct test){
				.name = format("%s.complete", r->topic->name),
				.program = "complete",
				.topic = r->topic, .rule = r, .rule_id = r->id, .complete = r,
			};
		}
	}
	/* One may have moved the other. */
	(void)nr;
}

static bool selected(const struct test *t)
{
	if (t->ingredient)
		return false;
	return !opt.pattern || strstr(t->name, opt.pattern) || !fnmatch(opt.pattern, t->name, 0) ||
	       (t->rule_id && !strcmp(t->rule_id, opt.pattern));
}

/* Loading one program. */

/* What comes back, possibly from a child process. */
static struct answer {
	int error;
	int libbpf_failed;	/* not even libbpf was content */
	unsigned int cost;
	char libbpf_log[sizeof(libbpf_log)];
	char log[LOG_SIZE];
} *answer;

static const struct {
	const char *name;
	int number;
} capabilities[] = {
	{ "bpf", CAP_BPF }, { "net_admin", CAP_NET_ADMIN }, { "perfmon", CAP_PERFMON },
	{ "sys_admin", CAP_SYS_ADMIN },
};

static int drop_caps(const char *list)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	size_t i, len;

	if (syscall(SYS_capget, &head, data))
		return -errno;
	for (; *list; list += strspn(list, ",")) {
		len = strcspn(list, ",");
		for (i = 0; i < ARRAY_SIZE(capabilities); i++)
			if (len == strlen(capabilities[i].name) + 1 && list[0] == '-' &&
			    !strncmp(list + 1, capabilities[i].name, len - 1))
				break;
		if (i == ARRAY_SIZE(capabilities))
			return -EINVAL;
		data[capabilities[i].number / 32].effective &= ~(1U << capabilities[i].number % 32);
		list += len;
	}
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

static const char *load_attr(const struct test *t, const char *key)
{
	const char *v;
	size_t i;

	for (i = 0; i < MAX_LOADS && t->loads[i]; i++)
		if ((v = tag_value(t->loads[i], key)))
			return v;
	return NULL;
}

static bool in_list(const char *list, const char *name)
{
	size_t len;

	for (; *list; list += strspn(list, ",")) {
		len = strcspn(list, ",");
		if (len == strlen(name) && !strncmp(list, name, len))
			return true;
		list += len;
	}
	return false;
}

static const struct btf *vmlinux_btf(void)
{
	static struct btf *btf;

	if (!btf)
		btf = btf__load_vmlinux_btf();
	if (!btf)
		die(EXIT_CANNOT, "the kernel has no BTF (CONFIG_DEBUG_INFO_BTF)");
	return btf;
}

/* Fill in what the placeholder in the program, an immediate of -1, refers to. */
static int patch_insn(struct bpf_program *prog, __u8 code, __u8 src, int imm)
{
	const struct bpf_insn *insns = bpf_program__insns(prog);
	size_t cnt = bpf_program__insn_cnt(prog), i;
	struct bpf_insn *copied;
	int err = -ENOENT;

	if (imm < 0)
		return imm;
	copied = need_memory(malloc(cnt * sizeof(*insns)));
	memcpy(copied, insns, cnt * sizeof(*insns));
	for (i = 0; i < cnt; i++)
		if (copied[i].code == code && copied[i].src_reg == src && copied[i].imm == -1) {
			copied[i].imm = imm;
			err = bpf_program__set_insns(prog, copied, cnt);
			break;
		}
	free(copied);
	return err;
}

static int kernel_func_id(const char *name)
{
	return btf__find_by_name_kind(vmlinux_btf(), name, BTF_KIND_FUNC);
}

/* libbpf makes a map of this type only from an instance of the struct. */
static int create_struct_ops(const char *ops)
{
	char *name = format("bpf_struct_ops_%s", ops);
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	int id = btf__find_by_name_kind(vmlinux_btf(), name, BTF_KIND_STRUCT), fd;
	/* The kernel wants to see BTF, whatever is in it. */
	struct btf *btf = need_memory(btf__new_empty());

	free(name);
	fd = id < 0 ? id : btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	if (fd > 0)
		fd = btf__load_into_kernel(btf);
	if (fd >= 0) {
		opts.btf_fd = btf__fd(btf);
		opts.btf_vmlinux_value_type_id = id;
		fd = bpf_map_create(BPF_MAP_TYPE_STRUCT_OPS, "struct_ops", 4,
				    btf__resolve_size(vmlinux_btf(), id), 1, &opts);
	}
	btf__free(btf);
	return fd;
}

/* User space gives up writing to the map before the program is loaded, as libbpf
 * does it for .rodata.
 */
static int freeze_map(struct bpf_map *map)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = bpf_map__map_flags(map));
	int fd, err;

	fd = bpf_map_create(bpf_map__type(map), bpf_map__name(map), bpf_map__key_size(map),
			    bpf_map__value_size(map), bpf_map__max_entries(map), &opts);
	if (fd < 0)
		return fd;
	err = bpf_map_freeze(fd) ?: bpf_map__reuse_fd(map, fd);
	close(fd);
	return err;
}

static unsigned int fdinfo_cost(int fd)
{
	unsigned int cost = 0;
	char *path = format("/proc/self/fdinfo/%d", fd), line[256];
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "hwirq_max_path_cost: %u", &cost) == 1)
			break;
	if (f)
		fclose(f);
	free(path);
	return cost;
}

static int load_target(const struct test *t, const char *name, struct bpf_object **obj)
{
	struct bpf_program *prog;

	*obj = open_topic(t->topic);
	if (!*obj)
		return -errno;
	bpf_object__for_each_program(prog, *obj)
		bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), name));
	return bpf_object__load(*obj);
}

static int load_program(const struct test *t)
{
	struct bpf_object *obj, *target_obj = NULL;
	struct bpf_program *prog, *wanted = NULL;
	const char *v, *maps = load_attr(t, "maps=");
	int err = 0, map_fd = -1;
	struct bpf_map *map;
	size_t i;

	obj = open_topic(t->topic);
	if (!obj)
		return -errno;
	bpf_object__for_each_program(prog, obj) {
		bool it = !strcmp(bpf_program__name(prog), t->program);

		bpf_program__set_autoload(prog, it);
		if (it)
			wanted = prog;
	}
	if (maps)
		bpf_object__for_each_map(map, obj)
			if (!bpf_map__is_internal(map))
				bpf_map__set_autocreate(map, in_list(maps, bpf_map__name(map)));

	/* Without instructions unless they are asked for: the log of a long loop is long. */
	bpf_program__set_log_level(wanted, opt.verbose ? 1 : 4);
	bpf_program__set_log_buf(wanted, answer->log, sizeof(answer->log));
	for (i = 0; !err && i < MAX_LOADS && t->loads[i]; i++) {
		if ((v = tag_value(t->loads[i], "flags=")))
			err = bpf_program__set_flags(wanted, strtoul(v, NULL, 0));
		else if ((v = tag_value(t->loads[i], "attach_type=")))
			err = bpf_program__set_expected_attach_type(wanted, atoi(v));
		else if ((v = tag_value(t->loads[i], "ifindex=")))
			bpf_program__set_ifindex(wanted, atoi(v));
		else if ((v = tag_value(t->loads[i], "kfunc=")))
			err = patch_insn(wanted, BPF_JMP | BPF_CALL, BPF_PSEUDO_KFUNC_CALL,
					 kernel_func_id(v));
		else if ((v = tag_value(t->loads[i], "btf_id=")))
			err = patch_insn(wanted, BPF_LD | BPF_IMM | BPF_DW, BPF_PSEUDO_BTF_ID,
					 kernel_func_id(v));
		else if ((v = tag_value(t->loads[i], "struct_ops=")))
			err = patch_insn(wanted, BPF_LD | BPF_IMM | BPF_DW, BPF_PSEUDO_MAP_FD,
					 map_fd = create_struct_ops(v));
		else if ((v = tag_value(t->loads[i], "freeze="))) {
			map = bpf_object__find_map_by_name(obj, v);
			err = map ? freeze_map(map) : -ENOENT;
		} else if ((v = tag_value(t->loads[i], "target="))) {
			err = load_target(t, v, &target_obj);
			if (!err)
				err = bpf_program__set_attach_target(wanted,
					bpf_program__fd(bpf_object__find_program_by_name(target_obj, v)), v);
		} else if (!tag_value(t->loads[i], "maps=") && !tag_value(t->loads[i], "caps=") &&
			   !tag_value(t->loads[i], "sysctl=") && !tag_value(t->loads[i], "userns="))
			err = -EINVAL;
		if (err)
			snprintf(answer->libbpf_log, sizeof(answer->libbpf_log),
				 "cannot do '%s': %s; %s", t->loads[i], strerror(-err), libbpf_log);
	}
	answer->libbpf_failed = err;
	if (err)
		goto out;

	v = load_attr(t, "caps=");
	if (v)
		err = drop_caps(v);
	if (!err && load_attr(t, "userns="))
		err = unshare(CLONE_NEWUSER) ? -errno : 0;
	answer->libbpf_failed = err;
	if (err) {
		snprintf(answer->libbpf_log, sizeof(answer->libbpf_log),
			 "cannot give up privileges: %s", strerror(-err));
		goto out;
	}
	err = bpf_object__load(obj);
	snprintf(answer->libbpf_log, sizeof(answer->libbpf_log), "%s", libbpf_log);
	if (!err)
		answer->cost = fdinfo_cost(bpf_program__fd(wanted));
out:
	answer->error = -err;
	if (map_fd >= 0)
		close(map_fd);
	bpf_object__close(obj);
	bpf_object__close(target_obj);
	return err;
}

/* Who gives up privileges does so in a process of its own. */
static void ask_kernel(const struct test *t)
{
	int status;
	pid_t pid;

	answer->error = 0;
	answer->libbpf_failed = 0;
	answer->cost = 0;
	answer->libbpf_log[0] = '\0';
	answer->log[0] = '\0';
	if (!load_attr(t, "caps=") && !load_attr(t, "userns=")) {
		load_program(t);
		return;
	}
	fflush(NULL);
	pid = fork();
	if (!pid) {
		load_program(t);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		die(EXIT_CANNOT, "%s: the child process failed", t->name);
}

/* Sysctls, for the time of a test. */

static int sysctl_rw(const char *name, size_t len, char *old, size_t size, const char *value)
{
	char *path = format("/proc/sys/%.*s", (int)len, name), *p;
	FILE *f;
	int err = 0;

	for (p = path + strlen("/proc/sys/"); *p; p++)
		if (*p == '.')
			*p = '/';
	f = fopen(path, value ? "w" : "r");
	free(path);
	if (!f)
		return -errno;
	if (value)
		err = fputs(value, f) < 0 ? -errno : 0;
	else if (fgets(old, size, f))
		old[strcspn(old, "\n")] = '\0';
	if (fclose(f) && !err)
		err = -errno;
	return err;
}

static char *kernel_log_text(void)
{
	int size = klogctl(10, NULL, 0), len;
	char *text;

	if (size <= 0)
		return copy("");
	text = need_memory(malloc(size + 1));
	len = klogctl(3, text, size);
	text[len > 0 ? len : 0] = '\0';
	return text;
}

/* What a kernel may lack. Whoever needs it is listed, with the place where else it
 * is tested.
 */
static const char *need_missing(const char *need)
{
	char old[32];
	int err;

	if (!strcmp(need, "interpreter")) {
		err = sysctl_rw("net.core.bpf_jit_enable", 23, old, sizeof(old), NULL);
		if (!err)
			err = sysctl_rw("net.core.bpf_jit_enable", 23, NULL, 0, "0");
		if (err)
			return "needs a kernel without CONFIG_BPF_JIT_ALWAYS_ON";
		sysctl_rw("net.core.bpf_jit_enable", 23, NULL, 0, old);
		return NULL;
	}
	if (!strcmp(need, "mitigations")) {
		char text[64] = "";
		FILE *f = fopen("/sys/devices/system/cpu/vulnerabilities/spectre_v1", "r");

		if (f && !fgets(text, sizeof(text), f))
			text[0] = '\0';
		if (f)
			fclose(f);
		return strncmp(text, "Mitigation", 10) ? "needs a kernel with CONFIG_CPU_MITIGATIONS" : NULL;
	}
	if (tag_value(need, "btf="))
		return kernel_func_id(tag_value(need, "btf=")) < 0 ? "the kernel was built without it" : NULL;
	if (tag_value(need, "symbol=")) {
		char line[256], *name;
		bool found = false;
		FILE *f = fopen("/proc/kallsyms", "r");

		while (!found && f && fgets(line, sizeof(line), f)) {
			name = strtok(line, " \n");
			name = name && strtok(NULL, " \n") ? strtok(NULL, " \t\n") : NULL;
			found = name && !strcmp(name, tag_value(need, "symbol="));
		}
		if (f)
			fclose(f);
		return found ? NULL : "the kernel was built without it";
	}
	return "needs something that verify.c does not know";
}

/* One test. */

static bool log_has_line(const char *log, const char *line)
{
	size_t len = strlen(line);
	const char *p;

	for (p = log; (p = strstr(p, line)); p++)
		if ((p == log || p[-1] == '\n') && (p[len] == '\n' || !p[len]))
			return true;
	return false;
}

/* An instruction, or its line in the source */
static bool shows_code(const char *line)
{
	size_t digits = strspn(line, "0123456789");

	return !strncmp(line, "; ", 2) || (digits && line[digits] == ':');
}

/* The last line that is a message and no statistics. */
static char *last_message(const char *log)
{
	const char *line, *end = log + strlen(log), *best = NULL;
	size_t best_len = 0, len;

	for (line = log; line < end; line += len + 1) {
		len = strcspn(line, "\n");
		if (len && !shows_code(line) && strncmp(line, "processed ", 10) && strncmp(line, "verification time", 17) &&
		    strncmp(line, "stack depth ", 12) && strncmp(line, "max path cost ", 14)) {
			best = line;
			best_len = len;
		}
	}
	return best ? format("%.*s", (int)best_len, best) : NULL;
}

static bool logged_path(unsigned int *cost, unsigned int *limit)
{
	const char *line, *p = answer->log;

	for (line = NULL; (p = strstr(p, "max path cost ")); p++)
		line = p;
	return line && sscanf(line, "max path cost %u (limit %u)", cost, limit) == 2;
}

static char *expectation(const struct test *t)
{
	if (t->error)
		return format("refused, %s%s", error_name(t->error),
			      t->before_log ? ", before there is a log" : "");
	switch (t->cost_kind) {
	case COST_EXACT:
		return format("accepted, path cost %u", t->cost);
	case COST_AT_MOST:
		return format("accepted, path cost at most %u", t->cost);
	default:
		return copy("accepted");
	}
}

static void judge(struct test *t, const char *kernel_log)
{
	unsigned int cost = 0, limit = 0;
	bool has_cost = logged_path(&cost, &limit);
	size_t i;

	t->ok = answer->error == t->error && !answer->libbpf_failed;
	t->actual_message = last_message(answer->log);
	if (answer->libbpf_failed) {
		t->actual = copy("not loaded");
		t->actual_message = copy(answer->libbpf_log);
	} else if (answer->error) {
		t->actual = format("refused, %s", error_name(answer->error));
		if (!t->actual_message && *answer->libbpf_log && !t->before_log)
			t->actual_message = format("(libbpf) %s", answer->libbpf_log);
		if (t->before_log && *answer->log)
			t->ok = false;
	} else if (has_cost) {
		t->actual = format("accepted, path cost %u (limit %u)", cost, limit);
		if (cost != answer->cost) {
			t->ok = false;
			t->actual_message = format("fdinfo says hwirq_max_path_cost %u", answer->cost);
		}
	} else {
		t->actual = copy("accepted");
	}
	if (!answer->error) {
		switch (t->cost_kind) {
		case COST_EXACT:
			t->ok &= has_cost && cost == t->cost;
			break;
		case COST_AT_MOST:
			t->ok &= has_cost && cost <= t->cost;
			break;
		default:
			break;
		}
	}
	for (i = 0; i < MAX_TEXTS && t->messages[i]; i++)
		if (!log_has_line(answer->log, t->messages[i]))
			t->ok = false;
		else if (!i) {
			free(t->actual_message);
			t->actual_message = copy(t->messages[i]);
		}
	if (t->kernel_log && !(kernel_log && strstr(kernel_log, t->kernel_log)))
		t->ok = false;
}

/* Expected and actual, one above the other, so that they can be compared. */
static void show_mismatch(const struct test *t)
{
	char *expected = expectation(t);
	size_t i;

	fprintf(out, "FAIL %s\n  expected: %s\n", t->name, expected);
	free(expected);
	for (i = 0; i < MAX_TEXTS && t->messages[i]; i++)
		fprintf(out, "            %s\n", t->messages[i]);
	if (t->kernel_log)
		fprintf(out, "            kernel log: %s\n", t->kernel_log);
	fprintf(out, "  actual:   %s\n", t->actual);
	if (t->actual_message)
		fprintf(out, "            %s\n", t->actual_message);
	if (!opt.verbose)
		fprintf(out, "  verifier log: make verify V=1 T=%s\n", t->name);
}

static int run_program(struct test *t)
{
	char old[MAX_LOADS][32], *before = NULL, *after = NULL, *fresh = NULL;
	const char *v, *value;
	const char *missing = t->needs ? need_missing(t->needs) : NULL;
	size_t i;
	int err = 0;

	if (missing) {
		t->skipped = copy(missing);
		return 0;
	}
	for (i = 0; i < MAX_LOADS && t->loads[i]; i++) {
		if (!(v = tag_value(t->loads[i], "sysctl=")))
			continue;
		value = strchr(v, '=');
		err = sysctl_rw(v, value - v, old[i], sizeof(old[i]), NULL);
		if (!err)
			err = sysctl_rw(v, value - v, NULL, 0, value + 1);
		if (err)
			break;
	}
	if (err) {
		t->actual = format("cannot set %s: %s", v, strerror(-err));
	} else {
		if (t->kernel_log)
			before = kernel_log_text();
		ask_kernel(t);
		if (t->kernel_log) {
			after = kernel_log_text();
			fresh = strncmp(after, before, strlen(before)) ? after : after + strlen(before);
		}
		judge(t, fresh);
	}
	while (i--)
		if ((v = tag_value(t->loads[i], "sysctl=")))
			sysctl_rw(v, strchr(v, '=') - v, NULL, 0, old[i]);
	free(before);
	free(after);
	return t->ok ? 0 : -1;
}

/* Is each enumerator of the rule's enum in the kernel covered by a program? */
static void run_complete(struct test *t)
{
	const struct btf *btf = vmlinux_btf();
	char *enum_name = copy(t->complete->over), *prefix = strchr(enum_name, ' ');
	const struct btf_type *type;
	const struct btf_enum *e;
	const char *name;
	size_t i;
	int id, j, k, nr = 0;

	*prefix++ = '\0';
	t->ok = true;
	id = btf__find_by_name_kind(btf, enum_name, BTF_KIND_ENUM);
	type = btf__type_by_id(btf, id > 0 ? id : 0);
	e = btf_enum(type);
	for (j = 0; id > 0 && j < btf_vlen(type); j++) {
		name = btf__name_by_offset(btf, e[j].name_off);
		if (strncmp(name, prefix, strlen(prefix)))
			continue;
		for (i = 0; i < nr_tests; i++) {
			if (!tests[i].covers || tests[i].rule != t->complete)
				continue;
			/* an alias will do */
			for (k = 0; k < btf_vlen(type); k++)
				if (e[k].val == e[j].val &&
				    !strcmp(btf__name_by_offset(btf, e[k].name_off), tests[i].covers))
					break;
			if (k < btf_vlen(type))
				break;
		}
		nr++;
		if (i < nr_tests)
			continue;
		fprintf(out, "%s: no program covers %s of the running kernel (%d)\n", t->name, name,
			e[j].val);
		t->ok = false;
	}
	t->ok &= nr > 0;
	t->actual = t->ok ? format("all %d covered", nr) :
		    nr ? copy("some are not covered") : format("the kernel has no enum %s", enum_name);
	free(enum_name);
}

static void check_case(void **state)
{
	struct test *t = *state;

	t->done = true;
	if (t->complete)
		run_complete(t);
	else
		run_program(t);
	if (t->skipped) {
		if (!opt.json)
			fprintf(out, "SKIP %s: %s\n", t->name, t->skipped);
		skip();
	}
	if (opt.verbose && opt.json && !t->complete)
		t->log = copy(answer->log);
	else if (opt.verbose && !t->complete)
		fprintf(out, "=== %s: %s\n%s", t->name, t->actual, answer->log);
	if (!t->ok) {
		if (!opt.json)
			show_mismatch(t);
		fail();
	}
}

/* Output. */

static void json_string(const char *s)
{
	if (!s) {
		fputs("null", out);
		return;
	}
	fputc('"', out);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if (*s == '\n')
			fputs("\\n", out);
		else if ((unsigned char)*s < ' ')
			fprintf(out, "\\u%04x", *s);
		else
			fputc(*s, out);
	}
	fputc('"', out);
}

static void json_member(const char *key, const char *value, const char *end)
{
	fprintf(out, "\"%s\": ", key);
	json_string(value);
	fputs(end, out);
}

static void print_json(void)
{
	const char *separator = "";
	size_t i, j;
	char *text;

	fputs("[\n", out);
	for (i = 0; i < nr_tests; i++) {
		const struct test *t = &tests[i];

		if (!selected(t))
			continue;
		fprintf(out, "%s  {", separator);
		separator = ",\n";
		json_member("name", t->name, ", ");
		json_member("rule", t->rule_id, ", ");
		json_member("result", t->skipped ? "skip" : t->ok ? "pass" : "fail", ", ");
		if (t->skipped)
			json_member("reason", t->skipped, ", ");
		text = expectation(t);
		json_member("expected", t->complete ? "all covered" : text, ", ");
		free(text);
		fputs("\"messages\": [", out);
		for (j = 0; j < MAX_TEXTS && t->messages[j]; j++) {
			fputs(j ? ", " : "", out);
			json_string(t->messages[j]);
		}
		fputs("], ", out);
		json_member("actual", t->actual, ", ");
		json_member("actual_message", t->actual_message, opt.verbose ? ", " : "}");
		if (opt.verbose)
			json_member("log", t->log, "}");
	}
	fputs("\n]\n", out);
}

static int run_corpus(void)
{
	struct CMUnitTest *units = need_memory(calloc(nr_tests, sizeof(*units)));
	size_t i, j, nr = 0, failed = 0, skipped = 0;
	int saved[2], null, failures;
	struct timespec start, end;

	for (i = 0; i < nr_tests; i++)
		if (selected(&tests[i]))
			units[nr++] = (struct CMUnitTest){
				.name = tests[i].name,
				.test_func = check_case,
				.initial_state = &tests[i],
			};
	if (!nr)
		die(EXIT_USAGE, "no test matches '%s'; 'verify --list' names them all", opt.pattern);

	/* Two lines from cmocka for each of a thousand tests hide what matters. */
	null = open("/dev/null", O_WRONLY);
	saved[0] = dup(1);
	saved[1] = dup(2);
	fflush(NULL);
	if (null >= 0) {
		dup2(null, 1);
		dup2(null, 2);
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	failures = _cmocka_run_group_tests("corpus", units, nr, NULL, NULL);
	clock_gettime(CLOCK_MONOTONIC, &end);
	fflush(NULL);
	dup2(saved[0], 1);
	dup2(saved[1], 2);

	for (i = 0; i < nr_topics; i++) {
		size_t of_topic = 0, bad = 0;

		for (j = 0; j < nr_tests; j++) {
			const struct test *t = &tests[j];

			if (t->topic != &topics[i] || !selected(t))
				continue;
			of_topic++;
			bad += !t->ok && !t->skipped;
			skipped += !!t->skipped;
		}
		failed += bad;
		if (of_topic && !opt.json)
			fprintf(out, "%-14s %4zu tests%s", topics[i].name, of_topic, bad ? "" : "\n");
		if (bad && !opt.json)
			fprintf(out, ", %zu failed\n", bad);
	}
	if (opt.json)
		print_json();
	else
		fprintf(out, "verify: %zu tests, %zu passed, %zu failed, %zu skipped, %.1f s\n", nr,
			nr - failed - skipped, failed, skipped,
			(double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9);
	free(units);
	if (nr == skipped) {
		fprintf(stderr, "verify: nothing but skipped tests proves nothing\n");
		return EXIT_BAD;
	}
	return failures || failed || nr_corpus_errors ? EXIT_BAD : 0;
}

static void print_list(void)
{
	bool any = false;
	size_t i;

	for (i = 0; i < nr_tests; i++)
		if (selected(&tests[i])) {
			fprintf(out, "%s\n", tests[i].name);
			any = true;
		}
	if (!any)
		die(EXIT_USAGE, "no test matches '%s'", opt.pattern);
}

static void print_messages(void)
{
	size_t i, j;

	for (i = 0; i < nr_tests; i++) {
		for (j = 0; j < MAX_TEXTS && tests[i].messages[j]; j++)
			fprintf(out, "%s\n", tests[i].messages[j]);
		if (tests[i].kernel_log)
			fprintf(out, "%s\n", tests[i].kernel_log);
	}
}

/* Names and numbers differ from program to program, the rest does not. */
static char *pattern_of(const char *line)
{
	char *text = need_memory(malloc(strlen(line) + 1)), *p = text;
	const char *start = line;

	while (*line) {
		if ((!strncmp(line, "bpf_", 4) || !strncmp(line, "BPF_MAP_TYPE_", 13)) &&
		    (line == start || line[-1] == ' ')) {
			*p++ = '#';
			line += strspn(line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
		} else if (*line == '\'') {
			*p++ = '\'';
			line += 1 + strcspn(line + 1, "'");
			line += !!*line;
		} else if (isdigit((unsigned char)*line)) {
			*p++ = '#';
			while (isdigit((unsigned char)*line))
				line++;
		} else {
			*p++ = *line++;
		}
	}
	*p = '\0';
	return text;
}

static const char *reason(const struct test *t)
{
	return t->messages[0] ?: t->kernel_log ?: "";
}

static bool same_reason(const struct test *a, const struct test *b)
{
	char *of_a, *of_b;
	bool same;

	if (a->rule != b->rule || !a->error || a->error != b->error)
		return false;
	of_a = pattern_of(reason(a));
	of_b = pattern_of(reason(b));
	same = !strcmp(of_a, of_b);
	free(of_a);
	free(of_b);
	return same;
}

#define SHOWN_TESTS 4

/* Each message of the rule once, with the tests that expect it. */
static void print_rule_messages(const struct rule *r)
{
	size_t i, j, nr;

	for (i = 0; i < nr_tests; i++) {
		const struct test *t = &tests[i];

		if (t->rule != r || !t->error)
			continue;
		for (j = 0; j < i; j++)
			if (same_reason(&tests[j], t))
				break;
		if (j < i)
			continue;
		if (*reason(t))
			fprintf(out, "- `%s` (%s)%s:", reason(t), error_name(t->error),
				t->kernel_log ? " in the kernel log" : "");
		else
			fprintf(out, "- %s alone, before there is a log:", error_name(t->error));
		for (nr = 0, j = i; j < nr_tests; j++) {
			if (!same_reason(&tests[j], t))
				continue;
			if (nr++ < SHOWN_TESTS)
				fprintf(out, "%s `%s`", nr > 1 ? "," : "", tests[j].name);
		}
		if (nr > SHOWN_TESTS)
			fprintf(out, " and %zu more", nr - SHOWN_TESTS);
		fputc('\n', out);
	}
}

static void print_rules(void)
{
	const struct topic *topic = NULL;
	size_t i, j, nr;

	fprintf(out, "# What hwirq programs may and may not do\n\n"
		"Generated from the corpus by `make verify-rules`; a test fails if it is stale.\n"
		"`make verify T=NAME` runs the tests of a topic, of a rule, or a single one; the\n"
		"programs are in `corpus/TOPIC.bpf.c`. A name and a number in a message are those\n"
		"of the example.\n");
	for (i = 0; i < nr_rules; i++) {
		const struct rule *r = &rules[i];

		if (r->topic != topic)
			fprintf(out, "\n## %s\n", r->topic->name);
		topic = r->topic;
		fprintf(out, "\n### %s\n\n%s\n\n**Why:** %s\n\n**Instead:** %s\n\n**Refused:**\n\n", r->id,
			r->text, r->why, r->instead);
		print_rule_messages(r);
		fputs("\n**Accepted:**", out);
		for (nr = 0, j = 0; j < nr_tests; j++) {
			if (tests[j].rule != r || tests[j].error || tests[j].complete)
				continue;
			if (nr++ < 2 * SHOWN_TESTS)
				fprintf(out, "%s `%s`", nr > 1 ? "," : "", tests[j].name);
		}
		if (nr > 2 * SHOWN_TESTS)
			fprintf(out, " and %zu more", nr - 2 * SHOWN_TESTS);
		fputc('\n', out);
	}
}

/* Anyone's object file. */

static const char *reason_pattern(const struct test *t)
{
	static char **patterns;
	size_t i = t - tests;

	if (!patterns)
		patterns = need_memory(calloc(nr_tests, sizeof(*patterns)));
	if (!patterns[i])
		patterns[i] = pattern_of(reason(t));
	return patterns[i];
}

/* A test that expects this line, or else one that differs in names and numbers only;
 * of the rule that has most of these.
 */
static const struct test *find_example_of(const char *line)
{
	const struct test *found = NULL, *t, *other;
	char *pattern = pattern_of(line);
	bool exact, found_exact = false;
	size_t best = 0, nr;

	for (t = tests; t < tests + nr_tests; t++) {
		if (!t->error || strcmp(reason_pattern(t), pattern))
			continue;
		exact = !strcmp(reason(t), line);
		for (nr = 0, other = t; other < tests + nr_tests; other++)
			nr += other->rule == t->rule && other->error &&
			      !strcmp(reason_pattern(other), pattern);
		if (exact < found_exact || (exact == found_exact && nr <= best))
			continue;
		found = t;
		found_exact = exact;
		best = nr;
	}
	free(pattern);
	return found;
}

/* The last line that means something to the corpus says most. */
static const struct test *find_example(const char *log)
{
	const struct test *found = NULL, *better;
	const char *line, *end = log + strlen(log);
	char *text;
	size_t len;

	for (line = log; line < end; line += len + 1) {
		len = strcspn(line, "\n");
		if (!len || shows_code(line))
			continue;
		text = format("%.*s", (int)len, line);
		better = find_example_of(text);
		if (better)
			found = better;
		free(text);
	}
	return found;
}

static void print_verdict(const struct test *t, const char *path, bool first)
{
	unsigned int cost = 0, limit = 0;
	bool has_cost = logged_path(&cost, &limit), accepted = !answer->error;
	const struct test *example = accepted ? NULL : find_example(answer->log);
	char *message = last_message(answer->log);

	if (opt.json) {
		fprintf(out, "%s  {", first ? "" : ",\n");
		json_member("file", path, ", ");
		json_member("program", t->program, ", ");
		json_member("verdict", accepted ? "accepted" : "refused", ", ");
		if (has_cost)
			fprintf(out, "\"path_cost\": %u, \"limit\": %u, ", cost, limit);
		json_member("error", accepted ? NULL : error_name(answer->error), ", ");
		json_member("message", accepted ? NULL : message ?: answer->libbpf_log, ", ");
		json_member("rule", example ? example->rule_id : NULL, ", ");
		json_member("example", example ? example->name : NULL, ", ");
		json_member("log", answer->log, "}");
		free(message);
		return;
	}
	free(message);
	if (accepted) {
		if (opt.verbose)
			fputs(answer->log, out);
		if (has_cost)
			fprintf(out, "%s: accepted, path cost %u of %u (%u %% of %s)\n", t->program,
				cost, limit, (unsigned int)(100ULL * cost / limit), SYSCTL_MAX_PATH);
		else
			fprintf(out, "%s: accepted\n", t->program);
		return;
	}
	fprintf(out, "%s%s%s: refused, %s\n", answer->log, *answer->log ? "" : answer->libbpf_log, t->program,
		error_name(answer->error));
	if (!example) {
		fprintf(out, "  No rule of the corpus has this message: it is one that all program types share.\n");
		return;
	}
	fprintf(out, "  rule:    %s\n  why:     %s\n  instead: %s\n"
		"  example: corpus/%s.bpf.c, %s (make verify T=%s)\n",
		example->rule->text, example->rule->why, example->rule->instead,
		example->topic->name, example->program, example->name);
}

/* Return the topic that stands for the file; die if there is nothing to verify. */
static struct topic *open_prog(const char *path, size_t *nr)
{
	struct topic *topic = need_memory(calloc(1, sizeof(*topic)));
	struct bpf_program *prog;
	struct bpf_object *obj;
	char *name = copy(path);

	read_file(path, topic);
	topic->name = copy(basename(name));
	topic->name[strcspn(topic->name, ".")] = '\0';
	free(name);
	if (topic->size < 4 || memcmp(topic->elf, "\177ELF", 4))
		die(EXIT_USAGE, "%s is not an ELF file; compile the program with clang -g -O2 -target bpf", path);
	obj = open_topic(topic);
	if (!obj)
		die(EXIT_USAGE, "%s: libbpf cannot open it: %s", path, libbpf_log);
	*nr = 0;
	bpf_object__for_each_program(prog, obj)
		*nr += bpf_program__type(prog) == (enum bpf_prog_type)BPF_PROG_TYPE_HWIRQ;
	bpf_object__close(obj);
	if (!*nr)
		die(EXIT_USAGE, "%s holds no hwirq program; put it in a section with SEC(\"hwirq\")", path);
	return topic;
}

static int verify_prog(const char *path)
{
	struct bpf_program *prog;
	struct bpf_object *obj;
	size_t nr, refused = 0, done = 0;
	struct topic *topic = open_prog(path, &nr);

	obj = open_topic(topic);
	if (opt.json)
		fputs("[\n", out);
	bpf_object__for_each_program(prog, obj) {
		struct test t = { .topic = topic, .program = bpf_program__name(prog) };

		if (bpf_program__type(prog) != (enum bpf_prog_type)BPF_PROG_TYPE_HWIRQ)
			continue;
		/* libbpf wants the log short unless something is wrong */
		ask_kernel(&t);
		if (answer->error && !opt.verbose) {
			opt.verbose = true;
			ask_kernel(&t);
			opt.verbose = false;
		}
		print_verdict(&t, path, !done++);
		refused += !!answer->error;
	}
	if (opt.json)
		fputs("\n]\n", out);
	bpf_object__close(obj);
	return refused ? EXIT_BAD : 0;
}

/* Here or in a guest. */

static int probe_kernel(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = HWIRQ_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_HWIRQ);
	int fd;

	fd = bpf_prog_load(BPF_PROG_TYPE_HWIRQ, "probe", "GPL", insns, ARRAY_SIZE(insns), &opts);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static char *quoted(const char *s)
{
	char *text = need_memory(malloc(4 * strlen(s) + 3)), *p = text;

	for (*p++ = '\''; *s; s++) {
		if (*s == '\'') {
			memcpy(p, "'\\''", 4);
			p += 4;
		} else {
			*p++ = *s;
		}
	}
	*p++ = '\'';
	*p = '\0';
	return text;
}

static int run_in_guest(const char *self)
{
	char *binary = format("%s:/verify/verify", self);
	char *corpus = format("%s:/verify/corpus", opt.corpus);
	char *name = opt.prog ? copy(basename(copy(opt.prog))) : NULL;
	char *prog = name ? format("%s:/verify/%s", opt.prog, name) : NULL;
	char *command, *arg = copy("");
	const char *argv[20];
	int n = 0;

	if (opt.pattern)
		arg = quoted(opt.pattern);
	command = format("cd /verify && exec ./verify --here%s%s%s%s -- %s", opt.verbose ? " --verbose" : "",
			 opt.json ? " --json" : "", name ? " --prog " : "", name ? quoted(name) : "", arg);
	argv[n++] = SCRIPTS_DIR "/boot";
	argv[n++] = "--timeout";
	argv[n++] = "300";
	argv[n++] = "--add";
	argv[n++] = binary;
	argv[n++] = "--add";
	argv[n++] = corpus;
	if (prog) {
		argv[n++] = "--add";
		argv[n++] = prog;
	}
	argv[n++] = "--";
	argv[n++] = command;
	argv[n] = NULL;
	fflush(NULL);
	execv(argv[0], (char **)argv);
	die(EXIT_CANNOT, "cannot run %s: %s", argv[0], strerror(errno));
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "prog", required_argument, NULL, 'p' }, { "verbose", no_argument, NULL, 'v' },
		{ "json", no_argument, NULL, 'j' },	  { "list", no_argument, NULL, 'l' },
		{ "rules", no_argument, NULL, 'r' },	  { "messages", no_argument, NULL, 'm' },
		{ "here", no_argument, NULL, 'H' },	  { "corpus", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },	  { NULL, 0, NULL, 0 },
	};
	LIBBPF_OPTS(libbpf_prog_handler_opts, handler);
	char self[PATH_MAX];
	int c, mode = 0, err;
	ssize_t len;

	out = fdopen(dup(1), "w");
	if (!out)
		return EXIT_CANNOT;
	setlinebuf(out);
	while ((c = getopt_long(argc, argv, "p:vjlrmh", options, NULL)) != -1) {
		switch (c) {
		case 'p': opt.prog = optarg; break;
		case 'v': opt.verbose = true; break;
		case 'j': opt.json = true; break;
		case 'H': opt.here = true; break;
		case 'c': opt.corpus = optarg; break;
		case 'l': case 'r': case 'm': mode = c; break;
		case 'h': fputs(usage_text, out); return 0;
		default: fputs(usage_text, stderr); return EXIT_USAGE;
		}
	}
	if (argc - optind > 1 || (opt.prog && argc - optind == 1 && *argv[optind]))
		die(EXIT_USAGE, "too many arguments, see --help");
	if (optind < argc && *argv[optind])
		opt.pattern = argv[optind];

	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0)
		die(EXIT_CANNOT, "/proc is missing");
	self[len] = '\0';
	if (!opt.corpus) {
		char *dir = copy(self);

		opt.corpus = format("%s/corpus", dirname(dir));
		free(dir);
	}

	libbpf_set_print(keep_libbpf_log);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	if (libbpf_register_prog_handler("hwirq", (enum bpf_prog_type)BPF_PROG_TYPE_HWIRQ,
					 (enum bpf_attach_type)BPF_HWIRQ, &handler) < 0)
		die(EXIT_CANNOT, "libbpf does not register the section \"hwirq\"");
	read_corpus();
	if (nr_corpus_errors)
		die(EXIT_BAD, "%zu errors in the corpus", nr_corpus_errors);
	switch (mode) {
	case 'l': print_list(); return 0;
	case 'r': print_rules(); return 0;
	case 'm': print_messages(); return 0;
	}
	if (opt.prog) {
		size_t nr;

		open_prog(opt.prog, &nr);
	} else if (opt.pattern) {
		size_t i;

		for (i = 0; i < nr_tests && !selected(&tests[i]); i++)
			;
		if (i == nr_tests)
			die(EXIT_USAGE, "no test matches '%s'; 'verify --list' names them all", opt.pattern);
	}

	err = probe_kernel();
	if (err && !opt.here)
		run_in_guest(self);
	if (err == -EPERM)
		die(EXIT_CANNOT, "loading needs root, or CAP_BPF and CAP_NET_ADMIN");
	if (err)
		die(EXIT_CANNOT, "this kernel loads no hwirq program: %s", strerror(-err));

	answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (answer == MAP_FAILED)
		die(EXIT_CANNOT, "out of memory");
	return opt.prog ? verify_prog(opt.prog) : run_corpus();
}
