/* SPDX-License-Identifier: MIT-0
 *
 * An allocator of which each call costs a known number of instructions: KNOWN_COUNT for those
 * that allocate, one more than half of it for free. All blocks are the same; the replayer does
 * not mind, it only counts damage. For x86-64.
 */
#define KNOWN_TEXT_OF(x) #x
#define KNOWN_TEXT(x) KNOWN_TEXT_OF(x)
#define KNOWN_FUNCTION(name) ".text\n.globl " name "\n.type " name ", @function\n" name ":\n"

/* The two last instructions are not repeated. */
#define KNOWN_ALLOCATES(name)                                                                  \
    __asm__(KNOWN_FUNCTION(name) ".rept " KNOWN_TEXT(                                          \
        KNOWN_COUNT) " - 2\nnop\n.endr\n"                                                      \
                     "leaq known_area(%rip), %rax\nret\n"                                      \
                     ".size " name ", . - " name "\n")

/* 2 MiB: the plans of the test stay below. */
__attribute__((used)) static unsigned char known_area[2 << 20] __attribute__((aligned(4096)));

KNOWN_ALLOCATES("malloc");
KNOWN_ALLOCATES("calloc");
KNOWN_ALLOCATES("realloc");
KNOWN_ALLOCATES("memalign");
__asm__(KNOWN_FUNCTION("free") ".rept " KNOWN_TEXT(KNOWN_COUNT) " / 2\nnop\n.endr\nret\n"
                                                                ".size free, . - free\n");
