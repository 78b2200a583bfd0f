/* SPDX-License-Identifier: MIT-0
 *
 * Prints whether the process is privileged, and an option that the environment may have set.
 */
#include "start/start.h"

#include <sys/auxv.h>

int main(void)
{
    size_t value = 0;
    require(strata_option_get("quick_limit", &value) == 0, "the option is known");
    printf("secure=%lu quick_limit=%zu\n", getauxval(AT_SECURE), value);
    return 0;
}
