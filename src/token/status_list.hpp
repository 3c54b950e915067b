// SPDX-License-Identifier: Apache-2.0
// A Token Status List (draft-ietf-oauth-status-list): one bit for each session, for verifiers that are not
// ours. 1 means that the session has ended.
#pragma once

#include "base/time.hpp"
#include "crypto/signing_key.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace coatcheck::token {

// The session with an index has the bit `index % status_list_size` of the list `index / status_list_size`.
inline constexpr std::int64_t status_list_size = 65536;  // bits: 8 KiB before compression
// The server never serves more lists than this.
inline constexpr std::int64_t max_status_lists = 1'000'000'000;

// The address of a list: its own `sub`, and `uri` in access tokens.
std::string status_list_uri(std::string_view issuer, std::int64_t list);

struct StatusList {
    std::string uri, issuer;
    std::string compressed;  // the bits, lowest first in each byte, in zlib's format (RFC 1950)
    base::Timestamp issued;
    std::chrono::seconds time_to_live;  // ttl: how long a copy may be used before it is fetched again
    std::chrono::seconds life;          // until exp
};

// Writes a signed JWT with typ statuslist+jwt. Throws if OpenSSL fails.
std::string write_status_list(const StatusList& list, std::string_view key_id, const crypto::SigningKey& key);

}  // namespace coatcheck::token
