// SPDX-License-Identifier: Apache-2.0
// Used by tests/verifiers/differential.mjs: `verdicts SET TOKENS` prints one verdict for each line of TOKENS
// (a token in Base64), with the keys, the revocations and the `now` of SET, a file in the form of api/cases.
#include "base/bytes.hpp"
#include "base/reason.hpp"
#include "token/jwk.hpp"
#include "verify/feed_reader.hpp"
#include "verify/verifier.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace {

using coatcheck::base::Reason;

const char* code_of(Reason reason) {
    switch (reason) {
        case Reason::token_malformed: return "token_malformed";
        case Reason::token_not_ours: return "token_not_ours";
        case Reason::token_not_yet_valid: return "token_not_yet_valid";
        case Reason::token_expired: return "token_expired";
        case Reason::token_revoked: return "token_revoked";
        case Reason::token_stale: return "token_stale";
        default: return "unavailable";
    }
}

}  // namespace

int main(int count, char** words) {
    if (count != 3) return 2;
    std::stringstream text;
    text << std::ifstream(words[1]).rdbuf();
    const auto set = boost::json::parse(text.str());
    const auto string = [&](const char* name) { return std::string(set.at(name).as_string()); };

    coatcheck::verify::KeySet keys;
    keys.replace(coatcheck::token::parse_jwk_set(boost::json::serialize(set.at("jwks"))).value());
    coatcheck::verify::Revocations revocations;
    coatcheck::verify::FeedReader feed(keys, revocations);
    feed.read("event: reset\ndata: {}\n\ndata: " + boost::json::serialize(set.at("revocations")) +
              "\n\nevent: synced\ndata: {}\n\n")
        .value();
    coatcheck::token::EncryptionKeys encryption;
    for (const auto& line : set.at("encryption_keys").as_array())
        encryption.push_back(
            coatcheck::token::parse_encryption_key(std::string_view(line.as_string())).value());
    const auto current = std::make_shared<coatcheck::token::CurrentEncryptionKeys>(std::move(encryption));
    coatcheck::verify::Verifier verifier({string("issuer"), string("audience"), false, current}, keys,
                                         revocations);
    const auto now = coatcheck::base::from_unix_seconds(set.at("now").as_int64());

    std::ifstream tokens(words[2]);
    for (std::string line; std::getline(tokens, line);) {
        const auto token = coatcheck::base::from_base64(line).value();
        const auto proof = verifier.check(token, now);
        std::puts(proof ? "ok" : code_of(proof.error().reason));
    }
}
