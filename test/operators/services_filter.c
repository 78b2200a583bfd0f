/* SPDX-License-Identifier: MIT-0
 *
 * A program behind a filter of system calls, as services are: systemd's @system-service, which many of
 * them have, does not know mincore, and a call that it does not know ends the process. Large blocks that
 * were used before are cleared all the same. Run with the library preloaded; exit status 0 if all held.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { block_size = 3 * 1024 * 1024, sparse_step = 512 * 1024 };

/* What is not allowed kills. It is one call rather than the long list of those that are: the others of
 * ours are told by test/start/syscalls.sh. */
static int filter_mincore(void)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mincore, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = sizeof program / sizeof program[0], .filter = program};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static int is_zero(const char *mem, size_t size)
{
    return mem[0] == 0 && memcmp(mem, mem + 1, size - 1) == 0;
}

int main(void)
{
    if (!filter_mincore()) {
        perror("no filter");
        return 2;
    }
    for (int round = 0; round < 4; round++) {
        char *mem = calloc(1, block_size);
        if (mem == NULL || !is_zero(mem, block_size)) {
            printf("round %d: a block of calloc is not clear\n", round);
            return 1;
        }
        /* All of it in one round, a few pages of it in the next: either way of clearing. */
        memset(mem, 7, round % 2 == 0 ? block_size : 1);
        for (size_t at = 0; at < block_size; at += sparse_step) mem[at] = 7;
        free(mem);
    }
    return 0;
}
