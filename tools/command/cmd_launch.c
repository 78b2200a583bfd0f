/* SPDX-License-Identifier: MIT-0
 *
 * Starts the program, passes signals on to it, waits for its end.
 *
 * What the terminal sends (Ctrl-C) reaches the program by itself, for it is in the same process
 * group; we only must not die of it before the report. What another process sends to us alone
 * is meant for the program and is handed on.
 */
#define _GNU_SOURCE
#include "cmd.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const int launch_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
enum { launch_signal_count = sizeof launch_signals / sizeof launch_signals[0] };

static struct {
    volatile pid_t pid; /* the program; 0 while there is none. Changed with signals blocked. */
    struct sigaction before[launch_signal_count];
    sigset_t mask_before;
} launch_state;

static void launch_forward(int signal, siginfo_t *info, void *context)
{
    const int error = errno;
    (void)context;
    const bool is_from_terminal = info->si_code == SI_KERNEL;
    if (launch_state.pid > 0 && !is_from_terminal) kill(launch_state.pid, signal);
    errno = error;
}

static void launch_block(sigset_t *before)
{
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < launch_signal_count; i++) sigaddset(&set, launch_signals[i]);
    sigprocmask(SIG_BLOCK, &set, before);
}

/* A signal that our caller ignores (nohup) stays ignored, also by the program. */
static void launch_catch(void)
{
    struct sigaction action = {0};
    action.sa_sigaction = launch_forward;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigfillset(&action.sa_mask);
    launch_block(&launch_state.mask_before);
    for (int i = 0; i < launch_signal_count; i++) {
        sigaction(launch_signals[i], NULL, &launch_state.before[i]);
        if (launch_state.before[i].sa_handler == SIG_IGN) continue;
        sigaction(launch_signals[i], &action, NULL);
    }
}

static void launch_restore(void)
{
    for (int i = 0; i < launch_signal_count; i++) {
        sigaction(launch_signals[i], &launch_state.before[i], NULL);
    }
    sigprocmask(SIG_SETMASK, &launch_state.mask_before, NULL);
}

/* 0 or an errno. With the handlers installed and signals blocked; exec resets the handlers. */
static int launch_spawn(const char *path, char **argv, char **env, pid_t *pid)
{
    posix_spawnattr_t attributes;
    int error = posix_spawnattr_init(&attributes);
    if (error != 0) return error;
    error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    if (error == 0) error = posix_spawnattr_setsigmask(&attributes, &launch_state.mask_before);
    if (error == 0) error = posix_spawn(pid, path, NULL, &attributes, argv, env);
    posix_spawnattr_destroy(&attributes);
    return error;
}

static double launch_seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double launch_now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Waits with signals open; the program's number is forgotten before it can be given to another
 * process, which is when we ask for its status. */
static void launch_wait(pid_t pid, cmd_outcome *outcome)
{
    siginfo_t info;
    int status = 0;
    struct rusage usage = {0};
    sigprocmask(SIG_SETMASK, &launch_state.mask_before, NULL);
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) continue;
    launch_block(NULL);
    launch_state.pid = 0;
    while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR) continue;
    outcome->pid = pid;
    outcome->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    outcome->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    outcome->user_s = launch_seconds(usage.ru_utime);
    outcome->system_s = launch_seconds(usage.ru_stime);
    outcome->os_peak_size = (uint64_t)usage.ru_maxrss * 1024;
}

static int launch_failure(const char *path, int error)
{
    if (error == ENOENT) {
        return cmd_fail(cmd_exit_not_found,
                        "%swhat '%s' needs to start (the interpreter in "
                        "its first line or its dynamic linker) is missing.",
                        cmd_starter, path);
    }
    if (error == ENOEXEC) {
        return cmd_fail(cmd_exit_not_executable,
                        "%s'%s' is in no format that can be executed here.", cmd_starter, path);
    }
    return cmd_fail(cmd_exit_not_executable, "%s'%s' can't be executed: %s.", cmd_starter, path,
                    strerror(error));
}

int cmd_launch(const char *path, char **argv, char **env, cmd_outcome *outcome)
{
    pid_t pid = 0;
    memset(outcome, 0, sizeof *outcome);
    launch_catch();
    const double start_s = launch_now_s();
    const int error = launch_spawn(path, argv, env, &pid);
    if (error == 0) {
        launch_state.pid = pid;
        launch_wait(pid, outcome);
        outcome->wall_s = launch_now_s() - start_s;
    }
    launch_restore();
    return error == 0 ? 0 : launch_failure(path, error);
}
