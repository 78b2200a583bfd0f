/* SPDX-License-Identifier: MIT-0
 *
 * What an option of dlmalloc is for, shown: strata.c is included, as by a program that embeds dlmalloc, and
 * CHECK names the function below that looks whether the option (given by -D) does what it should. The
 * exit status is 0 if it does; else a line says where it does not.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXPECT(cond)                                                                           \
    do {                                                                                       \
        if (!(cond)) {                                                                         \
            printf("smoke.c:%d: %s\n", __LINE__, #cond);                                       \
            exit(1);                                                                           \
        }                                                                                      \
    } while (0)

#define FAIL ((void *)SIZE_MAX)
#define MIB ((size_t)1 << 20)

/* ---- what the options under test may name ---- */

/* Dirty memory that behaves like that of sbrk; it begins at no good address. */
static _Alignas(4096) unsigned char arena[48 << 20];
static size_t arena_used = 4096 + 13;
static size_t arena_limit = sizeof arena;
static int calls, negative_calls;
static void *last_owner;

static void *fake_sbrk(intptr_t step)
{
    unsigned char *old = arena + arena_used;
    size_t target = arena_used + (size_t)step;
    calls++;
    if (step < 0) negative_calls++;
    if (step > 0 && (target > arena_limit || target < arena_used)) return FAIL;
    if (step > 0) memset(old, 0xaa, (size_t)step);
    arena_used = target;
    return old;
}

static void *fake_sbrk_for(void *owner, intptr_t step)
{
    last_owner = owner;
    return fake_sbrk(step);
}

/* Never twice at one place. */
static void *scattered(intptr_t step)
{
    if (step == 0) return FAIL;
    arena_used += 3 * 4096;
    return fake_sbrk(step);
}

static size_t mapped, mappings, direct_mappings;

static void *fake_mmap(size_t size)
{
    void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mem == MAP_FAILED) return FAIL;
    memset(mem, 0xaa, size < MIB ? size : MIB);
    mapped += size;
    mappings++;
    return mem;
}

static void *fake_direct(size_t size)
{
    void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mem == MAP_FAILED) return FAIL;
    mapped += size;
    direct_mappings++;
    return mem;
}

static int fake_munmap(void *mem, size_t size)
{
    mapped -= size;
    return munmap(mem, size);
}

static int remaps;
static void *fake_mremap(void *mem, size_t old_size, size_t new_size, int may_move)
{
    remaps++;
    void *moved = mremap(mem, old_size, new_size, may_move);
    if (moved != FAIL) mapped += new_size - old_size;
    return moved;
}

static int failures, usage_errors;
static void *usage_mem;

static void note_usage(void *owner, void *mem)
{
    EXPECT(owner == NULL);
    usage_errors++;
    usage_mem = mem;
}

static void leave_with(int status)
{
    fflush(stdout);
    _exit(status);
}

#if defined(STRUCT_MALLINFO_DECLARED) || defined(_STRUCT_MALLINFO)
struct mallinfo {
    unsigned long arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
    int more_of_the_programs;
};
#endif

#define STRATA_DLMALLOC 1
#include "strata.c"

/* ---- help ---- */

