/* SPDX-License-Identifier: MIT-0
 *
 * Text without stdio, and the sentences of misuse.
 */
#include "books/report.h"

#include "books/options.h"

void st_text_init(st_text *text, st_text_sink sink, void *context)
{
    text->sink = sink;
    text->context = context;
    text->used = 0;
}

void st_text_flush(st_text *text)
{
    if (text->sink != NULL && text->used > 0) {
        text->sink(text->context, text->bytes, text->used);
        text->used = 0;
    }
}

static void report_add_byte(st_text *text, char byte)
{
    if (text->used == sizeof text->bytes) st_text_flush(text);
    if (text->used < sizeof text->bytes) text->bytes[text->used++] = byte;
}

void st_text_add(st_text *text, const char *words)
{
    while (*words != '\0') report_add_byte(text, *words++);
}

void st_text_add_part(st_text *text, const char *words, char end)
{
    while (*words != '\0' && *words != end) report_add_byte(text, *words++);
}

static void report_add_number(st_text *text, size_t value, unsigned base)
{
    char digits[3 * sizeof value];
    size_t count = 0;
    do {
        unsigned digit = (unsigned)(value % base);
        digits[count++] = (char)(digit < 10 ? '0' + digit : 'a' + (digit - 10));
        value /= base;
    } while (value != 0);
    while (count > 0) report_add_byte(text, digits[--count]);
}

void st_text_add_size(st_text *text, size_t value)
{
    report_add_number(text, value, 10);
}

void st_text_add_address(st_text *text, const void *addr)
{
    st_text_add(text, "0x");
    report_add_number(text, (size_t)(uintptr_t)addr, 16);
}

void st_text_to_messages(void *context, const char *bytes, size_t size)
{
    (void)context;
    if (st_base_hook.write != NULL) st_base_hook.write(bytes, size);
}

/* A chain of comparisons, not a table of pointers: this must work before relocation. */
static const char *report_sentence(st_misuse_kind kind)
{
#define ST_MISUSE_SENTENCE(name, sentence)                                                     \
    if (kind == st_misuse_##name) return sentence;
    ST_MISUSES(ST_MISUSE_SENTENCE)
#undef ST_MISUSE_SENTENCE
    return "misuse at @";
}

/* What a program has chosen to do about it (base/dl_options.h), after the sentence. Both texts may use a
 * local variable m. */
static void report_act(bool is_corruption, const void *mem)
{
    void *m = NULL;
    (void)m;
    (void)mem;
#if ST_DL_CORRUPTION_ERROR
    if (is_corruption) {
        CORRUPTION_ERROR_ACTION(m);
    }
#endif
#if ST_DL_USAGE_ERROR
    if (!is_corruption) {
        USAGE_ERROR_ACTION(m, (void *)(size_t)mem);
    }
#endif
    (void)is_corruption;
}

/* True if the program goes on after it. */
static bool report_is_ignored(st_misuse_kind kind)
{
    return kind <= st_misuse_last_ignorable && (ST_DL_USAGE_ERROR || st_option(on_misuse) != 0);
}

ST_COLD void st_misuse(st_misuse_kind kind, const void *mem)
{
    st_text text;
    st_text_init(&text, st_text_to_messages, NULL);
    st_text_add(&text, "strata: ");
    for (const char *at = report_sentence(kind); *at != '\0'; at++) {
        if (*at == '@') {
            st_text_add_address(&text, mem);
        } else {
            report_add_byte(&text, *at);
        }
    }
    st_text_add(&text, "\n");
    st_text_flush(&text);
    report_act(kind > st_misuse_last_ignorable, mem);
    if (!report_is_ignored(kind)) st_base_stop();
}

ST_COLD void st_misuse_of_size(size_t usable, size_t told)
{
    st_text text;
    st_text_init(&text, st_text_to_messages, NULL);
    st_text_add(&text, "strata: free of a block of ");
    st_text_add_size(&text, usable);
    st_text_add(&text, " bytes as one of ");
    st_text_add_size(&text, told);
    st_text_add(&text, "\n");
    st_text_flush(&text);
    if (st_option(on_misuse) == 0) st_base_stop();
}

ST_COLD void st_damage(const char *id)
{
    st_text text;
    st_text_init(&text, st_text_to_messages, NULL);
    st_text_add(&text, "strata: the heap is damaged: ");
    st_text_add(&text, id);
    st_text_add(&text, " does not hold\n");
    st_text_flush(&text);
    report_act(true, NULL);
    st_base_stop();
}
