// SPDX-License-Identifier: Apache-2.0
// Runs api/cases: the cases that every verifier runs, whatever its language, and on which all must give one
// verdict (I9).
#include "../tests/vectors/vectors.hpp"
#include "base/reason.hpp"
#include "token/jwk.hpp"
#include "verify/explanation.hpp"
#include "verify/foreign_verifier.hpp"
#include "verify/request_rules.hpp"
#include "verify/verifier.hpp"
#include "web/problem.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>

namespace coatcheck::verify {
namespace {

namespace json = boost::json;

std::string string_of(const json::value& value, std::string_view name) {
    return std::string(vectors::text(value, name));
}

Revocation revocation_of(const json::value& entry) {
    static const std::map<std::string, Revocation::Kind> kinds{
        {"session", Revocation::Kind::session},
        {"user_revoked", Revocation::Kind::user_revoked},
        {"user_stale", Revocation::Kind::user_stale},
        {"issued_before", Revocation::Kind::issued_before},
        {"foreign_before", Revocation::Kind::foreign_before}};
    const auto* minimum = entry.as_object().if_contains("minimum");
    return {kinds.at(string_of(entry, "kind")), string_of(entry, "subject"),
            minimum ? minimum->as_int64() : 0, base::from_unix_seconds(entry.at("expires").as_int64())};
}

std::vector<ForeignIssuer> issuers_of(const json::array& rows) {
    std::vector<ForeignIssuer> issuers;
    for (const auto& row : rows) {
        std::string problem;
        ForeignIssuer issuer{string_of(row, "name"),
                             {},
                             string_of(row, "audience"),
                             string_of(row, "subject"),
                             string_of(row, "id_prefix"),
                             string_of(row, "algorithm"),
                             parse_foreign_keys(string_of(row, "algorithm"), string_of(row, "key"), problem)};
        EXPECT_EQ(problem, "");
        for (const auto& iss : row.at("iss").as_array()) issuer.issuers.emplace_back(iss.as_string());
        issuer.issued_before = base::from_unix_seconds(row.at("issued_before").as_int64());
        for (const auto& claim : row.at("require").as_object())
            issuer.require.emplace(std::string(claim.key()), std::string(claim.value().as_string()));
        issuer.until = base::from_unix_seconds(row.at("until").as_int64());
        issuers.push_back(std::move(issuer));
    }
    return issuers;
}

TEST(Cases, EachHasTheVerdictThatIsWrittenThere) {
    const char* record = std::getenv("COATCHECK_RECORD_CASES");  // set by tools/make_cases.py
    std::size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(SOURCE_DIR "/api/cases")) {
        if (file.path().extension() != ".json") continue;
        const auto set = vectors::read_json(file.path());
        KeySet keys;
        keys.replace(token::parse_jwk_set(json::serialize(set.at("jwks"))).value());
        std::vector<Revocation> entries;
        for (const auto& entry : set.at("revocations").as_array()) entries.push_back(revocation_of(entry));
        Revocations revocations;
        revocations.load(entries);
        Policy policy{string_of(set, "issuer"), string_of(set, "audience")};
        if (const auto* lines = set.as_object().if_contains("encryption_keys")) {
            token::EncryptionKeys encryption;
            for (const auto& line : lines->as_array())
                encryption.push_back(token::parse_encryption_key(std::string_view(line.as_string())).value());
            policy.encryption = std::make_shared<token::CurrentEncryptionKeys>(std::move(encryption));
            policy.only_encrypted = true;
        }
        Verifier verifier(std::move(policy), keys, revocations);
        const auto* older = set.as_object().if_contains("foreign");
        const ForeignVerifier foreign(older ? issuers_of(older->as_array()) : std::vector<ForeignIssuer>(),
                                      revocations);
        std::ofstream recorded;
        if (record != nullptr)
            recorded.open(std::string(record) + "/" + file.path().stem().string(), std::ios::trunc);
        for (const auto& test : set.at("cases").as_array()) {
            const auto now = base::from_unix_millis(
                static_cast<std::int64_t>(test.at("now").to_number<double>() * 1000));
            for (const char* round : {"new", "seen"}) {
                const auto proof = verifier.check(string_of(test, "token"), now);
                base::Result<std::string> whose = proof ? base::Result<std::string>((*proof)->claims->subject)
                                                        : proof.error();
                if (!proof && older && proof.error().reason == base::Reason::token_not_ours) {
                    const auto claims = foreign.check(string_of(test, "token"), now);
                    whose = claims ? base::Result<std::string>(claims->subject) : claims.error();
                }
                // An explanation says which check failed; no other refusal has one.
                EXPECT_EQ(verifier.explain_not_ours(string_of(test, "token")).has_value(),
                          !proof && proof.error().reason == base::Reason::token_not_ours)
                    << string_of(test, "name");
                const std::string verdict = whose
                                                ? "ok"
                                                : std::string(web::public_reason(whose.error().reason).code);
                if (record != nullptr) {
                    if (round == std::string("new")) recorded << verdict << "\n";
                    continue;
                }
                EXPECT_EQ(verdict, string_of(test, "verdict"))
                    << file.path().filename() << ": " << string_of(test, "name") << ", " << round;
                if (whose) {
                    EXPECT_EQ(*whose, string_of(test, "user"));
                }
            }
            ++count;
        }
    }
    EXPECT_GT(count, 500U);
}

// The header fields of a request in the cases.
struct CaseFields {
    const json::array& fields;

