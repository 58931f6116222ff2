// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the commands that the test driver sends, one a line. Answer: a line with the
 * exit status and the length of the output, then the output.
 *
 * Not a shell script: on a kernel with all checkers a fork takes a fifth of a second.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A file, not a pipe: what a command leaves running in the background has it, too. */
#define OUTPUT "/run/agent.out"

/* The exit status as a shell has it */
static int run(char *command)
{
	char *argv[] = { "sh", "-c", command, NULL };
	posix_spawn_file_actions_t files;
	int status, err;
	pid_t child;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, OUTPUT, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
	err = posix_spawnp(&child, argv[0], &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (err) {
		fprintf(stderr, "agent: cannot run a shell: %s\n", strerror(err));
		return 126;
	}
	if (waitpid(child, &status, 0) != child) {
		perror("agent: waitpid");
		return 126;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Exactly as long as announced, though something may still write to the file. */
static void answer(int status)
{
	char buf[4096];
	struct stat st;
	off_t left = 0;
	size_t n;
	FILE *f;

	f = fopen(OUTPUT, "re");
	if (f && !fstat(fileno(f), &st))
		left = st.st_size;
	printf("%d %lld\n", status, (long long)left);
	for (; left; left -= n) {
		n = left < (off_t)sizeof(buf) ? (size_t)left : sizeof(buf);
		if (fread(buf, 1, n, f) != n)
			memset(buf, '?', n);	/* truncated meanwhile */
		fwrite(buf, 1, n, stdout);
	}
	if (f)
		fclose(f);
	fflush(stdout);
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	setenv("LC_ALL", "C", 1);
	puts("ready 0");
	fflush(stdout);
	while ((len = getline(&line, &size, stdin)) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!strcmp(line, "poweroff")) {
			puts("0 0");
			fflush(stdout);
			return 0;
		}
		answer(run(line));
	}
	return 1;
}
