/* SPDX-License-Identifier: MIT-0
 *
 * Misuse in a child of the test.
 */
#ifndef DL_CHILD_H
#define DL_CHILD_H

#include "dl_test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* What the child works with. */
static const way *child_way;

/* Expects that `act`, in a child, ends in a sentence of strata's that holds `words`, and in SIGABRT. */
static inline void expect_report_of(void (*act)(void), const char *words)
{
    char said[500] = "";
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL); /* the test's own handlers are not wanted here */
        signal(SIGSEGV, SIG_DFL);
        dup2(ends[1], 2);
        alarm(10);
        act();
        _exit(0);
    }
    close(ends[1]);
    for (size_t size = 0; size < sizeof said - 1;) {
        ssize_t count = read(ends[0], said + size, sizeof said - 1 - size);
        if (count <= 0) break;
        size += (size_t)count;
    }
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_memory_equal(said, "strata: ", 8);
    if (!STRATA_TINY) assert_non_null(strstr(said, words));
}

#endif
