/* SPDX-License-Identifier: MIT-0
 *
 * a host that gives huge pages to whoever can have them (THP "always"), made by advising each mapping
 * that strata takes: this program is built of strata's own source, with mmap under its control. A hundred
 * sleeping threads then need at most half as much again as without; and after most of a large heap has
 * gone back, huge pages are at most what is still live. a41_huge_pages_always sleepers|purge.
 */
#include "operators/process.h"

#include <malloc.h>
#include <sys/mman.h>

enum { thread_count = 100, block_count = 1 << 18, block_size = 1000 };

static bool gives_huge_pages;
static size_t advised;

void *__real_mmap(void *addr, size_t size, int protection, int flags, int file, off_t offset);
void *__wrap_mmap(void *addr, size_t size, int protection, int flags, int file, off_t offset);
void *__wrap_mmap(void *addr, size_t size, int protection, int flags, int file, off_t offset)
{
    void *got = __real_mmap(addr, size, protection, flags, file, offset);
    if (got != MAP_FAILED && gives_huge_pages && madvise(got, size, MADV_HUGEPAGE) == 0)
        advised++;
    return got;
}

/* Before strata's own constructor. */
__attribute__((constructor(101))) static void choose(void)
{
    gives_huge_pages = getenv("A41_HUGE") != NULL;
}

static bool has_huge_pages(void)
{
    char bytes[100] = "";
    int descriptor = open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY | O_CLOEXEC);
    ssize_t size = descriptor < 0 ? 0 : read(descriptor, bytes, sizeof bytes - 1);
    if (descriptor >= 0) close(descriptor);
    return size > 0 && strstr(bytes, "[never]") == NULL;
}

static size_t huge_now(void)
{
    return kernel_value("/proc/self/smaps_rollup", "\nAnonHugePages:");
}

static pthread_barrier_t ready, leave;

static void *sleep_with_blocks(void *argument)
{
    void *own[100];
    for (size_t n = 0; n < 100; n++) memset(own[n] = malloc(n * 13 + 1), 1, n * 13 + 1);
    for (size_t n = 0; n < 100; n += 2) free(own[n]);
    pthread_barrier_wait(&ready);
    pthread_barrier_wait(&leave);
    for (size_t n = 1; n < 100; n += 2) free(own[n]);
    return argument;
}

static void run_sleepers(void)
{
    pthread_t threads[thread_count];
    pthread_barrier_init(&ready, NULL, thread_count + 1);
    pthread_barrier_init(&leave, NULL, thread_count + 1);
    for (size_t n = 0; n < thread_count; n++)
        threads[n] = thread_start(sleep_with_blocks, NULL);
    pthread_barrier_wait(&ready);
    printf("%zu\n", resident_now() / KIB);
    if (gives_huge_pages) require(advised > 0, "mappings are advised");
    pthread_barrier_wait(&leave);
    for (size_t n = 0; n < thread_count; n++) thread_join(threads[n]);
}

/* All is freed but one block in a thousand. */
static void run_purge(void)
{
    static void *blocks[block_count];
    for (size_t n = 0; n < block_count; n++)
        memset(blocks[n] = malloc(block_size), 1, block_size);
    size_t before = huge_now();
    for (size_t n = 0; n < block_count; n++) {
        if (n % 1024 != 0) free(blocks[n]);
    }
    malloc_trim(0);
    printf("huge %zu KiB, then %zu; resident %zu\n", before / KIB, huge_now() / KIB,
           resident_now() / KIB);
    if (gives_huge_pages)
        require(before > 16 * MIB || !has_huge_pages(), "the host gives huge pages");
    require_at_most("huge pages", huge_now(), (block_count / 1024 + 1) * 2 * MIB / 16);
}

int main(int argc, char **argv)
{
    require(argc == 2, "usage: a41_huge_pages_always sleepers|purge");
    if (argv[1][0] == 's') {
        run_sleepers();
    } else {
        run_purge();
    }
    return 0;
}
