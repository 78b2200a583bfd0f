/* SPDX-License-Identifier: MIT-0
 *
 * Runs a program and writes to a file how it ended and what it used:
 *   launch RESULT_FILE PROGRAM ARGUMENT...
 *
 * It exists because ru_maxrss starts, over exec, from the size of whoever executed the program:
 * measured from Python every small program seems as large as Python. This one is linked
 * statically and stays under 1 MiB.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static double launch_seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
    pid_t pid;
    int status = 0;
    struct rusage usage;
    if (argc < 3) {
        fputs("launch: RESULT_FILE PROGRAM ARGUMENT...\n", stderr);
        return 2;
    }
    const int error = posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ);
    if (error != 0) {
        fprintf(stderr, "launch: '%s' can't be started: %s.\n", argv[2], strerror(error));
        return 127;
    }
    while (wait4(pid, &status, 0, &usage) < 0) {
        if (errno != EINTR) return 125;
    }
    FILE *result = fopen(argv[1], "w");
    if (result == NULL) return 125;
    fprintf(result, "%d %d %ld %.6f\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1,
            WIFSIGNALED(status) ? WTERMSIG(status) : 0, usage.ru_maxrss,
            launch_seconds(usage.ru_utime) + launch_seconds(usage.ru_stime));
    return fclose(result) == 0 ? 0 : 125;
}
