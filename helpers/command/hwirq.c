// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* hwirq.c - the command hwirq: which of its commands is meant, and what they share */
#include <iconv.h>
#include <sys/vfs.h>
#include <linux/magic.h>

#include "command.h"

static const struct {
	const char *name, *what;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "verify", "the kernel's verdict on the programs of an object file", do_verify },
	{ "load", "load and attach a program; it stays when this ends", do_load },
	{ "unload", "detach what load has attached", do_unload },
	{ "status", "what is attached where", do_status },
	{ "stats", "rates, verdicts, time in the handler", do_stats },
	{ "ring dump", "print the records of a loaded program's rings", do_ring_dump },
	{ "features", "can this machine run hard-IRQ programs? If not, why?", do_features },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* What did not reach its reader is not done. */
static int check_stdout(int status)
{
	if (!ferror(stdout) && !fflush(stdout))
		return status;
	fprintf(stderr, "hwirq: cannot write to stdout: %s\n", strerror(errno));
	return status ? status : EXIT_REFUSED;
}

static void usage(FILE *f)
{
	size_t i;

	fputs("Usage: hwirq COMMAND [OPTION...]\n"
	      "Programs in the network card's hard interrupt handler.\n\n", f);
	for (i = 0; i < NR_COMMANDS; i++)
		fprintf(f, "  %-10s %s\n", commands[i].name, commands[i].what);
	fputs("\n'hwirq COMMAND --help' lists a command's options; all have --json.\n"
	      "Exit status: 0 done, 1 refused or nothing there, 2 wrong usage,\n"
	      "3 no kernel could be asked.\n", f);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct common *c = (struct common *)state->input;
	char *end;
	long n;

	switch (key) {
	case 'd': c->dev = arg; return 0;
	case 'f': c->follow = true; return 0;
	case 'j': c->json = true; return 0;
	case 'p': c->program = arg; return 0;
	case 'v': c->verbose = true; return 0;
	case KEY_HERE: c->here = true; return 0;
	case KEY_TRY: c->try = true; return 0;
	case 'q':
		errno = 0;
		n = strtol(arg, &end, 10);
		if (strcmp(arg, "all") && (!*arg || *end || errno || n < 0 || n > INT_MAX))
			argp_error(state, "--queue takes a number from 0 on, or 'all', not '%s'", arg);
		c->queue = strcmp(arg, "all") ? (int)n : HWIRQ_ALL_QUEUES;
		return 0;
	case 'c':
		errno = 0;
		c->count = strtol(arg, &end, 10);
		if (!*arg || *end || errno || c->count < 1)
			argp_error(state, "--count takes a number from 1 on, not '%s'", arg);
		return 0;
	case 'i':
		c->interval = strtod(arg, &end);
		if (!*arg || *end || !(c->interval >= 0.01 && c->interval <= 86400))
			argp_error(state, "--interval takes 0.01 to 86400 seconds, not '%s'", arg);
		return 0;
	case ARGP_KEY_ARG:
		if (c->object || !c->takes_object)
			argp_error(state, "what is '%s' for?", arg);
		c->object = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

void parse(int argc, char **argv, const struct argp_option *options, const char *args_doc,
	   const char *doc, bool wants_object, bool wants_dev, struct common *c)
{
	const struct argp argp = { options, parse_option, args_doc, doc, NULL, NULL, NULL };

	c->takes_object = args_doc;
	argp_parse(&argp, argc, argv, 0, NULL, c);
	if (wants_object && !c->object)
		fprintf(stderr, "%s: which object file?", argv[0]);
	else if (wants_dev && !c->dev)
		fprintf(stderr, "%s: which network interface? Pass --dev", argv[0]);
	else
		return;
	fprintf(stderr, "\nTry '%s --help'.\n", argv[0]);
	exit(EXIT_USAGE);
}

/* JSON is UTF-8, the name of an interface any bytes: what is none becomes U+FFFD. */
static void put_utf8(const char *text)
{
	iconv_t utf8 = iconv_open("UTF-8", "UTF-8");
	size_t left = strlen(text);
	char *from = (char *)text;

	if (utf8 == (iconv_t)-1) {
		fprintf(stderr, "hwirq: cannot make JSON of UTF-8: %s\n", strerror(errno));
		exit(EXIT_REFUSED);
	}
	while (left) {
		char out[1024], *to = out;
		size_t room = sizeof(out);
		bool bad = iconv(utf8, &from, &left, &to, &room) == (size_t)-1 && errno != E2BIG;

		fwrite(out, 1, sizeof(out) - room, stdout);
		if (bad) {
			fputs("\\uFFFD", stdout);
			from++;
			left--;
		}
	}
	iconv_close(utf8);
}

void print_json(struct json_object *json)
{
	put_utf8(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN |
						JSON_C_TO_STRING_NOSLASHESCAPE));
	putchar('\n');
	json_object_put(json);
	fflush(stdout);
}

void add_string(struct json_object *json, const char *key, const char *value)
{
	json_object_object_add(json, key, value ? json_object_new_string(value) : NULL);
}

void add_number(struct json_object *json, const char *key, uint64_t value)
{
	json_object_object_add(json, key, json_object_new_uint64(value));
}

void add_bool(struct json_object *json, const char *key, bool value)
{
	json_object_object_add(json, key, json_object_new_boolean(value));
}

void add_queue(struct json_object *json, int queue)
{
	if (queue == HWIRQ_ALL_QUEUES)
		add_string(json, "queue", "all");
	else
		add_number(json, "queue", (uint64_t)queue);
}

const char *queue_name(int queue, char *buf, size_t size)
{
	if (queue == HWIRQ_ALL_QUEUES)
		snprintf(buf, size, "all");
	else
		snprintf(buf, size, "%d", queue);
	return buf;
}

static char captured[2048];
static libbpf_print_fn_t print_before, libbpf_print_before;

static int capture(enum libbpf_print_level level, const char *format, va_list args)
{
	size_t at = strlen(captured);

	return level != LIBBPF_WARN ? 0 :
	       vsnprintf(captured + at, sizeof(captured) - at, format, args);
}

void capture_begin(void)
{
	captured[0] = '\0';
	print_before = hwirq_set_print(capture);
	libbpf_print_before = libbpf_set_print(capture);
}

/* The first one, without its prefix and the end of the line. */
const char *capture_end(void)
{
	hwirq_set_print(print_before);
	libbpf_set_print(libbpf_print_before);
	captured[strcspn(captured, "\n")] = '\0';
	if (!strncmp(captured, "libbpf: ", 8))
		return captured + 8;
	return captured + (strncmp(captured, "hwirq: ", 7) ? 0 : 7);
}

int need_bpffs(void)
{
	struct statfs fs;

	if (statfs(BPFFS, &fs) || fs.f_type != BPF_FS_MAGIC) {
		fprintf(stderr, "hwirq: no BPF file system at %s, where links are kept. Mount it: mount -t bpf bpf %s\n",
			BPFFS, BPFFS);
		return -ENODEV;
	}
	/* or what is there would look like nothing */
	if (access(BPFFS, R_OK | X_OK)) {
		fprintf(stderr, "hwirq: cannot look into %s, where links are kept: %s. Run it as root\n",
			BPFFS, strerror(errno));
		return -EACCES;
	}
	return 0;
}

void pin_path(char *buf, size_t size, int ifindex, int queue, const char *ring)
{
	char q[32];

	if (queue == HWIRQ_ALL_QUEUES)
		snprintf(q, sizeof(q), "all");
	else
		snprintf(q, sizeof(q), "q%d", queue);
	snprintf(buf, size, BPFFS "/hwirq_%d_%s%s%s", ifindex, q, ring ? "_ring_" : "",
		 ring ? ring : "");
}

int main(int argc, char **argv)
{
	char name[32];
	size_t i;
	int skip;

	argp_err_exit_status = EXIT_USAGE;
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help"))) {
		usage(stdout);
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		printf("hwirq %d.%d.%d\n", HWIRQ_SDK_VERSION_MAJOR, HWIRQ_SDK_VERSION_MINOR,
		       HWIRQ_SDK_VERSION_PATCH);
		return 0;
	}
	skip = argc > 2 && !strcmp(argv[1], "ring") ? 2 : 1;
	if (argc > skip)
		snprintf(name, sizeof(name), "%s%s%s", argv[1], skip == 2 ? " " : "",
			 skip == 2 ? argv[2] : "");
	for (i = 0; argc > skip && i < NR_COMMANDS; i++) {
		if (strcmp(name, commands[i].name))
			continue;
		snprintf(name, sizeof(name), "hwirq %s", commands[i].name);
		argv[skip] = name;
		return check_stdout(commands[i].run(argc - skip, argv + skip));
	}
	if (argc > 1)
		fprintf(stderr, "hwirq: there is no command '%s'\n\n", argc > skip ? name : argv[1]);
	usage(stderr);
	return EXIT_USAGE;
}
