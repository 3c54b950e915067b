// SPDX-License-Identifier: Apache-2.0
// Rules for a user's name, e-mail address, id, roles and claims. All functions refuse with invalid_member.
#pragma once

#include "auth/store.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::auth {

// Returns the name in NFC and in the usual width: 1 to 64 code points, no @. Words of letters, digits and
// signs of ASCII, with single spaces between them (RFC 8265 §3); letters of one script, or of scripts that
// are written together (UTS 39 §5.2, Highly Restrictive). Unlike the RFC, no joiners: nobody sees them. Holds
// for new names only: users with another one go on signing in with it.
base::Result<std::string> checked_username(std::string_view text);
// Returns the address in NFC and in the usual width: one @ with something before and after it, no spaces, at
// most 254 bytes.
base::Result<std::string> checked_email(std::string_view text);

// The text by which a login is looked up and by which the limits know it: without outer spaces, in the usual
// width, folded. Text that is not UTF-8 stays as it is.
std::string login_key(std::string_view typed);
// Returns the user with this name or e-mail address. Spaces at the ends do not count, because the keyboards
// of phones add them and no name has them. A name of before checked_username() mapped widths is found as
// typed.
std::optional<User> find_by_login(ReadStore& store, std::string_view typed);
// At most 32 roles of 1 to 64 visible bytes each, 512 bytes together, because roles travel in every token.
base::Result<std::vector<std::string>> checked_roles(std::vector<std::string> roles);
// The application's own claims: a JSON object of at most 1024 bytes, without names that belong to the
// protocol (RFC 9068 §2.2).
base::Result<std::string> checked_claims(std::string_view json);
// The id of an imported user: 1 to 64 characters of visible ASCII, and not . or .., nor one that begins like
// the subject of an OAuth client.
base::Result<std::string> checked_id(std::string_view text);

}  // namespace coatcheck::auth
