/* SPDX-License-Identifier: MIT-0
 *
 *   micro PATTERN SIZE COUNT    runs one pattern once, and prints its figures
 *   micro --list                the patterns, each with a sentence
 *
 * Which allocator is measured is up to whoever starts it, by LD_PRELOAD. Prints one line a
 * figure, `name value`:
 *   cpu_ns      CPU time of the process, user and system, in the measured part
 *   loop_ns     the same when malloc and free do nothing: what is to be subtracted; or 0
 *   ops         operations done in it
 *   live_bytes  asked for when they were most; 0 where that is not measured
 *   peak_bytes  most memory that was resident, without files and our own tables
 *   damaged     words that were not found as they were left; 0 unless the allocator is broken
 */
#define _GNU_SOURCE
#include "micro.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct main_pattern {
    const char *name;
    void (*run)(micro_run *run);
    const char *sentence;
    bool is_whole; /* what the loop costs is part of the figure */
} main_pattern;

/* Starting a thread costs more than the blocks that it allocates, and how long threads wait for
 * each other depends on how long they work: a difference would be noise. */
static const main_pattern main_patterns[] = {
    {"pair", micro_pair, "malloc, free", false},
    {"calloc", micro_pair_zeroed, "calloc, free", false},
    {"aligned_64", micro_pair_aligned_64, "memalign to 64, free", false},
    {"aligned_4096", micro_pair_aligned_4096, "memalign to 4096, free", false},
    {"batch_lifo", micro_batch_lifo, "up to 1,000 blocks, freed in reverse order", false},
    {"batch_fifo", micro_batch_fifo, "the same, freed in order", false},
    {"batch_random", micro_batch_random, "the same, freed in random order", false},
    {"cold", micro_cold, "a new process allocates COUNT blocks, then frees them", false},
    {"replace_1k", micro_replace_1k, "1,000 live blocks, random ones replaced", false},
    {"replace_100k", micro_replace_100k, "100,000 live blocks, random ones replaced", false},
    {"replace_1m", micro_replace_1m, "1,000,000 live blocks, random ones replaced", false},
    {"mixed_1k", micro_mixed_1k, "1,000 live blocks of 16 bytes to SIZE", false},
    {"mixed_100k", micro_mixed_100k, "100,000 live blocks of 16 bytes to SIZE", false},
    {"mixed_1m", micro_mixed_1m, "1,000,000 live blocks of 16 bytes to SIZE", false},
    {"phases", micro_phases, "8 MiB live; 7 of 8 blocks freed, then another size", false},
    {"grow_double", micro_grow_double, "realloc to twice the size, from 16 bytes to SIZE",
     false},
    {"grow_step", micro_grow_step, "realloc to 4 KiB more, up to SIZE", false},
    {"grow_two", micro_grow_two, "two blocks grow by half in turn, up to SIZE", false},
    {"threads_1", micro_threads_1, "pairs in one thread while another sleeps", false},
    {"threads_2", micro_threads_2, "pairs in two threads", false},
    {"threads_4", micro_threads_4, "pairs in four threads", false},
    {"churn", micro_churn, "threads that live for 1,000 blocks; with their start", true},
    {"orphans", micro_orphans, "the same, but they leave their blocks to the main thread",
     true},
    {"handover", micro_handover, "one thread allocates, another frees; with their waiting",
     true},
    {"ring", micro_ring, "four threads in a ring, each frees what the last allocated; the same",
     true},
};

enum { main_pattern_count = sizeof main_patterns / sizeof main_patterns[0] };

/* Larger than any cell, small enough that no product of it overflows. */
enum { main_size_max = 1 << 30 };

static const main_pattern *main_find(const char *name)
{
    for (size_t i = 0; i < main_pattern_count; i++) {
        if (strcmp(main_patterns[i].name, name) == 0) return &main_patterns[i];
    }
    return NULL;
}

/* Zero unless `text` is a number from 1 to `max`. */
static size_t main_number(const char *text, unsigned long max)
{
    char *end = NULL;
    errno = 0;
    if (text[0] < '0' || text[0] > '9') return 0;
    const unsigned long value = strtoul(text, &end, 10);
    return errno == 0 && *end == '\0' && value <= max ? value : 0;
}

/* ---- memory ---- */

/* The value in KiB of a line of /proc/self/status, in bytes; 0 if there is none. */
static size_t main_status(const char *text, const char *name)
{
    const char *line = strstr(text, name);
    return line != NULL ? strtoul(line + strlen(name), NULL, 10) * 1024 : 0;
}

static size_t main_peak(size_t own_size)
{
    char text[4096];
    const int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    const ssize_t got = read(file, text, sizeof text - 1);
    close(file);
    text[got > 0 ? got : 0] = '\0';
    const size_t peak = main_status(text, "VmHWM:");
    const size_t other =
        main_status(text, "RssFile:") + main_status(text, "RssShmem:") + own_size;
    return peak > other ? peak - other : 0;
}

/* From here on the peak is counted anew. Where that is not possible it is a little too high. */
static void main_reset_peak(void)
{
    const int file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    if (write(file, "5", 1) < 0) errno = 0;
    close(file);
}

/* ---- running ---- */

static void main_run(const main_pattern *pattern, size_t size, size_t count)
{
    const size_t table_size = micro_slot_max * sizeof(micro_slot);
    void *table = mmap(NULL, table_size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (table == MAP_FAILED) micro_fail("there is no memory for the table of blocks");
    micro_run loop = {.is_null = true, .size = size, .count = count, .slots = table};
    if (!pattern->is_whole) pattern->run(&loop);
    main_reset_peak();
    micro_run run = {.size = size, .count = count, .slots = table};
    pattern->run(&run);
    const size_t peak = main_peak(table_size);
    printf("cpu_ns %llu\nloop_ns %llu\nops %zu\nlive_bytes %zu\npeak_bytes %zu\ndamaged %llu\n",
           (unsigned long long)run.cpu_ns, (unsigned long long)loop.cpu_ns, run.done_count,
           run.live_size, peak, (unsigned long long)run.damaged);
}

static int main_refuse(const char *what, const char *text)
{
    fprintf(stderr, "micro: %s '%s'; micro --list shows the patterns.\n", what, text);
    return 2;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (size_t i = 0; i < main_pattern_count; i++) {
            printf("%-13s %s\n", main_patterns[i].name, main_patterns[i].sentence);
        }
        return 0;
    }
    if (argc != 4) {
        fputs("micro: wants PATTERN SIZE COUNT; micro --list shows the patterns.\n", stderr);
        return 2;
    }
    const main_pattern *pattern = main_find(argv[1]);
    const size_t size = main_number(argv[2], main_size_max);
    const size_t count = main_number(argv[3], main_size_max);
    if (pattern == NULL) return main_refuse("there is no pattern", argv[1]);
    if (size < micro_size_min)
        return main_refuse("the size must be 16 to 1073741824, not", argv[2]);
    if (count == 0) return main_refuse("the count must be 1 to 1073741824, not", argv[3]);
    main_run(pattern, size, count);
    return fflush(stdout) == 0 ? 0 : 1;
}