/* How a child ends that calls `act`: its status, or 1000 and the signal's number. */
ST_UNUSED static int end_of(void (*act)(void))
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        close(2);
        act();
        _exit(0);
    }
    EXPECT(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int is_in_arena(const void *mem)
{
    return (uintptr_t)mem >= (uintptr_t)arena && (uintptr_t)mem < (uintptr_t)arena + sizeof arena;
}

static size_t option(const char *name)
{
    size_t value;
    EXPECT(strata_option_get(name, &value) == 0);
    return value;
}

/* The compiler must not see what becomes of a block. */
static void *volatile escape;

#if STRATA_DL_ONLY_MSPACES
#define SOME_MALLOC strata_malloc
#define SOME_CALLOC strata_calloc
#define SOME_FREE strata_free
#else
#define SOME_MALLOC dlmalloc
#define SOME_CALLOC dlcalloc
#define SOME_FREE dlfree
#endif

/* Blocks of many sizes, some zeroed, freed in another order, many times. */
static void churn(unsigned rounds)
{
    static unsigned char *blocks[512];
    static size_t sizes[512];
    uint32_t seed = 1;
    for (unsigned round = 0; round < rounds; round++) {
        seed = seed * 1664525 + 1013904223;
        unsigned at = (seed >> 8) % 512;
        if (blocks[at] != NULL) {
            for (size_t i = 0; i < sizes[at]; i++) EXPECT(blocks[at][i] == (unsigned char)at);
            SOME_FREE(blocks[at]);
            blocks[at] = NULL;
            continue;
        }
        sizes[at] = (seed >> 16) % (round % 16 != 0 ? 600 : 20000);
        blocks[at] = round % 3 == 0 ? SOME_CALLOC(1, sizes[at]) : SOME_MALLOC(sizes[at]);
        EXPECT(blocks[at] != NULL);
        if (round % 3 == 0) {
            for (size_t i = 0; i < sizes[at]; i++) EXPECT(blocks[at][i] == 0);
        }
        memset(blocks[at], (int)at, sizes[at]);
    }
    EXPECT(strata_check(NULL) == 0);
    for (unsigned at = 0; at < 512; at++) {
        SOME_FREE(blocks[at]);
        blocks[at] = NULL;
    }
    EXPECT(strata_check(NULL) == 0);
}

static void use_mspaces(void)
{
    static _Alignas(16) char base[64 << 10];
    mspace space = create_mspace_with_base(base, sizeof base, 1);
    EXPECT(space != NULL);
    char *mem = mspace_malloc(space, 1000);
    EXPECT(mem >= base && mem < base + sizeof base);
    mspace_free(space, mem);
    EXPECT(destroy_mspace(space) == 0);
}

/* ---- checks ---- */

#ifdef CHECK_basic
static void check_basic(void)
{
    churn(20000);
    use_mspaces();
}
#endif

#ifdef CHECK_mspaces
static void check_mspaces(void)
{
    mspace space = create_mspace(0, 1);
    EXPECT(space != NULL);
    for (int i = 0; i < 1000; i++) EXPECT(mspace_malloc(space, 1000) != NULL);
    EXPECT(destroy_mspace(space) >= 1000 * 1000);
    use_mspaces();
}
#endif

#ifdef CHECK_only_mspaces
static const int dlmalloc = 1; /* the name is free */
static void check_only_mspaces(void)
{
    EXPECT(dlmalloc == 1);
    use_mspaces();
}
#endif

#ifdef CHECK_export
extern char __start_dl_section[], __stop_dl_section[];
static void check_export(void)
{
    uintptr_t at = (uintptr_t)&dlmalloc;
    EXPECT(at >= (uintptr_t)__start_dl_section && at < (uintptr_t)__stop_dl_section);
}
#endif

#ifdef CHECK_plain
#undef ST_DL_H /* as another file of the program sees it */
#include "dlmalloc.h"
static void check_plain(void)
{
    void *mem = malloc(100); /* what dlmalloc.h makes of it */
    EXPECT(dlmalloc_usable_size(mem) >= 100);
    free(mem);
    EXPECT(malloc_footprint() == strata_footprint());
}
#endif

#ifdef CHECK_version
static void check_version(void) { EXPECT(DLMALLOC_VERSION == 20806); }
#endif

#ifdef CHECK_aligned
static void check_aligned(void)
{
    for (size_t size = 0; size < 3000; size += 7) EXPECT((uintptr_t)dlmalloc(size) % CHECK_aligned == 0);
    churn(20000);
}
#endif

#ifdef CHECK_inspect
static size_t inspected;
static void inspect(void *start, void *end, size_t used, void *argument)
{
    (void)argument;
    EXPECT((uintptr_t)start <= (uintptr_t)end);
    if (used >= 5000) inspected++;
}
static void check_inspect(void)
{
    escape = dlmalloc(5000);
    dlmalloc_inspect_all(inspect, NULL);
    EXPECT(inspected == 1);
}
#endif

#ifdef CHECK_no_mallinfo
static const int dlmallinfo = 1, mspace_mallinfo = 1;
static void check_no_mallinfo(void) { EXPECT(dlmallinfo + mspace_mallinfo == 2); }
#endif

#ifdef CHECK_no_stats
static const int dlmalloc_stats = 1, mspace_malloc_stats = 1;
static void check_no_stats(void) { EXPECT(dlmalloc_stats + mspace_malloc_stats == 2); }
#endif

#ifdef CHECK_field_type
static void check_field_type(void)
{
    escape = dlmalloc(5000);
    EXPECT(sizeof(dlmallinfo_t) == 10 * sizeof(int) && dlmallinfo().uordblks >= 5000);
}
#endif

#ifdef CHECK_system_info
static void check_system_info(void)
{
    struct mallinfo info = dlmallinfo(); /* whose fields are int here */
    int *field = &info.uordblks;
    escape = dlmalloc(5000);
    info = dlmallinfo();
    EXPECT(*field >= 5000 && *field < 6000 && M_MXFAST == 1);
}
#endif

#ifdef CHECK_own_info
static void check_own_info(void)
{
    struct mallinfo info;
    escape = dlmalloc(5000);
    info = dlmallinfo();
    EXPECT(info.uordblks >= 5000 && info.more_of_the_programs == 0);
}
#endif

#ifdef CHECK_realloc_frees
static void check_realloc_frees(void)
{
    mspace space = create_mspace(0, 0);
    for (int i = 0; i < 100000; i++) {
        EXPECT(dlrealloc(dlmalloc(1000), 0) == NULL);
        EXPECT(mspace_realloc(space, mspace_malloc(space, 1000), 0) == NULL);
    }
    EXPECT(dlmalloc_footprint() < 8 * MIB && mspace_footprint(space) < 8 * MIB);
    EXPECT(dlrealloc(NULL, 0) != NULL && mspace_realloc(space, NULL, 0) != NULL);
}
#endif

#ifdef CHECK_footers
/* Past the end, into what the next block begins with. */
static void overflow(void)
{
    size_t *mem = dlmalloc(5000);
    escape = dlmalloc(5000);
    memset(mem, 0x55, dlmalloc_usable_size(mem) + 16);
    dlfree(mem);
    dlfree(escape);
}
static void check_footers(void)
{
    static char base[1 << 16];
    mspace first = create_mspace(0, 0);
    mspace second = create_mspace_with_base(base, sizeof base, 0);
    EXPECT(end_of(overflow) == 1000 + SIGABRT);
    void *left[2] = {mspace_malloc(first, 100), mspace_malloc(second, 100)};
    EXPECT(mspace_bulk_free(first, left, 2) == 1 && left[0] == NULL && left[1] != NULL);
    for (int i = 0; i < 10000; i++) {
        mspace_free(second, mspace_malloc(first, 1000));
        mspace_free(first, mspace_malloc(second, 1000));
        mspace_free(first, dlmalloc(1000));
        dlfree(mspace_malloc(second, 1000));
        dlfree(mspace_realloc(first, mspace_malloc(second, 10), 1000));
    }
    EXPECT(mspace_footprint(first) < MIB && mspace_footprint(second) < MIB);
}
#endif

/* Whichever mspace is named, a block goes to its own. */
#ifdef CHECK_routing
static void check_routing(void)
{
    static char base[1 << 16];
    mspace first = create_mspace(0, 0);
    mspace second = create_mspace_with_base(base, sizeof base, 0);
    for (int i = 0; i < 10000; i++) {
        mspace_free(second, mspace_malloc(first, 1000));
        mspace_free(first, mspace_realloc(first, mspace_malloc(second, 10), 1000));
    }
    EXPECT(mspace_footprint(first) < MIB && mspace_footprint(second) == sizeof base);
    EXPECT(destroy_mspace(second) == 0 && destroy_mspace(first) > 0);
}
#endif

#ifdef CHECK_level
static void check_level(void)
{
    EXPECT(STRATA_CHECK == CHECK_level);
    churn(20000);
}
#endif

#if defined(CHECK_stops) || defined(CHECK_goes_on) || defined(CHECK_usage)
static void free_twice(void)
{
    void *mem = escape = dlmalloc(5000);
    escape = dlmalloc(5000);
    dlfree(mem);
    strata_options_parse("magazine_limit=0", NULL); /* nothing is kept: it is told at once */
    dlfree(mem);
}
#endif

#ifdef CHECK_stops
static void check_stops(void) { EXPECT(end_of(free_twice) == CHECK_stops); }
#endif

#ifdef CHECK_goes_on
static void check_goes_on(void)
{
    free_twice();
    dlfree(&escape);
    churn(20000);
}
#endif

#ifdef CHECK_usage
static void check_usage(void)
{
    free_twice();
    EXPECT(usage_errors == 1);
    dlfree(&escape);
    EXPECT(usage_errors == 2 && usage_mem == (void *)&escape);
    churn(20000);
}
#endif

#ifdef CHECK_corruption
static void overwrite(void)
{
    char *mem = dlmalloc(5000);
    escape = dlmalloc(5000);
    memset(mem, 0x55, dlmalloc_usable_size(mem) + 16);
    dlfree(mem);
    dlfree(escape);
}
static void check_corruption(void) { EXPECT(end_of(overwrite) == 43); }
#endif

#ifdef CHECK_failure
static void check_failure(void)
{
    errno = 77;
    EXPECT(dlmalloc(SIZE_MAX) == NULL && failures == 1 && errno == 77);
    EXPECT(dlcalloc(SIZE_MAX, 2) == NULL && failures == 2 && errno == 77);
    EXPECT(dlrealloc(dlmalloc(1), SIZE_MAX - 200) == NULL && failures == 3 && errno == 77);
}
#endif

#ifdef CHECK_threads
static void *allocate_beside(void *argument)
{
    void *blocks[64] = {NULL};
    for (unsigned i = 0; i < 20000; i++) {
        dlfree(blocks[i % 64]);
        blocks[i % 64] = dlmalloc(i % 700 + (i % 100 == 0 ? 40000 : 0));
        EXPECT(blocks[i % 64] != NULL);
        memset(blocks[i % 64], 1, i % 700);
    }
    for (unsigned i = 0; i < 64; i++) dlfree(blocks[i]);
    return argument;
}
/* Without unistd.h nobody registers handlers for fork: who forks then may find a lock held. */
#ifdef LACKS_UNISTD_H
#define FORKS 0
#else
#define FORKS 30
#endif
static void check_threads(void)
{
    pthread_t threads[4];
    EXPECT(STRATA_THREADS == CHECK_threads);
    if (STRATA_THREADS == 0) {
        churn(20000);
        return;
    }
    for (int i = 0; i < 4; i++) EXPECT(pthread_create(&threads[i], NULL, allocate_beside, NULL) == 0);
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(20); /* a lock that nobody will ever drop */
            for (size_t size = 1; size < 100 * MIB; size *= 3) dlfree(dlmalloc(size));
            _exit(0);
        }
        int status;
        EXPECT(waitpid(child, &status, 0) == child && status == 0);
    }
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    EXPECT(strata_check(NULL) == 0);
}
#endif

