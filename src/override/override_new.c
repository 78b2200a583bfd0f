/* SPDX-License-Identifier: MIT-0
 *
 * C++'s operators new and delete, all 20 forms, in C under their mangled names, so that strata
 * needs no C++ compiler and its library no C++ runtime. What they need of the runtime (the new
 * handler, the exception) is looked up weakly: a program that calls operator new has it.
 *
 * Exceptions pass through these functions: compile with -fexceptions.
 */
#include "strata.h"

#include "api/front.h"

#if STRATA_OVERRIDE && defined(__GNUC__) && defined(__ELF__)

#include <dlfcn.h>
#include <stdlib.h>

typedef void (*new_handler)(void);

/* std::get_new_handler() and std::__throw_bad_alloc(). */
extern new_handler new_get_handler(void) __asm__("_ZSt15get_new_handlerv") ST_WEAK;
extern void new_throw_bad_alloc(void) __asm__("_ZSt17__throw_bad_allocv") ST_WEAK;
#pragma weak dlsym

/* In a static program a weak reference brings nothing in, so the library's own function to throw
 * may be missing. A program that can catch std::bad_alloc has these: what a throw expression
 * calls, by the C++ ABI, and the class's type, destructor and table of virtual functions. */
extern void *new_allocate_exception(size_t size) __asm__("__cxa_allocate_exception") ST_WEAK;
extern void new_throw(void *object, const void *type, void (*destroy)(void *))
    __asm__("__cxa_throw") ST_WEAK;
extern const char new_bad_alloc_type[] __asm__("_ZTISt9bad_alloc") ST_WEAK;
extern void new_bad_alloc_destroy(void *object) __asm__("_ZNSt9bad_allocD1Ev") ST_WEAK;
extern const char new_bad_alloc_table[] __asm__("_ZTVSt9bad_alloc") ST_WEAK;

static ST_COLD void new_fail(void)
{
    if (new_throw_bad_alloc != NULL) new_throw_bad_alloc();
    if (new_throw != NULL && new_allocate_exception != NULL && new_bad_alloc_table != NULL &&
        new_bad_alloc_type != NULL && new_bad_alloc_destroy != NULL) {
        /* An object of std::bad_alloc is the address of its first virtual function. */
        const void **object = new_allocate_exception(sizeof(void *));
        *object = new_bad_alloc_table + 2 * sizeof(void *);
        new_throw(object, new_bad_alloc_type, new_bad_alloc_destroy);
    }
    abort();
}

/* The loop of [new.delete.single]: as long as there is a new handler, call it and try again; it
 * may throw. Without one, std::bad_alloc. */
static ST_COLD void *new_alloc_by_handler(size_t alignment, size_t size)
{
    for (;;) {
        new_handler handler = new_get_handler != NULL ? new_get_handler() : NULL;
        if (handler == NULL) new_fail();
        handler();
        void *mem = st_front_alloc_aligned(alignment, size);
        if (mem != NULL) return mem;
    }
}

static ST_NOINLINE void *new_alloc(size_t size)
{
    void *mem = st_front_alloc(size, NULL);
    return ST_LIKELY(mem != NULL) ? mem : new_alloc_by_handler(1, size);
}

/* The nothrow forms give NULL where the handler throws, and only C++ code can catch. The C++
 * library's own form does: it calls the throwing form, which is ours, and catches. */
static ST_COLD void *new_alloc_nothrow(const char *form, size_t alignment, size_t size,
                                       const void *tag)
{
    new_handler handler = new_get_handler != NULL ? new_get_handler() : NULL;
    void *next = handler != NULL && dlsym != NULL ? dlsym(RTLD_NEXT, form) : NULL;
    void *(*plain)(size_t, const void *);
    void *(*aligned)(size_t, size_t, const void *);
    if (next == NULL) return NULL;
    if (alignment <= ST_CHUNK_GRAIN) {
        st_copy(&plain, &next, sizeof plain);
        return plain(size, tag);
    }
    st_copy(&aligned, &next, sizeof aligned);
    return aligned(size, alignment, tag);
}

/* size_t is `m` or `j` in a mangled name. */
#if SIZE_MAX > 0xffffffff
#define NEW_SIZE "m"
#else
#define NEW_SIZE "j"
#endif
#define NEW_ALIGN "St11align_val_t"
#define NEW_NOTHROW "RKSt9nothrow_t"
#define NEW_NAMED(mangled) __asm__(mangled)

