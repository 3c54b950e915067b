// SPDX-License-Identifier: Apache-2.0
// Gives the input as a body to each form parser. Each must return a form or a refusal with a status from 400
// to 415.
#include "http/framing.hpp"
#include "web/forms.hpp"
#include "web/problem.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace coatcheck::web;
    namespace http = coatcheck::http;
    if (size > http::max_body_bytes) return 0;
    http::Fields fields;
    fields.insert(http::field::content_type, "application/json");
    Settings settings;
    settings.dialects.fill(coatcheck::base::Timestamp::max());
    Request request;
    request.fields = &fields;
    request.body = std::string_view(reinterpret_cast<const char*>(data), size);
    const auto check = [](const auto& form) {
        if (form) return;
        Reply reply;
        write_refusal(reply, form.error(), Style::problem);
        if (reply.status < 400 || reply.status > 415) std::abort();
    };
    const auto sign_in = parse_sign_in(request, settings);
    check(sign_in);
    if (sign_in && (sign_in->login.size() > 320 || sign_in->device.size() > 400)) std::abort();
    check(parse_refresh(request, settings));
    check(parse_sign_up(request, settings));
    check(parse_password_change(request, settings));
    check(parse_account_change(request, settings));
    check(parse_current_password(request, settings));
    check(parse_new_user(request, settings));
    check(parse_user_change(request, settings));
    fields.set(http::field::content_type, "application/x-www-form-urlencoded");
    check(parse_token_form(request, settings));
    return 0;
}