#ifdef CHECK_sbrk
static void check_sbrk(void)
{
    char *before = sbrk(0);
    churn(20000);
    char *mem = dlmalloc(50000);
    EXPECT(mem >= before && mem < (char *)sbrk(0));
    use_mspaces();
}
#endif

/* 1 at the end: what MORECORE gave goes back. */
#ifdef CHECK_morecore
static void check_morecore(void)
{
    strata_option_set("direct_threshold", SIZE_MAX); /* none of it by mmap */
    for (int round = 0; round < 10; round++) {
        churn(5000);
        EXPECT(fake_sbrk(20) != FAIL); /* others use it, too */
    }
    for (size_t size = 1; size < 16 * MIB; size *= 3) {
        void *mem = dlmalloc(size);
        memset(mem, 0x55, size);
        dlfree(mem);
    }
    EXPECT(strata_check(NULL) == 0);
    void *first = dlmalloc(100000);
    EXPECT(is_in_arena(first));
    size_t before = arena_used;
    void *large = dlmalloc(20 * MIB);
    EXPECT(is_in_arena(large) && arena_used < before + 23 * MIB);
    dlfree(large);
    int trimmed = dlmalloc_trim(0);
    if (trimmed != CHECK_morecore) printf("trimmed %d, negative %d\n", trimmed, negative_calls);
    EXPECT(trimmed == CHECK_morecore && (negative_calls > 0) == CHECK_morecore);
    EXPECT((arena_used < before + MIB) == CHECK_morecore);
    churn(5000);
    /* The same memory serves heaps again and again. */
    before = arena_used;
    for (int round = 0; round < 100; round++) {
        mspace one = create_mspace(0, 0), other = create_mspace(0, 0);
        memset(mspace_calloc(one, 1, 100000), 1, 100000);
        destroy_mspace(one);
        destroy_mspace(other);
    }
    EXPECT(arena_used - before < 2 * MIB || before > arena_used);
    /* What an mspace had at the end goes back with it. */
    mspace one = create_mspace(0, 0);
    size_t begun = arena_used;
    EXPECT(mspace_malloc(one, 12 * MIB) != NULL);
    size_t full = arena_used;
    destroy_mspace(one);
    if (CHECK_morecore) EXPECT(full >= begun + 11 * MIB && arena_used <= begun);
}
#endif

