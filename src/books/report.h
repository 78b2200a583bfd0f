/* SPDX-License-Identifier: MIT-0
 *
 * What strata says: text put together in a fixed buffer without stdio, and the one sentence
 * that a misuse ends in. Usable from the first call of a process, with any lock held.
 */
#ifndef ST_REPORT_H
#define ST_REPORT_H

#include "base/base.h"

/* ---- text ---- */

/* Receives finished pieces of text; `context` is the owner's. */
typedef void (*st_text_sink)(void *context, const char *bytes, size_t size);

/* A line being put together. What does not fit is handed to the sink early; without a sink it
 * is cut. Lives on its user's stack. */
typedef struct st_text {
    st_text_sink sink;
    void *context;
    size_t used;
    char bytes[240];
} st_text;

ST_INTERNAL void st_text_init(st_text *text, st_text_sink sink, void *context);
ST_INTERNAL void st_text_add(st_text *text, const char *words);
ST_INTERNAL void st_text_add_part(st_text *text, const char *words, char end); /* up to `end` */
ST_INTERNAL void st_text_add_size(st_text *text, size_t value);        /* decimal */
ST_INTERNAL void st_text_add_address(st_text *text, const void *addr); /* 0x and hex digits */
/* Hands what is there to the sink. */
ST_INTERNAL void st_text_flush(st_text *text);
/* A sink that writes to where messages go (st_base_hook.write); context is not used. */
ST_INTERNAL void st_text_to_messages(void *context, const char *bytes, size_t size);

/* ---- misuse ---- */

/* Every fault of the caller that is recognized: its name, and the sentence, in which @ stands
 * for the address that was passed or found. Each sentence is asserted by a test in test/misuse. */
#define ST_MISUSES(X)                                                                          \
    X(double_free, "double free: the block at @ is already free")                              \
    X(foreign, "free of a pointer that strata did not give out: @")                            \
    X(interior, "free of a pointer that is not the start of a block: @")                       \
    X(misaligned, "free of a misaligned pointer: @")                                           \
    X(broken_tag, "the tag of the block at @ was overwritten")                                 \
    X(broken_next, "the block at @ was written past its end")                                  \
    X(broken_free, "the free block at @ was written to after it was freed")

typedef enum st_misuse_kind {
    st_misuse_none,
#define ST_MISUSE_KIND(name, sentence) st_misuse_##name,
    ST_MISUSES(ST_MISUSE_KIND)
#undef ST_MISUSE_KIND
    st_misuse_last_ignorable = st_misuse_misaligned
} st_misuse_kind;

/* Says the sentence of `kind` about `mem`, then stops the process. Only after a wrong pointer,
 * and only if the option on_misuse tells to go on, it returns, and the caller leaves everything
 * as it was; overwritten memory always stops. Any thread, any lock held. */
ST_INTERNAL void st_misuse(st_misuse_kind kind, const void *mem);

/* The same for a sized free that is wrong about the size, in builds that check all: at STRATA_CHECK 3. A
 * lower one only counts. */
ST_INTERNAL void st_misuse_of_size(size_t usable, size_t told);

/* Says that the invariant `id` does not hold, and stops the process: by whatever it was broken,
 * nothing can be relied on any more. */
ST_INTERNAL void st_damage(const char *id);

/* For checks: one more than `broken` unless `holds`; the id of the first that does not hold is stored in
 * *first, if that is not NULL. */
ST_INLINE int st_count_broken(bool holds, const char *id, const char **first, int broken)
{
    if (!holds && broken == 0 && first != NULL) *first = id;
    return broken + !holds;
}

#endif
