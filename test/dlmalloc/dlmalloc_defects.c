/* SPDX-License-Identifier: MIT-0
 *
 * What was wrong with dlmalloc 2.8.6, one test each, by the numbers of docs/dlmalloc: none of it is
 * wrong here.
 */
#include "dl_child.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>

/* ---- errors and sizes ---- */

/* Sizes near SIZE_MAX, and a limit that is reached, gave NULL without errno. */
static void defect_01_errno_tells_of_every_failure(void **state)
{
    const way *w = *state;
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 199, SIZE_MAX - 4096, SIZE_MAX / 2 + 1,
                                   SIZE_MAX / 2};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_no_memory(w->malloc(sizes[i]));
        assert_no_memory(w->calloc(1, sizes[i]));
        assert_no_memory(w->realloc(NULL, sizes[i]));
        assert_no_memory(w->memalign(64, sizes[i]));
    }
    w->set_footprint_limit(w->footprint());
    assert_no_memory(w->malloc(300 * (size_t)MIB));
    assert_no_memory(w->calloc(300, MIB));
    assert_no_memory(w->memalign(64, 300 * (size_t)MIB));
}

/* 0 took the limit away, and SIZE_MAX was answered by 0. */
static void defect_02_limit_0_is_a_limit_and_size_max_is_none(void **state)
{
    const way *w = *state;
    void *mem = w->malloc(100);
    assert_true(w->set_footprint_limit(0) <= 64 * KIB);
    assert_true(w->footprint_limit() <= 64 * KIB);
    assert_no_memory(w->malloc(300 * (size_t)MIB));
    w->free(mem);
    assert_true(w->set_footprint_limit(SIZE_MAX) == SIZE_MAX);
    assert_true(w->footprint_limit() == SIZE_MAX);
    mem = w->malloc(300 * (size_t)MIB);
    assert_non_null(mem);
    w->free(mem);
}

/* The size wrapped round to 0. */
#if !STRATA_DL_ONLY_MSPACES
static void defect_03_pvalloc_of_too_much_fails(void **state)
{
    (void)state;
    for (size_t less = 0; less < 5000; less += 111) assert_no_memory(dlpvalloc(SIZE_MAX - less));
}
#endif

/* It looped for ever. */
static void defect_04_memalign_above_the_largest_power_of_two_fails(void **state)
{
    const way *w = *state;
    static const size_t wrong[] = {SIZE_MAX / 2 + 2, SIZE_MAX / 2 + 100, SIZE_MAX - 1, SIZE_MAX};
    alarm(10);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        errno = 0;
        assert_null(w->memalign(wrong[i], 100));
        assert_true(errno == EINVAL || errno == ENOMEM);
    }
    alarm(0);
}

/* Products and sums wrapped round, so blocks overlapped. */
static void defect_05_independent_of_too_much_fails(void **state)
{
    const way *w = *state;
    void *chunks[3] = {chunks, chunks, chunks};
    size_t half = SIZE_MAX / 2 + 1;
    size_t sums[][3] = {{half, half, 100}, {SIZE_MAX, 1, 1}, {SIZE_MAX - 50, 10, 100},
                        {half - 16, half - 16, 0}, {SIZE_MAX, SIZE_MAX, SIZE_MAX}};
    assert_no_memory(w->independent_calloc(2, half, chunks));
    assert_no_memory(w->independent_calloc(3, SIZE_MAX / 3 + 1, chunks));
    assert_no_memory(w->independent_calloc(3, SIZE_MAX, chunks));
    assert_no_memory(w->independent_calloc(SIZE_MAX, 0, NULL));
    assert_no_memory(w->independent_calloc(SIZE_MAX / sizeof(void *) + 2, 0, NULL));
    assert_no_memory(w->independent_calloc(SIZE_MAX / 32 + 1, 17, NULL));
    if (SIZE_MAX > 0xffffffff) /* chunks of 2^46 bytes, which alone is a size that may be: 2^64 in all */
        assert_no_memory(w->independent_calloc((size_t)1 << 18, SIZE_MAX / ((size_t)1 << 18) - 7, NULL));
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        assert_no_memory(w->independent_comalloc(3, sums[i], chunks));
        assert_no_memory(w->independent_comalloc(3, sums[i], NULL));
    }
    for (int i = 0; i < 3; i++) assert_ptr_equal(chunks[i], chunks);
}

/* ---- threads ---- */

