/* SPDX-License-Identifier: MIT-0
 *
 * What a table of figures has to tell of the machine that they are from.
 */
#define _GNU_SOURCE
#include "cmd_replay.h"

#include <gnu/libc-version.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* The first line of a file, or what stands behind `word` and a colon in the first line that
 * begins with that; "" if it is not to be had. */
static void machine_read(const char *path, const char *word, char *text, size_t size)
{
    char line[512];
    const size_t length = strlen(word);
    FILE *file = fopen(path, "re");
    text[0] = '\0';
    if (file == NULL) return;
    while (fgets(line, sizeof line, file) != NULL) {
        const char *value = line;
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, word, length) != 0) continue;
        if (length > 0 && (value = strchr(line, ':')) == NULL) continue;
        if (length > 0) value += 1 + strspn(value + 1, " \t");
        snprintf(text, size, "%.*s", (int)size - 1, value);
        break;
    }
    fclose(file);
}

/* "madvise" of "always [madvise] never". */
static void machine_choose(char *text)
{
    char *begin = strchr(text, '[');
    char *end = strchr(text, ']');
    if (begin == NULL || end == NULL || end < begin) return;
    *end = '\0';
    memmove(text, begin + 1, (size_t)(end - begin));
}

uint64_t cmd_machine_available(void)
{
    char text[64];
    machine_read("/proc/meminfo", "MemAvailable", text, sizeof text);
    return text[0] != '\0' ? strtoull(text, NULL, 10) * 1024 : UINT64_MAX;
}

void cmd_machine_describe(cmd_machine *machine)
{
    struct utsname name;
    struct tm parts;
    const time_t now = time(NULL);
    memset(machine, 0, sizeof *machine);
    if (uname(&name) == 0) {
        snprintf(machine->host, sizeof machine->host, "%s", name.nodename);
        snprintf(machine->kernel, sizeof machine->kernel, "%s %s %s", name.sysname,
                 name.release, name.machine);
    }
    snprintf(machine->c_library, sizeof machine->c_library, "glibc %s", gnu_get_libc_version());
    machine_read("/proc/cpuinfo", "model name", machine->processor, sizeof machine->processor);
    if (machine->processor[0] == '\0') strcpy(machine->processor, "unnamed processor");
    machine_read("/sys/kernel/mm/transparent_hugepage/enabled", "", machine->huge_pages,
                 sizeof machine->huge_pages);
    machine_choose(machine->huge_pages);
    machine->processor_count = sysconf(_SC_NPROCESSORS_ONLN);
    machine->memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    if (gmtime_r(&now, &parts) != NULL) {
        strftime(machine->date, sizeof machine->date, "%Y-%m-%d %H:%M UTC", &parts);
    }
}
