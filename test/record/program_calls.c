/* SPDX-License-Identifier: MIT-0
 *
 * Calls each function of the family once, in a fixed order; record_calls.py has the trace that
 * must come of it, between the allocations of 1001 and 1999 bytes. Exits with the number of the
 * first expectation that does not hold.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The C library's own free, which the recorder does not see. */
extern void __libc_free(void *mem);

#define EXPECT(number, condition)                                                              \
    do {                                                                                       \
        if (!(condition)) exit(number);                                                        \
    } while (0)

static const size_t program_huge = PTRDIFF_MAX;

static void call_plain(void)
{
    char *first = malloc(1001);
    char *second = calloc(10, 101);
    char *third = realloc(NULL, 1002);
    EXPECT(1, first != NULL && second != NULL && third != NULL);
    for (int i = 0; i < 1010; i++) EXPECT(2, second[i] == 0);
    strcpy(first, "contents");
    first = realloc(first, 500000);
    EXPECT(3, strcmp(first, "contents") == 0);
    first = realloc(first, 100);
    EXPECT(4, strcmp(first, "contents") == 0);
    second = reallocarray(second, 20, 100);
    EXPECT(5, second != NULL);
    free(third);
    errno = 77;
    free(first);
    EXPECT(6, errno == 77);
    free(NULL);
    free(second);
}

static void call_aligned(void)
{
    void *posix = NULL;
    void *blocks[] = {memalign(64, 1003), aligned_alloc(128, 1024), valloc(1005),
                      pvalloc(1006)};
    EXPECT(10, posix_memalign(&posix, 4096, 1004) == 0);
    EXPECT(11, (uintptr_t)blocks[0] % 64 == 0 && (uintptr_t)blocks[1] % 128 == 0);
    EXPECT(12, (uintptr_t)blocks[2] % 4096 == 0 && (uintptr_t)blocks[3] % 4096 == 0);
    EXPECT(13, (uintptr_t)posix % 4096 == 0);
    for (int i = 0; i < 4; i++) free(blocks[i]);
    posix = realloc(posix, 1007);
    free(posix);
}

static void call_in_vain(void)
{
    int place;
    void *kept = &place;
    char *mem = malloc(1008);
    EXPECT(20, malloc(program_huge) == NULL && errno == ENOMEM);
    EXPECT(21, calloc(program_huge, 3) == NULL && errno == ENOMEM);
    EXPECT(22, realloc(NULL, program_huge) == NULL);
    EXPECT(23, realloc(mem, program_huge) == NULL);
    EXPECT(24, reallocarray(mem, program_huge, 3) == NULL && errno == ENOMEM);
    EXPECT(25, memalign(64, program_huge) == NULL);
    EXPECT(26, posix_memalign(&kept, 3, 10) == EINVAL && kept == &place);
    EXPECT(27, posix_memalign(&kept, 64, program_huge) == ENOMEM);
    EXPECT(28, pvalloc(SIZE_MAX) == NULL);
    /* It is still there, under its own number. */
    mem = realloc(mem, 1009);
    free(mem);
}

static void call_at_the_edges(void)
{
    char *empty = malloc(0);
    EXPECT(30, empty != NULL);
    EXPECT(31, realloc(empty, 0) == NULL);
    char *large = malloc(300u << 20);
    large[0] = large[(300u << 20) - 1] = 1;
    large = realloc(large, 400u << 20);
    EXPECT(32, large != NULL && large[0] == 1 && large[(300u << 20) - 1] == 1);
    free(large);
}

/* Freed where the recorder can't see it: then its address is given out again. */
static void free_unseen(void)
{
    char *mem = malloc(1010);
    __libc_free(mem);
    char *again = malloc(1011);
    EXPECT(40, again == mem);
    free(again);
}

typedef void program_free_sized(void *mem, size_t size);
typedef void program_free_aligned_sized(void *mem, size_t alignment, size_t size);

/* Of C23; here only if the recorder brings them. */
static void call_sized(void)
{
    program_free_sized *sized;
    program_free_aligned_sized *aligned;
    *(void **)&sized = dlsym(RTLD_DEFAULT, "free_sized");
    *(void **)&aligned = dlsym(RTLD_DEFAULT, "free_aligned_sized");
    EXPECT(50, sized != NULL && aligned != NULL);
    sized(malloc(1012), 1012);
    aligned(aligned_alloc(64, 1088), 64, 1088);
}

int main(void)
{
    call_plain();
    call_aligned();
    call_in_vain();
    call_at_the_edges();
    free_unseen();
    call_sized();
    free(malloc(1999));
    return 0;
}
