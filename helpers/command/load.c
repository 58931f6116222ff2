// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* load.c - attach a program and keep its link in bpffs; detach it again */
#include <glob.h>
#include <signal.h>

#include "command.h"

/* What load has made, to undo it if a later queue fails. */
struct loaded {
	int queue;
	struct bpf_object *obj;
	struct hwirq_link *link;
	char pin[PATH_MAX];
	uint32_t path_cost;
};

static bool is_ring(const struct bpf_map *map)
{
	return (unsigned int)bpf_map__type(map) == BPF_MAP_TYPE_HWIRQ_RINGBUF;
}

static bool has_ring(const struct bpf_object *obj)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj)
		if (is_ring(map))
			return true;
	return false;
}

static void print_names(const struct bpf_object *obj)
{
	struct bpf_program *prog;
	bool any = false;

	bpf_object__for_each_program(prog, obj) {
		if (bpf_program__type(prog) != hwirq__prog_type())
			continue;
		fprintf(stderr, " %s", bpf_program__name(prog));
		any = true;
	}
	fputs(any ? "\n" : " none\n", stderr);
}

/* By name, or the only one of SEC("hwirq"); the others are not loaded. */
static struct bpf_program *choose(struct bpf_object *obj, const char *name)
{
	struct bpf_program *prog, *found = NULL;
	unsigned int n = 0;

	bpf_object__for_each_program(prog, obj) {
		bool fits = bpf_program__type(prog) == hwirq__prog_type() &&
			    (!name || !strcmp(bpf_program__name(prog), name));

		bpf_program__set_autoload(prog, false);
		if (!fits)
			continue;
		found = prog;
		n++;
	}
	if (n == 1) {
		bpf_program__set_autoload(found, true);
		return found;
	}
	if (n) {
		fprintf(stderr, "hwirq: %s has %u programs of SEC(\"hwirq\"). Choose with --program:",
			bpf_object__name(obj), n);
		print_names(obj);
	} else if (name) {
		fprintf(stderr, "hwirq: %s has no program '%s' of SEC(\"hwirq\"). It has:",
			bpf_object__name(obj), name);
		print_names(obj);
	} else {
		fprintf(stderr, "hwirq: %s has no program in SEC(\"hwirq\")\n",
			bpf_object__name(obj));
	}
	return NULL;
}

static int pin(int fd, const char *path)
{
	int err;

	if (!bpf_obj_pin(fd, path))
		return 0;
	err = -errno;
	fprintf(stderr, "hwirq: cannot keep the link as %s: %s.%s\n", path, strerror(-err),
		err == -EEXIST ? " Remove what is left there: hwirq unload" : "");
	return err;
}

static int pin_all(struct loaded *one, int ifindex)
{
	char path[PATH_MAX];
	struct bpf_map *map;
	int err;

	err = pin(hwirq_link__fd(one->link), one->pin);
	if (err) {
		one->pin[0] = '\0';	/* someone else's */
		return err;
	}
	bpf_object__for_each_map(map, one->obj) {
		if (!is_ring(map))
			continue;
		pin_path(path, sizeof(path), ifindex, one->queue, bpf_map__name(map));
		err = pin(bpf_map__fd(map), path);
		if (err)
			return err;
	}
	return 0;
}

static int load_one(const struct common *c, int ifindex, struct loaded *one)
{
	struct bpf_program *prog;
	int err;

	err = hwirq_object__open(c->object, NULL, &one->obj);
	if (err)
		return err;
	prog = choose(one->obj, c->program);
	if (!prog)
		return -ENOENT;
	err = hwirq_object__load(one->obj);
	if (err)
		return err;
	hwirq_program__path_cost(prog, &one->path_cost);
	err = hwirq_program__attach(prog, ifindex, one->queue, &one->link);
	if (err)
		return err;
	pin_path(one->pin, sizeof(one->pin), ifindex, one->queue, NULL);
	return pin_all(one, ifindex);
}

/*
 * The pins of a queue's link and rings; @pattern is a path or a pattern for several.
 * How many stay, after saying so.
 */
