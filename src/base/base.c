/* SPDX-License-Identifier: MIT-0
 *
 * The end of the road: what happens when one of our own sentences does not hold.
 */
#include "base/base.h"

ST_DEFINE_DATA st_base_hooks st_base_hook;

void st_base_stop(void)
{
    if (st_base_hook.stop != NULL) st_base_hook.stop();
#if defined(__GNUC__)
    __builtin_trap();
#else
    for (;;) *(volatile char *)0 = 0;
#endif
}

static size_t base_length(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0') length++;
    return length;
}

ST_COLD void st_assert_failed(const char *sentence)
{
    static const char prefix[] = "strata: this should hold and does not: ";
    if (st_base_hook.write != NULL) {
        st_base_hook.write(prefix, sizeof prefix - 1);
        st_base_hook.write(sentence, base_length(sentence));
        st_base_hook.write("\n", 1);
    }
    st_base_stop();
}
