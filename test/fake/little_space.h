/* SPDX-License-Identifier: MIT-0
 *
 * A private space over the fake host, for tests of the engine: each call takes the lock that the
 * engine wants held. The space lives in static memory and is given back as a whole.
 */
#ifndef LITTLE_SPACE_H
#define LITTLE_SPACE_H

#include "fake/testing.h"

#include "books/options.h"
#include "space/bins.h"
#include "space/space_quick.h"
#include "space/tree.h"

#define LITTLE_SECRET ((size_t)0x1234567)
#define LITTLE_IDX 3 /* not one that the heap uses here: the heap is not touched */

ST_INLINE void little_open(st_space *space)
{
    memset(space, 0, sizeof *space);
    st_space_init(space, STRATA_SPACES_MAX > LITTLE_IDX ? LITTLE_IDX : 0, LITTLE_SECRET);
}

/* Gives all segments back, whatever is in them. */
ST_INLINE void little_close(st_space *space)
{
    st_segment *segment = space->segments;
    os_fake_fail(OS_FAKE_ANY, 0, false);
    while (segment != NULL) {
        st_segment gone = *segment;
        st_pagemap_set(gone.base, gone.committed, 0);
        assert_true(st_os_release(gone.base, gone.reserved));
        segment = gone.next;
    }
    memset(space, 0, sizeof *space);
}

ST_INLINE void *little_take(st_space *space, size_t req) ST_NO_LOCK_ANALYSIS
{
    st_lock_take(&space->lock);
    void *mem = st_space_alloc(space, st_chunk_size_for(req), NULL);
    st_lock_drop(&space->lock);
    return mem;
}

ST_INLINE void *little_take_aligned(st_space *space, size_t alignment,
                                    size_t req) ST_NO_LOCK_ANALYSIS
{
    st_lock_take(&space->lock);
    void *mem = st_space_alloc_aligned(space, alignment, st_chunk_size_for(req));
    st_lock_drop(&space->lock);
    return mem;
}

ST_INLINE void little_give(st_space *space, void *mem) ST_NO_LOCK_ANALYSIS
{
    st_lock_take(&space->lock);
    st_space_free(space, mem);
    st_lock_drop(&space->lock);
}

ST_INLINE bool little_resize(st_space *space, void *mem, size_t req) ST_NO_LOCK_ANALYSIS
{
    st_lock_take(&space->lock);
    size_t usable = 0;
    st_resize_result result = st_space_resize(space, mem, st_chunk_size_for(req), &usable);
    st_lock_drop(&space->lock);
    return result == st_resize_done;
}

ST_INLINE size_t little_usable(st_space *space, const void *mem) ST_NO_LOCK_ANALYSIS
{
    st_lock_take(&space->lock);
    size_t usable = st_space_usable(space, mem);
    st_lock_drop(&space->lock);
    return usable;
}

ST_INLINE bool little_trim(st_space *space, size_t pad) ST_NO_LOCK_ANALYSIS
{
    st_lock_take(&space->lock);
    bool any = st_space_trim(space, pad);
    st_lock_drop(&space->lock);
    return any;
}

ST_INLINE bool little_trim_top(st_space *space, size_t pad) ST_NO_LOCK_ANALYSIS
{
    st_lock_take(&space->lock);
    bool any = st_space_trim_top(space, pad);
    st_lock_drop(&space->lock);
    return any;
}

ST_INLINE bool little_release(st_space *space) ST_NO_LOCK_ANALYSIS
{
    st_lock_take(&space->lock);
    bool any = st_space_release_segments(space);
    st_lock_drop(&space->lock);
    return any;
}

ST_INLINE void little_flush(st_space *space) ST_NO_LOCK_ANALYSIS
{
#if STRATA_QUICK
    st_lock_take(&space->lock);
    st_space_flush_quick(space);
    st_lock_drop(&space->lock);
#else
    (void)space;
#endif
}

/* Changes the option, also for this space, which looks at it only when it merges what it keeps. */
ST_INLINE void little_set_quick_limit(st_space *space, size_t limit)
{
    st_option_set(st_option_id_quick_limit, limit);
    little_flush(space);
}

/* Bytes on the quick lists. */
ST_INLINE size_t little_quick_size(const st_space *space)
{
    return (space->quick_limit - space->quick_room) * ST_CHUNK_GRAIN;
}

ST_INLINE void little_expect_sound(const st_space *space)
{
    const char *first = NULL;
    int broken = st_space_check(space, &first);
    TESTING_SOUND(broken, first);
}

#define LITTLE_EXPECT_BROKEN(space, id)                                                        \
    do {                                                                                       \
        const char *first_broken = "nothing";                                                  \
        assert_true(st_space_check(space, &first_broken) > 0);                                 \
        assert_string_equal(first_broken, id);                                                 \
        assert_true(st_space_check(space, NULL) > 0);                                          \
    } while (0)

/* The ways of freeing that leave nothing behind: no quick lists, no trimming. */
ST_INLINE void little_be_plain(void)
{
    st_option_set(st_option_id_quick_limit, 0);
    st_option_set(st_option_id_trim_threshold, SIZE_MAX);
}

/* All options as declared. */
ST_INLINE void little_be_usual(void)
{
    for (unsigned id = 0; id < st_option_count; id++) {
        st_option_set((st_option_id)id, st_option_describe((st_option_id)id)->initial);
    }
}

/* What most tests begin and end with: a plain space on a host that fails nothing, which is sound
 * when they are done. */
ST_INLINE int little_setup(st_space *space)
{
    os_fake_fail(OS_FAKE_ANY, 0, false);
    os_fake_clear_output();
    little_be_usual();
    little_be_plain();
    little_open(space);
    return 0;
}

ST_INLINE int little_teardown(st_space *space)
{
    little_expect_sound(space);
    little_close(space);
    return 0;
}

#endif
