/* SPDX-License-Identifier: MIT-0
 *
 * A program that no dynamic linker loads; it exits with status 5.
 */
int main(void) { return 5; }
