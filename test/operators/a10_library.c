/* SPDX-License-Identifier: MIT-0
 *
 * A library that uses the malloc of the process, whatever that is, also on what others hand to it.
 * reallocarray, and free by its name of old, are for programs that bring their own malloc, but not these.
 */
#include "start/start.h"

#include <malloc.h>

void a10_free(void *mem);
void a10_old_free(void *mem);
void *a10_realloc(void *mem, size_t size);
void *a10_reallocarray(void *mem, size_t size);
size_t a10_usable(void *mem);
void *a10_malloc(size_t size);

void cfree(void *mem) __attribute__((weak)); /* gone from new C libraries */

void a10_free(void *mem) { free(mem); }
void a10_old_free(void *mem) { cfree(mem); }
void *a10_realloc(void *mem, size_t size) { return realloc(mem, size); }
void *a10_reallocarray(void *mem, size_t size) { return reallocarray(mem, size, 1); }
size_t a10_usable(void *mem) { return malloc_usable_size(mem); }
void *a10_malloc(size_t size) { return malloc(size); }
