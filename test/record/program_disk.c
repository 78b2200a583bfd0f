/* SPDX-License-Identifier: MIT-0
 *
 *      program_disk WHAT COUNT [PLACE]
 *
 * Allocates and frees 1000 times, does WHAT, does it COUNT times more, and says that it has come
 * to its end.
 */
#define _GNU_SOURCE
#include "refuse.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static int do_limit_files(void)
{
    const struct rlimit none = {0, 0};
    closefrom(3);
    return setrlimit(RLIMIT_NOFILE, &none);
}

/* Another user in an empty root, as far as we may. */
static int do_confine(const char *place)
{
    if (geteuid() != 0) return 0;
    if (chroot(place) != 0 || chdir("/") != 0) return 1;
    return setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0;
}

/* Standard error becomes a file of the program's. */
static int do_replace_stderr(const char *place)
{
    close(STDERR_FILENO);
    return open(place, O_WRONLY | O_CREAT | O_EXCL, 0600) != STDERR_FILENO;
}

static int do_fill_disk(void)
{
    return refuse_by_name("populate", EFAULT) | refuse_by_name("fallocate", ENOSPC);
}

static int do_what(const char *what, const char *place)
{
    if (strcmp(what, "nothing") == 0) return 0;
    if (strcmp(what, "limit_files") == 0) return do_limit_files();
    if (strcmp(what, "confine") == 0) return do_confine(place);
    if (strcmp(what, "fill_disk") == 0) return do_fill_disk();
    if (strcmp(what, "fill_disk_silently") == 0) {
        return do_replace_stderr(place) | do_fill_disk();
    }
    return 1;
}

/* Whatever the recorder meets, errno is the program's. */
static void allocate(long count)
{
    for (long i = 0; i < count; i++) {
        errno = 77;
        free(malloc(20000 + (size_t)i % 100));
        if (errno != 77) exit(95);
    }
}

int main(int argc, char **argv)
{
    static const char end[] = "went on\n";
    if (argc < 3) return 98;
    allocate(1000);
    if (do_what(argv[1], argc > 3 ? argv[3] : "") != 0) return 97;
    allocate(atol(argv[2]));
    return write(STDOUT_FILENO, end, sizeof end - 1) == sizeof end - 1 ? 0 : 96;
}
