// SPDX-License-Identifier: GPL-2.0-only
/*
 * cookbook - do the recipes do what their texts say?
 *
 * Each recipe runs in the guest by the command line that its text gives, and gets
 * frames from outside. Each code block that names a source file is compared with
 * that file, and each message that a text quotes with what the kernel says now.
 * The kinds of blocks are described in cookbook/README.md.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define COOKBOOK	SCRIPTS_DIR "/../../cookbook"
#define MAX_TEXT	65536
#define MIN_TEXTS	3

/* Texts */

static const char *read_file(const char *name)
{
	static char text[2][MAX_TEXT];
	static unsigned int turn;
	char *to = text[turn++ % 2], path[512];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", COOKBOOK, name);
	f = fopen(path, "re");
	if (f) {
		n = fread(to, 1, MAX_TEXT - 1, f);
		fclose(f);
	}
	check(n > 0 && n < MAX_TEXT - 1, "cookbook/%s: %s", name,
	      f ? "empty or too long" : strerror(errno));
	to[n] = '\0';
	return to;
}

/* Does a line of its own in @text say this? */
static bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);
	const char *at;

	for (at = text; (at = strstr(at, line)); at++)
		if ((at == text || at[-1] == '\n') && (at[len] == '\n' || !at[len]))
			return true;
	return false;
}

/* A fenced block: what stands behind its opening fence, and its lines. */
struct block {
	char info[128];
	char body[8192];
};

/* The next block at or behind *@at; false if there is none. */
static bool next_block(const char *name, const char **at, struct block *b)
{
	const char *start = *at, *end, *line;

	while (strncmp(start, "```", 3)) {
		start = strchr(start, '\n');
		if (!start)
			return false;
		start++;
	}
	line = strchr(start, '\n');
	end = line ? strstr(line, "\n```") : NULL;
	check(end && end - line < (long)sizeof(b->body) && line - start < (long)sizeof(b->info),
	      "%s: a block does not end, or is too long: %.40s", name, start);
	snprintf(b->info, sizeof(b->info), "%.*s", (int)(line - start - 3), start + 3);
	snprintf(b->body, sizeof(b->body), "%.*s", (int)(end - line), line + 1);
	*at = end + 4;
	return true;
}

