// SPDX-License-Identifier: Apache-2.0
#include "auth/users/names.hpp"

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

Result<std::string> checked_username(std::string_view text) {
    const auto name = base::nfc(text);
    if (!name || name->empty() || base::code_points(*name) > 64 || base::has_invisible(*name) ||
        name->find('@') != std::string::npos || base::has_outer_space(*name))
        return Denied{Reason::invalid_member,
                      {},
                      "1 to 64 visible characters, without @ and without spaces at the ends",
                      "username"};
    return *name;
}

Result<std::string> checked_email(std::string_view text) {
    const auto email = base::nfc(text);
    const auto at = email ? email->find('@') : std::string::npos;
    if (at == std::string::npos || at == 0 || at + 1 == email->size() ||
        email->find('@', at + 1) != std::string::npos || email->size() > 254 || base::has_invisible(*email) ||
        email->find(' ') != std::string::npos)
        return Denied{Reason::invalid_member, {}, "an e-mail address", "email"};
    return *email;
}

Result<std::vector<std::string>> checked_roles(std::vector<std::string> roles) {
    constexpr std::size_t most = 32, most_bytes = 512, longest = 64;
    std::size_t bytes = 0;
    for (const auto& role : roles) {
        bytes += role.size();
        if (role.empty() || role.size() > longest || base::has_invisible(role))
            return Denied{Reason::invalid_member, {}, "a role has 1 to 64 visible characters", "roles"};
    }
    if (roles.size() > most || bytes > most_bytes)
        return Denied{Reason::invalid_member,
                      {},
                      "at most 32 roles of 512 bytes together: they travel in every token",
                      "roles"};
    return roles;
}

Result<std::string> checked_claims(std::string_view text) {
    const auto refuse = [](std::string detail) {
        return Denied{Reason::invalid_member, {}, std::move(detail), "claims"};
    };
    if (text.size() > 1024)
        return refuse("claims take at most 1024 bytes together: they travel in every token");
    const auto claims = token::parse_object(text);
    if (!claims) return refuse("these claims are no JSON object, are nested too deeply, or are too many");
    for (const auto& claim : *claims) {
        if (token::is_reserved_claim(claim.key()))
            return refuse("the claim " + std::string(claim.key()) + " belongs to the protocol");
        if (claim.key().empty() || base::has_invisible(claim.key()))
            return refuse("a claim's name has visible characters only");
    }
    return std::string(text);
}

Result<std::string> checked_id(std::string_view text) {
    // It stands in headers and in paths, where clients and servers agree on ASCII alone, and take dots for
    // directories.
    const bool is_visible = std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
    if (text.empty() || text.size() > token::max_user_id_bytes || !is_visible || text == "." || text == "..")
        return Denied{Reason::invalid_member,
                      {},
                      "an id has 1 to 64 characters of visible ASCII, and is not . or ..",
                      "id"};
    return std::string(text);
}

}  // namespace coatcheck::auth
