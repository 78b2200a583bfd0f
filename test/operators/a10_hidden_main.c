/* SPDX-License-Identifier: MIT-0
 *
 * a10_hidden_main POLICY: a program with a malloc of its own inside, which nobody else sees, and a
 * library on strata's; each frees blocks of the other. POLICY says what on_foreign is: `stop` (the
 * program must not come to its end), `ignore` or `forward`. The C library's malloc has not been used here,
 * so that forwarding must not reach it: it would take the toy's blocks for broken ones of its own.
 */
#include "start/ours.h"

#include <errno.h>

/* The linker refuses to hide malloc where a library asks for it: so the program's has another name behind
 * the scenes. */
#define malloc hidden_malloc
#define free hidden_free
#define calloc hidden_calloc
#define realloc hidden_realloc
#define TOY_LINKAGE static __attribute__((unused))
#include "operators/a10_toy.h"

void a10_free(void *mem);
void *a10_realloc(void *mem, size_t size);
size_t a10_usable(void *mem);
void *a10_malloc(size_t size);

static int (*check_found)(const char **first);

static void toy_blocks_reach_strata(void)
{
    for (size_t size = 1; size < 20000; size = size * 2 + 1) {
        unsigned char *mem = malloc(size);
        require(mem != NULL, "the toy has room");
        memset(mem, 0x5a, size);
        require(a10_usable(mem) == 0, "the size of a toy's block is not known");
        errno = 0;
        require(a10_realloc(mem, size + 100) == NULL && errno == ENOMEM, "it can't be resized");
        errno = 7;
        a10_free(mem);
        require(errno == 7, "free leaves errno alone");
        a10_free(mem + 16);
        for (size_t at = 0; at < size; at++) require(mem[at] == 0x5a, "nobody wrote to it");
        require(check_found(NULL) == 0, "every structure of strata is whole");
    }
    a10_free((void *)(uintptr_t)64); /* nobody's address at all */
    a10_free((void *)(UINTPTR_MAX - 63));
    require(a10_usable((void *)(uintptr_t)64) == 0, "nor is that read");
}

static void strata_blocks_reach_the_toy(void)
{
    for (size_t size = 1; size < 2000000; size = size * 3 + 1) {
        unsigned char *mem = a10_malloc(size);
        require(mem != NULL && !toy_has(mem), "strata's");
        memset(mem, 0x33, size);
        free(mem);
        for (size_t at = 0; at < size; at++) require(mem[at] == 0x33, "still in use");
        a10_free(mem);
    }
    require(toy.strangers > 10, "the toy was asked");
    require(toy.frees == 0, "nobody else asked it");
}

int main(int count, char **arguments)
{
    require(count == 2, "usage: a10_hidden_main POLICY");
    void *symbol = dlsym(RTLD_DEFAULT, "strata_check");
    require(symbol != NULL, "strata is there");
    memcpy(&check_found, &symbol, sizeof check_found);
    if (strcmp(arguments[1], "stop") == 0) {
        a10_free(malloc(100));
        return 1;
    }
    toy_blocks_reach_strata();
    strata_blocks_reach_the_toy();
    return 0;
}
