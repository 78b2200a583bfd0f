/* SPDX-License-Identifier: MIT-0
 *
 * Text without stdio, and what a misuse says and does.
 */
#include "fake/testing.h"

#include "books/options.h"
#include "books/report.h"
#include "os/os.h"

typedef struct heard {
    char bytes[1024];
    size_t size;
    int pieces;
} heard;

static void hear(void *context, const char *bytes, size_t size)
{
    heard *all = context;
    memcpy(all->bytes + all->size, bytes, size);
    all->size += size;
    all->bytes[all->size] = '\0';
    all->pieces++;
}

static int setup(void **state)
{
    (void)state;
    os_fake_reset();
    st_option_set(st_option_id_on_misuse, 0);
    return 0;
}

static void words_and_numbers_make_a_line(void **state)
{
    (void)state;
    heard all = {.size = 0};
    st_text text;
    st_text_init(&text, hear, &all);
    st_text_add(&text, "a ");
    st_text_add_size(&text, 0);
    st_text_add(&text, " b ");
    st_text_add_size(&text, 1234567890);
    st_text_add(&text, " c ");
    st_text_add_address(&text, (void *)(uintptr_t)0xabc09);
    assert_int_equal(all.pieces, 0);
    st_text_flush(&text);
    assert_string_equal(all.bytes, "a 0 b 1234567890 c 0xabc09");
    st_text_flush(&text);
    assert_int_equal(all.pieces, 1);
}

static void the_largest_numbers_fit(void **state)
{
    (void)state;
    heard all = {.size = 0};
    char expected[64];
    st_text text;
    st_text_init(&text, hear, &all);
    st_text_add_size(&text, SIZE_MAX);
    st_text_add_address(&text, (void *)UINTPTR_MAX);
    st_text_add_address(&text, NULL);
    st_text_flush(&text);
    snprintf(expected, sizeof expected, "%zu0x%zx0x0", SIZE_MAX, (size_t)UINTPTR_MAX);
    assert_string_equal(all.bytes, expected);
}

static void long_text_reaches_the_sink_whole(void **state)
{
    (void)state;
    heard all = {.size = 0};
    char expected[901];
    st_text text;
    st_text_init(&text, hear, &all);
    for (int i = 0; i < 100; i++) {
        st_text_add(&text, "123456789");
        memcpy(expected + 9 * i, "123456789", 9);
    }
    st_text_flush(&text);
    expected[900] = '\0';
    assert_string_equal(all.bytes, expected);
    assert_true(all.pieces >= 900 / (int)sizeof text.bytes);
}

static void without_a_sink_text_is_cut(void **state)
{
    (void)state;
    st_text text;
    st_text_init(&text, NULL, NULL);
    for (int i = 0; i < 100; i++) st_text_add(&text, "123456789");
    st_text_flush(&text);
    assert_int_equal(text.used, sizeof text.bytes);
    assert_memory_equal(text.bytes, "1234567891", 10);
}

static void text_can_go_to_messages(void **state)
{
    (void)state;
    st_text text;
    st_text_init(&text, st_text_to_messages, NULL);
    st_text_add(&text, "hello\n");
    st_text_flush(&text);
    assert_string_equal(os_fake_output(), "hello\n");
}

static void misuse_here(void *context)
{
    st_misuse(*(st_misuse_kind *)context, (void *)(uintptr_t)0x1230);
}

static void replace_address(char *out, size_t capacity, const char *sentence)
{
    const char *at = strchr(sentence, '@');
    assert_non_null(at);
    snprintf(out, capacity, "strata: %.*s0x1230%s\n", (int)(at - sentence), sentence, at + 1);
}

static void each_misuse_says_its_sentence_and_stops(void **state)
{
    (void)state;
    static const char *const sentences[] = {
#define UNIT_SENTENCE(name, sentence) sentence,
        ST_MISUSES(UNIT_SENTENCE)
#undef UNIT_SENTENCE
    };
    for (unsigned i = 0; i < TESTING_COUNT(sentences); i++) {
        char expected[256];
        replace_address(expected, sizeof expected, sentences[i]);
        st_misuse_kind kind = (st_misuse_kind)(i + 1);
        os_fake_clear_output();
        assert_true(os_fake_stops(misuse_here, &kind));
        assert_string_equal(os_fake_output(), expected);
    }
}

static void a_misuse_may_be_let_pass(void **state)
{
    (void)state;
    st_misuse_kind kind = st_misuse_double_free;
    assert_true(st_option_set(st_option_id_on_misuse, 1));
    assert_false(os_fake_stops(misuse_here, &kind));
    assert_true(strstr(os_fake_output(), "double free") != NULL);
}

static void damage_here(void *context) { st_damage(context); }

static void damage_is_named_and_always_stops(void **state)
{
    (void)state;
    char id[] = "INV-X-1";
    assert_true(st_option_set(st_option_id_on_misuse, 1));
    assert_true(os_fake_stops(damage_here, id));
    assert_string_equal(os_fake_output(),
                        "strata: the heap is damaged: INV-X-1 does not hold\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(words_and_numbers_make_a_line, setup),
        cmocka_unit_test_setup(the_largest_numbers_fit, setup),
        cmocka_unit_test_setup(long_text_reaches_the_sink_whole, setup),
        cmocka_unit_test_setup(without_a_sink_text_is_cut, setup),
        cmocka_unit_test_setup(text_can_go_to_messages, setup),
        cmocka_unit_test_setup(each_misuse_says_its_sentence_and_stops, setup),
        cmocka_unit_test_setup(a_misuse_may_be_let_pass, setup),
        cmocka_unit_test_setup(damage_is_named_and_always_stops, setup),
    };
    return TESTING_RUN(tests);
}
