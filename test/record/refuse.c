/* SPDX-License-Identifier: MIT-0
 *
 *      refuse WHAT ERRNO... -- PROGRAM ARGUMENT...
 *
 * Runs a program whose system calls WHAT fail.
 */
#include "refuse.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int at = 1;
    for (; at + 1 < argc && strcmp(argv[at], "--") != 0; at += 2) {
        const int error = refuse_by_name(argv[at], atoi(argv[at + 1]));
        if (error == 0) continue;
        fprintf(stderr, "refuse: %s: %s\n", argv[at], strerror(error));
        return 99;
    }
    if (at + 1 >= argc) return 98;
    execv(argv[at + 1], argv + at + 1);
    return 97;
}
