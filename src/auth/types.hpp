// SPDX-License-Identifier: Apache-2.0
// The types that all of src/auth shares: users, sessions, audit events and the policy.
#pragma once

#include "base/time.hpp"
#include "crypto/secret_hash.hpp"
#include "token/jwe.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coatcheck::auth {

using base::Duration;
using base::Timestamp;

// How a session's tokens reach its client; fixed at sign-in.
enum class Delivery {
    hybrid,  // access token in the reply, refresh token as an HttpOnly cookie
    body,    // both in the reply
    cookie,  // both as cookies
};
std::string_view name_of(Delivery delivery);
std::optional<Delivery> delivery_named(std::string_view name);

struct User {
    std::string id;        // 22 base64url characters, or the id it was imported with (1 to 64 bytes)
    std::string username;  // NFC, 1 to 64 code points
    std::optional<std::string> email;
    bool enabled = true;
    std::int64_t version = 1;  // `ver`: raised by disabling, password, role and claim changes
    std::vector<std::string> roles;
    std::string claims = "{}";  // the application's own claims, a JSON object
    std::string password_hash;
    Timestamp created;
};

// At most this many rotations happen within one grace (see auth/store/sessions.hpp).
inline constexpr std::size_t rotations_per_grace = 4;

struct Session {
    std::string id;
    std::string user;
    crypto::SecretHash secret_hash;  // of the refresh tokens' secret
    // The hash of the secret before a password change renewed it; empty if that never happened. Only good
    // for signing out.
    crypto::SecretHash renewed_from;
    std::uint32_t counter = 0;                             // of the current refresh token
    std::array<Timestamp, rotations_per_grace> rotated{};  // when the latest rotations happened, latest first
    Delivery delivery = Delivery::hybrid;
    std::string device;
    std::string address;
    Timestamp created;
    Timestamp last_used;
    Timestamp idle_end;      // moves with each rotation, never beyond absolute_end
    Timestamp absolute_end;  // never moves
    Timestamp access_end;    // when the session's last access token expires; never beyond idle_end
    std::optional<Timestamp> ended;
    Timestamp older_end{};     // when the foreign token expires that opened this session; {}: a sign-in did
    std::int64_t status = -1;  // the session's index in the Token Status Lists; -1: none
    // How the user was recognised (auth/factors/proof.hpp). Empty: by a foreign token.
    std::vector<std::string> amr{};
    // When the user was recognised (auth_time), if that was not when the session began.
    Timestamp authenticated{};

    // A grant (auth/oauth/grants.hpp) is a session of an OAuth client. Empty: a session of the SDK.
    std::string client{};
    std::vector<std::string> scope{};
    std::vector<std::string> resources{};
    std::string parent{};  // the browser's session in which the user gave the grant
    bool is_grant() const { return !client.empty(); }
    // auth_time.
    Timestamp recognised() const { return authenticated == Timestamp{} ? created : authenticated; }
};

// Where a request comes from, for the audit log and the limits: the address of the client, and the name of
// the service key if the request has one. The address is empty for the command line.
struct Actor {
    Actor(const char* from) : address(from) {}
    Actor(std::string from, std::string key = "") : address(std::move(from)), service_key(std::move(key)) {}
    std::string address, service_key;
    std::string detail() const { return service_key.empty() ? "" : "service key " + service_key; }
};

struct AuditEvent {
    Timestamp time;
    std::string event;  // snake_case, such as sign_in, sign_in_failed, refresh_token_reused
    std::string user;   // id, or empty
    std::string session;
    std::string address;
    std::string detail;
};

// A resource server that tokens can be for (RFC 8707): an API with an audience and scopes of its own.
struct Resource {
    std::string uri;  // absolute, without a fragment; the `aud` of its tokens
    std::string name;
    std::vector<std::pair<std::string, std::string>>
        scopes{};  // name, and what it permits, for users to read
    std::vector<std::string> default_scopes{};
};

struct OAuthPolicy {
    bool enabled = false;
    Duration code_ttl = std::chrono::seconds(60);
    Duration id_token_ttl = std::chrono::minutes(10);
    // The grace of native clients, whose answers are lost more often (Policy::grace is that of the others).
    Duration native_grace = std::chrono::minutes(2);
    // Tell clients e-mail addresses that nobody has verified, with email_verified = false.
    bool unverified_email = false;
    std::vector<Resource> resources{};
};

// The settings that the rules in src/auth need. config/coatcheck.example.toml documents the defaults.
struct Policy {
    std::string issuer;
    std::string audience;
    std::shared_ptr<const token::CurrentEncryptionKeys> encryption{};  // the first key encrypts access tokens
    bool only_encrypted = false;  // refuse access tokens that are not encrypted
    bool status_lists = false;    // access tokens state their session's index in the Token Status Lists
    Duration access_ttl = std::chrono::minutes(15);
    Duration crypt_ttl = std::chrono::hours(48);  // life of our crypt tokens (docs/dialects.md)
    // The longest life of the foreign tokens that this server accepts, including crypt tokens of another
    // issuer. Revocations of foreign tokens are kept as long. 0: it accepts none.
    Duration foreign_life{0};
    Duration idle = std::chrono::hours(7 * 24);
    Duration absolute = std::chrono::hours(30 * 24);
    Duration absolute_not_remembered = std::chrono::hours(12);
    Duration grace = std::chrono::seconds(30);
    std::int64_t sessions_per_user = 100;  // live sessions of one user, at most
    std::int64_t min_password = 15;        // characters of a new password, at least
    bool sign_up = false;
    OAuthPolicy oauth{};
};

}  // namespace coatcheck::auth
