/* SPDX-License-Identifier: MIT-0
 *
 * The main program of a fuzz target that is built without libFuzzer: it runs the target once
 * over the empty input and once over each file of the directories it is given. A directory that
 * does not exist holds no inputs.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REPLAY_INPUT_MAX (1 << 20)

static uint8_t replay_input[REPLAY_INPUT_MAX];

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return 0;
    size_t size = fread(replay_input, 1, sizeof replay_input, file);
    fclose(file);
    LLVMFuzzerTestOneInput(replay_input, size);
    return 1;
}

static int replay_directory(const char *directory)
{
    DIR *entries = opendir(directory);
    if (entries == NULL) return 0;
    int file_count = 0;
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        char path[4096];
        if (entry->d_name[0] == '.') continue;
        int length = snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        if (length > 0 && (size_t)length < sizeof path) file_count += replay_file(path);
    }
    closedir(entries);
    return file_count;
}

int main(int argc, char **argv)
{
    int file_count = 0;
    LLVMFuzzerTestOneInput(replay_input, 0);
    for (int i = 1; i < argc; i++) file_count += replay_directory(argv[i]);
    printf("%d inputs replayed\n", file_count);
    return EXIT_SUCCESS;
}
