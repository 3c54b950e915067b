// SPDX-License-Identifier: Apache-2.0
// Runs JSONTestSuite through parse_value(). The y_ files must be accepted and the n_ files refused. Each i_
// file has one recorded verdict, which must never change.
#include "../tests/vectors/vectors.hpp"
#include "base/reason.hpp"
#include "token/json.hpp"

#include <gtest/gtest.h>
#include <set>

namespace coatcheck::token {
namespace {

// RFC 8259 leaves these cases to the parser. All verifiers of our tokens must decide them in the same way.
const std::set<std::string> taken_by_us = {
    // Numbers beyond the range of a double: read as infinite, or as the nearest double. No claim accepts such
    // a value.
    "i_number_double_huge_neg_exp", "i_number_neg_int_huge_exp", "i_number_pos_double_huge_exp",
    "i_number_too_big_neg_int",     "i_number_too_big_pos_int",  "i_number_very_big_negative_int"};
const std::set<std::string> refused_by_us = {
    // An exponent of more than four digits.
    "i_number_huge_exp", "i_number_real_neg_overflow", "i_number_real_pos_overflow",
    "i_number_real_underflow",
    // Surrogates without their other half.
    "i_object_key_lone_2nd_surrogate", "i_string_1st_surrogate_but_2nd_missing",
    "i_string_1st_valid_surrogate_2nd_invalid", "i_string_incomplete_surrogate_and_escape_valid",
    "i_string_incomplete_surrogate_pair", "i_string_incomplete_surrogates_escape_valid",
    "i_string_invalid_lonely_surrogate", "i_string_invalid_surrogate", "i_string_inverted_surrogates_U+1D11E",
    "i_string_lone_second_surrogate",
    // Not UTF-8, or with a byte order mark.
    "i_string_UTF-16LE_with_BOM", "i_string_UTF-8_invalid_sequence", "i_string_UTF8_surrogate_U+D800",
    "i_string_invalid_utf-8", "i_string_iso_latin_1", "i_string_lone_utf8_continuation_byte",
    "i_string_not_in_unicode_range", "i_string_overlong_sequence_2_bytes",
    "i_string_overlong_sequence_6_bytes", "i_string_overlong_sequence_6_bytes_null",
    "i_string_truncated-utf-8", "i_string_utf16BE_no_BOM", "i_string_utf16LE_no_BOM",
    "i_structure_UTF-8_BOM_empty_object",
    // Deeper than 8.
    "i_structure_500_nested_arrays"};

TEST(JsonVectors, AreParsedAsPublished) {
    const auto folder = vectors::find("json-test-suite");
    if (!folder) GTEST_SKIP() << vectors::absent;
    vectors::Tally tally("json-test-suite");
    int frozen = 0;
    for (const auto& entry : std::filesystem::directory_iterator(*folder / "test_parsing")) {
        const std::string name = entry.path().stem().string();
        const auto value = parse_value(vectors::read(entry.path()));
        if (name.starts_with("i_")) {
            ++frozen;
            tally.judge(name, vectors::Published::either, value.has_value());
            if (taken_by_us.count(name) + refused_by_us.count(name) != 1)
                tally.unexplained(name, "no verdict of ours is on record");
            else if (value.has_value() != taken_by_us.contains(name))
                tally.unexplained(name, "our verdict has changed");
            continue;
        }
        // RFC 8259 §4 lets names repeat. RFC 7515 §4 and RFC 7519 §4 do not, and we refuse repeated names
        // everywhere.
        const bool duplicate = !value && value.error().reason == base::Reason::duplicate_member;
        tally.judge(name, name.starts_with("y_") ? vectors::Published::valid : vectors::Published::invalid,
                    value.has_value(), duplicate ? "a member occurs twice" : "");
    }
    tally.report();
    EXPECT_GE(tally.run(), 318);
    EXPECT_EQ(frozen, static_cast<int>(taken_by_us.size() + refused_by_us.size()));
    EXPECT_EQ(tally.of_class("refused: a member occurs twice"), 2);
}

}  // namespace
}  // namespace coatcheck::token
