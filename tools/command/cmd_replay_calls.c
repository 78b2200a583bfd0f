/* SPDX-License-Identifier: MIT-0
 *
 * Counts the system calls of a replay's first pass, of all its threads, by tracing the process
 * (ptrace) in a run that is for nothing else. The replayer marks the pass by what it writes to
 * descriptor 4: "begin" just before, "end" just after. With threads their waiting is left out.
 *
 * Where a process may not be traced the count is not known, which is no failure.
 */
#define _GNU_SOURCE
#include "cmd_replay.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* How the child tells that it got no further; not one that the replayer uses. */
enum { calls_exit_not_traced = 121, calls_exit_not_started = 122 };

typedef struct calls_state {
    pid_t process;
    bool is_counting;
    bool was_counted; /* begin and end were both seen */
    bool has_threads;
    double count;
    int end_status;
} calls_state;

/* ---- the child, before it becomes the replayer ---- */

static _Noreturn void calls_become(const cmd_replay_words *words, int plan, int null)
{
    char *const *arguments = (char *const *)words->argument;
    char *const *entries = (char *const *)words->entry;
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) _exit(calls_exit_not_traced);
    dup2(null, STDIN_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    /* What is said here nobody wants; but it is written, and seen when it is. */
    const int result = open("/dev/null", O_WRONLY);
    const int high_plan = fcntl(plan, F_DUPFD, cmd_replay_result_descriptor + 1);
    dup2(result, cmd_replay_result_descriptor);
    dup2(high_plan, cmd_replay_plan_descriptor);
    if (high_plan > cmd_replay_result_descriptor) close(high_plan);
    if (result > cmd_replay_result_descriptor) close(result);
    cmd_replay_release_signals();
    execve(words->argument[0], arguments, entries);
    _exit(calls_exit_not_started);
}

/* ---- the one who watches ---- */

/* Whether the process is about to write `word` to where results go. */
static bool calls_writes(pid_t thread, const struct __ptrace_syscall_info *info,
                         const char *word)
{
    char text[8] = {0};
    const size_t length = strlen(word);
    if (info->entry.nr != SYS_write) return false;
    if (info->entry.args[0] != cmd_replay_result_descriptor) return false;
    if (info->entry.args[2] < length) return false;
    struct iovec ours = {text, length};
    struct iovec theirs = {(void *)(uintptr_t)info->entry.args[1], length};
    return process_vm_readv(thread, &ours, 1, &theirs, 1, 0) == (ssize_t)length &&
           memcmp(text, word, length) == 0;
}

/* That threads wait for each other is the replay's doing, and never twice the same. */
static bool calls_waits(const calls_state *state, uint64_t number)
{
    return state->has_threads &&
           (number == SYS_futex || number == SYS_sched_yield || number == SYS_clock_nanosleep);
}

static void calls_see(calls_state *state, pid_t thread)
{
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, (void *)sizeof info, &info) <= 0) return;
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return;
    if (!state->is_counting) {
        state->is_counting = !state->was_counted && calls_writes(thread, &info, "begin");
    } else if (calls_writes(thread, &info, "end")) {
        state->is_counting = false;
        state->was_counted = true;
    } else if (!calls_waits(state, info.entry.nr)) {
        state->count++;
    }
}

/* The signal that a stopped thread is to get when it goes on: none for what the tracing itself
 * stops it by. */
static int calls_signal(int status)
{
    const int number = WSTOPSIG(status);
    const bool is_event = status >> 16 != 0;
    return number == SIGTRAP || number == (SIGTRAP | 0x80) || is_event ? 0 : number;
}

static void calls_watch(calls_state *state)
{
    /* Until both marks are seen every call stops; then the rest runs as it likes. */
    for (;;) {
        int status;
        const pid_t thread = waitpid(-1, &status, __WALL);
        if (thread < 0 && errno == EINTR) continue;
        if (thread < 0) return;
        if (!WIFSTOPPED(status)) {
            if (thread == state->process) {
                state->end_status = status;
                return;
            }
            continue;
        }
        if (WSTOPSIG(status) == (SIGTRAP | 0x80)) calls_see(state, thread);
        /* A new thread begins with a stop that is no signal of its own. */
        int number = calls_signal(status);
        if (number == SIGSTOP) number = 0;
        ptrace(state->was_counted ? PTRACE_CONT : PTRACE_SYSCALL, thread, NULL,
               (void *)(uintptr_t)number);
    }
}

/* Follows the child from its exec on. False if it did not get there. */
static bool calls_begin(calls_state *state)
{
    int status;
    while (waitpid(state->process, &status, __WALL) < 0) {
        if (errno != EINTR) return false;
    }
    if (!WIFSTOPPED(status)) {
        state->end_status = status;
        return false;
    }
    const uintptr_t options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                              PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SETOPTIONS, state->process, NULL, (void *)options) != 0 ||
        ptrace(PTRACE_SYSCALL, state->process, NULL, NULL) != 0) {
        kill(state->process, SIGKILL);
        waitpid(state->process, &status, __WALL);
        state->end_status = calls_exit_not_traced << 8;
        return false;
    }
    return true;
}

static char *calls_judge(const calls_state *state, double *count)
{
    const int status = state->end_status;
    if (WIFEXITED(status) && WEXITSTATUS(status) == calls_exit_not_traced) return NULL;
    if (WIFSIGNALED(status)) {
        return cmd_format("was killed by signal %d (%s) while its system calls were counted",
                          WTERMSIG(status), strsignal(WTERMSIG(status)));
    }
    if (WEXITSTATUS(status) != 0) {
        return cmd_format("ended with exit status %d while its system calls were counted",
                          WEXITSTATUS(status));
    }
    if (state->was_counted) *count = state->count;
    return NULL;
}

char *cmd_replay_count_calls(const cmd_replay_start *start, double *count)
{
    calls_state state = {.has_threads = start->plan->head.thread_count > 1};
    cmd_replay_words words;
    *count = NAN;
    cmd_replay_make_words(start, NULL, &words);
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    state.process = words.is_complete ? fork() : -1;
    if (state.process == 0) calls_become(&words, start->plan->descriptor, null);
    char *failure = NULL;
    if (state.process < 0) {
        failure = cmd_format("could not be started: %s", strerror(errno));
    } else {
        cmd_replay_guard(state.process);
        if (calls_begin(&state)) calls_watch(&state);
        cmd_replay_guard(0);
        failure = calls_judge(&state, count);
    }
    close(null);
    cmd_replay_free_words(&words);
    return failure;
}
