// SPDX-License-Identifier: Apache-2.0
#include "web/oauth/token_request.hpp"

#include "base/bytes.hpp"
#include "base/reason.hpp"
#include "http/query.hpp"
#include "web/forms.hpp"

#include <algorithm>

namespace coatcheck::web {

using auth::GrantType;
using base::Denied;
using base::Reason;
using base::Result;

std::optional<std::vector<std::string>> words_of_scope(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const auto word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(word.size() + 1, text.size()));
        if (word.empty()) continue;
        if (!std::all_of(word.begin(), word.end(),
                         [](unsigned char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; }))
            return std::nullopt;
        if (std::find(words.begin(), words.end(), word) == words.end()) words.emplace_back(word);
        if (words.size() > most_scopes) return std::nullopt;
    }
    return words;
}

bool has_word(std::string_view words, std::string_view wanted) {
    while (!words.empty()) {
        const auto word = words.substr(0, words.find(' '));
        if (word == wanted) return true;
        words.remove_prefix(std::min(word.size() + 1, words.size()));
    }
    return false;
}

std::optional<std::string> normal_resource(std::string_view text) {
    constexpr std::size_t most_bytes = 512;
    if (text.empty() || text.size() > most_bytes || text.find('#') != std::string_view::npos ||
        !std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > ' ' && c < 0x7f; }))
        return std::nullopt;
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    std::string out(text);
    const bool has_host = text.substr(colon).starts_with("://");
    const auto end = has_host ? std::min(text.find_first_of("/?", colon + 3), text.size()) : colon;
    if (has_host && end == colon + 3) return std::nullopt;
    std::transform(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(end), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (has_host && text.substr(end) == "/") out.pop_back();
    return out;
}

std::optional<std::vector<std::string>> resources_in(std::string_view fields) {
    std::vector<std::string> resources;
    bool is_valid = true;
    http::each_field(fields, [&](std::string_view key, std::string_view encoded) {
        if (base::from_form(key) != "resource") return;
        const auto text = base::from_form(encoded);
        auto resource = text ? normal_resource(*text) : std::nullopt;
        if (!resource || resources.size() >= most_resources) is_valid = false;
        else if (std::find(resources.begin(), resources.end(), *resource) == resources.end())
            resources.push_back(*std::move(resource));
    });
    return is_valid ? std::optional(std::move(resources)) : std::nullopt;
}

bool is_code_verifier(std::string_view text) {
    return text.size() >= 43 && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '.' || c == '_' || c == '~';
           });
}

Result<TokenRequest> parse_token_request(const http::Request& request, const Settings&) {
    TokenRequest form;
    const auto name = form_field(request.body, "grant_type");
    if (!name) return name.error();
    const auto grant = auth::grant_type_named(*name);
    if (!grant) return Reason::unsupported_grant_type;
    form.grant = *grant;
    const auto scope = form_field_or(request.body, "scope", "");
    if (!scope) return scope.error();
    if (!scope->empty()) {
        form.scope = words_of_scope(*scope);
        if (!form.scope) return Denied{Reason::invalid_scope, {}, "scope must be a list of words"};
        if (form.scope->empty()) form.scope.reset();
    }
    auto resources = resources_in(request.body);
    if (!resources) return Reason::invalid_target;
    form.resources = *std::move(resources);
    if (form.grant == GrantType::authorization_code) {
        auto code = form_field(request.body, "code"), verifier = form_field(request.body, "code_verifier"),
             uri = form_field_or(request.body, "redirect_uri", "");
        for (const auto* field : {&code, &verifier, &uri})
            if (!*field) return field->error();
        if (!is_code_verifier(*verifier))
            return Denied{Reason::invalid_member,
                          {},
                          "has 43 to 128 characters of A-Z a-z 0-9 - . _ ~ (RFC 7636 §4.1)",
                          "code_verifier"};
        form.code = base::Secret(*std::move(code));
        form.verifier = *std::move(verifier);
        if (!uri->empty()) form.redirect_uri = *std::move(uri);
    }
    if (form.grant == GrantType::refresh_token) {
        auto token = form_field(request.body, "refresh_token");
        if (!token) return token.error();
        form.refresh_token = base::Secret(*std::move(token));
    }
    return form;
}

}  // namespace coatcheck::web
