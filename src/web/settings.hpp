// SPDX-License-Identifier: Apache-2.0
// The settings of the edge and the handlers.
#pragma once

#include "base/time.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::web {

// Token styles of older APIs, which can be switched on (docs/dialects.md).
enum class Dialect { bare_authorization, x_token, envelope, crypt, foreign };
inline constexpr std::array<std::string_view, 5> dialect_names{"bare_authorization", "x_token", "envelope",
                                                               "crypt", "foreign"};

struct Settings {
    std::string public_url = "http://localhost:8080";
    std::string origin = "http://localhost:8080";        // the origin of public_url
    std::set<std::string, std::less<>> allowed_origins;  // in addition to our own origin
    // Request headers that pages of these origins may send, in addition to our own.
    std::vector<std::string> more_headers{"traceparent", "baggage", "sentry-trace"};
    // The hosts that requests may name, with or without a port; empty: any.
    std::vector<std::string> hosts;
    bool dev = false;
    // The time until which each dialect is accepted; nullopt if it is off.
    std::array<std::optional<base::Timestamp>, dialect_names.size()> dialects{};
    std::string crypt_header = "AccessToken";  // the header field of crypt tokens
    std::string envelope_path;  // another path for sign-in in the envelope dialect; empty: none
    bool log_access = false;    // one log event for each request

    const std::optional<base::Timestamp>& until(Dialect dialect) const {
        return dialects[static_cast<std::size_t>(dialect)];
    }
    // True if the dialect is accepted at this time.
    bool takes(Dialect dialect, base::Timestamp now) const { return until(dialect) && now < *until(dialect); }
    // True if the dialect was switched on, and its last day is over.
    bool is_over(Dialect dialect, base::Timestamp now) const {
        return until(dialect) && now >= *until(dialect);
    }
};

}  // namespace coatcheck::web
