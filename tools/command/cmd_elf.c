/* SPDX-License-Identifier: MIT-0
 *
 * What kind of file a program is, from its first bytes. A library is preloaded by the dynamic
 * linker; a program without one, or one that runs with more rights than its caller, is not
 * reached. To say so beforehand beats a report that is silently missing.
 */
#define _GNU_SOURCE
#include "cmd.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Bytes read from the start of a file: the ELF header, the #! line, usually all segments. */
enum { elf_head_size = 4096, elf_script_depth = 4 };

typedef struct elf_head {
    size_t size;
    _Alignas(16) unsigned char bytes[elf_head_size];
} elf_head;

static bool elf_read_head(const char *path, elf_head *head)
{
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return false;
    const ssize_t size = read(descriptor, head->bytes, sizeof head->bytes);
    close(descriptor);
    head->size = size > 0 ? (size_t)size : 0;
    return size > 0;
}

/* True if one of `count` segment headers, `step` bytes apart, is an interpreter's. The type is
 * their first word in both widths. */
static bool elf_has_interpreter(const elf_head *head, size_t offset, size_t step, size_t count)
{
    for (size_t i = 0; i < count; i++, offset += step) {
        Elf64_Word type;
        if (offset > head->size || head->size - offset < sizeof type) return false;
        memcpy(&type, head->bytes + offset, sizeof type);
        if (type == PT_INTERP) return true;
    }
    return false;
}

static void elf_decode(const elf_head *head, cmd_elf *elf)
{
    const union {
        uint16_t word;
        unsigned char first;
    } order = {1};
    const unsigned char ours = order.first == 1 ? ELFDATA2LSB : ELFDATA2MSB;
    if (head->size < sizeof(Elf64_Ehdr) || memcmp(head->bytes, ELFMAG, SELFMAG) != 0) return;
    if (head->bytes[EI_DATA] != ours) return;
    elf->is_elf = true;
    elf->width = head->bytes[EI_CLASS];
    Elf64_Ehdr wide;
    memcpy(&wide, head->bytes, sizeof wide);
    elf->machine = wide.e_machine;
    elf->is_shared = wide.e_type == ET_DYN;
    if (elf->width == ELFCLASS64) {
        elf->has_interpreter =
            elf_has_interpreter(head, wide.e_phoff, wide.e_phentsize, wide.e_phnum);
    } else {
        Elf32_Ehdr narrow;
        memcpy(&narrow, head->bytes, sizeof narrow);
        elf->has_interpreter =
            elf_has_interpreter(head, narrow.e_phoff, narrow.e_phentsize, narrow.e_phnum);
    }
}

void cmd_elf_read(const char *path, cmd_elf *elf)
{
    elf_head head;
    memset(elf, 0, sizeof *elf);
    if (elf_read_head(path, &head)) elf_decode(&head, elf);
}

/* The interpreter a #! line names, in place; NULL if there is no such line. */
static char *elf_script_interpreter(elf_head *head)
{
    if (head->size < 3 || memcmp(head->bytes, "#!", 2) != 0) return NULL;
    char *text = (char *)head->bytes;
    text[head->size < elf_head_size ? head->size : elf_head_size - 1] = '\0';
    text += 2;
    text += strspn(text, " \t");
    text[strcspn(text, " \t\n")] = '\0';
    return text[0] == '/' ? text : NULL;
}

/* True if the kernel starts `path` with rights that its caller does not have. The dynamic
 * linker then preloads nothing from outside the system's directories. */
static bool elf_gains_rights(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) return false;
    if ((status.st_mode & S_ISUID) != 0 && status.st_uid != geteuid()) return true;
    const bool sets_group = (status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
    if (sets_group && status.st_gid != getegid()) return true;
    return geteuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0;
}

static char *elf_obstacle_of(const char *path, const cmd_elf *program, const char *library)
{
    cmd_elf preloaded;
    if (elf_gains_rights(path)) {
        return cmd_format("%s runs with more rights than its caller (set-user-ID, set-group-ID "
                          "or capabilities)",
                          path);
    }
    if (!program->is_elf) return NULL;
    if (!program->has_interpreter) return cmd_format("%s is statically linked", path);
    cmd_elf_read(library, &preloaded);
    if (preloaded.width != program->width || preloaded.machine != program->machine) {
        return cmd_format("%s is made for another kind of processor than %s", path, library);
    }
    return NULL;
}

char *cmd_elf_obstacle(const char *path, const char *library)
{
    elf_head head;
    char *script = NULL;
    for (int depth = 0; depth < elf_script_depth; depth++) {
        if (!elf_read_head(path, &head)) break;
        char *interpreter = elf_script_interpreter(&head);
        if (interpreter == NULL) {
            cmd_elf program = {0};
            elf_decode(&head, &program);
            char *obstacle = elf_obstacle_of(path, &program, library);
            free(script);
            return obstacle;
        }
        char *next = strdup(interpreter);
        free(script);
        script = next;
        if (script == NULL) return NULL;
        path = script;
    }
    free(script);
    return NULL;
}