enum { thread_count = 4 };
typedef struct crowd {
    const way *w;
    _Atomic bool is_over;
} crowd;

static void run_crowd(const way *w, void *(*run)(void *))
{
    pthread_t thread[thread_count];
    crowd all = {w, false};
    for (int i = 0; i < thread_count; i++) assert_int_equal(pthread_create(&thread[i], NULL, run, &all), 0);
    for (int i = 0; i < thread_count; i++) {
        void *failed;
        assert_int_equal(pthread_join(thread[i], &failed), 0);
        assert_null(failed);
    }
}

/* Blocks of 40 MiB have mappings of their own while others allocate blocks together. */
static void *comalloc_beside_large_ones(void *argument)
{
    const way *w = ((crowd *)argument)->w;
    for (int i = 0; i < 300; i++) {
        size_t sizes[3] = {100, 200000, 40};
        void *chunks[3];
        void *mem = w->malloc(40 * (size_t)MIB);
        if (mem == NULL || w->independent_comalloc(3, sizes, chunks) == NULL) return argument;
        if (HAS_DIRECT && !w->is_mspace && i % 30 == 0 && w->mallinfo().hblks == 0) return argument;
        w->free(mem);
        w->bulk_free(chunks, 3);
    }
    return NULL;
}

/* The switch for direct mappings was turned off and on without the lock. */
static void defect_06_comalloc_changes_nothing_for_other_threads(void **state)
{
    const way *w = *state;
    if (STRATA_THREADS) run_crowd(w, comalloc_beside_large_ones);
    size_t sizes[2] = {SIZE_MAX, 1};
    void *chunks[2];
    assert_no_memory(w->independent_comalloc(2, sizes, chunks)); /* nor if it fails half way */
    void *mem = w->malloc(40 * (size_t)MIB);
    if (HAS_DIRECT && !w->is_mspace) assert_int_equal(w->mallinfo().hblks, 1);
    w->free(mem);
}

static void *look_at_the_footprint(void *argument)
{
    crowd *all = argument;
    while (!all->is_over) {
        size_t held = all->w->footprint();
        if (held > SIZE_MAX / 2 || all->w->max_footprint() > SIZE_MAX / 2) return all;
    }
    return NULL;
}

/* Readers could see a sum half made, and a block that grew where it was passed the limit. */
static void defect_07_growth_in_place_keeps_the_limit(void **state)
{
    const way *w = *state;
    crowd all = {w, false};
    pthread_t reader;
    if (STRATA_THREADS) assert_int_equal(pthread_create(&reader, NULL, look_at_the_footprint, &all), 0);
    void *mem = w->malloc(40 * (size_t)MIB);
    fill(mem, 5000, 7);
    size_t limit = w->set_footprint_limit(w->footprint() + 10 * (size_t)MIB);
    size_t most = w->max_footprint() > limit ? w->max_footprint() : limit;
    assert_null(w->realloc_in_place(mem, 400 * (size_t)MIB));
    assert_no_memory(w->realloc(mem, 400 * (size_t)MIB));
    assert_true(w->footprint() <= limit && w->max_footprint() <= most);
    assert_true(is_filled(mem, 5000, 7));
    w->set_footprint_limit(SIZE_MAX);
    mem = w->realloc(mem, 400 * (size_t)MIB);
    assert_non_null(mem);
    w->free(mem);
    all.is_over = true;
    void *failed = NULL;
    if (STRATA_THREADS) assert_int_equal(pthread_join(reader, &failed), 0);
    assert_null(failed);
}

static void *allocate_until_over(void *argument)
{
    crowd *all = argument;
    for (unsigned i = 0; !all->is_over; i++) {
        void *mem = all->w->malloc(i % 5000);
        if (mem == NULL) return all;
        all->w->free(mem);
    }
    return NULL;
}

/* Whether a child that is forked now can allocate. */
static bool child_can_allocate(const way *w)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        alarm(10);
        for (unsigned i = 0; i < 2000; i++) {
            void *mem = w->malloc(i * 3);
            if (mem == NULL) _exit(1);
            w->free(mem);
        }
        _exit(strata_check(NULL) != 0);
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Only the process's heap was safe, and only if asked for. */
static void defect_08_fork_leaves_every_heap_usable(void **state)
{
    const way *w = *state;
    crowd all = {w, false};
    pthread_t thread[thread_count];
    if (STRATA_THREADS)
        for (int i = 0; i < thread_count; i++)
            assert_int_equal(pthread_create(&thread[i], NULL, allocate_until_over, &all), 0);
    for (int i = 0; i < 30; i++) assert_true(child_can_allocate(w));
    all.is_over = true;
    for (int i = 0; STRATA_THREADS && i < thread_count; i++) {
        void *failed;
        assert_int_equal(pthread_join(thread[i], &failed), 0);
        assert_null(failed);
    }
}

