/* SPDX-License-Identifier: MIT-0
 *
 * dlopen, which with the option no_deepbind does not pass RTLD_DEEPBIND on: a library loaded with that
 * finds the C library's malloc before ours, and frees with it what the C library's other functions
 * (strdup, getline) have from ours. Only in a library to be preloaded.
 *
 * The C library looks who has called: it searches in the caller's paths. So this is a jump, which
 * leaves the caller's address where it is: a call in the last place, compiled as one.
 *
 * Proved by test/operators (a14).
 */
#include "strata.h"

#include "base/bits.h"
#include "books/options.h"

#if STRATA_OVERRIDE >= 2 && defined(__linux__) && defined(__GNUC__)

#include <dlfcn.h>

#if defined(__clang__)
#define DLOPEN_JUMPS
#else
#define DLOPEN_JUMPS __attribute__((optimize("optimize-sibling-calls")))
#endif

#ifdef RTLD_DEEPBIND

typedef void *(*dlopen_function)(const char *path, int mode);

static ST_COLD dlopen_function dlopen_next(void)
{
    dlopen_function next;
    void *found = dlsym(RTLD_NEXT, "dlopen");
    st_copy(&next, &found, sizeof next);
    return next;
}

STRATA_EXPORT DLOPEN_JUMPS void *dlopen(const char *path, int mode)
{
    dlopen_function next = dlopen_next();
    if (next == NULL) return NULL;
    if (st_option(no_deepbind) != 0) mode &= ~RTLD_DEEPBIND;
    return next(path, mode);
}

#endif
#undef DLOPEN_JUMPS
#endif