/* `form` is "nw" or "na": single and array forms do the same. */
#define NEW_FORMS(kind, form)                                                                  \
    STRATA_EXPORT void *new_##kind(size_t size) NEW_NAMED("_Z" form NEW_SIZE);                 \
    STRATA_EXPORT void *new_##kind(size_t size)                                                \
    {                                                                                          \
        void *mem = st_front_take(size);                                                       \
        return ST_LIKELY(mem != NULL) ? mem : new_alloc(size);                                 \
    }                                                                                          \
    STRATA_EXPORT void *new_##kind##_nothrow(size_t size, const void *tag)                     \
        NEW_NAMED("_Z" form NEW_SIZE NEW_NOTHROW);                                             \
    STRATA_EXPORT void *new_##kind##_nothrow(size_t size, const void *tag)                     \
    {                                                                                          \
        void *mem = st_front_take(size);                                                       \
        if (mem == NULL) mem = st_front_alloc(size, NULL);                                     \
        if (ST_LIKELY(mem != NULL)) return mem;                                                \
        return new_alloc_nothrow("_Z" form NEW_SIZE NEW_NOTHROW, 1, size, tag);                \
    }                                                                                          \
    STRATA_EXPORT void *new_##kind##_aligned(size_t size, size_t alignment)                    \
        NEW_NAMED("_Z" form NEW_SIZE NEW_ALIGN);                                               \
    STRATA_EXPORT void *new_##kind##_aligned(size_t size, size_t alignment)                    \
    {                                                                                          \
        void *mem = st_front_alloc_aligned(alignment, size);                                   \
        return ST_LIKELY(mem != NULL) ? mem : new_alloc_by_handler(alignment, size);           \
    }                                                                                          \
    STRATA_EXPORT void *new_##kind##_aligned_nothrow(size_t size, size_t alignment,            \
                                                     const void *tag)                          \
        NEW_NAMED("_Z" form NEW_SIZE NEW_ALIGN NEW_NOTHROW);                                   \
    STRATA_EXPORT void *new_##kind##_aligned_nothrow(size_t size, size_t alignment,            \
                                                     const void *tag)                          \
    {                                                                                          \
        void *mem = st_front_alloc_aligned(alignment, size);                                   \
        if (ST_LIKELY(mem != NULL)) return mem;                                                \
        return new_alloc_nothrow("_Z" form NEW_SIZE NEW_ALIGN NEW_NOTHROW, alignment, size,    \
                                 tag);                                                         \
    }

NEW_FORMS(single, "nw")
NEW_FORMS(array, "na")

#define DELETE_NAMED(kind, name, mangled, parameters)                                          \
    STRATA_EXPORT void delete_##kind##name parameters NEW_NAMED(mangled);                      \
    STRATA_EXPORT void delete_##kind##name parameters

/* `form` is "dl" or "da". */
#define DELETE_FORMS(kind, form)                                                               \
    DELETE_NAMED(kind, , "_Z" form "Pv", (void *mem)) { strata_free(mem); }                    \
    DELETE_NAMED(kind, _nothrow, "_Z" form "Pv" NEW_NOTHROW, (void *mem, const void *tag))     \
    {                                                                                          \
        (void)tag;                                                                             \
        strata_free(mem);                                                                      \
    }                                                                                          \
    DELETE_NAMED(kind, _sized, "_Z" form "Pv" NEW_SIZE, (void *mem, size_t size))              \
    {                                                                                          \
        strata_free_sized(mem, size);                                                          \
    }                                                                                          \
    DELETE_NAMED(kind, _aligned, "_Z" form "Pv" NEW_ALIGN, (void *mem, size_t alignment))      \
    {                                                                                          \
        (void)alignment;                                                                       \
        strata_free(mem);                                                                      \
    }                                                                                          \
    DELETE_NAMED(kind, _aligned_nothrow, "_Z" form "Pv" NEW_ALIGN NEW_NOTHROW,                 \
                 (void *mem, size_t alignment, const void *tag))                               \
    {                                                                                          \
        (void)alignment;                                                                       \
        (void)tag;                                                                             \
        strata_free(mem);                                                                      \
    }                                                                                          \
    DELETE_NAMED(kind, _sized_aligned, "_Z" form "Pv" NEW_SIZE NEW_ALIGN,                      \
                 (void *mem, size_t size, size_t alignment))                                   \
    {                                                                                          \
        strata_free_aligned_sized(mem, alignment, size);                                       \
    }

DELETE_FORMS(single, "dl")
DELETE_FORMS(array, "da")

#undef DELETE_FORMS
#undef DELETE_NAMED
#undef NEW_FORMS
#undef NEW_NAMED
#undef NEW_SIZE
#undef NEW_ALIGN
#undef NEW_NOTHROW

#endif
