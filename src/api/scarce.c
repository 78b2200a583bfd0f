/* SPDX-License-Identifier: MIT-0
 *
 * The last steps before NULL, in this order: what is free goes back, so that it may be taken in another
 * form; then the program's own handler frees what it can do without, as often as it says so. Nothing of
 * this happens in a program without a handler: it finds out by the NULL, and knows better than we do
 * whether to trim.
 */
#include "api/front.h"
#include "strata.h"

static struct {
    /* relaxed: both are set before they are needed, as strata.h says. */
    ST_ATOMIC(strata_scarcity_handler) handler;
    ST_ATOMIC(void *) context;
} scarce_state;

#if STRATA_PAGEMAP

/* A request that fails while one is being seen to fails at once: ours, and the handler's own. Without
 * thread-local data also those of other threads, which is all that they lose. */
#if STRATA_DLOPEN < 2
static ST_THREAD_LOCAL bool scarce_is_asking;
#else
static ST_ATOMIC(uint8_t) scarce_word;
#endif

static bool scarce_begin(void)
{
#if STRATA_DLOPEN < 2
    if (scarce_is_asking) return false;
    scarce_is_asking = true;
    return true;
#else
    /* relaxed: two threads that begin at once both ask, as they do elsewhere. */
    if (st_load_relaxed(&scarce_word) != 0) return false;
    st_store_relaxed(&scarce_word, 1); /* relaxed: as above. */
    return true;
#endif
}

static void scarce_end(void)
{
#if STRATA_DLOPEN < 2
    scarce_is_asking = false;
#else
    st_store_relaxed(&scarce_word, 0); /* relaxed: as above. */
#endif
}

static void *scarce_try(size_t req, size_t alignment, char **dirty_end)
{
    st_front_trim(0);
    return alignment > 1 ? st_front_alloc_aligned(alignment, req)
                         : st_front_alloc(req, dirty_end);
}

static bool scarce_ask(size_t req)
{
    strata_scarcity_handler handler =
        st_load_relaxed(&scarce_state.handler);             /* relaxed: as above. */
    void *context = st_load_relaxed(&scarce_state.context); /* relaxed: as above. */
    return handler != NULL && handler(context, req) != 0;
}

static ST_COLD void *scarce_last_resort(size_t req, size_t alignment, char **dirty_end)
{
    if (!st_os_is_started() || !scarce_begin()) return NULL;
    void *mem = scarce_try(req, alignment, dirty_end);
    while (mem == NULL && scarce_ask(req)) mem = scarce_try(req, alignment, dirty_end);
    scarce_end();
    return mem;
}

#endif

STRATA_EXPORT ST_COLD strata_scarcity_handler
strata_set_scarcity_handler(strata_scarcity_handler handler, void *context)
{
    strata_scarcity_handler old =
        st_load_relaxed(&scarce_state.handler);       /* relaxed: as above. */
    st_store_relaxed(&scarce_state.context, context); /* relaxed: as above. */
    st_store_relaxed(&scarce_state.handler, handler); /* relaxed: as above. */
#if STRATA_PAGEMAP
    st_heap_set_last_resort(handler == NULL ? NULL : scarce_last_resort);
#endif
    return old;
}