#ifdef CHECK_scattered
static void check_scattered(void)
{
    churn(20000);
    EXPECT(is_in_arena(dlmalloc(100)) && calls > 0);
}
#endif

#ifdef CHECK_owner
static void check_owner(void)
{
    static char base[1 << 16];
    mspace space = create_mspace_with_base(base, sizeof base, 0);
    EXPECT(mspace_malloc(space, 200000) != NULL);
    EXPECT(last_owner == space);
    escape = dlmalloc(MIB);
    EXPECT(last_owner == NULL);
}
#endif

#ifdef CHECK_exhausted
static void check_exhausted(void)
{
    arena_limit = 4 * MIB;
    size_t got = 0;
    errno = 0;
    for (void *mem; (mem = dlmalloc(10000)) != NULL; got += 10000) EXPECT(is_in_arena(mem));
    if (got <= 3 * MIB) printf("%zu\n", got);
    EXPECT(errno == ENOMEM && got > 3 * MIB && got < 4 * MIB);
    EXPECT(dlmalloc(64 * MIB) == NULL);
}
#endif

#ifdef CHECK_no_source
static void check_no_source(void)
{
    EXPECT(dlmalloc(1) == NULL && errno == ENOMEM);
    EXPECT(create_mspace(0, 0) == NULL);
    static char base[1 << 16];
    mspace space = create_mspace_with_base(base, sizeof base, 0);
    size_t got = 0;
    while (mspace_malloc(space, 100) != NULL) got += 100;
    EXPECT(got >= 57500);
}
#endif

