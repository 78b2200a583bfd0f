/* SPDX-License-Identifier: MIT-0
 *
 * A program with a handler of its own for the signal that a misuse ends in. The handler allocates,
 * frees and forks, as crash reporters do: it must come to its end.
 */
#include "start.h"

#include <signal.h>
#include <sys/wait.h>

static char *kept;

static void report(int number)
{
    (void)number;
    char *mem = malloc(1000);
    if (mem != NULL) mem = realloc(mem, 100000);
    free(mem);
    kept = realloc(kept, 3000);
    free(kept);
    pid_t child = fork();
    if (child == 0) {
        free(malloc(100));
        _exit(0);
    }
    int status = 1;
    if (waitpid(child, &status, 0) != child || status != 0) _exit(2);
    _exit(0);
}

int main(void)
{
    alarm(20);
    signal(SIGABRT, report);
    kept = malloc(200);
    char *volatile twice = malloc(300);
    free(twice);
    free(twice);
    return 3;
}
