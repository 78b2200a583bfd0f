// SPDX-License-Identifier: MIT-0
//
// C++ that makes the compiler work: many instantiations of the standard library's templates.
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

template <int n> struct Row {
    std::map<std::string, std::vector<std::tuple<int, double, std::string>>> cells;
    std::unordered_map<int, std::shared_ptr<Row<n - 1>>> next;

    int sum(const std::string &key) const
    {
        int total = n;
        auto found = cells.find(key);
        if (found == cells.end()) return total;
        for (const auto &cell : found->second) total += std::get<0>(cell);
        for (const auto &pair : next) total += pair.second->sum(key + std::to_string(n));
        return total;
    }
};

template <> struct Row<0> {
    int sum(const std::string &) const { return 0; }
};

int count_words(const std::string &text, std::set<std::string> &words)
{
    static const std::regex word("([A-Za-z]+)([0-9]*)");
    for (std::sregex_iterator i(text.begin(), text.end(), word), end; i != end; ++i) {
        words.insert((*i)[1].str());
    }
    return static_cast<int>(words.size());
}

int use(const std::string &text)
{
    Row<12> row;
    std::set<std::string> words;
    std::vector<std::function<int(int)>> steps;
    for (int i = 0; i < 10; i++) steps.push_back([i](int value) { return value * i; });
    std::sort(row.cells[text].begin(), row.cells[text].end());
    std::stringstream out;
    out << count_words(text, words) << row.sum(text);
    return std::accumulate(steps.begin(), steps.end(), 0,
                           [](int value, const auto &step) { return value + step(value); });
}