#ifdef CHECK_mmap
static void check_mmap(void)
{
    churn(20000);
    EXPECT(mappings > 0 && mapped >= dlmalloc_footprint());
    size_t before = mapped;
    mspace space = create_mspace(0, 0);
    for (int i = 0; i < 1000; i++) EXPECT(mspace_malloc(space, 5000) != NULL);
    EXPECT(mapped >= before + 5 * MIB);
    destroy_mspace(space);
    EXPECT(mapped <= before + MIB / 2);
    unsigned char *zero = dlcalloc(1, 3 * MIB);
    for (size_t i = 0; i < 3 * MIB; i++) EXPECT(zero[i] == 0);
}
#endif

#ifdef CHECK_direct
static void check_direct(void)
{
    EXPECT(option("direct_threshold") == 256 << 10);
    char *mem = dlmalloc(MIB);
    EXPECT(direct_mappings >= 1);
    memset(mem, 7, MIB);
    mem = dlrealloc(mem, 2 * MIB);
    EXPECT(mem[0] == 7 && mem[MIB - 1] == 7);
    dlfree(mem);
    dlmalloc_trim(0);
    churn(5000);
}
#endif

#ifdef CHECK_mremap
static void check_mremap(void)
{
    strata_option_set("direct_threshold", 65536);
    char *mem = dlmalloc(MIB);
    memset(mem, 7, MIB);
    dlrealloc_in_place(mem, 2 * MIB);
    EXPECT(remaps == 1 && mem[MIB - 1] == 7);
}
#endif

#ifdef CHECK_no_mremap
static void check_no_mremap(void)
{
    strata_option_set("direct_threshold", 65536);
    char *mem = dlmalloc(MIB);
    EXPECT(dlrealloc_in_place(mem, 2 * MIB) == NULL);
    EXPECT(dlrealloc_in_place(mem, MIB / 2) == NULL);
    memset(mem, 7, MIB);
    mem = dlrealloc(mem, 2 * MIB);
    EXPECT(mem != NULL && mem[MIB - 1] == 7);
}
#endif

#ifdef CHECK_value
static void check_value(void)
{
    EXPECT(option(CHECK_value) == (VALUE));
    churn(5000);
}
#endif

#ifdef CHECK_page_size
static void check_page_size(void)
{
    EXPECT((uintptr_t)dlvalloc(1) % CHECK_page_size == 0);
    EXPECT(dlmalloc_usable_size(dlpvalloc(1)) >= CHECK_page_size);
}
#endif

/* ---- the one that is asked for ---- */

#define CALL_NAMED(name) check_##name()
#define CALL(name) CALL_NAMED(name)

int main(void)
{
    /* Not every option names every one of these. */
    (void)fake_sbrk_for, (void)scattered, (void)fake_mmap, (void)fake_direct, (void)fake_munmap;
    (void)fake_mremap, (void)note_usage, (void)leave_with, (void)is_in_arena, (void)option;
    (void)churn, (void)use_mspaces, (void)escape, (void)failures, (void)usage_mem, (void)usage_errors;
    (void)calls, (void)negative_calls, (void)arena_limit, (void)last_owner, (void)remaps, (void)mapped;
    CALL(CHECK);
    return 0;
}
