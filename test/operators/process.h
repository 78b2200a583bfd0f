/* SPDX-License-Identifier: MIT-0
 *
 * What the programs of this directory share: what the kernel says of the process, asked without an
 * allocation; strata's own functions, found in whatever library is loaded; threads.
 */
#ifndef TEST_OPERATORS_PROCESS_H
#define TEST_OPERATORS_PROCESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "strata.h"

#ifndef OPERATORS_STATIC
#define OPERATORS_STATIC 0
#endif

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

/* ---- demands ---- */

#define require(cond, sentence) process_require((cond), (sentence))

static inline void process_require(bool holds, const char *sentence)
{
    if (holds) return;
    dprintf(STDERR_FILENO, "does not hold: %s\n", sentence);
    _exit(1);
}

/* `value` is at most `bound`; both are told in any case. */
static inline void require_at_most(const char *what, size_t value, size_t bound)
{
    printf("%s: %zu, at most %zu\n", what, value, bound);
    fflush(stdout);
    require(value <= bound, what);
}

/* ---- strata's functions ---- */

/* A preloaded library is found by name; in a static program the function is just there. */
#if OPERATORS_STATIC
#define ours(name) (&(name))
#else
#define ours(name) (__extension__(__typeof__(&(name))) dlsym(RTLD_DEFAULT, #name))
#endif

static inline void require_ours(void)
{
    require(ours(strata_version) != NULL, "strata is the allocator");
    void *mem = malloc(100);
    require(ours(strata_usable_size)(mem) >= 100, "strata serves malloc");
    free(mem);
}

static inline strata_stats stats_now(void)
{
    strata_stats stats;
    ours(strata_stats_get)(&stats);
    return stats;
}

static inline void require_sound(void)
{
    const char *first = "";
    if (ours(strata_check)(&first) != 0) process_require(false, first);
}

/* ---- what the kernel says ---- */

/* Calls `visit` for each piece of a file as it is read. */
static inline void file_read(const char *path,
                             void (*visit)(void *context, const char *bytes, size_t size),
                             void *context)
{
    char bytes[4096];
    ssize_t size;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    require(descriptor >= 0, "the kernel tells");
    while ((size = read(descriptor, bytes, sizeof bytes)) > 0)
        visit(context, bytes, (size_t)size);
    close(descriptor);
}

static inline void file_count_lines(void *count, const char *bytes, size_t size)
{
    for (size_t at = 0; at < size; at++) *(size_t *)count += bytes[at] == '\n';
}

static inline size_t mappings_now(void)
{
    size_t count = 0;
    file_read("/proc/self/maps", file_count_lines, &count);
    return count;
}

/* The number after `key` in a file of the kernel that fits into a few KiB, as bytes; there it is in KiB. */
static inline size_t kernel_value(const char *path, const char *key)
{
    char bytes[8192];
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    require(descriptor >= 0, "the kernel tells");
    ssize_t size = read(descriptor, bytes, sizeof bytes - 1);
    close(descriptor);
    require(size > 0, "the kernel tells something");
    bytes[size] = '\0';
    const char *line = strstr(bytes, key);
    require(line != NULL, "the kernel knows the key");
    return strtoul(line + strlen(key), NULL, 10) * KIB;
}

static inline size_t resident_now(void)
{
    return kernel_value("/proc/self/smaps_rollup", "\nRss:");
}

/* ---- numbers ---- */

static inline uint32_t random_next(uint64_t *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*random >> 33);
}

static inline size_t random_below(uint64_t *random, size_t bound)
{
    return random_next(random) % bound;
}

/* ---- threads ---- */

static inline pthread_t thread_start(void *(*body)(void *), void *argument)
{
    enum { stack_size = 256 * 1024 };
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_size);
    require(pthread_create(&thread, &attributes, body, argument) == 0,
            "a thread can be started");
    pthread_attr_destroy(&attributes);
    return thread;
}

static inline void thread_join(pthread_t thread)
{
    require(pthread_join(thread, NULL) == 0, "a thread ends");
}

/* The child ended by itself, with status 0. */
static inline void require_child(pid_t child)
{
    int status = 0;
    require(child > 0, "a child starts");
    require(waitpid(child, &status, 0) == child, "a child ends");
    if (WIFSIGNALED(status))
        dprintf(STDERR_FILENO, "the child ended by signal %d\n", WTERMSIG(status));
    require(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child has done its work");
}

#endif
