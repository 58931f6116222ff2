// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * attach - run a hard-IRQ program with values of one's own for its constants
 *
 * A program cannot be changed while it runs, but replaced. So each line of standard
 * input is another set of values: an instance with them is loaded, and takes the
 * place of the one before in one step.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <bpf/btf.h>
#include <hwirq_user.h>

enum { EXIT_USAGE = 2 };

static int usage(int status)
{
	fputs("Usage: attach DEV OBJECT [VAR=VALUE[,VALUE]...]...\n"
	      "Attach the hwirq program in OBJECT to all receive queues of DEV.\n"
	      "\n"
	      "VAR is a `const volatile` global, VALUE a number, an IPv4, IPv6 or MAC\n"
	      "address, or `mac`: that of DEV. What an array does not get stays zero.\n"
	      "Each line of standard input is another list of VAR=VALUE for a program that\n"
	      "replaces this one. Ctrl-C prints the counters and detaches the program.\n"
	      "\n"
	      "Exit status: 0 done, 1 failed, 2 wrong usage.\n",
	      status ? stderr : stdout);
	return status;
}

/* The bytes of a constant, and the size of one element of it. */
struct variable {
	unsigned char *at;
	size_t size;
	size_t element;
};

static int find_variable(struct bpf_object *obj, const char *name, struct variable *v)
{
	const struct btf *btf = bpf_object__btf(obj);
	const struct btf_var_secinfo *var;
	const struct btf_type *sec, *t = NULL;
	struct bpf_map *map;
	size_t size;
	char *data;
	int i, id;

	id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	if (id < 0)
		return -ENOENT;
	sec = btf__type_by_id(btf, (__u32)id);
	for (i = 0, var = btf_var_secinfos(sec); i < btf_vlen(sec); i++, var++) {
		t = btf__type_by_id(btf, var->type);
		if (!strcmp(btf__name_by_offset(btf, t->name_off), name))
			break;
	}
	if (i == btf_vlen(sec))
		return -ENOENT;
	id = btf__resolve_type(btf, t->type);
	if (id >= 0 && btf_is_array(btf__type_by_id(btf, (__u32)id)))
		id = (int)btf_array(btf__type_by_id(btf, (__u32)id))->type;
	v->element = (size_t)btf__resolve_size(btf, (__u32)id);
	v->size = var->size;
	bpf_object__for_each_map(map, obj) {
		const char *section = strrchr(bpf_map__name(map), '.');

		if (!section || strcmp(section, ".rodata"))
			continue;
		data = (char *)bpf_map__initial_value(map, &size);
		v->at = (unsigned char *)data + var->offset;
		return data && var->offset + var->size <= size ? 0 : -ENOENT;
	}
	return -ENOENT;
}

static int device_mac(const char *dev, unsigned char *mac)
{
	struct ifreq req = { 0 };
	int fd, err = 0;

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", dev);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &req))
		err = -errno;
	if (fd >= 0)
		close(fd);
	memcpy(mac, req.ifr_hwaddr.sa_data, 6);
	return err;
}

/* One VALUE; how many bytes it has, or negative. */
static int parse_value(const char *dev, const char *text, size_t element,
		       unsigned char *bytes)
{
	unsigned long long number;
	char *end;
	int n = 0;

	if (!strcmp(text, "mac"))
		return device_mac(dev, bytes) ? -EINVAL : 6;
	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx%n", bytes, bytes + 1, bytes + 2,
		   bytes + 3, bytes + 4, bytes + 5, &n) == 6 && !text[n])
		return 6;
	if (inet_pton(AF_INET6, text, bytes) == 1)
		return 16;
	if (inet_pton(AF_INET, text, bytes) == 1)
		return 4;
	errno = 0;
	number = strtoull(text, &end, 0);
	/* a struct is no number */
	if (!*text || *end || errno || element > sizeof(number) ||
	    (element < 8 && number >> (8 * element)))
		return -EINVAL;
	memcpy(bytes, &number, element);	/* little-endian, as all of this SDK's machines */
	return (int)element;
}