/* ---- the secret ---- */

#define HAS_SEALS (!STRATA_TINY && SIZE_MAX > 0xffffffff) /* without seals there is no secret */
#if HAS_SEALS

/* Where nobody else is, whatever the host makes random: addresses enter the seal, too. */
#define HEAD_PLACE ((void *)0x600000000)

/* Prints where a block is, and the word before it. */
static int print_head(void)
{
    const size_t size = 64 * KIB;
    void *base = mmap(HEAD_PLACE, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (base != HEAD_PLACE) return 1;
    mspace space = create_mspace_with_base(base, size, 0);
    const size_t *mem = mspace_malloc(space, 100);
    printf("%zx %zx\n", (size_t)(uintptr_t)mem, mem[-1]);
    return 0;
}

static bool read_head(size_t *place, size_t *head)
{
    char command[600], self[500] = "";
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) return false;
    snprintf(command, sizeof command, "%s head", self);
    FILE *from = popen(command, "r");
    bool is_read = from != NULL && fscanf(from, "%zx %zx", place, head) == 2;
    return from != NULL && pclose(from) == 0 && is_read;
}

/* It was made of the time in seconds: equal in all programs that start together. */
static void defect_09_the_secret_differs_within_a_second(void **state)
{
    (void)state;
    size_t place[8], head[8];
    bool any_differs = false;
    for (int i = 0; i < 8; i++) {
        assert_true(read_head(&place[i], &head[i]));
        assert_int_equal(place[i], place[0]);
        any_differs = any_differs || head[i] != head[0];
    }
    assert_true(any_differs);
}

#endif

/* ---- the interface ---- */

/* Each function has one declaration, and its type is this one. */
static void defect_10_every_function_is_declared_as_defined(void **state)
{
    (void)state;
    void *(*resize)(mspace, void *, size_t) = mspace_realloc_in_place;
    size_t (*free_all)(mspace, void **, size_t) = mspace_bulk_free;
    void (*inspect)(mspace, dl_handler *, void *) = mspace_inspect_all;
    size_t (*limit)(mspace) = mspace_footprint_limit;
    size_t (*set_limit)(mspace, size_t) = mspace_set_footprint_limit;
    size_t (*usable)(const void *) = mspace_usable_size;
    assert_true(resize && free_all && inspect && limit && set_limit && usable);
#if !STRATA_DL_ONLY_MSPACES
    usable = dlmalloc_usable_size;
    assert_true(usable);
#endif
}

/* ---- memory from and to the host ---- */

static strata_stats process_stats(void)
{
    strata_stats stats;
    strata_stats_get(&stats);
    return stats;
}

/* Each large block was mapped and unmapped anew. */
static void defect_11_large_blocks_are_used_again(void **state)
{
    const way *w = *state;
    void *first = NULL;
    const size_t size = (SIZE_MAX > 0xffffffff ? 40 : 3) * (size_t)MIB; /* what is kept is less there */
    for (int i = 0; i < 3; i++) {
        first = w->malloc(size);
        w->free(first);
    }
    size_t before = process_stats().reserved, held = w->footprint();
    if (HAS_DIRECT && STRATA_RETURN && !w->is_mspace)
        assert_true(process_stats().cached >= size);
    for (int i = 0; i < 100; i++) {
        void *mem = w->malloc(size);
        assert_ptr_equal(mem, first);
        w->free(mem);
    }
    assert_int_equal(process_stats().reserved, before);
    assert_int_equal(w->footprint(), held);
}

