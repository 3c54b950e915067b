// SPDX-License-Identifier: Apache-2.0
#include "coatcheck/verifier.hpp"

#include "base/clock.hpp"
#include "server_link.hpp"
#include "verify/foreign_verifier.hpp"
#include "verify/request_rules.hpp"
#include "verify/verifier.hpp"
#include "watchers.hpp"

#include <pthread.h>
#include <algorithm>
#include <atomic>
#include <new>
#include <stdexcept>
#include <thread>

namespace coatcheck {
namespace {

constexpr unsigned max_lanes = 16;

// How many forks lie between the first process and this one.
std::atomic<unsigned> forks{0};

void count_forks() {
    static const int registered = ::pthread_atfork(nullptr, nullptr, [] { ++forks; });
    if (registered != 0) throw std::bad_alloc();
}

Reason public_reason(base::Reason reason) {
    switch (reason) {
        case base::Reason::token_missing: return Reason::token_missing;
        case base::Reason::credential_conflict: return Reason::credential_conflict;
        case base::Reason::csrf_refused: return Reason::csrf_refused;
        case base::Reason::token_malformed: return Reason::token_malformed;
        case base::Reason::token_not_ours: return Reason::token_not_ours;
        case base::Reason::token_not_yet_valid: return Reason::token_not_yet_valid;
        case base::Reason::token_expired: return Reason::token_expired;
        case base::Reason::token_revoked: return Reason::token_revoked;
        case base::Reason::token_stale: return Reason::token_stale;
        default: return Reason::unavailable;
    }
}

Options checked(Options options) {
    while (options.url.ends_with('/')) options.url.pop_back();
    if (options.issuer.empty()) options.issuer = options.url;
    if (options.audience.empty()) options.audience = options.issuer;
    if (options.service_key.empty() && !options.ignore_revocations)
        throw std::invalid_argument(
            "coatcheck: a verifier needs a service key to learn of sign-outs: coatcheck service-key add NAME "
            "--scope feed "
            "(or say ignore_revocations)");
    const bool has_line_end = options.service_key.find_first_of("\r\n") != std::string::npos;
    if (has_line_end) throw std::invalid_argument("coatcheck: the service key contains a line break");
    if (options.cut_after.count() <= 0)
        throw std::invalid_argument("coatcheck: cut_after must be greater than zero");
    return options;
}

// The fields of a request, in the form that verify/request_rules.hpp needs.
struct SentFields {
    std::span<const Field> fields;

    static bool same_name(std::string_view a, std::string_view b) {
        const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
        return std::ranges::equal(a, b, {}, lower, lower);
    }
    template <class Visit>
    void each(std::string_view name, Visit visit) const {
        for (const auto& field : fields)
            if (same_name(field.name, name)) visit(field.value);
    }
};

std::vector<verify::ForeignIssuer> issuers_of(const std::vector<ForeignIssuer>& given) {
    std::vector<verify::ForeignIssuer> issuers;
    for (const auto& one : given) {
        std::string problem;
        verify::ForeignIssuer issuer{one.name,
                                     one.iss,
                                     one.audience,
                                     one.subject,
                                     one.id_prefix,
                                     one.algorithm,
                                     verify::parse_foreign_keys(one.algorithm, one.key, problem),
                                     one.require};
        if (issuer.keys.empty())
            throw std::invalid_argument("coatcheck: the key of " + one.name + " " + problem);
        issuer.until = one.until;
        if (one.issued_before) issuer.issued_before = *one.issued_before;
        issuers.push_back(std::move(issuer));
    }
    return issuers;
}

}  // namespace

// Each thread uses one lane, so that cores share no cache line and do not wait for each other. If there are
// more threads than lanes, some threads share a lane. A lane's lock is held for a look-up, never while a
// signature is checked.
class Verifier::Live {
public:
    explicit Live(Options given)
        : options_(checked(std::move(given))),
          watchers_(revocations_),
          link_(
              options_, keys_, revocations_, [this](const auto& entries) { watchers_.tell(entries); },
              [this] { watchers_.tell_all(); }) {
        verify::Policy policy{options_.issuer, options_.audience, /*keep_payload=*/true};
        if (!options_.encryption_keys.empty()) {
            token::EncryptionKeys encryption;
            for (const auto& line : options_.encryption_keys) {
                auto key = token::parse_encryption_key(line);
                if (!key)
                    throw std::invalid_argument("coatcheck: an encryption key is \"base64:\" and 32 bytes");
                encryption.push_back(*std::move(key));
            }
            policy.encryption = std::make_shared<token::CurrentEncryptionKeys>(std::move(encryption));
            policy.only_encrypted = !options_.accept_unencrypted;
        }
        if (!options_.foreign.empty()) foreign_.emplace(issuers_of(options_.foreign), revocations_);
        policy_ = policy;
        const unsigned lanes = std::clamp(std::thread::hardware_concurrency(), 1U, max_lanes);
        for (unsigned i = 0; i < lanes; ++i)
            lanes_.push_back(std::make_unique<Lane>(policy, keys_, revocations_, options_.cached_tokens));
    }

