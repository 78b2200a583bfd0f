/* SPDX-License-Identifier: MIT-0
 *
 * Sentences on standard error, without stdio and without harm: not into a file that the program
 * has opened in the place of standard error, not with a SIGPIPE, not with a wait that may have no
 * end.
 */
#define _GNU_SOURCE
#include "record.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { record_say_max = 4096 + 512, record_say_patience_s = 1 };

static struct {
    bool is_prepared;
    dev_t device; /* which file standard error was */
    ino_t inode;
    size_t size;
    char text[record_say_max];
} record_say_state;

void record_say_prepare(void)
{
    struct stat status;
    if (fstat(STDERR_FILENO, &status) != 0) return;
    record_say_state.device = status.st_dev;
    record_say_state.inode = status.st_ino;
    record_say_state.is_prepared = true;
}

static bool record_say_is_possible(void)
{
    struct stat status;
    if (!record_say_state.is_prepared || fstat(STDERR_FILENO, &status) != 0) return false;
    if (status.st_dev != record_say_state.device) return false;
    if (status.st_ino != record_say_state.inode) return false;
    struct pollfd where = {.fd = STDERR_FILENO, .events = POLLOUT};
    struct timespec patience = {.tv_sec = record_say_patience_s};
    return syscall(SYS_ppoll, &where, 1, &patience, NULL, 0) == 1 &&
           (where.revents & POLLOUT) != 0;
}

static void record_say_add(const char *text)
{
    size_t size = strlen(text);
    const size_t left = sizeof record_say_state.text - record_say_state.size;
    if (size > left) size = left;
    memcpy(record_say_state.text + record_say_state.size, text, size);
    record_say_state.size += size;
}

static void record_say_add_number(unsigned long number)
{
    char digits[24];
    char *out = digits + sizeof digits - 1;
    *out = '\0';
    do *--out = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    record_say_add(out);
}

/* strerror may allocate. */
static void record_say_add_error(int error)
{
    static const struct {
        int error;
        const char *text;
    } known[] = {
        {ENOSPC, "no space is left on the device"},
        {EDQUOT, "the disk quota is used up"},
        {EFBIG, "the process may not write so large a file"},
        {EACCES, "the process may not open it"},
        {EPERM, "the process may not open it"},
        {ENOENT, "there is no such place, or none any more, or not for this process"},
        {ENOTDIR, "there is no such place"},
        {EROFS, "the file system is read-only"},
        {EMFILE, "the process has too many open files"},
        {ENFILE, "the system has too many open files"},
        {ENOMEM, "there is no memory"},
        {ENODEV, "files can't be mapped there"},
        {EINVAL, "files can't be mapped there"},
        {ENAMETOOLONG, "its name is too long"},
        {EIO, "it can't be written"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].error != error) continue;
        record_say_add(known[i].text);
        return;
    }
    record_say_add("error ");
    record_say_add_number((unsigned long)error);
}

/* Writes the text; a SIGPIPE that comes of it is taken away before the program sees it. */
static void record_say_write(void)
{
    sigset_t pipe_signal, before, pending;
    const struct timespec at_once = {0, 0};
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    const bool was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    const long written =
        syscall(SYS_write, STDERR_FILENO, record_say_state.text, record_say_state.size);
    if (written < 0 && errno == EPIPE && !was_pending) {
        syscall(SYS_rt_sigtimedwait, &pipe_signal, NULL, &at_once, _NSIG / 8);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void record_say(const char *path, const char *what, int error, const char *rest)
{
    char name[32] = "";
    if (!record_say_is_possible()) return;
    prctl(PR_GET_NAME, name);
    record_say_state.size = 0;
    record_say_add("strata: record: '");
    record_say_add(path);
    record_say_add("' ");
    record_say_add(what);
    record_say_add(": ");
    record_say_add_error(error);
    record_say_add("; process ");
    record_say_add_number((unsigned long)getpid());
    record_say_add(" (");
    record_say_add(name);
    record_say_add(") ");
    record_say_add(rest);
    record_say_add(".\n");
    record_say_write();
}
