// SPDX-License-Identifier: Apache-2.0
#include "app/unknown_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <numeric>
#include <string_view>
#include <vector>

namespace coatcheck::app {
namespace {

// The number of characters to insert, delete, replace, or swap with their neighbour (optimal string
// alignment).
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before, last, row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        before = std::exchange(last, row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
    }
    return row.back();
}

}  // namespace

std::optional<std::string> unknown_command(const CLI::App& app, int argc, const char* const* argv) {
    const CLI::App* at = &app;
    std::string path = app.get_name();
    for (int i = 1;; ++i) {
        const auto below = at->get_subcommands([](const CLI::App*) { return true; });
        if (below.empty()) return std::nullopt;
        const std::string_view word = i < argc ? argv[i] : "";
        if (word.starts_with('-')) return std::nullopt;
        const auto named = std::find_if(below.begin(), below.end(),
                                        [&](const CLI::App* one) { return one->get_name() == word; });
        if (named != below.end()) {
            at = *named;
            path += " " + at->get_name();
            continue;
        }
        std::string all;
        const CLI::App* nearest = nullptr;
        for (const CLI::App* one : below) {
            all += (all.empty() ? "" : ", ") + one->get_name();
            if (nearest == nullptr || distance(word, one->get_name()) < distance(word, nearest->get_name()))
                nearest = one;
        }
        if (word.empty()) return "`" + path + "` needs one of: " + all;
        const bool is_near = distance(word, nearest->get_name()) <= std::max<std::size_t>(1, word.size() / 3);
        return "`" + path + "` has no command \"" + std::string(word.substr(0, 40)) + "\"" +
               (is_near ? "; did you mean `" + path + " " + nearest->get_name() + "`?" : ", but: " + all);
    }
}

}  // namespace coatcheck::app
