/* SPDX-License-Identifier: MIT-0
 *
 * What the operating system says about this process: memory, page faults, clocks; and memory
 * from it. Linux: /proc is read with raw calls into memory that is there from the start.
 */
#define _GNU_SOURCE
#include "replay.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { measure_text_max = 8192 };

static struct {
    char text[measure_text_max];
    int statm; /* open, once it was read */
} measure_state = {.statm = -1};

/* ---- memory from the operating system ---- */

void *replay_map_scratch(uint64_t size)
{
    /* Nothing can be mapped in no bytes. */
    void *memory = mmap(NULL, size != 0 ? size : 1, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        replay_die(replay_exit_failed, "there is no memory for the replayer's own tables");
    }
    return memory;
}

void *replay_map_memory(uint64_t size)
{
    unsigned char *memory = replay_map_scratch(size);
    /* By hand, because MAP_POPULATE may silently do less. */
    for (uint64_t offset = 0; offset < size; offset += 4096) {
        *(volatile unsigned char *)(memory + offset) = 0;
    }
    return memory;
}

void replay_unmap(void *memory, uint64_t size) { munmap(memory, size != 0 ? size : 1); }

/* ---- /proc ---- */

/* The number after `name` in the text, or 0. */
static uint64_t measure_find(const char *text, const char *name)
{
    for (const char *line = text; *line != '\0';) {
        const char *at = line;
        const char *letter = name;
        while (*letter != '\0' && *at == *letter) at++, letter++;
        if (*letter == '\0') {
            uint64_t number = 0;
            while (*at == ' ' || *at == '\t') at++;
            while (*at >= '0' && *at <= '9') number = number * 10 + (uint64_t)(*at++ - '0');
            return number;
        }
        while (*line != '\0' && *line++ != '\n') continue;
    }
    return 0;
}

void replay_read_memory(replay_memory *memory)
{
    const int descriptor = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    size_t size = 0;
    ssize_t got = 0;
    do {
        size += (size_t)got;
        got = read(descriptor, measure_state.text + size, measure_text_max - 1 - size);
    } while (got > 0);
    if (got < 0 || size == 0) {
        replay_die(replay_exit_failed, "/proc/self/status can't be read");
    }
    close(descriptor);
    measure_state.text[size] = '\0';
    const char *text = measure_state.text;
    memory->rss = measure_find(text, "VmRSS:") * 1024;
    memory->peak_rss = measure_find(text, "VmHWM:") * 1024;
    memory->file_rss =
        (measure_find(text, "RssFile:") + measure_find(text, "RssShmem:")) * 1024;
}

uint64_t replay_read_rss(void)
{
    char text[128];
    if (measure_state.statm < 0) {
        measure_state.statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    }
    const ssize_t size = pread(measure_state.statm, text, sizeof text - 1, 0);
    if (size <= 0) replay_die(replay_exit_failed, "/proc/self/statm can't be read");
    text[size] = '\0';
    const char *at = text; /* all pages, resident pages, ... */
    while (*at != '\0' && *at != ' ') at++;
    return measure_find(at, "") * (uint64_t)sysconf(_SC_PAGESIZE);
}

void replay_reset_peak(void)
{
    /* Where this is not possible the peak is that since the start. Without threads that is the
     * same; the lists of threads are made with memory that was given back. */
    const int descriptor = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return;
    const ssize_t done = write(descriptor, "5", 1);
    (void)done;
    close(descriptor);
}

/* ---- faults and clocks ---- */

void replay_read_faults(replay_faults *faults)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    faults->minor = (uint64_t)usage.ru_minflt;
    faults->major = (uint64_t)usage.ru_majflt;
}

uint64_t replay_clock_ns(int clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
