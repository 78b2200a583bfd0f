// SPDX-License-Identifier: MIT-0
//
// Containers, strings, exceptions and polymorphic memory resources on our operator new.
#include <deque>
#include <exception>
#include <list>
#include <map>
#include <memory>
#include <memory_resource>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "api/cxx_check.hpp"

namespace
{

void vectors_and_strings()
{
    std::vector<std::string> words;
    for (int n = 0; n < 20000; n++) words.push_back("word number " + std::to_string(n * n));
    std::size_t length = 0;
    for (const std::string &word : words) length += word.size();
    check(length == 405374, "no string was damaged");
    words.erase(words.begin() + 5, words.begin() + 19000);
    words.shrink_to_fit();
    check(words[5] == "word number " + std::to_string(19000 * 19000), "the tail moved whole");
}

void maps_and_lists()
{
    std::map<int, std::string> tree;
    std::unordered_map<std::string, int> table;
    for (int n = 0; n < 5000; n++) {
        int key = n * 7919 % 10007;
        tree[key] = std::string(std::size_t(key % 100), 'x');
        table[std::to_string(key)] = key;
    }
    int last = -1;
    for (const auto &[key, text] : tree) {
        check(key > last && text.size() == std::size_t(key % 100), "the tree is whole");
        last = key;
    }
    for (const auto &[text, key] : table) check(std::stoi(text) == key, "the table is whole");
    std::list<std::deque<int>> queues(50, std::deque<int>(300, 1));
    for (auto &queue : queues) queue.resize(10);
}

void exceptions_unwind()
{
    int caught = 0;
    for (int n = 0; n < 200; n++) {
        try {
            std::vector<int> lost(1000, n);
            throw std::runtime_error("number " + std::to_string(n));
        } catch (const std::exception &error) {
            caught += error.what() == "number " + std::to_string(n);
        }
    }
    check(caught == 200, "exceptions carry their text");
}

void memory_resources()
{
    std::pmr::unsynchronized_pool_resource pool;
    {
        std::pmr::vector<std::pmr::string> words(&pool);
        for (int n = 0; n < 3000; n++)
            words.emplace_back(std::string(std::size_t(n % 300), 'y'));
        for (std::size_t n = 0; n < words.size(); n++)
            check(words[n].size() == n % 300, "whole");
    }
    pool.release();
    std::pmr::monotonic_buffer_resource arena;
    std::pmr::map<int, int> numbers(&arena);
    for (int n = 0; n < 3000; n++) numbers[n] = n;
    check(numbers.size() == 3000, "the arena holds all");
    void *mem = std::pmr::new_delete_resource()->allocate(1000, 512);
    check(is_aligned(mem, 512), "new_delete_resource aligns");
    std::pmr::new_delete_resource()->deallocate(mem, 1000, 512);
}

void threads_hand_over()
{
    std::vector<std::unique_ptr<std::vector<int>>> results(8);
    std::vector<std::thread> threads;
    for (std::size_t n = 0; n < results.size(); n++) {
        threads.emplace_back([&results, n] {
            results[n] = std::make_unique<std::vector<int>>();
            for (int step = 0; step < 20000; step++) results[n]->push_back(step);
        });
    }
    for (std::thread &thread : threads) thread.join();
    for (const auto &result : results) {
        check(std::accumulate(result->begin(), result->end(), 0) == 199990000, "sums agree");
    }
}

} // namespace

int main()
{
    Counts before = counts_now();
    vectors_and_strings();
    maps_and_lists();
    exceptions_unwind();
    memory_resources();
    threads_hand_over();
    Counts after = counts_now();
    check(after.allocations > before.allocations + 30000, "all of that was ours");
    check(after.mismatches == before.mismatches, "the containers' sizes are right");
    check_sound();
    return 0;
}
