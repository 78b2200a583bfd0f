/* SPDX-License-Identifier: MIT-0
 *
 * A plugin that allocates, frees what the C library has allocated for it, and tells whose malloc it
 * sees and what the C library's books say.
 */
#include "start/start.h"

#include <malloc.h>

void *a10_give(size_t size);
size_t a10_in_use(void);
void *a14_malloc(void);
void a14_free_what_libc_gave(void);

void *a10_give(size_t size) { return malloc(size); }

size_t a10_in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

void *a14_malloc(void)
{
    void *(*mine)(size_t) = malloc;
    void *address;
    memcpy(&address, &mine, sizeof address);
    return address;
}

void a14_free_what_libc_gave(void)
{
    for (size_t n = 0; n < 100; n++) {
        char *copy = strdup("allocated inside the C library");
        require(copy != NULL, "a copy");
        free(copy);
        char *text = NULL;
        require(asprintf(&text, "%zu words", n) > 0, "a text");
        text = realloc(text, 5000);
        free(text);
    }
}
