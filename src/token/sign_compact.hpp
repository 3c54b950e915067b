// SPDX-License-Identifier: Apache-2.0
// The compact form of a JWT that we sign (RFC 7515 §7.1).
#pragma once

#include "crypto/signing_key.hpp"

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

namespace coatcheck::token {

// `type` becomes `typ`; empty: there is none, as in ID tokens. Throws if OpenSSL fails.
std::string sign_compact(std::string_view type, const boost::json::object& body, std::string_view key_id,
                         const crypto::SigningKey& key);

}  // namespace coatcheck::token
