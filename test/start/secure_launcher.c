/* SPDX-License-Identifier: MIT-0
 *
 * secure_launcher PROGRAM: runs a program as if it were set-user-ID: stops it at its first
 * instruction and sets AT_SECURE in the vector that the kernel has put on its stack. So a user
 * without rights can test what only privileged programs meet.
 */
#include "start/start.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

static uintptr_t stack_pointer(pid_t id)
{
    struct user_regs_struct registers;
    struct iovec place = {&registers, sizeof registers};
    require(ptrace(PTRACE_GETREGSET, id, (void *)NT_PRSTATUS, &place) == 0, "registers");
#if defined(__x86_64__)
    return registers.rsp;
#else
    return registers.sp;
#endif
}

static unsigned long peek(pid_t id, uintptr_t address)
{
    errno = 0;
    long word = ptrace(PTRACE_PEEKDATA, id, (void *)address, NULL);
    require(errno == 0, "the child's stack can be read");
    return (unsigned long)word;
}

/* Past the argument count, the arguments and the environment, each list closed by a 0. */
static uintptr_t find_vector(pid_t id)
{
    uintptr_t at = stack_pointer(id);
    at += (2 + peek(id, at)) * sizeof(long);
    while (peek(id, at) != 0) at += sizeof(long);
    return at + sizeof(long);
}

static void set_secure(pid_t id)
{
    for (uintptr_t at = find_vector(id); peek(id, at) != AT_NULL; at += 2 * sizeof(long)) {
        if (peek(id, at) != AT_SECURE) continue;
        require(ptrace(PTRACE_POKEDATA, id, (void *)(at + sizeof(long)), (void *)1) == 0,
                "the child's stack can be written");
        return;
    }
    require(false, "the kernel tells AT_SECURE");
}

int main(int count, char **arguments)
{
    require(count >= 2, "usage: secure_launcher PROGRAM");
    pid_t id = fork();
    require(id >= 0, "fork works");
    if (id == 0) {
        require(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0, "tracing is allowed");
        execv(arguments[1], arguments + 1);
        _exit(127);
    }
    int status = 0;
    require(waitpid(id, &status, 0) == id && WIFSTOPPED(status),
            "the child stops at its start");
    set_secure(id);
    require(ptrace(PTRACE_DETACH, id, NULL, NULL) == 0, "the child can go");
    require(waitpid(id, &status, 0) == id && WIFEXITED(status), "the child ends");
    return WEXITSTATUS(status);
}
