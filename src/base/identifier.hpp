// SPDX-License-Identifier: Apache-2.0
// Which text may be a name that people tell apart by its look (ICU, base/icu.hpp).
#pragma once

#include <string_view>

namespace coatcheck::base {

enum class IdentifierFlaw {
    none,
    // Neither a letter nor a digit nor a sign of ASCII, or a form of another character, or invisible (RFC
    // 8264 §9, IdentifierClass); or the same mark twice on one letter.
    character,
    // Letters of scripts that are not written together, such as Latin and Cyrillic (UTS 39 §5.2, Highly
    // Restrictive).
    scripts,
    // Digits of several scripts (UTS 39 §5.3).
    digits,
    // A character that is right only beside certain others (RFC 5892, appendix A), or left-to-right and
    // right-to-left in an order in which they look the same as another name (RFC 5893 §2).
    order,
};

// The text is in NFC: words with single spaces of ASCII between them. Text in ASCII has no flaw, except by
// control characters. Throws std::runtime_error if the text is not ASCII and ICU is not installed.
// Any thread.
IdentifierFlaw flaw_of_identifier(std::string_view text);

// Unloads ICU until the next text beyond ASCII. Any thread.
void release_identifier_checks();

}  // namespace coatcheck::base
