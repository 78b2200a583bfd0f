// SPDX-License-Identifier: MIT-0
//
// A fully static program, into which a weak reference brings nothing, still catches std::bad_alloc.
#include <cstddef>
#include <new>

int main()
{
    volatile std::size_t size = static_cast<std::size_t>(-1) / 4;
    try {
        char *volatile mem = new char[size]; // volatile: the pair may not be left out
        delete[] mem;
    } catch (const std::bad_alloc &) {
        return 0;
    }
    return 1;
}
