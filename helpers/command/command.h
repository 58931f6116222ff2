/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * command.h - what the commands of hwirq share
 *
 * A command is a function that gets its own argc and argv, and returns the exit status.
 * What it found out goes to stdout, as text or JSON; sentences go to stderr.
 */
#ifndef HWIRQ_COMMAND_H
#define HWIRQ_COMMAND_H

#include <argp.h>
#include <json-c/json.h>
#include <limits.h>

#include <hwirq_user.h>

enum {
	EXIT_REFUSED = 1,	/* by verifier, kernel or driver; or there is nothing */
	EXIT_USAGE = 2,		/* wrong arguments, or not the right kind of file */
	EXIT_CANNOT = 3,	/* no kernel could be asked */
};

/* Options that several commands take. */
struct common {
	const char *dev;
	const char *object;	/* the only argument */
	const char *program;
	int queue;
	double interval;	/* seconds */
	long count;
	bool json;
	bool here;
	bool follow;
	bool try;
	bool verbose;
	bool takes_object;	/* the command has an argument */
};

/* Keys of options without a letter, and the options for a command's table. */
enum { KEY_HERE = 256, KEY_TRY };

#define OPTION_JSON { "json", 'j', NULL, 0, "JSON on stdout", 0 }
#define OPTION_DEV { "dev", 'd', "DEV", 0, "Network interface, by name or index", 0 }
#define OPTION_QUEUE { "queue", 'q', "N", 0, "RX queue, counted from 0 (default: all)", 0 }
#define OPTION_COUNT(what) { "count", 'c', "N", 0, what, 0 }

/* Parse; ends the process with EXIT_USAGE on mistakes. @wants_object, @wants_dev: must be. */
void parse(int argc, char **argv, const struct argp_option *options, const char *args_doc,
	   const char *doc, bool wants_object, bool wants_dev, struct common *c);

/* Print an object on a line of its own, and forget it. */
void print_json(struct json_object *json);
/* For short: add a member. */
void add_string(struct json_object *json, const char *key, const char *value);
void add_number(struct json_object *json, const char *key, uint64_t value);
void add_bool(struct json_object *json, const char *key, bool value);
/* The queue's number, or "all". */
void add_queue(struct json_object *json, int queue);
const char *queue_name(int queue, char *buf, size_t size);

/* The sentences of hwirq_user.h and libbpf, kept instead of printed: the first one. */
void capture_begin(void);
const char *capture_end(void);

/*
 * Where links stay while no process holds them. Names are made of the interface's index,
 * because bpffs allows no dots: hwirq_2_all, hwirq_2_q0, hwirq_2_q0_ring_records.
 */
#define BPFFS "/sys/fs/bpf"

/* A negative errno, after saying so, if there is none to look into. */
int need_bpffs(void);
void pin_path(char *buf, size_t size, int ifindex, int queue, const char *ring);

/* A link of the kernel, whoever holds it. */
struct attachment {
	int fd;
	uint32_t id;
	int ifindex;		/* 0 once the device is gone */
	int queue;
	char ifname[HWIRQ__IFNAME_SIZE];
	char program[BPF_OBJ_NAME_LEN];
	uint32_t program_id;
	unsigned int path_cost;
	char pin[PATH_MAX];	/* "" if it is not one of ours */
};

/*
 * Those of a device (0: all), and if @queue is one, those that serve it: its own and that
 * of all queues. 0 or a negative errno.
 */
int attachments_get(int ifindex, int queue, struct attachment **list, size_t *count);
void attachments_free(struct attachment *list, size_t count);

int do_verify(int argc, char **argv);
int do_load(int argc, char **argv);
int do_unload(int argc, char **argv);
int do_status(int argc, char **argv);
int do_stats(int argc, char **argv);
int do_ring_dump(int argc, char **argv);
int do_features(int argc, char **argv);

#endif /* HWIRQ_COMMAND_H */
