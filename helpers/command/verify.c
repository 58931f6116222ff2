// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* verify.c - ask a kernel about each program of an object: this one, or that of a guest */
#include <libgen.h>
#include <spawn.h>
#include <sys/wait.h>

#include "command.h"

/* What is added to the exit status in the guest: others are of the script that boots it. */
#define GUEST_STATUS 64

/* Run the script that boots guests; the exit status of the verdict. */
static int run_boot(char *const argv[])
{
	extern char **environ;
	int status, err;
	pid_t pid;

	err = posix_spawn(&pid, argv[0], NULL, NULL, argv, environ);
	if (err) {
		fprintf(stderr, "hwirq: this kernel takes no hard-IRQ programs from this process, and %s, which boots a guest that does, cannot be run: %s. Set HWIRQ_SDK to a checkout of hwirq-sdk\n",
			argv[0], strerror(err));
		return EXIT_CANNOT;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) >= GUEST_STATUS &&
	    WEXITSTATUS(status) <= GUEST_STATUS + EXIT_CANNOT)
		return WEXITSTATUS(status) - GUEST_STATUS;
	return EXIT_CANNOT;	/* the script has said why */
}

/* By the script of the checkout that is asked for, or of this installation. */
static int ask_guest(const struct common *c)
{
	const char *sdk = getenv("HWIRQ_SDK");
	char boot[PATH_MAX + 64], self[PATH_MAX], add_self[PATH_MAX + 32], add_object[PATH_MAX + 32];
	char dir[PATH_MAX], command[128];
	ssize_t n;

	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n < 0) {
		fprintf(stderr, "hwirq: cannot read /proc/self/exe: %s\n", strerror(errno));
		return EXIT_CANNOT;
	}
	self[n] = '\0';
	/* installed as PREFIX/bin/hwirq */
	strcpy(dir, self);
	snprintf(boot, sizeof(boot), "%s%s/kernel/scripts/boot", sdk ? sdk : dirname(dirname(dir)),
		 sdk ? "" : "/share/hwirq-sdk");
	snprintf(add_self, sizeof(add_self), "%s:/bin/hwirq", self);
	snprintf(add_object, sizeof(add_object), "%s:/program.bpf.o", c->object);
	snprintf(command, sizeof(command),
		 "hwirq verify --here%s%s /program.bpf.o; exit $((%d + $?))",
		 c->json ? " --json" : "", c->verbose ? " --verbose" : "", GUEST_STATUS);
	return run_boot((char *const[]){ boot, "--timeout", "120", "--add", add_self, "--add",
					 add_object, "--", command, NULL });
}

static struct bpf_object *open_object(const char *path)
{
	struct bpf_object *obj = NULL;

	return hwirq_object__open(path, NULL, &obj) ? NULL : obj;
}

static bool is_hwirq(const struct bpf_program *prog)
{
	return bpf_program__type(prog) == hwirq__prog_type();
}

/* The number of hard-IRQ programs, 0 after saying why there is none. */
static size_t count_programs(const char *path)
{
	struct bpf_object *obj = open_object(path);
	struct bpf_program *prog;
	size_t n = 0;

	if (!obj)
		return 0;
	bpf_object__for_each_program(prog, obj)
		n += is_hwirq(prog);
	bpf_object__close(obj);
	if (!n)
		fprintf(stderr, "hwirq: %s has no program in SEC(\"hwirq\")\n", path);
	return n;
}

/* @why: libbpf's, for what never reached the verifier */
static void print_verdict(const struct common *c, const char *name, int err, unsigned int cost,
			  const char *log, const char *why, struct json_object *all)
{
	struct json_object *one;
	char reason[512];

	hwirq__log_reason(log, reason, sizeof(reason));
	if (err && !reason[0])
		snprintf(reason, sizeof(reason), "%s", why);
	if (!c->json) {
		if (err || c->verbose)
			fputs(log, stdout);
		if (err)
			printf("%s: refused: %s\n", name, reason[0] ? reason : strerror(-err));
		else
			printf("%s: accepted, longest path: %u of at most %u\n", name, cost,
			       hwirq_path_limit());
		return;
	}
	one = json_object_new_object();
	add_string(one, "program", name);
	add_string(one, "verdict", err ? "refused" : "accepted");
	if (!err) {
		add_number(one, "path_cost", cost);
		add_number(one, "path_limit", hwirq_path_limit());
	} else {
		add_string(one, "error", strerror(-err));
		add_string(one, "message", reason);
	}
	add_string(one, "log", log);
	json_object_array_add(all, one);
}

/* Load the @wanted-th program alone. */
static int verify_one(const struct common *c, size_t wanted, char *log,
		      struct json_object *all)
{
	struct bpf_object *obj = open_object(c->object);
	struct bpf_program *prog, *one = NULL;
	unsigned int cost = 0;
	const char *why;
	size_t n = 0;
	int err;

	if (!obj)
		return EXIT_USAGE;
	bpf_object__for_each_program(prog, obj) {
		bool take = is_hwirq(prog) && n++ == wanted;

		bpf_program__set_autoload(prog, take);
		if (take)
			one = prog;
	}
	log[0] = '\0';
	bpf_program__set_log_buf(one, log, HWIRQ__LOG_SIZE);
	bpf_program__set_log_level(one, c->verbose ? 2 : 1);
	capture_begin();
	err = bpf_object__load(obj);
	why = capture_end();
	if (err == -ENOMEM) {
		hwirq__explain_load(obj, err);
		bpf_object__close(obj);
		return EXIT_CANNOT;	/* which is no verdict */
	}
	if (!err)
		hwirq_program__path_cost(one, &cost);
	print_verdict(c, bpf_program__name(one), err, cost, log, why, all);
	bpf_object__close(obj);
	return err ? EXIT_REFUSED : 0;
}

int do_verify(int argc, char **argv)
{
	static const struct argp_option options[] = {
		OPTION_JSON,
		{ "here", KEY_HERE, NULL, 0, "Ask this kernel or none, never a guest's", 0 },
		{ "verbose", 'v', NULL, 0, "The verifier's log, also of what it accepts", 0 },
		{ 0 },
	};
	struct json_object *all = NULL;
	struct common c = { 0 };
	int status = 0, one;
	size_t i, n;
	char *log;

	parse(argc, argv, options, "OBJ",
	      "The verdict of the kernel's verifier on each program of an object file, and the "
	      "cost of its longest path: of this kernel, or in a guest if this one takes no "
	      "hard-IRQ programs. Environment: HWIRQ_SDK, a checkout of hwirq-sdk, or "
	      "KERNEL_IMAGE, a bzImage, say which guest.", true, false, &c);
	n = count_programs(c.object);
	if (!n)
		return EXIT_USAGE;
	if (hwirq_probe()) {
		if (!c.here)
			return ask_guest(&c);
		hwirq_check_kernel();
		return EXIT_CANNOT;
	}
	log = malloc(HWIRQ__LOG_SIZE);
	if (!log) {
		hwirq__no_memory();
		return EXIT_CANNOT;
	}
	if (c.json)
		all = json_object_new_array();
	for (i = 0; i < n; i++) {
		one = verify_one(&c, i, log, all);
		status = one ? one : status;
	}
	if (c.json)
		print_json(all);
	free(log);
	return status;
}