/* Each line that is quoted is a line of what was said. */
static int compare_lines(const char *name, char *quoted, const char *said)
{
	char *line, *rest = NULL;
	int n = 0;

	for (line = strtok_r(quoted, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		check(has_line(said, line), "%s quotes\n  %s\nbut what is said now is\n%s", name,
		      line, said);
		n++;
	}
	return n;
}

/* What a block promises; 1 if that is a refusal. */
static int check_block(const char *name, struct block *b)
{
	char *command, *newline;
	char kind[32], what[96];
	int n;

	n = sscanf(b->info, "%31s %95s", kind, what);
	if (n == 2 && !strcmp(kind, "c")) {
		check(strstr(read_file(what), b->body), "%s shows lines that %s does not have:\n%s",
		      name, what, b->body);
	} else if (n == 2 && !strcmp(kind, "verifier")) {
		guest_refuses("cd /cookbook && /verify/verify --here --prog build/%s 2>&1", what);
		check(compare_lines(name, b->body, lab.output), "%s quotes nothing for %s", name, what);
		return 1;
	} else if (n == 2 && !strcmp(kind, "console") && !strcmp(what, "refused")) {
		check(!strncmp(b->body, "$ sudo ", 7) && (newline = strchr(b->body, '\n')),
		      "%s: no command and message in\n%s", name, b->body);
		*newline = '\0';
		command = b->body + 7;
		guest_refuses("cd /cookbook && %s </dev/null 2>&1", command);
		check(compare_lines(name, newline + 1, lab.output), "%s quotes nothing for %s", name,
		      command);
		return 1;
	}
	return 0;
}

/* Every text of the cookbook: its code is the source's, its messages are the kernel's. */
static void texts(void)
{
	static char text[MAX_TEXT];
	unsigned int nr = 0, quotes = 0;
	struct dirent *entry;
	struct block b;
	const char *at;
	size_t len;
	int here;
	DIR *dir;

	dir = opendir(COOKBOOK);
	check(dir, "%s: %s", COOKBOOK, strerror(errno));
	while ((entry = readdir(dir))) {
		len = strlen(entry->d_name);
		if (len < 4 || strcmp(entry->d_name + len - 3, ".md") ||
		    !strcmp(entry->d_name, "README.md"))
			continue;
		snprintf(text, sizeof(text), "%s", read_file(entry->d_name));
		here = 0;
		for (at = text; next_block(entry->d_name, &at, &b);)
			here += check_block(entry->d_name, &b);
		check(here, "%s quotes no refusal", entry->d_name);
		snprintf(text, sizeof(text), "(%s)", entry->d_name);
		check(strstr(read_file("README.md"), text), "README.md does not list %s",
		      entry->d_name);
		quotes += here;
		nr++;
	}
	closedir(dir);
	check(nr >= MIN_TEXTS, "only %u recipes", nr);
	printf("%u texts, %u quoted refusals\n", nr, quotes);
}

/* Each variant that is there to be refused is quoted by its recipe's text. */
static void variants(void)
{
	char *line, *rest = NULL, name[64], quote[128];
	static char found[4096];
	int n = 0;

	snprintf(found, sizeof(found), "%s",
		 guest("cd /cookbook/build && find . -name 'refused*.bpf.o' | sed 's#^./##'"));
	for (line = strtok_r(found, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		snprintf(name, sizeof(name), "%.*s.md", (int)strcspn(line, "/"), line);
		snprintf(quote, sizeof(quote), "```verifier %s\n", line);
		check(strstr(read_file(name), quote), "%s does not quote what is said about %s",
		      name, line);
		n++;
	}
	check(n, "no variant is refused");
}

/* Recipes */

/* Start what the text of the recipe says, and wait for its first words. */
static void start(const char *recipe, const char *command, const char *first)
{
	char text[512];

	snprintf(text, sizeof(text), "%s.md", recipe);
	check(strstr(read_file(text), command), "%s does not say '%s'", text, command);
	guest("rm -f /run/in && mkfifo /run/in && sleep 1000 >/run/in & sleep 0.1");
	guest("cd /cookbook && %s </run/in >/run/recipe.log 2>&1 &", command);
	guest_until("grep -q '%s' /run/recipe.log || { cat /run/recipe.log; exit 1; }", first);
}

/* End it by Ctrl-C, and have what it says at last. */
static void finish(const char *program, const char *last)
{
	guest("killall -INT %s", program);
	guest_until("! pidof %s", program);
	guest("grep -qE '%s' /run/recipe.log || { cat /run/recipe.log; exit 1; }", last);
	guest("hwctl idle");
}

static void expect_answer(const struct udp *u)
{
	struct udp reply = udp_reply(u);
	struct frame f;

	frame_udp(&f, u);
	send_frame(&f);
	frame_udp(&f, &reply);
	expect_frame(&f);
}

static void expect_silence(const struct udp *u)
{
	struct frame f;

	frame_udp(&f, u);
	send_frame(&f);
	expect_no_frame(300 * lab.patience);
}

static void udp_echo(void)
{
	struct udp u = udp_to_guest(7, 100, 1);

	start("udp-echo", "build/bin/attach eth0 build/udp-echo/udp-echo.bpf.o", "attached");
	expect_answer(&u);
	u.ip_options = 8;
	u.payload = 1400;
	expect_answer(&u);
	expect_unreachable(8);
	expect_ping(1, 100);
	finish("attach", "packets: 2 tx, 0 drop, [0-9]+ pass, 0 aborted");
}

static void drop_list(void)
{
	struct udp good = udp_to_guest(9, 10, 1), bad = good;
	struct frame f;

	start("drop-list", "build/bin/attach eth0 build/drop-list/drop-list.bpf.o list=192.0.2.1,192.0.2.7",
	      "attached");
	bad.src_ip = 0xc0000207;
	frame_udp(&f, &bad);
	send_frame(&f);
	expect_unreachable(9);
	/* another list, live */
	guest("echo list=10.0.2.99 >/run/in");
	guest_until("grep -q replaced /run/recipe.log");
	expect_silence(&good);
	/* a wrong one changes nothing */
	guest("echo list=10.0.2 >/run/in");
	guest_until("grep -q 'is no value' /run/recipe.log");
	expect_silence(&good);
	guest("echo list= >/run/in");
	guest_until("[ $(grep -c replaced /run/recipe.log) = 2 ]");
	expect_unreachable(9);
	finish("attach", "packets: 0 tx, 3 drop, [0-9]+ pass, 0 aborted");
}

static void lease(void)
{
	struct udp u = udp_to_guest(7, 32, 1);

	start("lease", "build/bin/lease eth0 7 2000", "alive");
	/* beyond the first lease: it is being renewed */
	guest("sleep 3");
	expect_answer(&u);
	/* it hangs in its work, but its process and the program are there */
	guest("killall -USR1 lease && sleep 3");
	expect_silence(&u);
	guest("pidof lease && killall -USR1 lease && sleep 2");
	expect_answer(&u);
	/* nothing of it runs any more */
	guest("killall -STOP lease && sleep 3");
	expect_silence(&u);
	guest("killall -CONT lease && sleep 2");
	expect_answer(&u);
	/* dead: the kernel has detached the program, the stack knows no such port */
	guest("killall -KILL lease && hwctl idle");
	expect_unreachable(7);
}

const struct e2e_case e2e_cases[] = {
	{ "texts", texts, SMALL },
	{ "variants", variants, SMALL },
	{ "udp-echo", udp_echo, SMALL },
	{ "drop-list", drop_list, SMALL },
	{ "lease", lease, SMALL },
};
const size_t nr_e2e_cases = sizeof(e2e_cases) / sizeof(e2e_cases[0]);