static size_t resident(void)
{
    size_t mapped, pages;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%zu %zu", &mapped, &pages), 2);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* How many bytes of 60 MB go back to the host when they are freed. */
static size_t given_back(const way *w, bool is_bulk)
{
    enum { count = 100 };
    void *mem[count];
    w->trim(0);
    for (int i = 0; i < count; i++) {
        mem[i] = w->malloc(LARGE);
        memset(mem[i], 1, LARGE);
    }
    size_t full = resident();
    if (is_bulk) assert_int_equal(w->bulk_free(mem, count), 0);
    for (int i = 0; i < count; i++) w->free(mem[i]);
    size_t rest = resident();
    return full > rest ? full - rest : 0;
}

#if STRATA_RETURN
/* It did not count as freeing, so what it freed was kept. */
static void defect_12_bulk_free_gives_memory_back_as_free_does(void **state)
{
    const way *w = *state;
    size_t delay;
    strata_option_get("purge_delay", &delay);
    strata_option_set("purge_delay", 0);
    size_t by_free = given_back(w, false), by_bulk_free = given_back(w, true);
    strata_option_set("purge_delay", delay);
    assert_true(by_free > 30 * (size_t)MIB);
    /* Segments of 4 MiB, as 32-bit hosts have, lie differently the second time. */
    assert_true(by_bulk_free >= by_free / 8 * 7);
}
#endif

/* ---- wrong mspaces ---- */

static max_align_t no_mspace[400];

static void wrong_bulk_free(void)
{
    void *mem[1] = {child_way->malloc(100)};
    mspace_bulk_free(no_mspace, mem, 1);
}
static void wrong_mallinfo(void) { mspace_mallinfo(no_mspace); }
static void wrong_malloc(void) { mspace_malloc(no_mspace, 100); }
static void wrong_free(void) { mspace_free(no_mspace, child_way->malloc(100)); }
static void wrong_footprint(void) { mspace_footprint(no_mspace); }
static void wrong_trim(void) { mspace_trim(no_mspace, 0); }
static void wrong_destroy(void) { destroy_mspace(no_mspace); }
static void wrong_together(void) { mspace_independent_calloc(NULL, 2, 2, NULL); }
static void wrong_limit(void) { mspace_set_footprint_limit(NULL, 100); }

/* Some functions did not look whether it is one, or went on when it was none. */
static void defect_13_what_is_no_mspace_is_reported(void **state)
{
    child_way = *state;
    static void (*const acts[])(void) = {wrong_bulk_free, wrong_mallinfo,  wrong_malloc,
                                         wrong_free,      wrong_footprint, wrong_trim,
                                         wrong_destroy,   wrong_together,  wrong_limit};
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) expect_report_of(acts[i], "");
}

/* After an error all memory was forgotten, but not its sum. */
static void defect_14_going_on_after_misuse_keeps_everything(void **state)
{
    const way *w = *state;
    int saved = dup(2);
    void *mem = w->malloc(LARGE), *above = w->malloc(LARGE), *kept = w->malloc(3000);
    fill(kept, 3000, 3);
    w->free(mem);
    assert_int_equal(strata_option_set("on_misuse", 1), 0); /* which also puts back what threads keep */
    dlmallinfo_t before = w->mallinfo();
    size_t held = w->footprint();
    assert_non_null(freopen("/dev/null", "w", stderr));
    w->free(mem);
    w->free(&before);
    errno = 0;
    assert_null(w->realloc_in_place(mem, 10));
    dup2(saved, 2);
    close(saved);
    strata_option_set("on_misuse", 0);
    dlmallinfo_t after = w->mallinfo();
    assert_int_equal(w->footprint(), held);
    assert_memory_equal(&after, &before, sizeof before);
    assert_true(is_filled(kept, 3000, 3));
    w->free(kept);
    w->free(above);
}

/* ---- inspection ---- */

static void sum_used(void *start, void *end, size_t used_bytes, void *argument)
{
    (void)start, (void)end;
    *(size_t *)argument += used_bytes;
}

/* Records of its own were told as blocks, and large blocks not at all. */
static void defect_15_inspect_tells_blocks_and_only_those(void **state)
{
    const way *w = *state;
    size_t before = 0, with = 0, after = 0;
    w->inspect_all(sum_used, &before);
    if (w->is_mspace) assert_int_equal(before, 0);
    void *mem = w->malloc(40 * (size_t)MIB), *other = w->malloc(3000);
    size_t size = w->usable_size(mem) + w->usable_size(other);
    w->inspect_all(sum_used, &with);
    assert_int_equal(with, before + size);
    w->free(mem);
    w->free(other);
    w->inspect_all(sum_used, &after);
    assert_int_equal(after, before);
}

/* ---- growth of many, compilers ---- */

