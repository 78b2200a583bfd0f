/* SPDX-License-Identifier: MIT-0
 *
 * Children. They leave by _exit, so that nothing of the parent's runs twice.
 */
#include "fake/child.h"

#include "base/config.h" /* first: it chooses what the system headers declare */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Sanitizers exit with 1 or 66; a status with this bit is ours. */
enum { child_mark = 128 };

#if defined(__GNUC__)
/* Where coverage is counted: writes the counters, which _exit does not. */
extern void __gcov_exit(void) __attribute__((weak));
#endif

static void child_leave(int code)
{
#if defined(__GNUC__)
    if (__gcov_exit != NULL) __gcov_exit();
#endif
    _exit(child_mark | code);
}

/* The test framework catches these and goes on with the next test: the parent's work. */
static void child_die_of_signals(void)
{
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGABRT};
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++) signal(fatal[i], SIG_DFL);
}

static void child_hush(void)
{
    int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere < 0) return;
    dup2(nowhere, 2);
    close(nowhere);
}

child_end child_run(int (*act)(void *context), void *context, bool is_silent)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) {
        perror("fork");
        exit(EXIT_FAILURE);
    }
    if (pid == 0) {
        child_die_of_signals();
        if (is_silent) child_hush();
        child_leave(act(context));
    }
    int status = 0;
    waitpid(pid, &status, 0);
    bool is_ours = WIFEXITED(status) && (WEXITSTATUS(status) & child_mark);
    if (is_ours) return (child_end){.code = WEXITSTATUS(status) & ~child_mark};
    int code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    return (child_end){.was_killed = true, .code = code};
}

typedef struct child_act {
    void (*act)(void *context);
    void *context;
} child_act;

static int child_act_and_return(void *context)
{
    const child_act *wanted = context;
    wanted->act(wanted->context);
    return 0;
}

bool child_dies(void (*act)(void *context), void *context)
{
    child_act wanted = {act, context};
    return child_run(child_act_and_return, &wanted, true).was_killed;
}
