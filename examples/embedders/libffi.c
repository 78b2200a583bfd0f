/* SPDX-License-Identifier: MIT-0
 *
 * Strata in the place of dlmalloc in a library that makes functions at run time, configured as libffi
 * configures it for its closures: all functions static, and every mapping seen twice, once to be written
 * and once to be executed, as no page may be both. MMAP and MUNMAP are the hooks for that: MUNMAP
 * may be given any part of what MMAP gave.
 *
 *   cc -Idist libffi.c -pthread
 */
#define _GNU_SOURCE 1
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPECT(cond)                                                                           \
    do {                                                                                       \
        if (!(cond)) {                                                                         \
            printf("libffi.c:%d: %s\n", __LINE__, #cond);                                      \
            exit(1);                                                                           \
        }                                                                                      \
    } while (0)

/* ---- views: [start, start + size) is executed at start + offset ---- */

#define VIEWS 1000

typedef struct closure_view {
    char *start;
    size_t size;
    ptrdiff_t offset;
} closure_view;

static closure_view views[VIEWS]; /* those of size 0 are free. Strata calls under one lock */

static void add_view(char *start, size_t size, ptrdiff_t offset)
{
    int at = 0;
    if (size == 0) return;
    while (at < VIEWS && views[at].size != 0) at++;
    EXPECT(at < VIEWS);
    views[at] = (closure_view){start, size, offset};
}

static void *closure_map(size_t size)
{
    int file = memfd_create("closures", MFD_CLOEXEC);
    if (file < 0) return (void *)SIZE_MAX;
    void *written = MAP_FAILED, *executed = MAP_FAILED;
    if (ftruncate(file, (off_t)size) == 0) {
        written = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        executed = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0);
    }
    close(file);
    if (written == MAP_FAILED || executed == MAP_FAILED) return (void *)SIZE_MAX;
    add_view(written, size, (char *)executed - (char *)written);
    return written;
}

static closure_view *find_view(const void *mem)
{
    for (int at = 0; at < VIEWS; at++) {
        if ((uintptr_t)mem - (uintptr_t)views[at].start < views[at].size) return &views[at];
    }
    return NULL;
}

static int closure_unmap(void *mem, size_t size)
{
    closure_view *view = find_view(mem);
    EXPECT(view != NULL);
    closure_view whole = *view;
    size_t below = (size_t)((char *)mem - whole.start);
    EXPECT(size <= whole.size - below);
    view->size = 0;
    add_view(whole.start, below, whole.offset);
    add_view((char *)mem + size, whole.size - below - size, whole.offset);
    return munmap(mem, size) | munmap((char *)mem + whole.offset, size);
}

/* ---- the configuration ---- */

#define STRATA_DLMALLOC 1
#define STRATA_EXPORT static __attribute__((unused))
#define USE_LOCKS 1
#define USE_DL_PREFIX 1
#define HAVE_MORECORE 0
#define HAVE_MMAP 1
#define HAVE_MREMAP 0
#define NO_MALLINFO 1
#define MMAP(size) closure_map(size)
#define MUNMAP(mem, size) closure_unmap(mem, size)
#include "strata.c"

/* ---- closures: functions that return a number ---- */

typedef int closure(void);

static const void *executed(const void *mem)
{
    const closure_view *view = find_view(mem);
    EXPECT(view != NULL);
    return (const char *)mem + view->offset;
}

static size_t write_closure(unsigned char *code, uint32_t number)
{
    memset(code, 0, 64);
#if defined(__x86_64__) || defined(__i386__)
    code[0] = 0xb8; /* mov eax, number; ret */
    memcpy(code + 1, &number, 4);
    code[5] = 0xc3;
#elif defined(__aarch64__)
    uint32_t words[2] = {0x52800000u | (number & 0xffff) << 5, 0xd65f03c0u}; /* mov w0, number; ret */
    memcpy(code, words, sizeof words);
#else
    memcpy(code, &number, 4);
#endif
    return 64;
}

static int call(const void *code)
{
#if defined(__x86_64__) || defined(__i386__) || defined(__aarch64__)
    closure *function;
    memcpy(&function, &code, sizeof function);
    __builtin___clear_cache((char *)(uintptr_t)code, (char *)(uintptr_t)code + 64);
    return function();
#else
    int number;
    memcpy(&number, code, sizeof number);
    return number;
#endif
}

#define CLOSURES 20000
static unsigned char *closures[CLOSURES];

static void check_closures(int step)
{
    for (int i = 0; i < CLOSURES; i += step) EXPECT(call(executed(closures[i])) == i);
}

static size_t mapped(void)
{
    size_t sum = 0;
    for (int at = 0; at < VIEWS; at++) sum += views[at].size;
    return sum;
}

int main(void)
{
    for (uint32_t i = 0; i < CLOSURES; i++) {
        closures[i] = dlmalloc(64);
        write_closure(closures[i], i);
    }
    check_closures(1);
    EXPECT(mapped() >= dlmalloc_footprint());
    for (int i = 0; i < CLOSURES; i++) {
        if (i % 100 != 0) dlfree(closures[i]);
    }
    check_closures(100);
    for (int i = 0; i < CLOSURES; i += 100) {
        closures[i] = dlrealloc(closures[i], 4000); /* moves, and is executed there */
        EXPECT(closures[i] != NULL);
    }
    check_closures(100);
    for (int i = 0; i < CLOSURES; i += 100) dlfree(closures[i]);
    size_t before = mapped();
    dlmalloc_trim(0);
    printf("%zu KiB mapped twice, %zu KiB after a trim\n", before >> 10, mapped() >> 10);
    EXPECT(mapped() < before && mapped() < 1 << 20);
    puts("closures on strata");
    return 0;
}
