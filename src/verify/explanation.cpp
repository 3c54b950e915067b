// SPDX-License-Identifier: Apache-2.0
#include "verify/explanation.hpp"

#include "base/reason.hpp"

namespace coatcheck::verify {
namespace {

// Text of a token, as it is shown to people.
std::string shown(std::string_view text) {
    constexpr std::size_t most = 100;
    std::string out;
    for (const char c : text.substr(0, most)) out += c >= 0x20 && c < 0x7f ? c : '?';
    return "\"" + out + (text.size() > most ? "…\"" : "\"");
}

std::string listed(const std::vector<std::string>& texts) {
    std::string out;
    for (const auto& text : texts) out.append(out.empty() ? "" : ", ").append(shown(text));
    return out.empty() ? "none" : out;
}

}  // namespace

std::string_view name_of(Mismatch mismatch) {
    switch (mismatch) {
        case Mismatch::encryption: return "encryption";
        case Mismatch::key: return "key";
        case Mismatch::algorithm: return "algorithm";
        case Mismatch::signature: return "signature";
        case Mismatch::type: return "type";
        case Mismatch::issuer: return "issuer";
        case Mismatch::audience: return "audience";
    }
    std::abort();
}

std::optional<Explanation> explain_not_ours(std::string_view token, const KeySet& keys,
                                            const Policy& policy) {
    if (const auto proof = prove(token, keys, policy);
        proof || proof.error().reason != base::Reason::token_not_ours)
        return std::nullopt;
    std::string decrypted;
    const auto jwt = jwt_of(token, policy, decrypted);
    if (!jwt)
        return Explanation{Mismatch::encryption, token::is_encrypted(token)
                                                     ? "no key of tokens.encryption_key_file decrypts it"
                                                     : "it is not encrypted, and tokens.format is jwe"};
    const auto parts = token::parse_compact(*jwt);
    if (!parts) return std::nullopt;
    const auto& header = *parts->header;
    const auto table = keys.keys();
    const auto row = table->find(header.key_id);
    if (row == table->end()) {
        const auto issuer = token::unverified_issuer(*parts->claims);
        return Explanation{Mismatch::key, "no key of this server has its kid " + shown(header.key_id) +
                                              "; it says that its issuer is " +
                                              shown(issuer ? *issuer : std::string()) +
                                              ", and this server's is " + shown(policy.issuer)};
    }
    const auto wanted = crypto::name_of(row->second.algorithm());
    if (crypto::algorithm_named(header.algorithm) != row->second.algorithm())
        return Explanation{Mismatch::algorithm, "its alg is " + shown(header.algorithm) +
                                                    ", and its key is for " + std::string(wanted)};
    if (!row->second.verify(parts->signing_input, parts->signature))
        return Explanation{Mismatch::signature, "its signature is not by the key " + shown(header.key_id) +
                                                    ": it was changed, or forged"};
    if (header.type != "at+jwt")
        return Explanation{Mismatch::type,
                           "its typ is " + shown(header.type) + ", and that of access tokens is at+jwt"};
    const auto claims = token::parse_claims(*parts->claims);
    if (!claims) return std::nullopt;
    if (claims->issuer != policy.issuer)
        return Explanation{Mismatch::issuer, "its iss is " + shown(claims->issuer) +
                                                 ", and the one expected is " + shown(policy.issuer)};
    if (policy.accepts(claims->audience)) return std::nullopt;
    return Explanation{Mismatch::audience, "its aud is " + listed(claims->audience) +
                                               ", and the one expected is " + shown(policy.audience)};
}

std::optional<Explanation> Verifier::explain_not_ours(std::string_view token) const {
    return verify::explain_not_ours(token, keys_, policy_);
}

}  // namespace coatcheck::verify
