/* SPDX-License-Identifier: MIT-0
 *
 * Stands in for libstrata.so in the tests of the command: replaces nothing, and at exit appends
 * to the report the lines that FAKE_LINES holds (@ is the process's id, | ends a line). Without
 * FAKE_LINES it writes one line of round numbers under the program's name.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char fake_usual[] =
    "strata-report 1 pid=@ peak_rss=3145728 rss=2097152 live=1048576 live_peak=1572864 "
    "footprint=1310720 footprint_peak=2621440 reserved=4194304 free=262144 free_chunks=1234 "
    "largest_free=65536 quick=0 top=4096 direct=0 direct_blocks=0 cached=0 segments=1 spaces=1 "
    "allocations=1234567 frees=1234000 size_mismatches=0 program=";

__attribute__((destructor)) static void fake_report(void)
{
    const char *path = getenv("STRATA_REPORT");
    const char *lines = getenv("FAKE_LINES");
    if (path == NULL) return;
    char usual[1024];
    snprintf(usual, sizeof usual, "%s%s|", fake_usual, program_invocation_short_name);
    const int descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return;
    for (const char *c = lines != NULL ? lines : usual; *c != '\0'; c++) {
        if (*c == '@') {
            dprintf(descriptor, "%d", (int)getpid());
        } else {
            dprintf(descriptor, "%c", *c == '|' ? '\n' : *c);
        }
    }
    close(descriptor);
}
