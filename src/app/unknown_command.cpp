// SPDX-License-Identifier: Apache-2.0
#include "app/unknown_command.hpp"

#include "app/edit_distance.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

namespace coatcheck::app {
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
            if (nearest == nullptr ||
                edit_distance(word, one->get_name()) < edit_distance(word, nearest->get_name()))
                nearest = one;
        }
        if (word.empty()) return "`" + path + "` needs one of: " + all;
        const bool is_near = edit_distance(word, nearest->get_name()) <=
                             std::max<std::size_t>(1, word.size() / 3);
        return "`" + path + "` has no command \"" + std::string(word.substr(0, 40)) + "\"" +
               (is_near ? "; did you mean `" + path + " " + nearest->get_name() + "`?" : ", but: " + all);
    }
}

}  // namespace coatcheck::app
