// SPDX-License-Identifier: Apache-2.0
// JSON bodies through every form: a form or a refusal, never anything else.
#include "web/forms.hpp"
#include "web/framing.hpp"
#include "web/problem.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace coatcheck::web;
    if (size > max_body_bytes) return 0;
    Fields fields;
    fields.insert(http::field::content_type, "application/json");
    Request request;
    request.fields = &fields;
    request.body = std::string_view(reinterpret_cast<const char*>(data), size);
    const auto check = [](const auto& form) {
        if (form) return;
        Response response;
        write_problem(response, form.error());
        if (response.status < 400 || response.status > 415) std::abort();
    };
    const auto sign_in = parse_sign_in(request, true);
    check(sign_in);
    if (sign_in && (sign_in->login.size() > 320 || sign_in->device.size() > 400)) std::abort();
    check(parse_refresh(request));
    check(parse_sign_up(request));
    check(parse_password_change(request));
    check(parse_account_change(request));
    check(parse_current_password(request));
    check(parse_new_user(request));
    check(parse_user_change(request));
    fields.set(http::field::content_type, "application/x-www-form-urlencoded");
    check(parse_token_form(request));
    return 0;
}