    template <class Visit>
    void each(std::string_view name, Visit visit) const {
        for (const auto& field : fields)
            if (boost::beast::iequals(field.at(0).as_string(), {name.data(), name.size()}))
                visit(std::string_view(field.at(1).as_string()));
    }
};

TEST(Cases, EachRequestHasTheVerdictThatIsWrittenThere) {
    const auto set = vectors::read_json(SOURCE_DIR "/api/cases/requests/requests.json");
    KeySet keys;
    keys.replace(token::parse_jwk_set(json::serialize(set.at("jwks"))).value());
    Revocations revocations;
    revocations.load({revocation_of(set.at("revocations").at(0))});
    Verifier verifier({string_of(set, "issuer"), string_of(set, "audience")}, keys, revocations);
    const auto now = base::from_unix_seconds(set.at("now").as_int64());
    const std::string own = string_of(set, "origin");
    std::size_t count = 0;
    for (const auto& test : set.at("cases").as_array()) {
        const CaseFields fields{test.at("fields").as_array()};
        const auto is_listed = [&](std::string_view origin) {
            return origin == set.at("origins").at(0).as_string();
        };
        const auto credential = admitted(
            find_credential(fields, {.cookie = "__Host-Http-coatcheck",
                                     .bare_authorization = test.as_object().contains("bare"),
                                     .x_token = true}),
            fields, string_of(test, "method"), own, is_listed);
        auto verdict = std::string(credential ? "ok" : web::public_reason(credential.error().reason).code);
        if (credential) {
            const auto proof = verifier.check(credential->token, now);
            if (!proof) verdict = web::public_reason(proof.error().reason).code;
            else if (!credential->is_of((*proof)->claims->subject)) verdict = "token_not_ours";
        }
        EXPECT_EQ(verdict, string_of(test, "verdict")) << string_of(test, "name");
        ++count;
    }
    EXPECT_GT(count, 200U);
}

// Row 27 of the issue "A smooth ride": one key that is not for us made the whole set useless here, while the
// other verifiers went on.
TEST(Cases, EachKeySetGivesTheKeysThatAreWrittenThere) {
    const auto cases = vectors::read_json(SOURCE_DIR "/api/cases/key-sets/key-sets.json");
    for (const auto& test : cases.at("cases").as_array()) {
        const bool is_foreign = !test.at("otherwise").is_null();
        const auto otherwise = is_foreign ? crypto::algorithm_named(string_of(test, "otherwise"))
                                          : std::nullopt;
        const auto set = token::parse_jwk_set(json::serialize(test.at("set")),
                                              is_foreign ? crypto::foreign_rsa_bits : crypto::own_rsa_bits,
                                              otherwise);
        json::array kids;
        if (set)
            for (const auto& key : *set) kids.emplace_back(key.key_id);
        EXPECT_EQ(set ? json::value(kids) : json::value(), test.at("kids")) << string_of(test, "name");
    }
    EXPECT_GT(cases.at("cases").as_array().size(), 50U);
}

}  // namespace
}  // namespace coatcheck::verify