    Verdict check(std::string_view token) {
        if (!link_.is_trusted()) return Reason::unavailable;
        const auto now = base::read_clocks().latest();
        Lane& lane = own_lane();
        {
            const std::lock_guard lock(lane.mutex);
            if (const auto seen = lane.verifier.check_seen(token, now)) return verdict_of(*seen);
        }
        auto proof = lane.verifier.prove_new(token);
        if (!proof && proof.error().reason == base::Reason::token_not_ours && foreign_ &&
            verify::ForeignVerifier::may_be(token)) {
            auto claims = foreign_->check(token, now);
            if (claims) return User(std::make_shared<const token::AccessClaims>(*std::move(claims)));
            if (claims.error().reason != base::Reason::token_not_ours)
                return public_reason(claims.error().reason);
        }
        if (!proof) return why_not(token, proof.error().reason);
        const std::lock_guard lock(lane.mutex);
        return verdict_of(lane.verifier.keep(token, *std::move(proof), now));
    }

    Verdict authenticate(const Request& request, const CredentialOptions& rules) {
        const SentFields fields{request.fields};
        const auto is_listed = [&](std::string_view origin) {
            return std::ranges::find(rules.origins, origin) != rules.origins.end();
        };
        auto found = verify::find_credential(fields,
                                             {.cookie = rules.dev ? "coatcheck" : "__Host-Http-coatcheck",
                                              .bare_authorization = rules.bare_authorization,
                                              .x_token = rules.x_token});
        const auto credential = verify::admitted(std::move(found), fields, request.method, rules.origin,
                                                 is_listed);
        if (!credential) return public_reason(credential.error().reason);
        auto verdict = check(credential->token);
        if (verdict && !credential->is_of(verdict.user().id())) return Reason::token_not_ours;
        return verdict;
    }

    State state() {
        State state{link_.feed_state(), revocations_.size(), 0};
        for (const auto& lane : lanes_) {
            const std::lock_guard lock(lane->mutex);
            state.cached += lane->verifier.cached();
        }
        return state;
    }

    Watchers& watchers() { return watchers_; }
    ServerLink& link() { return link_; }
    const Options& options() const { return options_; }
    // False in a process that was forked off: there, the link's thread does not exist, and another thread may
    // have held any lock at the moment of the fork.
    bool is_of_this_process() const { return made_after_ == forks.load(std::memory_order_relaxed); }

private:
    struct alignas(128) Lane {
        Lane(const verify::Policy& policy, const verify::KeySet& keys, const verify::Revocations& revocations,
             std::size_t cached)
            : verifier(policy, keys, revocations, cached) {}
        std::mutex mutex;
        verify::Verifier verifier;
    };

    Lane& own_lane() {
        static std::atomic<unsigned> threads{0};
        thread_local const unsigned number = threads.fetch_add(1, std::memory_order_relaxed);
        return *lanes_[number % lanes_.size()];
    }