static unsigned int remove_pins(const char *pattern)
{
	unsigned int failed = 0;
	glob_t found;
	size_t i;

	if (glob(pattern, 0, NULL, &found))
		return 0;
	for (i = 0; i < found.gl_pathc; i++) {
		if (!unlink(found.gl_pathv[i]))
			continue;
		fprintf(stderr, "hwirq: cannot remove %s: %s\n", found.gl_pathv[i], strerror(errno));
		failed++;
	}
	globfree(&found);
	return failed;
}

static void undo(const struct loaded *one, int ifindex)
{
	char pattern[PATH_MAX];

	if (!one->pin[0])
		return;
	unlink(one->pin);
	pin_path(pattern, sizeof(pattern), ifindex, one->queue, "*");
	remove_pins(pattern);
}

static void print_loaded(const struct common *c, int ifindex, const struct loaded *list,
			 int count)
{
	struct bpf_program *prog = choose(list[0].obj, c->program);
	struct json_object *json, *links, *link;
	char driver[64], name[32];
	int i;

	hwirq_ifdriver(ifindex, driver, sizeof(driver));
	if (!c->json) {
		for (i = 0; i < count; i++)
			printf("%s (%s), queue %s: program '%s', longest path: %u of at most %u; kept as %s\n",
			       c->dev, driver, queue_name(list[i].queue, name, sizeof(name)),
			       bpf_program__name(prog), list[i].path_cost, hwirq_path_limit(),
			       list[i].pin);
		return;
	}
	json = json_object_new_object();
	links = json_object_new_array();
	add_string(json, "dev", c->dev);
	add_number(json, "ifindex", (uint64_t)ifindex);
	add_string(json, "driver", driver);
	add_string(json, "program", bpf_program__name(prog));
	add_number(json, "path_cost", list[0].path_cost);
	add_number(json, "path_limit", hwirq_path_limit());
	for (i = 0; i < count; i++) {
		link = json_object_new_object();
		add_queue(link, list[i].queue);
		add_string(link, "pin", list[i].pin);
		json_object_array_add(links, link);
	}
	json_object_object_add(json, "links", links);
	print_json(json);
}

/* A ring serves one queue: a program that has one is loaded for each. */
static int make_instances(const struct common *c, int ifindex, struct loaded **list)
{
	struct bpf_object *obj = NULL;
	bool each, found;
	int count = 1, i;

	if (hwirq_object__open(c->object, NULL, &obj))
		return -EINVAL;
	each = has_ring(obj) && c->queue == HWIRQ_ALL_QUEUES;
	found = choose(obj, c->program);
	bpf_object__close(obj);
	if (!found)
		return -EINVAL;
	if (each)
		count = hwirq_rx_queues(ifindex);
	if (count < 0)
		return count;
	*list = calloc((size_t)count, sizeof(**list));
	if (!*list)
		return hwirq__no_memory();
	for (i = 0; i < count; i++)
		(*list)[i].queue = each ? i : c->queue;
	return count;
}

/*
 * Between the queues, and between attaching and pinning, a signal would leave a part of
 * it behind. So it waits, and what was done is undone before the signal has its way.
 * Those that are ignored stay so.
 */
static void hold_signals(sigset_t *held)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action;
	size_t i;

	sigemptyset(held);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!sigaction(signals[i], NULL, &action) && action.sa_handler != SIG_IGN)
			sigaddset(held, signals[i]);
	sigprocmask(SIG_BLOCK, held, NULL);
}

static bool signal_waits(const sigset_t *held)
{
	sigset_t waiting;

	return !sigpending(&waiting) && !sigandset(&waiting, &waiting, held) &&
	       !sigisemptyset(&waiting);
}

