/* SPDX-License-Identifier: MIT-0
 *
 * Filters of system calls for this process, from now on: made of the four pieces below.
 */
#ifndef TEST_OPERATORS_FILTER_H
#define TEST_OPERATORS_FILTER_H

#include "operators/process.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define FILTER_BEGIN BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define FILTER_CALL(number, result)                                                            \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, (result))
/* If the low half of argument `idx` has one of these bits, or is this value. */
#define FILTER_BITS(number, idx, bits, result)                                                 \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 4),                                       \
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * (idx)),   \
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), 0, 1),                                    \
        BPF_STMT(BPF_RET | BPF_K, (result)), FILTER_BEGIN
#define FILTER_VALUE(number, idx, value, result)                                               \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 4),                                       \
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * (idx)),   \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, 1),                                    \
        BPF_STMT(BPF_RET | BPF_K, (result)), FILTER_BEGIN
#define FILTER_END(result) BPF_STMT(BPF_RET | BPF_K, (result))

#define FILTER_INSTALL(filter) filter_install((filter), sizeof(filter) / sizeof *(filter))

static inline void filter_install(struct sock_filter *filter, size_t count)
{
    struct sock_fprog program = {(unsigned short)count, filter};
    require(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no new rights");
    long result =
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    require(result == 0, "the kernel filters, in all threads");
}

#endif
