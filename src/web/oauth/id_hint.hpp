// SPDX-License-Identifier: Apache-2.0
// An ID token by which a client shows whom it means (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2).
#pragma once

#include "token/id_token.hpp"
#include "web/service.hpp"

#include <optional>
#include <string_view>

namespace coatcheck::web {

// nullopt: no key of ours that is still published has signed it, or it is no ID token. It may have expired.
std::optional<token::IdHint> read_id_hint(const Service& service, std::string_view text);

}  // namespace coatcheck::web
