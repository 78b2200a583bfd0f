/* SPDX-License-Identifier: MIT-0
 *
 * Strata in the place of dlmalloc in a managed runtime, configured as Android's ART configures it: mspaces
 * alone, each on a range of addresses of its own that grows by MORECORE. The runtime looks through the
 * heap with mspace_inspect_all, to count objects and to give the pages between them back.
 *
 *   cc -Idist art.c -pthread        (dist: what tools/amalgamate.sh makes)
 */
#define _GNU_SOURCE 1
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- what the configuration names ---- */

static void *runtime_morecore(const void *heap, intptr_t step);

static void runtime_stop(const char *function, const void *pointer)
{
    printf("%s: %s %p\n", function, pointer != NULL ? "wrong pointer" : "corruption", pointer);
    fflush(stdout);
    _exit(7);
}

#define STRATA_DLMALLOC 1
#define MSPACES 1
#define ONLY_MSPACES 1
#define HAVE_MMAP 0
#define HAVE_MREMAP 0
#define HAVE_MORECORE 1
#define NO_MALLINFO 1
#define MALLOC_INSPECT_ALL 1
#define MORECORE(step) runtime_morecore(m, step)
#define CORRUPTION_ERROR_ACTION(m) runtime_stop(__FUNCTION__, NULL)
#define USAGE_ERROR_ACTION(m, p) runtime_stop(__FUNCTION__, p)
#include "strata.c"

#define EXPECT(cond)                                                                           \
    do {                                                                                       \
        if (!(cond)) {                                                                         \
            printf("art.c:%d: %s\n", __LINE__, #cond);                                         \
            exit(1);                                                                           \
        }                                                                                      \
    } while (0)

/* ---- a range of addresses with an mspace in it ---- */

#define SPACE_SIZE ((size_t)64 << 20)
#define SPACE_START ((size_t)128 << 10) /* usable from the beginning */
#define SPACES 2

typedef struct runtime_space {
    char *begin, *end, *limit;
    mspace heap;
    int growths, shrinks;
} runtime_space;

static runtime_space spaces[SPACES];

static void *runtime_morecore(const void *heap, intptr_t step)
{
    runtime_space *space = spaces;
    while (space < spaces + SPACES && (space->heap == NULL || space->heap != heap)) space++;
    EXPECT(space < spaces + SPACES); /* nobody else asks for memory */
    char *old_end = space->end;
    if (step > 0) {
        EXPECT(space->limit - old_end >= step); /* the limit is looked at before */
        EXPECT(mprotect(old_end, (size_t)step, PROT_READ | PROT_WRITE) == 0);
        space->growths++;
    } else if (step < 0) {
        EXPECT(madvise(old_end + step, (size_t)-step, MADV_DONTNEED) == 0);
        EXPECT(mprotect(old_end + step, (size_t)-step, PROT_NONE) == 0);
        space->shrinks++;
    }
    space->end = old_end + step;
    return old_end;
}

static void make_space(runtime_space *space)
{
    char *range = mmap(NULL, SPACE_SIZE + 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    EXPECT(range != MAP_FAILED);
    space->begin = range + (65536 - (uintptr_t)range % 65536) % 65536;
    space->end = space->begin + SPACE_START;
    space->limit = space->begin + SPACE_SIZE;
    EXPECT(mprotect(space->begin, SPACE_START, PROT_READ | PROT_WRITE) == 0);
    space->heap = create_mspace_with_base(space->begin, SPACE_START, 0);
    EXPECT(space->heap != NULL);
    mspace_set_footprint_limit(space->heap, SPACE_SIZE);
}

/* ---- looking through it ---- */

static void count_objects(void *start, void *end, size_t used, void *argument)
{
    (void)start, (void)end;
    if (used >= 1000) ++*(size_t *)argument;
}

static void add_bytes(void *start, void *end, size_t used, void *argument)
{
    (void)start, (void)end;
    if (used != 0) *(size_t *)argument += used + sizeof(size_t);
}

static void release_pages(void *start, void *end, size_t used, void *argument)
{
    uintptr_t first = ((uintptr_t)start + 4095) & ~(uintptr_t)4095;
    uintptr_t last = (uintptr_t)end & ~(uintptr_t)4095;
    if (used != 0 || last <= first) return;
    EXPECT(madvise((void *)first, last - first, MADV_DONTNEED) == 0);
    *(size_t *)argument += last - first;
}

static size_t resident(const runtime_space *space)
{
    static unsigned char pages[SPACE_SIZE / 4096];
    size_t size = (size_t)(space->end - space->begin), count = 0;
    EXPECT(mincore(space->begin, size, pages) == 0);
    for (size_t i = 0; i < size / 4096; i++) count += pages[i] & 1;
    return count * 4096;
}

/* ---- the program ---- */

#define OBJECTS 20000
static unsigned char *objects[OBJECTS];

static void allocate_all(runtime_space *space)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        objects[i] = mspace_malloc(space->heap, 1000);
        EXPECT((char *)objects[i] > space->begin && (char *)objects[i] < space->end);
        memset(objects[i], (int)i, 1000);
    }
}

/* A collection leaves every hundredth object. */
static void collect(runtime_space *space)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        if (i % 100 != 0) mspace_free(space->heap, objects[i]);
    }
}

static void check_survivors(void)
{
    for (size_t i = 0; i < OBJECTS; i += 100) {
        for (size_t at = 0; at < 1000; at++) EXPECT(objects[i][at] == (unsigned char)i);
    }
}

static void give_back(runtime_space *space)
{
    size_t count = 0, bytes = 0, released = 0;
    mspace_inspect_all(space->heap, count_objects, &count);
    mspace_inspect_all(space->heap, add_bytes, &bytes);
    EXPECT(count >= OBJECTS / 100 && count <= OBJECTS / 100 + 64);
    EXPECT(bytes >= OBJECTS / 100 * 1000 && bytes < OBJECTS / 50 * 1000 + 65536);
    size_t before = resident(space);
    mspace_inspect_all(space->heap, release_pages, &released);
    size_t after = resident(space);
    printf("%zu objects of %zu bytes; pages between them: %zu KiB; resident %zu KiB, then %zu KiB\n", count, bytes,
           released >> 10, before >> 10, after >> 10);
    EXPECT(released > 10 << 20 && after < before / 3);
}

static void check_limit(runtime_space *space)
{
    size_t got = 0;
    for (; mspace_malloc(space->heap, 100000) != NULL; got += 100000) continue;
    EXPECT(got > SPACE_SIZE / 10 * 9 && space->end <= space->limit);
}

/* The runtime, not we, decides how a mistake ends. */
static void check_mistake(runtime_space *space)
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(2);
        mspace_free(space->heap, &status);
        _exit(0);
    }
    EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

int main(void)
{
    for (int i = 0; i < SPACES; i++) make_space(&spaces[i]);
    runtime_space *space = &spaces[0];
    allocate_all(space);
    EXPECT(space->growths > 0 && spaces[1].growths == 0);
    /* Nothing of strata's own lies in it. */
    EXPECT((size_t)(space->end - space->begin) == mspace_footprint(space->heap));
    collect(space);
    give_back(space);
    check_survivors();
    allocate_all(space);
    for (size_t i = 0; i < OBJECTS; i++) mspace_free(space->heap, objects[i]);
    char *end = space->end;
    EXPECT(mspace_trim(space->heap, 0) == 1 && space->shrinks > 0 && space->end < end);
    check_limit(&spaces[1]);
    check_mistake(space);
    puts("a runtime's heap on strata");
    return 0;
}