    Verdict verdict_of(const base::Result<verify::Proof*>& proof) const {
        if (proof) return User((*proof)->claims);
        return public_reason(proof.error().reason);
    }

    // The server may have added the key since we loaded the set. So an old set never makes a token "not
    // ours".
    Verdict why_not(std::string_view token, base::Reason reason) {
        if (reason == base::Reason::token_not_ours) {
            std::string decrypted;
            const auto jwt = verify::jwt_of(token, policy_, decrypted);
            const auto parts = jwt ? token::parse_compact(*jwt)
                                   : base::Result<token::CompactToken>(jwt.error());
            if (parts && !keys_.knows(parts->header->key_id) && !link_.key_set_is_fresh())
                return Reason::unavailable;
        }
        return public_reason(reason);
    }

    const Options options_;
    const unsigned made_after_ = forks;
    verify::KeySet keys_;
    verify::Revocations revocations_;
    Watchers watchers_;
    verify::Policy policy_;
    std::optional<verify::ForeignVerifier> foreign_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    ServerLink link_;  // declared last, because its thread uses the other members
};

User::User(std::shared_ptr<const token::AccessClaims> claims) : claims_(std::move(claims)) {}
std::string_view User::id() const { return claims_->subject; }
std::string_view User::username() const { return claims_->username; }
std::string_view User::session() const { return claims_->session; }
std::string_view User::scope() const { return claims_->scope; }
const std::vector<std::string>& User::roles() const { return claims_->roles; }
bool User::has_role(std::string_view role) const {
    return std::ranges::find(claims_->roles, role) != claims_->roles.end();
}
std::chrono::sys_seconds User::expires() const {
    return std::chrono::floor<std::chrono::seconds>(claims_->expires);
}
std::chrono::sys_seconds User::authenticated() const {
    return std::chrono::floor<std::chrono::seconds>(claims_->authenticated);
}
std::string_view User::claims_json() const { return claims_->payload; }

Verifier::Verifier(Options options) {
    count_forks();
    live_ = new Live(std::move(options));
}

// Leaves alone a verifier of the parent process: to end it would wait for a thread that is not here.
Verifier::~Verifier() {
    if (Live* live = live_; live->is_of_this_process()) delete live;
}

// Null if a process that was forked off cannot make its own.
Verifier::Live* Verifier::live() const {
    Live* now = live_.load(std::memory_order_acquire);
    if (now->is_of_this_process()) [[likely]]
        return now;
    try {
        auto own = std::make_unique<Live>(now->options());
        if (live_.compare_exchange_strong(now, own.get())) return own.release();
        return now;  // another thread was faster
    } catch (const std::exception&) {
        return nullptr;
    }
}

Verdict Verifier::check(std::string_view token) {
    Live* live = this->live();
    return live != nullptr ? live->check(token) : Verdict(Reason::unavailable);
}

Verdict Verifier::authenticate(const Request& request, const CredentialOptions& options) {
    Live* live = this->live();
    return live != nullptr ? live->authenticate(request, options) : Verdict(Reason::unavailable);
}

bool Verifier::wait_until_ready(std::chrono::milliseconds at_most) {
    Live* live = this->live();
    return live != nullptr && live->link().wait_until_ready(at_most);
}

State Verifier::state() const {
    Live* live = this->live();
    return live != nullptr ? live->state() : State{State::Feed::never, 0, 0};
}

void Verifier::forget(std::uint64_t number) {
    if (Live* live = this->live()) live->watchers().forget(number);
}

std::uint64_t Verifier::on_end(const User& user, std::function<void(Reason)> callback) {
    Live* live = this->live();
    if (live == nullptr) {
        // The session cannot be watched: the caller hears of its end too early rather than never.
        callback(Reason::unavailable);
        return 0;
    }
    return live->watchers().add(user.claims_,
                                [callback = std::move(callback)] { callback(Reason::token_revoked); });
}

}  // namespace coatcheck
