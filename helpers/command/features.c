// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* features.c - can this machine run hard-IRQ programs, and if not, exactly why */
#include <sys/utsname.h>

#include "command.h"

/* Drivers of the series with the hook. */
static const char *const drivers[] = { "virtio_net", "hwirqsim" };

#define VIRTIO_F_RING_RESET 40
#define VIRTIO_NET_F_CTRL_GUEST_OFFLOADS 2

/* What lets a virtio device send partial checksums or merged packets: VIRTIO_NET_F_GUEST_* */
static const unsigned int guest_offloads[] = { 1, 7, 8, 9, 10, 54, 55 };

static bool in_file(const char *path, const char *word)
{
	char line[4096], *at;
	size_t len = strlen(word);

	hwirq__read_line(path, line, sizeof(line));
	for (at = strstr(line, word); at; at = strstr(at + 1, word))
		if ((at == line || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
	return false;
}

/* A line of the report: @why is NULL if all is well. */
static bool tell(const struct common *c, struct json_object *json, const char *what,
		 const char *value, const char *why)
{
	struct json_object *one;

	if (!c->json) {
		printf("%-24s %-4s %s%s%s\n", what, why ? "NO" : "yes", value,
		       why && *value ? ": " : "", why ? why : "");
		return !why;
	}
	one = json_object_new_object();
	add_bool(one, "ok", !why);
	add_string(one, "value", value);
	add_string(one, "why", why);
	json_object_object_add(json, what, one);
	return !why;
}

static bool tell_kernel(const struct common *c, struct json_object *json)
{
	char limit[32], jit[8];
	const char *missing = hwirq__missing_caps(true);
	struct utsname uts = { 0 };
	const char *why;
	bool ok;
	int err;

	uname(&uts);
	capture_begin();
	err = hwirq_check_kernel();
	why = capture_end();
	ok = tell(c, json, "kernel", uts.release, err ? why : NULL);
	snprintf(limit, sizeof(limit), "%u", hwirq_path_limit());
	if (!err)
		tell(c, json, "path limit", limit, NULL);
	hwirq__read_line("/proc/sys/net/core/bpf_jit_enable", jit, sizeof(jit));
	ok &= tell(c, json, "jit", jit, strcmp(jit, "0") ? NULL :
		   "the BPF JIT is off. Turn it on: sysctl net.core.bpf_jit_enable=1");
	ok &= tell(c, json, "interrupts", "", in_file("/proc/cmdline", "threadirqs") ?
		   "threadirqs is on the kernel's command line: handlers run in threads. Boot without it" :
		   in_file("/sys/kernel/realtime", "1") ?
		   "this is a PREEMPT_RT kernel: handlers run in threads. Boot another one" : NULL);
	ok &= tell(c, json, "permission", missing ? missing : "", missing ?
		   "is missing for attaching. Run as root" : NULL);
	return ok;
}

/* A virtio device has a vector for its configuration, then one a queue or one for all. */
static bool queues_share_vector(const char *ifname)
{
	unsigned int vectors = 0;
	struct dirent *entry;
	char path[128];
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/class/net/%s/device/../msi_irqs", ifname);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		vectors += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return vectors < 3;
}

/* Why a driver that has the hook would refuse, as far as sysfs tells; NULL if not at all. */
static const char *why_not_virtio(const char *ifname)
{
	char path[128], bits[80];
	size_t i;

	snprintf(path, sizeof(path), "/sys/class/net/%s/device/features", ifname);
	hwirq__read_line(path, bits, sizeof(bits));
	if (strlen(bits) > VIRTIO_F_RING_RESET && bits[VIRTIO_F_RING_RESET] != '1')
		return "the virtio device cannot reset single queues (VIRTIO_F_RING_RESET). Use QEMU 7.2 or newer, and a modern device";
	if (queues_share_vector(ifname))
		return "its queues share an interrupt. Give the virtio device more MSI-X vectors";
	for (i = 0; i < sizeof(guest_offloads) / sizeof(guest_offloads[0]); i++)
		if (strlen(bits) > guest_offloads[i] && bits[guest_offloads[i]] == '1' &&
		    bits[VIRTIO_NET_F_CTRL_GUEST_OFFLOADS] != '1')
			return "the virtio device cannot turn off GRO_HW and checksum offload for its guest. Use one with ctrl_guest_offloads, or without offloads";
	snprintf(path, sizeof(path), "/sys/module/virtio_net/parameters/napi_tx");
	hwirq__read_line(path, bits, sizeof(bits));
	if (!strcmp(bits, "N"))
		return "transmit NAPI is off. Load virtio_net with napi_tx=1";
	return NULL;
}

static const char *why_not(int ifindex, const char *ifname, const char *driver)
{
	__u32 xdp = 0;
	size_t i;

	for (i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (!strcmp(driver, drivers[i]))
			break;
	if (i == sizeof(drivers) / sizeof(drivers[0]))
		return "its driver has no hard-IRQ hook; virtio_net has";
	if (!bpf_xdp_query_id(ifindex, 0, &xdp) && xdp)
		return "an XDP program is there, and they exclude each other. Remove it: ip link set dev DEV xdp off";
	return strcmp(driver, "virtio_net") ? NULL : why_not_virtio(ifname);
}

/* Attach a program that passes everything, for a moment: the answer that counts. */
static const char *try_attach(int ifindex)
{
	LIBBPF_OPTS(bpf_link_create_opts, link_opts, .target_btf_id = 0);
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = hwirq__attach_type());
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = HWIRQ_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int prog, link, kmsg;

	prog = bpf_prog_load(hwirq__prog_type(), "hwirq_try", "GPL", insns, 2, &opts);
	if (prog < 0)
		return "the kernel does not load the program that would try it";
	kmsg = hwirq__kmsg_open();
	link = bpf_link_create(prog, ifindex, hwirq__attach_type(), &link_opts);
	capture_begin();
	if (link < 0)
		hwirq__explain_attach(link, ifindex, HWIRQ_ALL_QUEUES, kmsg);
	else
		close(link);
	if (kmsg >= 0)
		close(kmsg);
	close(prog);
	return link < 0 ? capture_end() : (capture_end(), NULL);
}

static bool tell_nic(const struct common *c, struct json_object *json, int ifindex)
{
	char ifname[HWIRQ__IFNAME_SIZE], driver[64], value[128];
	const char *why;

	hwirq__ifname(ifindex, ifname);
	hwirq_ifdriver(ifindex, driver, sizeof(driver));
	snprintf(value, sizeof(value), "%s, %u RX queues", driver,
		 hwirq__count_rx_queues(ifname));
	why = c->try ? try_attach(ifindex) : why_not(ifindex, ifname, driver);
	return tell(c, json, ifname, value, why);
}

/* Whether one will do. */
static bool tell_nics(const struct common *c, struct json_object *json)
{
	struct if_nameindex *list = if_nameindex(), *i;
	char path[128], type[16];
	bool any = false;

	if (!list) {
		fprintf(stderr, "hwirq: cannot list the network interfaces: %s. It takes a socket; see 'ulimit -n'\n",
			strerror(errno));
		return false;
	}
	for (i = list; i->if_index; i++) {
		/* Ethernet, by its number in <linux/if_arp.h> */
		snprintf(path, sizeof(path), "/sys/class/net/%s/type", i->if_name);
		if (!strcmp(hwirq__read_line(path, type, sizeof(type)), "1"))
			any |= tell_nic(c, json, (int)i->if_index);
	}
	if_freenameindex(list);
	return any;
}

int do_features(int argc, char **argv)
{
	static const struct argp_option options[] = {
		OPTION_DEV, OPTION_JSON,
		{ "try", KEY_TRY, NULL, 0,
		  "Attach a program that passes everything for a moment: the driver's own answer. "
		  "The interface pauses", 0 },
		{ 0 },
	};
	struct json_object *json = NULL, *kernel = NULL, *nics = NULL;
	struct common c = { 0 };
	bool kernel_ok, nic_ok;
	int ifindex = 0;

	parse(argc, argv, options, NULL,
	      "Can this machine run hard-IRQ programs: its kernel, this process, its network "
	      "interfaces? Exit status 0 if the kernel and one of the interfaces (or DEV) can.",
	      false, false, &c);
	if (c.dev) {
		ifindex = hwirq_ifindex(c.dev);
		if (ifindex < 0)
			return EXIT_REFUSED;
	}
	if (c.json) {
		json = json_object_new_object();
		kernel = json_object_new_object();
		nics = json_object_new_object();
	}
	kernel_ok = tell_kernel(&c, kernel);
	nic_ok = ifindex ? tell_nic(&c, nics, ifindex) : tell_nics(&c, nics);
	if (!c.json) {
		if (!nic_ok)
			puts("no network interface can run them");
		return kernel_ok && nic_ok ? 0 : EXIT_REFUSED;
	}
	add_bool(json, "ok", kernel_ok && nic_ok);
	json_object_object_add(json, "checks", kernel);
	json_object_object_add(json, "interfaces", nics);
	print_json(json);
	return kernel_ok && nic_ok ? 0 : EXIT_REFUSED;
}
