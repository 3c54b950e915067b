// SPDX-License-Identifier: Apache-2.0
// The forms of our own pages.
#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"
#include "http/message.hpp"
#include "web/settings.hpp"

#include <string>

namespace coatcheck::web {

struct PageForm {
    std::string decision;  // the value of the button; empty: none
    std::string mac;
};
struct PageSignIn {
    std::string login;
    base::Secret password;
    bool remember = false;
};

// missing_member, duplicate_member, invalid_member.
base::Result<PageForm> parse_page_form(const http::Request& request, const Settings& settings);
base::Result<PageSignIn> parse_page_sign_in(const http::Request& request, const Settings& settings);

}  // namespace coatcheck::web
