/* SPDX-License-Identifier: MIT-0
 *
 * A library that has the address of early_lib.c's function in its data: when it is relocated,
 * which is before the recorder is, the resolver is called.
 */
int record_early_answer(void);

extern int (*const record_early_pointer)(void);
int (*const record_early_pointer)(void) = record_early_answer;