int do_load(int argc, char **argv)
{
	static const struct argp_option options[] = {
		OPTION_DEV, OPTION_QUEUE, OPTION_JSON,
		{ "program", 'p', "NAME", 0, "Which one, if the object has several", 0 },
		{ 0 },
	};
	struct common c = { .queue = HWIRQ_ALL_QUEUES };
	struct loaded *list = NULL;
	int ifindex, count, i, err = 0;
	sigset_t held;

	parse(argc, argv, options, "OBJ",
	      "Load a program, attach it to the receive queues of a network interface, and keep "
	      "the link in " BPFFS ", so that it stays. A program with a ring is loaded once for "
	      "each queue.", true, true, &c);
	ifindex = hwirq_ifindex(c.dev);
	if (ifindex < 0 || need_bpffs())
		return EXIT_REFUSED;
	count = make_instances(&c, ifindex, &list);
	if (count < 0)
		return count == -EINVAL ? EXIT_USAGE : EXIT_REFUSED;
	hold_signals(&held);
	for (i = 0; !err && i < count; i++) {
		err = load_one(&c, ifindex, &list[i]);
		if (!err && signal_waits(&held))
			err = -EINTR;
	}
	if (!err)
		print_loaded(&c, ifindex, list, count);
	for (i = 0; i < count; i++) {
		if (err)
			undo(&list[i], ifindex);
		hwirq_link__destroy(list[i].link);
		bpf_object__close(list[i].obj);
	}
	free(list);
	sigprocmask(SIG_UNBLOCK, &held, NULL);
	return err ? EXIT_REFUSED : 0;
}

/* Also by the number of a device that is gone; a name may be a number, too. */
static int ifindex_of(const char *dev)
{
	char *end;
	long n = (long)if_nametoindex(dev);

	if (n)
		return (int)n;
	n = strtol(dev, &end, 10);
	return *dev && !*end && n > 0 && n <= INT_MAX ? (int)n : hwirq_ifindex(dev);
}

/* At once, whoever else holds it; its device may be gone. */
static int detach_pinned(const char *pin)
{
	int fd = bpf_obj_get(pin), err;

	if (fd < 0) {
		err = -errno;
		fprintf(stderr, "hwirq: cannot open %s: %s\n", pin, strerror(-err));
		return err;
	}
	err = bpf_link_detach(fd) ? -errno : 0;
	close(fd);
	if (err)
		fprintf(stderr, "hwirq: cannot detach %s: %s\n", pin, strerror(-err));
	return err;
}

int do_unload(int argc, char **argv)
{
	static const struct argp_option options[] = {
		OPTION_DEV, OPTION_QUEUE, OPTION_JSON, { 0 },
	};
	struct common c = { .queue = HWIRQ_ALL_QUEUES };
	char pattern[PATH_MAX];
	struct json_object *json;
	unsigned int detached = 0, failed = 0, i;
	glob_t links;
	int ifindex;

	parse(argc, argv, options, NULL,
	      "Detach what load has attached to an interface, or to one of its queues.",
	      false, true, &c);
	ifindex = ifindex_of(c.dev);
	if (ifindex < 0 || need_bpffs())
		return EXIT_REFUSED;
	if (c.queue == HWIRQ_ALL_QUEUES)
		snprintf(pattern, sizeof(pattern), BPFFS "/hwirq_%d_*", ifindex);
	else
		pin_path(pattern, sizeof(pattern), ifindex, c.queue, NULL);
	if (!glob(pattern, 0, NULL, &links)) {
		for (i = 0; i < links.gl_pathc; i++) {
			if (strstr(links.gl_pathv[i], "_ring_"))
				continue;
			if (detach_pinned(links.gl_pathv[i]))
				failed++;
			else
				detached++;
		}
		globfree(&links);
	}
	/* what still runs can still be found */
	if (!failed) {
		failed = remove_pins(pattern);
		if (c.queue != HWIRQ_ALL_QUEUES) {
			pin_path(pattern, sizeof(pattern), ifindex, c.queue, "*");
			failed += remove_pins(pattern);
		}
	}
	if (c.json) {
		json = json_object_new_object();
		add_number(json, "detached", detached);
		print_json(json);
	} else if (detached) {
		printf("%s: %u detached\n", c.dev, detached);
	}
	if (!detached && !failed)
		fprintf(stderr, "hwirq: 'hwirq load' has attached nothing to %s; 'hwirq status' tells who keeps what\n",
			c.dev);
	return detached && !failed ? 0 : EXIT_REFUSED;
}