static int set_variable(struct bpf_object *obj, const char *dev, char *setting)
{
	char *value = strchr(setting, '='), *next;
	unsigned char bytes[16];
	struct variable v;
	size_t at = 0;
	int n;

	if (value)
		*value++ = '\0';
	if (!value || find_variable(obj, setting, &v)) {
		fprintf(stderr, "attach: %s has no constant '%s'. Name one as VAR=VALUE\n",
			bpf_object__name(obj), setting);
		return -EINVAL;
	}
	memset(v.at, 0, v.size);
	for (; value && *value; value = next) {
		next = strchr(value, ',');
		if (next)
			*next++ = '\0';
		n = parse_value(dev, value, v.element, bytes);
		if (n < 0 || at + (size_t)n > v.size) {
			fprintf(stderr, "attach: '%s' %s the %zu bytes of %s in elements of %zu\n",
				value, n < 0 ? "is no value for" : "does not fit into", v.size,
				setting, v.element);
			return -EINVAL;
		}
		memcpy(v.at + at, bytes, (size_t)n);
		at += (size_t)n;
	}
	return 0;
}

/* Load an instance with these settings; a word may hold several, between blanks. */
static int load(const char *path, const char *dev, char **settings, struct bpf_object **obj)
{
	char *word, *rest;
	int err;

	err = hwirq_object__open(path, NULL, obj);
	if (err)
		return err;
	for (; !err && *settings; settings++)
		for (word = strtok_r(*settings, " \t\n", &rest); !err && word;
		     word = strtok_r(NULL, " \t\n", &rest))
			err = set_variable(*obj, dev, word);
	if (!err)
		err = hwirq_object__load(*obj);
	if (err) {
		bpf_object__close(*obj);
		*obj = NULL;
	}
	return err;
}

static struct bpf_program *program_of(struct bpf_object *obj)
{
	return bpf_object__next_program(obj, NULL);
}

/* What does not load changes nothing. */
static void replace(struct hwirq_link *link, const char *path, const char *dev, char *line,
		    struct bpf_object **obj)
{
	char *settings[] = { line, NULL };
	struct bpf_object *next;

	if (load(path, dev, settings, &next))
		return;
	if (hwirq_link__update(link, program_of(next))) {
		bpf_object__close(next);
		return;
	}
	bpf_object__close(*obj);
	*obj = next;
	printf("replaced\n");
}

static int print_stats(const struct hwirq_link *link)
{
	struct hwirq_stats s;
	int err = hwirq_link__stats(link, &s);

	if (!err)
		printf("%" PRIu64 " packets: %" PRIu64 " tx, %" PRIu64 " drop, %" PRIu64 " pass, %" PRIu64 " aborted\n",
		       (uint64_t)s.packets, (uint64_t)s.tx, (uint64_t)s.drop, (uint64_t)s.pass,
		       (uint64_t)s.aborted);
	return err;
}

/* Signals become readable, so that none can come between two looks. */
static int open_signalfd(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Until a signal comes: lines of standard input, as long as there are any. */
static void follow(struct hwirq_link *link, const char *path, const char *dev,
		   struct bpf_object **obj)
{
	struct pollfd fds[] = {
		{ .fd = open_signalfd(), .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};
	char *line = NULL;
	size_t size = 0;

	setvbuf(stdin, NULL, _IONBF, 0);	/* what was read ahead would not be polled */
	while (fds[0].fd >= 0) {
		if (poll(fds, 2, -1) < 0 || fds[0].revents)
			break;
		if (getline(&line, &size, stdin) >= 0)
			replace(link, path, dev, line, obj);
		else
			fds[1].fd = -1;
	}
	free(line);
	close(fds[0].fd);
}

int main(int argc, char **argv)
{
	struct hwirq_link *link = NULL;
	struct bpf_object *obj = NULL;
	char dev[IF_NAMESIZE];
	int err, ifindex;

	if (argc > 1 && !strcmp(argv[1], "--help"))
		return usage(0);
	if (argc < 3)
		return usage(EXIT_USAGE);
	setvbuf(stdout, NULL, _IOLBF, 0);

	ifindex = hwirq_ifindex(argv[1]);
	if (ifindex < 0)
		return EXIT_FAILURE;
	/* `mac` takes the name, also where DEV is an index */
	if (!if_indextoname((unsigned int)ifindex, dev)) {
		perror("attach: the network interface is gone");
		return EXIT_FAILURE;
	}
	err = load(argv[2], dev, argv + 3, &obj);
	if (!err)
		err = hwirq_program__attach(program_of(obj), ifindex, HWIRQ_ALL_QUEUES, &link);
	if (!err) {
		printf("attached\n");
		follow(link, argv[2], dev, &obj);
		err = print_stats(link);
	}
	hwirq_link__destroy(link);
	bpf_object__close(obj);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
