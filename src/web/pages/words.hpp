// SPDX-License-Identifier: Apache-2.0
// What the pages say, in each language. A language that lacks a sentence does not compile.
#pragma once

#include "http/message.hpp"

#include <string_view>

namespace coatcheck::web {

// Sentences with {} are patterns for name_in().
struct Words {
    std::string_view language;  // of the lang attribute
    std::string_view sign_in, sign_in_to, name, password, remember, wrong, many, as, other_account;
    std::string_view allow_title, wants, this_computer, goes_to, allow, deny, other_ends;
    std::string_view openid, profile, email, offline_access, roles;
    std::string_view sign_out, sign_out_question, signed_out, signed_out_text, stay;
    std::string_view go_on, go_on_text;
    std::string_view trouble, link_invalid, came_from_elsewhere, not_now, wrong_clock, again;
};

// The language of the page: ui_locales of the query if we have one of those, else that of Accept-Language,
// else English.
const Words& words_for(const http::Request& request);

// All languages, for tests.
const Words& english();
const Words& german();

}  // namespace coatcheck::web