static void *grow_beside_others(void *argument)
{
    const way *w = ((crowd *)argument)->w;
    void *failed = NULL;
    void *mem[200];
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 0; i < 200; i++) {
            mem[i] = w->malloc(20000 + i * 50);
            if (mem[i] == NULL) return argument;
            fill(mem[i], 20000, (unsigned)(uintptr_t)&failed + i);
        }
        for (unsigned i = 0; i < 200; i++) {
            if (!is_filled(mem[i], 20000, (unsigned)(uintptr_t)&failed + i)) failed = argument;
            w->free(mem[i]);
        }
    }
    return failed;
}

/* Two threads that grew at once could get the same memory. */
#if STRATA_THREADS
static void defect_16_growth_of_many_at_once_gives_each_its_own(void **state)
{
    run_crowd(*state, grow_beside_others);
}
#endif

#if HAS_DIRECT && !STRATA_DL_ONLY_MSPACES
/* With -std=c11 the way to move pages without copying was silently lost. */
static void defect_17_large_blocks_move_without_copying(void **state)
{
    const way *w = *state;
    struct rusage before, after;
    void *mem = w->malloc(64 * (size_t)MIB);
    memset(mem, 1, 64 * (size_t)MIB);
    getrusage(RUSAGE_SELF, &before);
    mem = w->realloc(mem, 256 * (size_t)MIB);
    getrusage(RUSAGE_SELF, &after);
    assert_non_null(mem);
    assert_true(after.ru_minflt - before.ru_minflt < 16); /* copying is 32 at best */
    assert_int_equal(*((char *)mem + 64 * (size_t)MIB - 1), 1);
    w->free(mem);
}
#endif

/* Compilers took the end of the request for the end of the object. */
static void defect_18_all_usable_bytes_may_be_used(void **state)
{
    const way *w = *state;
    for (size_t size = 0; size < 5000; size = size * 2 + 1) {
        unsigned char *mem = w->malloc(size);
        size_t usable = w->usable_size(mem);
        for (size_t i = 0; i < usable; i++) mem[i] = (unsigned char)i;
        for (size_t i = 0; i < usable; i++) assert_int_equal(mem[i], (unsigned char)i);
        w->free(mem);
    }
#if !STRATA_DL_ONLY_MSPACES && defined(__GNUC__)
    void *mem = dlmalloc(10);
    assert_true(__builtin_object_size(mem, 0) == SIZE_MAX); /* the compiler claims to know nothing */
    dlfree(mem);
#endif
}

int main(int count, char **arguments)
{
#if HAS_SEALS
    if (count == 2 && strcmp(arguments[1], "head") == 0) return print_head();
#else
    (void)count;
    (void)arguments;
#endif
    const struct CMUnitTest tests[] = {
        IN_EACH_WAY(defect_01_errno_tells_of_every_failure),
        IN_EACH_WAY(defect_02_limit_0_is_a_limit_and_size_max_is_none),
#if !STRATA_DL_ONLY_MSPACES
        cmocka_unit_test(defect_03_pvalloc_of_too_much_fails),
#endif
        IN_EACH_WAY(defect_04_memalign_above_the_largest_power_of_two_fails),
        IN_EACH_WAY(defect_05_independent_of_too_much_fails),
        IN_EACH_WAY(defect_06_comalloc_changes_nothing_for_other_threads),
        IN_EACH_WAY(defect_07_growth_in_place_keeps_the_limit),
        IN_EACH_WAY(defect_08_fork_leaves_every_heap_usable),
#if HAS_SEALS
        cmocka_unit_test(defect_09_the_secret_differs_within_a_second),
#endif
        cmocka_unit_test(defect_10_every_function_is_declared_as_defined),
        IN_EACH_WAY(defect_11_large_blocks_are_used_again),
#if STRATA_RETURN
        IN_EACH_WAY(defect_12_bulk_free_gives_memory_back_as_free_does),
#endif
        IN_MSPACES(defect_13_what_is_no_mspace_is_reported),
        IN_EACH_WAY(defect_14_going_on_after_misuse_keeps_everything),
        IN_EACH_WAY(defect_15_inspect_tells_blocks_and_only_those),
#if STRATA_THREADS
        IN_EACH_WAY(defect_16_growth_of_many_at_once_gives_each_its_own),
#endif
#if HAS_DIRECT && !STRATA_DL_ONLY_MSPACES
        IN_PROCESS(defect_17_large_blocks_move_without_copying),
#endif
        IN_EACH_WAY(defect_18_all_usable_bytes_may_be_used),
    };
    return cmocka_run_group_tests_name("defects", tests, NULL, NULL);
}
