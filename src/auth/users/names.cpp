// SPDX-License-Identifier: Apache-2.0
#include "auth/users/names.hpp"

#include "auth/oauth/client.hpp"

#include "base/identifier.hpp"
#include "base/reason.hpp"
#include "base/text.hpp"
#include "token/claims.hpp"
#include "token/json.hpp"
#include "token/refresh_token.hpp"

#include <algorithm>

namespace coatcheck::auth {

using base::Denied;
using base::Reason;
using base::Result;

namespace {

const char* sentence_about(base::IdentifierFlaw flaw) {
    using base::IdentifierFlaw;
    switch (flaw) {
        case IdentifierFlaw::none: break;
        case IdentifierFlaw::character:
            return "may have letters and digits of any script, signs of ASCII, and single spaces between "
                   "words";
        case IdentifierFlaw::scripts:
            return "must not mix letters of several scripts, such as Latin and Cyrillic: some look the same";
        case IdentifierFlaw::digits: return "must not mix digits of several scripts";
        case IdentifierFlaw::order:
            return "has a character in a place where it looks like something else, such as a digit before "
                   "right-to-left letters";
    }
    return nullptr;
}

}  // namespace

Result<std::string> checked_username(std::string_view text) {
    const auto refuse = [](const char* detail) {
        return Denied{Reason::invalid_member, {}, detail, "username"};
    };
    const auto name = base::with_usual_width(text);
    if (!name || name->empty() || base::code_points(*name) > 64 || base::has_invisible(*name) ||
        name->find('@') != std::string::npos || base::without_outer_space(*name) != *name)
        return refuse("must have 1 to 64 visible characters, no @, and no space at either end");
    if (name->find("  ") != std::string::npos) return refuse(sentence_about(base::IdentifierFlaw::character));
    if (const char* flaw = sentence_about(base::flaw_of_identifier(*name))) return refuse(flaw);
    if (base::folded(*name)->starts_with(Client::subject_prefix))
        return refuse("must not begin with client: as the names of OAuth clients in tokens do");
    return *name;
}

Result<std::string> checked_email(std::string_view text) {
    const auto email = base::with_usual_width(text);
    const auto at = email ? email->find('@') : std::string::npos;
    if (at == std::string::npos || at == 0 || at + 1 == email->size() ||
        email->find('@', at + 1) != std::string::npos || email->size() > 254 || base::has_invisible(*email) ||
        email->find(' ') != std::string::npos || base::has_odd_space(*email))
        return Denied{
            Reason::invalid_member, {}, "must be an e-mail address, such as ada@example.com", "email"};
    return *email;
}

std::string login_key(std::string_view typed) {
    const std::string text(base::without_outer_space(typed));
    return base::folded(base::with_usual_width(text).value_or(text)).value_or(text);
}

std::optional<User> find_by_login(ReadStore& store, std::string_view typed) {
    const std::string text(base::without_outer_space(typed));
    const std::string exact = base::folded(text).value_or(text), key = login_key(typed);
    auto user = store.find_user_by_login(exact);
    if (!user && key != exact) user = store.find_user_by_login(key);
    return user;
}

Result<std::vector<std::string>> checked_roles(std::vector<std::string> roles) {
    constexpr std::size_t most = 32, most_bytes = 512, longest = 64;
    std::size_t bytes = 0;
    for (const auto& role : roles) {
        bytes += role.size();
        if (role.empty() || role.size() > longest || base::has_invisible(role))
            return Denied{Reason::invalid_member,
                          {},
                          "each role must have 1 to 64 bytes, all of them visible characters",
                          "roles"};
    }
    if (roles.size() > most || bytes > most_bytes)
        return Denied{Reason::invalid_member,
                      {},
                      "must be at most 32 roles, together at most 512 bytes: every token holds them",
                      "roles"};
    return roles;
}

Result<std::string> checked_claims(std::string_view text) {
    const auto refuse = [](std::string detail) {
        return Denied{Reason::invalid_member, {}, std::move(detail), "claims"};
    };
    if (text.size() > 1024) return refuse("must be at most 1024 bytes of JSON: every token holds it");
    const auto claims = token::parse_object(text);
    if (!claims)
        return refuse(
            "must be a JSON object with unique names, at most 8 levels deep and with at most 64 members");
    for (const auto& claim : *claims) {
        if (token::is_reserved_claim(claim.key()))
            return refuse("the claim " + std::string(claim.key()) + " is reserved: choose another name");
        if (claim.key().empty() || base::has_invisible(claim.key()))
            return refuse("a claim's name must have visible characters only");
    }
    return std::string(text);
}

Result<std::string> checked_id(std::string_view text) {
    // An id appears in headers and in paths. There, clients and servers agree only on ASCII, and may treat
    // . and .. as directories.
    const bool is_visible = std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
    if (text.empty() || text.size() > token::max_user_id_bytes || !is_visible || text == "." || text == "..")
        return Denied{Reason::invalid_member,
                      {},
                      "must have 1 to 64 visible ASCII characters, and must not be . or ..",
                      "id"};
    if (base::folded(text)->starts_with(Client::subject_prefix))
        return Denied{Reason::invalid_member,
                      {},
                      "must not begin with client: as the ids of OAuth clients in tokens do",
                      "id"};
    return std::string(text);
}

}  // namespace coatcheck::auth
