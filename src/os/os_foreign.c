/* SPDX-License-Identifier: MIT-0
 *
 * Who else in the process may have given out a block: found by name with the dynamic linker, when the
 * first foreign pointer comes along. Nothing here allocates. Static programs have nobody else.
 *
 * The next malloc behind a preloaded strata is nearly always the C library's, which then has given out
 * nothing: all that it would, strata does. A pointer that neither knows is some third allocator's, and
 * would break the C library's heap. So that one is asked only if its own books show any memory.
 */
#include "os/os.h"

#if defined(__linux__) && defined(__GNUC__) && defined(__ELF__) && !STRATA_HOST_MORECORE
#include <dlfcn.h>
#endif

/* It is not there if others have included system headers before us without asking for all they have. */
#ifdef RTLD_NEXT

#include "base/bits.h"

/* Old C libraries have these in a library of their own, static ones not at all. */
#pragma weak dlsym
#pragma weak dladdr

/* The start of the library that `place` lies in; NULL if it lies in none. */
static ST_COLD void *foreign_library(void *place)
{
    Dl_info info;
    return place != NULL && dladdr(place, &info) != 0 ? info.dli_fbase : NULL;
}

/* The function of this name that the allocator whose free is `theirs` has, or NULL. */
static ST_COLD void *foreign_function(void *where, const char *name, void *theirs)
{
    void *found = dlsym(where, name);
    return found != NULL && foreign_library(found) == foreign_library(theirs) ? found : NULL;
}

/* What mallinfo2 returns, and mallinfo with int for size_t: ten figures, of which the first is what the
 * heap has taken and the fifth what lies in mappings of their own. */
typedef struct foreign_mallinfo2 {
    size_t arena, unused[3], hblkhd, unused_too[5];
} foreign_mallinfo2;
typedef struct foreign_mallinfo {
    int arena, unused[3], hblkhd, unused_too[5];
} foreign_mallinfo;

/* True unless the allocator behind us is the C library's, which has not been used. */
static ST_COLD bool foreign_is_used(void *next_free)
{
    void *libc = dlsym(RTLD_NEXT, "abort");
    if (foreign_library(next_free) != foreign_library(libc)) return true;
    foreign_mallinfo2 (*mallinfo2_found)(void);
    foreign_mallinfo (*mallinfo_found)(void);
    void *found = foreign_function(RTLD_NEXT, "mallinfo2", next_free);
    st_copy(&mallinfo2_found, &found, sizeof found);
    if (found != NULL) {
        foreign_mallinfo2 info = mallinfo2_found();
        return info.arena != 0 || info.hblkhd != 0;
    }
    found = foreign_function(RTLD_NEXT, "mallinfo", next_free);
    st_copy(&mallinfo_found, &found, sizeof found);
    if (found == NULL) return false;
    foreign_mallinfo info = mallinfo_found();
    return info.arena != 0 || info.hblkhd != 0;
}

static struct {
    ST_ATOMIC(void *) used; /* a free whose allocator is known to have given out something */
} foreign_state;

/* True if the allocator behind us may have given out anything. Its books may take it long to add up: asked
 * until it is so. */
static ST_COLD bool foreign_was_used(void *next_free)
{
    /* relaxed: who does not see it asks once more. */
    if (st_load_relaxed(&foreign_state.used) == next_free) return true;
    if (!foreign_is_used(next_free)) return false;
    st_store_relaxed(&foreign_state.used, next_free); /* relaxed: as above. */
    return true;
}

/* Looked up again for each pointer: plugins come and go, and foreign pointers are rare. */
ST_COLD bool st_os_other_allocator(unsigned depth, st_os_other *other)
{
    void *where = RTLD_DEFAULT;
    if (dlsym == NULL || dladdr == NULL || depth > 1) return false;
    void *found = depth == 0 ? dlsym(RTLD_DEFAULT, "free") : NULL;
    if (found == NULL || foreign_library(found) == foreign_library(&foreign_state)) {
        where = RTLD_NEXT;
        found = dlsym(RTLD_NEXT, "free");
        if (found == NULL || !foreign_was_used(found)) return false;
    }
    void *resize = foreign_function(where, "realloc", found);
    void *usable = foreign_function(where, "malloc_usable_size", found);
    st_copy(&other->free, &found, sizeof found);
    st_copy(&other->realloc, &resize, sizeof resize);
    st_copy(&other->usable, &usable, sizeof usable);
    return true;
}

#else

bool st_os_other_allocator(unsigned depth, st_os_other *other)
{
    (void)depth;
    (void)other;
    return false;
}

#endif
