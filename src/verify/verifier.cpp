// SPDX-License-Identifier: Apache-2.0
#include "verify/verifier.hpp"

#include "crypto/digest.hpp"

#include <algorithm>

namespace coatcheck::verify {

using base::Denied;
using base::Reason;
using base::Result;

Result<std::string_view> jwt_of(std::string_view token, const Policy& policy, std::string& storage) {
    if (!policy.encryption) return token;
    if (token::is_encrypted(token)) {
        auto inner = token::decrypt(token, *policy.encryption);
        if (!inner) return inner.error();
        return std::string_view(storage = *std::move(inner));
    }
    if (!policy.only_encrypted) return token;
    const auto form = token::parse_compact(token);
    return form ? Denied{Reason::token_not_ours} : form.error();
}

Result<token::AccessClaims> prove(std::string_view text, const KeySet& keys, const Policy& policy, bool* forged) {
    const Denied not_ours{Reason::token_not_ours};
    std::string decrypted;
    const auto jwt = jwt_of(text, policy, decrypted);
    if (!jwt) return jwt.error();
    auto parts = token::parse_compact(*jwt);
    if (!parts) return parts.error();

    // The key decides the algorithm; the header's must agree with it (RFC 8725 §3.1).
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
    if (std::find(claims->audience.begin(), claims->audience.end(), policy.audience) == claims->audience.end())
        return not_ours;
    if (policy.keep_payload) claims->payload = std::move(parts->claims_json);
    return claims;
}

Result<Proof*> Verifier::check(std::string_view text, base::Timestamp now) {
    if (auto seen = check_seen(text, now)) return *seen;
    if (was_refused(text)) return Denied{Reason::token_not_ours};
    const auto generation = keys_.generation();  // before proving, as for a good one
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
    // Read before proving: whatever changes meanwhile makes the proof look old, never too new.
    Proof proof;
    proof.key_generation = keys_.generation();
    auto claims = prove(text, keys_, policy_, forged);
    if (!claims) return claims.error();
    proof.begins = std::max(claims->issued - max_clock_difference, claims->not_before);
    proof.ends = claims->expires;
    proof.claims = std::make_shared<const token::AccessClaims>(*std::move(claims));
    return proof;
}

Result<Proof*> Verifier::keep(std::string_view text, Proof proof, base::Timestamp now) {
    make_room();
    return judge(young_.insert_or_assign(tail_of(text), Kept{std::string(text), std::move(proof)}).first->second.proof, now);
}

// One for one: to give up many at once would make somebody wait for it.
void Verifier::make_room() {
    if (cached() >= max_cached_ && !old_.empty()) old_.erase(old_.begin());
    // One before there is need, so that what is in use can move back first.
    if (old_.empty() && young_.size() + 1 >= max_cached_) std::swap(young_, old_);
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
    return place.tail == tail && place.key_generation == keys_.generation() && place.digest == crypto::sha256(text);
}

void Verifier::note_refused(std::string_view text, std::uint64_t key_generation) {
    if (refused_.empty()) refused_.resize(std::size_t{1} << refused_bits);
    const Tail tail = tail_of(text);
    refused_[place_of(tail)] = {tail, key_generation, crypto::sha256(text)};
}

Proof* Verifier::find(std::string_view text) {
    const Tail tail = tail_of(text);
    auto row = young_.find(tail);
    if (row == young_.end()) {
        const auto old = old_.find(tail);
        if (old == old_.end() || old->second.token != text) return nullptr;
        row = young_.insert(old_.extract(old)).position;
    }
    auto& [token, proof] = row->second;
    if (token != text) return nullptr;
    if (proof.key_generation != keys_.generation()) {
        young_.erase(row);
        return nullptr;
    }
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
