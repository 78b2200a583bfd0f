/* SPDX-License-Identifier: MIT-0
 *
 * Processes that begin and end in all ways. Each way allocates blocks of sizes that the test
 * looks for (record_processes.py).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *program_self;

/* volatile, so that no call is optimized away. */
static void *volatile program_block;

/* Where nothing can be written. */
static volatile int *volatile program_nowhere;

static void allocate(size_t size) { program_block = malloc(size); }

static int wait_for(pid_t pid)
{
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid) return 90;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 91;
}

static int run_target(void)
{
    allocate(2005);
    return 0;
}

/* ---- children ---- */

/* The child frees what it inherited, and allocates: a recording of its own. */
static int child_of_fork(void *inherited)
{
    free(inherited);
    allocate(2002);
    return 0;
}

static int run_fork(void)
{
    void *block = malloc(2001);
    const pid_t pid = fork();
    if (pid == 0) exit(child_of_fork(block));
    const int status = wait_for(pid);
    allocate(2003);
    free(block);
    return status;
}

/* As fork, but nobody's handlers are called. */
static int run_clone(void)
{
    void *block = malloc(2001);
    const pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0) _exit(child_of_fork(block));
    const int status = wait_for(pid);
    allocate(2003);
    free(block);
    return status;
}

static int run_vfork(void)
{
    allocate(2001);
    const pid_t pid = vfork();
    if (pid == 0) {
        allocate(2002); /* in its parent's memory */
        execl(program_self, program_self, "target", (char *)NULL);
        _exit(92);
    }
    const int status = wait_for(pid);
    allocate(2003);
    return status;
}

static int run_fork_exec(void)
{
    allocate(2001);
    const pid_t pid = fork();
    if (pid != 0) return wait_for(pid);
    allocate(2002);
    execl(program_self, program_self, "target", (char *)NULL);
    return 92;
}

static int run_nested(void)
{
    allocate(2001);
    const pid_t pid = fork();
    if (pid == 0) {
        allocate(2002);
        const pid_t grandchild = fork();
        if (grandchild == 0) {
            allocate(2004);
            _exit(0);
        }
        _exit(wait_for(grandchild));
    }
    return wait_for(pid);
}

static atomic_bool program_is_done;

static void *be_busy(void *context)
{
    while (!atomic_load(&program_is_done)) {
        for (int i = 0; i < 200; i++) free(malloc(64));
        sched_yield(); /* the others have to come to their turn, too */
    }
    return context;
}

/* Some thread is in the recorder nearly always when a child is made. */
static int run_fork_busy(int count)
{
    pthread_t thread[2];
    int status = 0;
    for (int i = 0; i < 2; i++) pthread_create(&thread[i], NULL, be_busy, NULL);
    for (int i = 0; i < count && status == 0; i++) {
        const pid_t pid = fork();
        if (pid == 0) {
            alarm(20);
            for (int round = 0; round < 100; round++) free(malloc(3000));
            _exit(0);
        }
        status = wait_for(pid);
    }
    atomic_store(&program_is_done, true);
    for (int i = 0; i < 2; i++) pthread_join(thread[i], NULL);
    return status;
}

/* The parent ends when the child has allocated; the child when it can read from the pipe `path`. */
static int run_orphan(const char *path, long count)
{
    char byte = 0;
    int begun[2];
    allocate(2001);
    if (pipe(begun) != 0) return 92;
    const pid_t pid = fork();
    if (pid != 0) return read(begun[0], &byte, 1) == 1 ? 0 : 91;
    allocate(2002);
    setsid();
    if (write(begun[1], &byte, 1) != 1) _exit(92);
    const int descriptor = open(path, O_RDONLY);
    if (descriptor < 0 || read(descriptor, &byte, 1) < 0) _exit(93);
    for (long i = 0; i < count; i++) free(malloc(2003));
    _exit(0);
}

/* ---- ends ---- */

static _Noreturn void end_as(const char *how)
{
    allocate(2001);
    allocate(2002);
    free(program_block);
    if (strcmp(how, "_exit") == 0) _exit(7);
    if (strcmp(how, "exit") == 0) exit(7);
    if (strcmp(how, "quick_exit") == 0) quick_exit(7);
    if (strcmp(how, "abort") == 0) abort();
    if (strcmp(how, "kill") == 0) kill(getpid(), SIGKILL);
    if (strcmp(how, "crash") == 0) raise(SIGSEGV);
    if (strcmp(how, "wild") == 0) *program_nowhere = 1;
    _exit(94);
}

static int run_exec(void)
{
    allocate(2001);
    execl(program_self, program_self, "target", (char *)NULL);
    return 95;
}

/* Allocates until it is killed; tells when it has begun. */
static int run_endless(void)
{
    void *ring[256] = {NULL};
    for (unsigned i = 0;; i++) {
        if (i == 1000 && write(STDOUT_FILENO, "ready\n", 6) != 6) return 96;
        free(ring[i % 256]);
        ring[i % 256] = malloc(100 + i % 1000);
    }
}

static int run_ready_and_wait(void)
{
    allocate(2001);
    allocate(2002);
    free(program_block);
    if (write(STDOUT_FILENO, "ready\n", 6) != 6) return 96;
    for (;;) pause();
}

int main(int argc, char **argv)
{
    program_self = argv[0];
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "target") == 0) return run_target();
    if (strcmp(what, "fork") == 0) return run_fork();
    if (strcmp(what, "clone") == 0) return run_clone();
    if (strcmp(what, "vfork") == 0) return run_vfork();
    if (strcmp(what, "fork_exec") == 0) return run_fork_exec();
    if (strcmp(what, "nested") == 0) return run_nested();
    if (strcmp(what, "exec") == 0) return run_exec();
    if (strcmp(what, "endless") == 0) return run_endless();
    if (strcmp(what, "wait") == 0) return run_ready_and_wait();
    if (strcmp(what, "fork_busy") == 0 && argc == 3) return run_fork_busy(atoi(argv[2]));
    if (strcmp(what, "orphan") == 0 && argc == 4) return run_orphan(argv[2], atol(argv[3]));
    if (strcmp(what, "end") == 0 && argc == 3) end_as(argv[2]);
    return 99;
}
