// SPDX-License-Identifier: Apache-2.0
// Checks Coatcheck's access tokens in process. A check sends no request to the server, and a sign-out counts
// within a second.
//
//   coatcheck::Verifier verifier({.url = "http://localhost:8080", .service_key = key});
//   const auto verdict = verifier.authenticate({.method = "GET", .fields = fields});
//   if (verdict) greet(verdict.user().username());
//   else answer(coatcheck::refusal(verdict.reason()));
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if defined(__GNUC__)
#define COATCHECK_API __attribute__((visibility("default")))
#else
#define COATCHECK_API
#endif

namespace coatcheck {

namespace token {
struct AccessClaims;
}

// The reason for a refusal. The numbers are part of the C ABI (coatcheck.h).
enum class Reason {
    token_missing = 1,    // the request has no token
    token_malformed,      // wrong size or form
    token_not_ours,       // wrong key, algorithm, signature, type, issuer or audience
    token_not_yet_valid,  // issued more than 60 s ahead of this clock, or its nbf lies ahead
    token_expired,        // the client should refresh
    token_revoked,        // its session has ended
    token_stale,          // the user's roles or claims changed: the client should refresh
    credential_conflict,  // two different tokens in one request
    csrf_refused,         // another site sent a cookie on an unsafe method
    unavailable,          // the keys or revocations are unknown, or the last news of them is too old
};

// The server's own code, such as "token_expired" (ProblemCode in its OpenAPI document).
COATCHECK_API std::string_view code_of(Reason reason);
// The HTTP status to answer with: 400, 401, 403 or 503.
COATCHECK_API int status_of(Reason reason);

// A ready answer: a problem document (RFC 9457) as its body, and WWW-Authenticate (RFC 6750 §3) or
// Retry-After among its fields.
struct Field {
    std::string_view name, value;
};
struct Refusal {
    int status;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;
};
COATCHECK_API Refusal refusal(Reason reason);

// The user who calls, as the token says. A cheap handle that may outlive the verifier. Views live as long as
// a copy of the handle.
class COATCHECK_API User {
public:
    std::string_view id() const;        // sub
    std::string_view username() const;  // preferred_username
    std::string_view session() const;   // sid
    std::string_view scope() const;
    const std::vector<std::string>& roles() const;
    bool has_role(std::string_view role) const;
    std::chrono::sys_seconds expires() const;
    std::chrono::sys_seconds authenticated() const;  // auth_time
    // All claims, including the application's own, as a JSON object.
    std::string_view claims_json() const;

