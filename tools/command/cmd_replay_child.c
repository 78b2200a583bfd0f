/* SPDX-License-Identifier: MIT-0
 *
 * Starting the replayer: a fresh process with an environment that is always the same, the plan
 * as descriptor 3, a pipe for what it says as descriptor 4. No file is made, so that nothing is
 * left behind whatever ends us; and a signal that ends us ends the child.
 */
#define _GNU_SOURCE
#include "cmd_replay.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- signals ---- */

static const int child_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { child_signal_count = sizeof child_signals / sizeof child_signals[0] };

static struct {
    volatile pid_t pid; /* 0: there is none. Changed with signals blocked. */
    struct sigaction before[child_signal_count];
} child_state;

static void child_end_with(int signal_number)
{
    if (child_state.pid > 0) kill(child_state.pid, SIGKILL);
    cmd_replay_progress_end();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

void cmd_replay_catch_signals(void)
{
    struct sigaction action = {0};
    action.sa_handler = child_end_with;
    sigfillset(&action.sa_mask);
    for (int i = 0; i < child_signal_count; i++) {
        sigaction(child_signals[i], NULL, &child_state.before[i]);
        if (child_state.before[i].sa_handler == SIG_IGN) continue;
        sigaction(child_signals[i], &action, NULL);
    }
}

void cmd_replay_release_signals(void)
{
    for (int i = 0; i < child_signal_count; i++) {
        sigaction(child_signals[i], &child_state.before[i], NULL);
    }
}

static void child_block(sigset_t *before)
{
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < child_signal_count; i++) sigaddset(&set, child_signals[i]);
    sigprocmask(SIG_BLOCK, &set, before);
}

void cmd_replay_guard(pid_t pid)
{
    sigset_t before;
    child_block(&before);
    child_state.pid = pid;
    sigprocmask(SIG_SETMASK, &before, NULL);
}

/* ---- words ---- */

static void child_add_argument(cmd_replay_words *words, char *argument)
{
    const size_t room = sizeof words->argument / sizeof words->argument[0];
    if (argument == NULL || words->argument_count + 1 >= room) {
        words->is_complete = false;
        free(argument);
        return;
    }
    words->argument[words->argument_count++] = argument;
}

static void child_add_entry(cmd_replay_words *words, char *entry)
{
    const size_t room = sizeof words->entry / sizeof words->entry[0];
    if (entry == NULL || words->entry_count + 1 >= room) {
        words->is_complete = false;
        free(entry);
        return;
    }
    words->entry[words->entry_count++] = entry;
}

/* The user's variables are not passed on: they would change what is measured, by settings of an
 * allocator, or only by where the stack begins. */
static void child_add_entries(const cmd_contender *contender, cmd_replay_words *words)
{
    child_add_entry(words, strdup("PATH=/usr/local/bin:/usr/bin:/bin"));
    child_add_entry(words, strdup("LC_ALL=C"));
    if (contender == NULL) return;
    if (contender->library != NULL) {
        child_add_entry(words, cmd_format("LD_PRELOAD=%s", contender->library));
    }
    if (contender->options != NULL) {
        child_add_entry(words, cmd_format("STRATA_OPTIONS=%s", contender->options));
    }
    if (contender->environment != NULL) child_add_entry(words, strdup(contender->environment));
}

void cmd_replay_make_words(const cmd_replay_start *start, const char *const *before,
                           cmd_replay_words *words)
{
    memset(words, 0, sizeof *words);
    words->is_complete = true;
    for (; before != NULL && *before != NULL; before++) {
        child_add_argument(words, strdup(*before));
    }
    child_add_argument(words, strdup(start->replayer));
    if (start->contender == NULL) child_add_argument(words, strdup("--null"));
    child_add_argument(words, strdup("--passes"));
    child_add_argument(words, cmd_format("%u", start->passes));
    child_add_argument(words, strdup("--touch"));
    child_add_argument(words, strdup(start->touch));
    if (start->samples > 0) {
        child_add_argument(words, strdup("--samples"));
        child_add_argument(words, cmd_format("%u", start->samples));
    }
    child_add_entries(start->contender, words);
    if (start->only_loads) child_add_entry(words, strdup("LD_TRACE_LOADED_OBJECTS=1"));
}

void cmd_replay_free_words(cmd_replay_words *words)
{
    for (size_t i = 0; i < words->argument_count; i++) free(words->argument[i]);
    for (size_t i = 0; i < words->entry_count; i++) free(words->entry[i]);
    memset(words, 0, sizeof *words);
}

/* ---- starting ---- */

/* What each descriptor of the child is made of. They are duplicates above those that the child
 * gets, so that no step overwrites what a later one needs. */
typedef struct child_files {
    int plan;
    int result;
    int null;
    int output;
} child_files;

static int child_spawn(const cmd_replay_words *words, const child_files *files, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t before;
    if (posix_spawn_file_actions_init(&actions) != 0) return ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return ENOMEM;
    }
    child_block(&before);
    int error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    if (error == 0) error = posix_spawnattr_setsigmask(&attributes, &before);
    const int sources[] = {files->null, files->output, -1, files->plan, files->result};
    for (int i = 0; i < 5 && error == 0; i++) {
        if (sources[i] < 0) continue;
        error = posix_spawn_file_actions_adddup2(&actions, sources[i], i);
    }
    if (error == 0) {
        error = posix_spawn(pid, words->argument[0], &actions, &attributes, words->argument,
                            words->entry);
    }
    if (error == 0) child_state.pid = *pid;
    sigprocmask(SIG_SETMASK, &before, NULL);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Waits; the process's number is forgotten before another one can get it. */
static int child_wait(pid_t pid)
{
    siginfo_t info;
    int status = 0;
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) continue;
    cmd_replay_guard(0);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return status;
}

static char *child_describe_end(int status)
{
    if (WIFSIGNALED(status)) {
        return cmd_format("was killed by signal %d (%s)", WTERMSIG(status),
                          strsignal(WTERMSIG(status)));
    }
    if (WEXITSTATUS(status) != 0) {
        return cmd_format("ended with exit status %d", WEXITSTATUS(status));
    }
    return NULL;
}

static int child_raise_descriptor(int descriptor)
{
    return fcntl(descriptor, F_DUPFD_CLOEXEC, cmd_replay_result_descriptor + 1);
}

char *cmd_replay_run_words(const cmd_replay_words *words, const cmd_replay_start *start,
                           char **text)
{
    int pipe_ends[2];
    pid_t pid = 0;
    *text = NULL;
    if (!words->is_complete) return strdup("could not be started: there is no memory");
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
        return cmd_format("could not be started: %s", strerror(errno));
    }
    child_files files = {-1, child_raise_descriptor(pipe_ends[1]),
                         open("/dev/null", O_RDONLY | O_CLOEXEC), STDERR_FILENO};
    if (start->plan != NULL) files.plan = child_raise_descriptor(start->plan->descriptor);
    /* What an allocator may say is not to get into our report. */
    if (start->only_loads) files.output = files.result;
    close(pipe_ends[1]);
    const int error = child_spawn(words, &files, &pid);
    if (files.plan >= 0) close(files.plan);
    close(files.result);
    close(files.null);
    if (error == 0) *text = cmd_read_all(pipe_ends[0]);
    close(pipe_ends[0]);
    if (error != 0) return cmd_format("could not be started: %s", strerror(error));
    char *end = child_describe_end(child_wait(pid));
    if (end == NULL && *text == NULL) return strdup("said more than there is memory for");
    return end;
}
