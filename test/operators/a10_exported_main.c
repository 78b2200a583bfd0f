/* SPDX-License-Identifier: MIT-0
 *
 * A program whose own malloc serves the whole process: it comes before a preloaded strata. But it
 * leaves out some names (cfree, reallocarray), so blocks of it reach strata there, which hands them back.
 */
#define TOY_LINKAGE __attribute__((visibility("default")))
#include "operators/a10_toy.h"

void a10_free(void *mem);
void a10_old_free(void *mem);
void *a10_realloc(void *mem, size_t size);
void *a10_reallocarray(void *mem, size_t size);
void *a10_malloc(size_t size);

int main(void)
{
    char *mem = a10_malloc(100);
    require(toy_has(mem), "the library uses the program's malloc");
    strcpy(mem, "text");
    size_t frees = toy.frees, resizes = toy.resizes;
    a10_free(mem);
    require(toy.frees == frees + 1, "and its free");

    mem = a10_malloc(100);
    strcpy(mem, "more text");
    char *moved = a10_reallocarray(mem, 5000);
    require(toy_has(moved), "strata's reallocarray resizes by the program's realloc");
    require(toy.resizes == resizes + 1 && strcmp(moved, "more text") == 0, "which copies");
    a10_old_free(moved);
    require(toy.frees == frees + 2, "strata's cfree frees by the program's free");
    require(toy.strangers == 0, "no block of strata's went to the program");
    return 0;
}
