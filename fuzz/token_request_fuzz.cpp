// SPDX-License-Identifier: Apache-2.0
// The input is the form of a token request. What is accepted keeps the bounds; each refusal is a 400.
#include "http/framing.hpp"
#include "web/oauth/token_request.hpp"
#include "web/pages/page_forms.hpp"
#include "web/problem.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace coatcheck;
    if (size > http::max_body_bytes) return 0;
    http::Request request;
    request.body = std::string_view(reinterpret_cast<const char*>(data), size);
    const web::Settings settings;
    const auto check = [](const auto& form) {
        if (form) return;
        web::Reply reply;
        web::write_refusal(reply, form.error(), web::Style::oauth);
        if (reply.status != 400) std::abort();
    };
    const auto form = web::parse_token_request(request, settings);
    check(form);
    if (form) {
        if (form->resources.size() > web::most_resources) std::abort();
        if (form->scope && form->scope->size() > web::most_scopes) std::abort();
        if (form->grant == auth::GrantType::authorization_code && !web::is_code_verifier(form->verifier))
            std::abort();
        for (const auto& resource : form->resources)
            if (web::normal_resource(resource) != resource) std::abort();  // normal forms stay
    }
    check(web::parse_page_form(request, settings));
    check(web::parse_page_sign_in(request, settings));
    return 0;
}
