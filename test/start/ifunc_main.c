/* SPDX-License-Identifier: MIT-0
 *
 * Indirect functions, in this program and in a library of it, whose resolvers allocate.
 */
#include "start/early.h"

#ifndef START_IS_STATIC
#define START_IS_STATIC 0
#endif

#if !START_IS_STATIC
#include "start/ours.h"

extern char *start_ifunc_block;
int start_answer(void);
#endif

static char *own_block;

static int own_answer(void) { return 43; }

__attribute__((used)) static int (*resolve_own(void))(void)
{
    own_block = malloc(50);
    early_use_malloc();
    if (own_block != NULL) own_block[0] = 'o';
    return own_answer;
}

int start_own(void) __attribute__((ifunc("resolve_own")));

int main(void)
{
    require(start_own() == 43, "the program's resolver ran");
    require(own_block != NULL && own_block[0] == 'o', "and got a block");
    free(own_block);
#if !START_IS_STATIC
    require(start_answer() == 42, "the library's resolver ran");
    require(start_ifunc_block != NULL && start_ifunc_block[0] == 'k', "and got a block");
    free(start_ifunc_block);
    require_ours();
#else
    require(strata_check(NULL) == 0, "every structure is whole");
#endif
    free(use_malloc(1000));
    return 0;
}
