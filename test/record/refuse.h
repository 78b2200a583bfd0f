/* SPDX-License-Identifier: MIT-0
 *
 * Makes system calls of this process, and of those it starts, fail: with a filter of the kernel's
 * (seccomp), so that what is tested is what is shipped.
 */
#ifndef REFUSE_H
#define REFUSE_H

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { refuse_populate = 23, refuse_wipe_on_fork = 18 }; /* advice of madvise */

/* From now on system call `number` fails with `error`; if `advice` is not 0, only when its third
 * argument is that. 0, or an errno. */
static inline int refuse_call(long number, unsigned advice, int error)
{
    /* Jumps count the lines to skip: if it is not that call, all but the last. */
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, advice, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof code / sizeof code[0], code};
    /* Any advice is as good as another: then the comparison always holds. */
    if (advice == 0) code[3] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 0, 0, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? 0 : errno;
}

/* By name: populate, wipe_on_fork, fallocate. */
static inline int refuse_by_name(const char *name, int error)
{
    if (strcmp(name, "populate") == 0) {
        return refuse_call(SYS_madvise, refuse_populate, error);
    }
    if (strcmp(name, "wipe_on_fork") == 0) {
        return refuse_call(SYS_madvise, refuse_wipe_on_fork, error);
    }
    if (strcmp(name, "fallocate") == 0) return refuse_call(SYS_fallocate, 0, error);
    return EINVAL;
}

#endif