    // A Verifier makes users; an application does not.
    explicit User(std::shared_ptr<const token::AccessClaims> claims);

private:
    friend class Verifier;
    std::shared_ptr<const token::AccessClaims> claims_;
};

// A user, or the reason for the refusal.
class COATCHECK_API Verdict {
public:
    Verdict(User user) : user_(std::make_optional(std::move(user))) {}
    Verdict(Reason reason) : reason_(reason) {}
    explicit operator bool() const { return user_.has_value(); }
    // Call it only if the verdict is true; otherwise it throws std::bad_optional_access.
    const User& user() const { return user_.value(); }
    // Call it only if the verdict is false.
    Reason reason() const { return reason_; }

private:
    std::optional<User> user_;
    Reason reason_{};
};

// What the verifier does after the feed has been silent for longer than `cut_after`.
enum class WhenCut {
    refuse,  // refuses every token with `unavailable`
    accept,  // accepts tokens until they expire, and may miss a sign-out for as long (docs/revocation.md)
};

// An older system whose JWTs are accepted until its users have moved (docs/moving.md).
struct ForeignIssuer {
    // Our name for the issuer. It must equal the name in the server's file, because session ids are derived
    // from it.
    std::string name;
    std::string algorithm;  // HS256, RS256, PS256, ES256 or EdDSA
    // For HS256 the secret, at least 32 bytes; otherwise a public key in PEM, or a JWK Set.
    std::string key;
    std::chrono::sys_seconds until;     // from this time on, all of its tokens are refused
    std::vector<std::string> iss = {};  // the iss of its tokens; empty if they have no iss
    std::string audience = "";          // must be among the token's aud; "": not checked
    std::string subject = "sub";        // the claim that holds the user's id
    std::string id_prefix = "";         // put in front of that id to make the user's id in Coatcheck
    // Claims that must have exactly this value, such as tymon's prv.
    std::map<std::string, std::string> require = {};
    // The cut-over: tokens issued at or after this time are refused.
    std::optional<std::chrono::sys_seconds> issued_before = {};
};

struct Options {
    std::string url;            // the server's URL: "https://id.example"
    std::string service_key;    // a key made by `coatcheck service-key add NAME --scope feed`
    std::string issuer = "";    // iss of tokens; "": the URL
    std::string audience = "";  // aud of tokens; "": the issuer
    WhenCut when_cut = WhenCut::refuse;
    // Silence after which the feed counts as cut off, by the monotonic clock.
    std::chrono::milliseconds cut_after{5000};
    // For a verifier without a service key: true means that a token counts until it expires, whatever
    // sign-out there is.
    bool ignore_revocations = false;
    // Keys of encrypted tokens, each in the form of the server's tokens.encryption_key_file: "base64:" and 32
    // bytes. With keys the verifier refuses other tokens, like tokens.format = "jwe", unless
    // accept_unencrypted is true.
    std::vector<std::string> encryption_keys = {};
    bool accept_unencrypted = false;
    std::vector<ForeignIssuer> foreign = {};
    // PEM of the authorities that may sign an https server's certificate; "": the system's.
    std::string ca_file = "";
    // Proofs that the verifier keeps for each core, about 2 KB each.
    std::size_t cached_tokens = 16384;
    // Called on the verifier's own thread when it cannot get the feed or the keys. It then tries again.
    std::function<void(std::string_view)> on_problem = {};
};

// The parts of a request that matter here. Pass all header fields as they came.
struct Request {
    std::string_view method;
    std::span<const Field> fields;
};
struct CredentialOptions {
    // Origins, besides the API's own, whose pages may send unsafe requests with the cookie.
    std::vector<std::string> origins = {};
    // The origin of this API. Needed for browsers that send no Sec-Fetch-Site.
    std::string origin = "";
    // True if the server runs with --dev: its cookie is then named `coatcheck`.
    bool dev = false;
    // Also accepts X-TOKEN with X-USER. If a request has X-USER, with any kind of token, it must name the
    // token's own user: X-USER selects nobody.
    bool x_token = false;
    // Also accepts `Authorization: <token>` without Bearer.
    bool bare_authorization = false;
};

// For metrics.
struct State {
    // none: there is no service key; never: the feed has not been read yet; cut: silent for longer than
    // `cut_after`.
    enum class Feed { none, never, following, cut } feed;
    std::size_t entries;  // revocations in memory
    std::size_t cached;   // proofs in the cache
};

// Any thread may call any function. One verifier for a process is enough. It has a connection and a thread of
// its own, and the destructor ends both. A process that was forked off has neither: there the first call
// makes new ones, and until they are ready, tokens are refused with `unavailable` (wait_until_ready() waits
// for it). Callbacks that were registered before the fork run in the parent alone.
class COATCHECK_API Verifier {
public:
    // Throws std::invalid_argument if the options are not valid. Does not wait for the server: until it knows
    // the keys and the revocations, it refuses tokens with `unavailable`.
    explicit Verifier(Options options);
    ~Verifier();
    Verifier(const Verifier&) = delete;
    Verifier& operator=(const Verifier&) = delete;

    // Waits until keys and revocations are known. False if they are still unknown after `at_most`.
    bool wait_until_ready(std::chrono::milliseconds at_most);

    // Checks one token of at most 8 KiB. Never waits for the network.
    Verdict check(std::string_view token);
    // Checks the token of a request (Authorization: Bearer, or the access cookie), and applies the CSRF rule
    // to a cookie.
    Verdict authenticate(const Request& request, const CredentialOptions& options = {});

    // Calls back once when the user's session ends, so that a WebSocket or an event stream can be closed: on
    // the verifier's own thread, or before this function returns if the session has already ended. Gives a
    // number for forget(); 0 if the session had ended. The callback must not throw. It must be quick, because
    // later revocations wait for it.
    std::uint64_t on_end(const User& user, std::function<void(Reason)> callback);
    // When this returns, the callback is not running and will not run (except if the callback itself called
    // it).
    void forget(std::uint64_t number);

    State state() const;

private:
    class Live;
    Live* live() const;
    // Made anew in a process that was forked off.
    mutable std::atomic<Live*> live_;
};

}  // namespace coatcheck
