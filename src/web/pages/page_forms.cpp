// SPDX-License-Identifier: Apache-2.0
#include "web/pages/page_forms.hpp"

#include "base/reason.hpp"
#include "web/forms.hpp"

namespace coatcheck::web {

base::Result<PageForm> parse_page_form(const http::Request& request, const Settings&) {
    auto decision = form_field_or(request.body, "decision", ""), mac = form_field_or(request.body, "mac", "");
    if (!decision) return decision.error();
    if (!mac) return mac.error();
    return PageForm{*std::move(decision), *std::move(mac)};
}

base::Result<PageSignIn> parse_page_sign_in(const http::Request& request, const Settings&) {
    auto login = form_field(request.body, "login"), password = form_field(request.body, "password"),
         remember = form_field_or(request.body, "remember", "");
    for (const auto* field : {&login, &password, &remember})
        if (!*field) return field->error();
    if (login->size() > max_login_bytes)
        return base::Denied{base::Reason::invalid_member, {}, "is too long", "login"};
    return PageSignIn{*std::move(login), base::Secret(*std::move(password)), *remember == "yes"};
}

}  // namespace coatcheck::web
