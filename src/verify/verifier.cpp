// SPDX-License-Identifier: Apache-2.0
#include "verify/verifier.hpp"

#include "base/reason.hpp"
#include "crypto/digest.hpp"

#include <algorithm>
#include <utility>

namespace coatcheck::verify {

using base::Denied;
using base::Reason;
using base::Result;

constexpr int most_looks = 16;

namespace {

bool is_for(const std::vector<std::string>& audiences, const std::string& audience) {
    return std::find(audiences.begin(), audiences.end(), audience) != audiences.end();
}

}  // namespace

bool Policy::accepts(const std::vector<std::string>& audiences) const {
    return std::any_of(audiences.begin(), audiences.end(), [&](const std::string& one) {
        return one == audience ||
               std::find(more_audiences.begin(), more_audiences.end(), one) != more_audiences.end();
    });
}

Result<std::string_view> jwt_of(std::string_view token, const Policy& policy, std::string& storage) {
    if (!policy.encryption) return token;
    if (token::is_encrypted(token)) {
        auto inner = token::decrypt(token, *policy.encryption->get());
        if (!inner) return inner.error();
        return std::string_view(storage = *std::move(inner));
    }
    // Tokens for other resources are never encrypted, because their verifiers have no key: prove() looks at
    // the audience.
    if (!policy.only_encrypted || !policy.more_audiences.empty()) return token;
    const auto form = token::parse_compact(token);
    return form ? Denied{Reason::token_not_ours} : form.error();
}

Result<token::AccessClaims> prove(std::string_view text, const KeySet& keys, const Policy& policy,
                                  bool* forged) {
    const Denied not_ours{Reason::token_not_ours};
    std::string decrypted;
    const auto jwt = jwt_of(text, policy, decrypted);
    if (!jwt) return jwt.error();
    auto parts = token::parse_compact(*jwt);
    if (!parts) return parts.error();

    // The key decides the algorithm, and the header must name the same one (RFC 8725 §3.1).
    const auto table = keys.keys();
    const auto row = table->find(parts->header->key_id);
    if (row == table->end()) return not_ours;
    const auto algorithm = crypto::algorithm_named(parts->header->algorithm);
    if (!algorithm || *algorithm != row->second.algorithm()) return not_ours;
    if (!row->second.verify(parts->signing_input, parts->signature)) {
        if (forged != nullptr) *forged = true;
        return not_ours;
    }

    if (parts->header->type != "at+jwt") return not_ours;
    auto claims = token::parse_claims(*parts->claims);
    if (!claims) return claims.error();
    if (claims->issuer != policy.issuer) return not_ours;
    if (!policy.accepts(claims->audience)) return not_ours;
    if (policy.only_encrypted && is_for(claims->audience, policy.audience) && !token::is_encrypted(text))
        return not_ours;
    if (policy.keep_payload) claims->payload = std::move(parts->claims_json);
    return claims;
}

Result<Proof*> Verifier::check(std::string_view text, base::Timestamp now) {
    if (auto seen = check_seen(text, now)) return *seen;
    if (was_refused(text)) return Denied{Reason::token_not_ours};
    const auto generation = keys_.generation();  // read before proving, as in prove_new()
    bool forged = false;
    auto proof = prove_new(text, &forged);
    if (forged) note_refused(text, generation);
    if (!proof) return proof.error();
    return keep(text, *std::move(proof), now);
}

std::optional<Result<Proof*>> Verifier::check_seen(std::string_view text, base::Timestamp now) {
    Proof* cached = find(text);
    if (cached == nullptr) return std::nullopt;
    return judge(*cached, now);
}

Result<Proof> Verifier::prove_new(std::string_view text, bool* forged) const {
    // Read before proving. If the keys change meanwhile, the proof has the older generation: it is proved
    // again, never trusted under keys that did not prove it.
    Proof proof;
    proof.key_generation = keys_.generation();
    auto claims = prove(text, keys_, policy_, forged);
    if (!claims) return claims.error();
    proof.begins = std::max(claims->issued - max_clock_difference, claims->not_before);
    proof.ends = claims->expires;
    proof.is_for_audience = is_for(claims->audience, policy_.audience);
    proof.claims = std::make_shared<const token::AccessClaims>(*std::move(claims));
    return proof;
}

Result<Proof*> Verifier::keep(std::string_view text, Proof proof, base::Timestamp now) {
    const Tail tail = tail_of(text);
    Kept kept{std::string(text), std::move(proof)};
    if (!cache_.contains(tail)) make_room_for(tail);
    return judge(cache_.insert_or_assign(tail, std::move(kept)).first->second.proof, now);
}

// Removes one token for one new token. Looks at up to 16 for one not used lately; then removes the next one
// anyway, because a longer search, or the removal of many tokens at once, would make one request wait.
void Verifier::make_room_for(const Tail& tail) {
    if (ring_.empty() || ring_.size() < max_cached_) return ring_.push_back(tail);
    for (int looks = 0;; ++looks) {
        hand_ = hand_ + 1 < ring_.size() ? hand_ + 1 : 0;
        const auto row = cache_.find(ring_[hand_]);
        // The row is absent if inserting the cache entry failed after its tail entered the ring.
        if (row != cache_.end()) {
            if (looks < most_looks && std::exchange(row->second.is_used, false)) continue;
            cache_.erase(row);
        }
        ring_[hand_] = tail;
        return;
    }
}

Verifier::Tail Verifier::tail_of(std::string_view text) {
    Tail tail{};
    const auto length = std::min(text.size(), tail.size());
    std::copy_n(text.end() - static_cast<std::ptrdiff_t>(length), length, tail.begin());
    return tail;
}

bool Verifier::was_refused(std::string_view text) const {
    if (refused_.empty()) return false;
    const Tail tail = tail_of(text);
    const Refused& place = refused_[place_of(tail)];
    return place.tail == tail && place.key_generation == keys_.generation() &&
           place.digest == crypto::sha256(text);
}

void Verifier::note_refused(std::string_view text, std::uint64_t key_generation) {
    if (refused_.empty()) refused_.resize(std::size_t{1} << refused_bits);
    const Tail tail = tail_of(text);
    refused_[place_of(tail)] = {tail, key_generation, crypto::sha256(text)};
}

Proof* Verifier::find(std::string_view text) {
    const auto row = cache_.find(tail_of(text));
    if (row == cache_.end()) return nullptr;
    auto& [token, proof, is_used] = row->second;
    // An outdated proof stays until keep() replaces it.
    if (token != text || proof.key_generation != keys_.generation()) return nullptr;
    is_used = true;
    return &proof;
}

Result<Proof*> Verifier::judge(Proof& proof, base::Timestamp now) const {
    if (now < proof.begins) return Denied{Reason::token_not_yet_valid};
    if (now >= proof.ends) return Denied{Reason::token_expired};
    const std::uint64_t generation = revocations_.generation();
    if (generation == 0 || generation != proof.revocation_generation) {
        const auto& claims = *proof.claims;
        const auto reason = revocations_.judge(claims.session, claims.subject, claims.version, claims.issued);
        if (reason) return Denied{*reason};
        proof.revocation_generation = generation;
    }
    return &proof;
}

}  // namespace coatcheck::verify
