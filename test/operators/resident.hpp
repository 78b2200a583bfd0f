// SPDX-License-Identifier: MIT-0
//
// What is resident of the process, for programs in C++; asked without an allocation.
#ifndef TEST_OPERATORS_RESIDENT_HPP
#define TEST_OPERATORS_RESIDENT_HPP

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>

inline std::size_t resident()
{
    char bytes[200] = {};
    int descriptor = open("/proc/self/statm", O_RDONLY);
    ssize_t size = read(descriptor, bytes, sizeof bytes - 1);
    close(descriptor);
    if (size <= 0) std::abort();
    char *second = nullptr;
    std::strtoul(bytes, &second, 10);
    return std::strtoul(second, nullptr, 10) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

#endif
