// SPDX-License-Identifier: Apache-2.0
// Checks Coatcheck's access tokens in process: no request to the server for a check, and a sign-out counts
// within a second.
//
//   coatcheck::Verifier verifier({.url = "http://localhost:8080", .service_key = key});
//   const auto verdict = verifier.authenticate({.method = "GET", .fields = fields});
//   if (verdict) greet(verdict.user().username());
//   else answer(coatcheck::refusal(verdict.reason()));
#pragma once

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

// Why a request is refused. The numbers are part of the C ABI (coatcheck.h).
enum class Reason {
    token_missing = 1,    // no token came
    token_malformed,      // not a token by size or form
    token_not_ours,       // key, algorithm, signature, type, issuer or audience
    token_not_yet_valid,  // issued more than 60 s ahead of this clock
    token_expired,        // refresh
    token_revoked,        // its session has ended
    token_stale,          // the user's roles or claims changed: refresh and go on
    credential_conflict,  // two different tokens in one request
    csrf_refused,         // a cookie on an unsafe method, from another site
    unavailable,          // keys or revocations are not known, or were known too long ago
};

// The server's code for it: "token_expired" (ProblemCode in its OpenAPI document).
COATCHECK_API std::string_view code_of(Reason reason);
// The HTTP status to answer with: 400, 401, 403 or 503.
COATCHECK_API int status_of(Reason reason);

// A ready answer: a problem document (RFC 9457) as body, and WWW-Authenticate (RFC 6750 §3) or Retry-After
// among the fields.
struct Field {
    std::string_view name, value;
};
struct Refusal {
    int status;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;
};
COATCHECK_API Refusal refusal(Reason reason);

// Who is calling: what the token says. A cheap handle that outlives the verifier; views live as long as a
// copy of it.
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
    // All claims, the application's own among them: a JSON object.
    std::string_view claims_json() const;

    // Made by a Verifier.
    explicit User(std::shared_ptr<const token::AccessClaims> claims);

private:
    friend class Verifier;
    std::shared_ptr<const token::AccessClaims> claims_;
};

// A user, or the reason why not.
class COATCHECK_API Verdict {
public:
    Verdict(User user) : user_(std::make_optional(std::move(user))) {}
    Verdict(Reason reason) : reason_(reason) {}
    explicit operator bool() const { return user_.has_value(); }
    // Only where it is true; throws std::bad_optional_access otherwise.
    const User& user() const { return user_.value(); }
    // Only where it is false.
    Reason reason() const { return reason_; }

private:
    std::optional<User> user_;
    Reason reason_{};
};

// What happens while the revocations are cut off for longer than `cut_after`.
enum class WhenCut {
    refuse,  // every token is refused with `unavailable`
    accept,  // tokens count until they expire; a sign-out may go unnoticed as long (docs/revocation.md)
};

// An older system whose JWTs are taken until its users have moved (docs/moving.md).
struct ForeignIssuer {
    std::string name;  // what we call it; the same as in the server's file, for sessions' ids are made of it
    std::string algorithm;  // HS256, RS256, PS256, ES256 or EdDSA
    std::string key;        // for HS256 its secret, 32 bytes at least; else a public key in PEM, or a JWK Set
    std::chrono::sys_seconds until;                   // from then on no token of it is taken
    std::vector<std::string> iss = {};                // what its tokens say as iss; empty: they say nothing
    std::string audience = "";                        // has to be among aud; "": is not looked at
    std::string subject = "sub";                      // the claim with the user's id
    std::string id_prefix = "";                       // before that id: the id here
    std::map<std::string, std::string> require = {};  // claims that have to say this, such as tymon's prv
    std::optional<std::chrono::sys_seconds> issued_before = {};  // the cut-over: later tokens are not taken
};

struct Options {
    std::string url;            // where Coatcheck answers: "https://id.example"
    std::string service_key;    // made by `coatcheck service-key add NAME --scope feed`
    std::string issuer = "";    // iss of tokens; "": the url
    std::string audience = "";  // aud of tokens; "": the issuer
    WhenCut when_cut = WhenCut::refuse;
    std::chrono::milliseconds cut_after{5000};  // by the monotonic clock
    // Without a service key: says that sign-outs are not to be honoured before a token expires.
    bool ignore_revocations = false;
    // Of encrypted tokens, each as in the server's tokens.encryption_key_file: "base64:" and 32 bytes. With
    // keys no other tokens are taken, as with tokens.format = "jwe", but where this says so.
    std::vector<std::string> encryption_keys = {};
    bool accept_unencrypted = false;
    std::vector<ForeignIssuer> foreign = {};
    std::string ca_file = "";           // PEM of those who may vouch for the server (https); "": the system's
    std::size_t cached_tokens = 16384;  // proven tokens that are kept for each core, about 2 KB each
    // Told when the feed or the keys cannot be had; they are tried again. Called on the verifier's own
    // thread.
    std::function<void(std::string_view)> on_problem = {};
};

// A request, as far as it matters here. All fields, as they came.
struct Request {
    std::string_view method;
    std::span<const Field> fields;
};
struct CredentialOptions {
    // Origins whose pages may send unsafe requests with the cookie, besides the API's own.
    std::vector<std::string> origins = {};
    // The origin that this API is reached by; needed for browsers that send no Sec-Fetch-Site.
    std::string origin = "";
    // The server runs with --dev: its cookie is named `coatcheck`.
    bool dev = false;
    // Takes X-TOKEN with X-USER as well. X-USER has to be the token's own, beside any token: it selects
    // nobody.
    bool x_token = false;
    // Takes `Authorization: <token>` without Bearer as well.
    bool bare_authorization = false;
};

// For metrics.
struct State {
    enum class Feed { none, never, following, cut } feed;
    std::size_t entries;  // revocations that are known
    std::size_t cached;   // tokens that are proven
};

// Any thread may call anything. One for a process is enough: it has a connection and a thread of its own, so
// make it after a fork, not before. The destructor ends both.
class COATCHECK_API Verifier {
public:
    // Throws std::invalid_argument where options make no sense. Does not wait for the server: until keys and
    // revocations are known, tokens are refused with `unavailable`.
    explicit Verifier(Options options);
    ~Verifier();
    Verifier(const Verifier&) = delete;
    Verifier& operator=(const Verifier&) = delete;

    // Waits until keys and revocations are known; false if they are not by then.
    bool wait_until_ready(std::chrono::milliseconds at_most);

    // One token, at most 8 KiB. Never waits for the network.
    Verdict check(std::string_view token);
    // The token of a request (Authorization: Bearer, or the access cookie), with the CSRF rule for one that
    // came by cookie.
    Verdict authenticate(const Request& request, const CredentialOptions& options = {});

    // Calls back once when the user's session ends, to close a WebSocket or an event stream: on the
    // verifier's own thread, or before this returns where the session is over already. Gives a number for
    // forget(); 0 if it was over. The callback must not throw, nor wait for long: entries that come after it
    // wait as well.
    std::uint64_t on_end(const User& user, std::function<void(Reason)> callback);
    // Once it returns the callback is not running and will not (unless it is the callback that asks).
    void forget(std::uint64_t number);

    State state() const;

private:
    class Live;
    std::unique_ptr<Live> live_;
};

}  // namespace coatcheck
