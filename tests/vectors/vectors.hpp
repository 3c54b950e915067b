// SPDX-License-Identifier: Apache-2.0
// Finds published test vectors (README.md), and compares our verdicts with the published ones.
#pragma once

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

namespace coatcheck::vectors {

// The message of a test that is skipped because its vectors are missing.
inline constexpr auto absent =
    "published vectors are other people's work and not part of this repository: tests/vectors/README.md says "
    "where they are had, and how they are named here";

// The folder of one collection, such as "wycheproof". If it is missing: nullopt, and a line on standard
// output.
inline std::optional<std::filesystem::path> find(std::string_view collection) {
    const char* named = std::getenv("COATCHECK_VECTORS");
    const std::filesystem::path root = named != nullptr ? named : SOURCE_DIR "/../shared/vectors";
    if (std::filesystem::is_directory(root / collection)) return root / collection;
    std::printf("vectors: %s: not run, there is no folder %s (see tests/vectors/README.md)\n",
                std::string(collection).c_str(), (root / collection).c_str());
    return std::nullopt;
}

inline std::string read(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + file.string());
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

inline boost::json::value read_json(const std::filesystem::path& file) {
    return boost::json::parse(read(file));
}

inline std::string from_hex(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        bytes.push_back(static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16)));
    return bytes;
}

inline std::string_view text(const boost::json::value& value, std::string_view name) {
    const auto& string = value.at(name).as_string();
    return {string.data(), string.size()};
}

enum class Published { valid, invalid, either };

inline Published result_of(const boost::json::value& test) {
    const auto result = text(test, "result");
    return result == "valid"     ? Published::valid
           : result == "invalid" ? Published::invalid
                                 : Published::either;
}

// Counts the verdicts on one file. A verdict that differs from the published one and belongs to no named
// class is unexplained, and fails the test.
class Tally {
public:
    explicit Tally(std::string name) : name_(std::move(name)) {}

    // `taken`: our code accepts the vector. `intended` names the reason why we refuse a vector that is
    // published as valid; empty if there is none. No reason excuses accepting a vector that is published as
    // invalid.
    void judge(const std::string& id, Published published, bool taken, std::string_view intended = "") {
        ++run_;
        if (published == Published::either) {
            ++classes_[taken ? "either way allowed, taken" : "either way allowed, refused"];
        } else if (taken != (published == Published::valid)) {
            if (!taken && !intended.empty()) ++classes_["refused: " + std::string(intended)];
            else unexplained(id, taken ? "taken, published as invalid" : "refused, published as valid");
        }
    }

    void unexplained(const std::string& id, std::string_view what) {
        ++unexplained_;
        ADD_FAILURE() << name_ << " " << id << ": " << what;
    }

    void report() const {
        std::printf("vectors: %s: %d run, %d unexplained\n", name_.c_str(), run_, unexplained_);
        for (const auto& [why, count] : classes_) std::printf("vectors:   %d %s\n", count, why.c_str());
    }

    int run() const { return run_; }
    int of_class(const std::string& why) const {
        const auto row = classes_.find(why);
        return row == classes_.end() ? 0 : row->second;
    }

private:
    std::string name_;
    int run_ = 0, unexplained_ = 0;
    std::map<std::string, int> classes_;
};

}  // namespace coatcheck::vectors
