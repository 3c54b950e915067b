// SPDX-License-Identifier: Apache-2.0
// api/cases: the cases that every verifier runs, whatever its language, and must give one verdict on (I9).
#include "../tests/vectors/vectors.hpp"
#include "token/jwk.hpp"
#include "verify/verifier.hpp"
#include "web/problem.hpp"

#include <boost/json/serialize.hpp>
#include <fstream>

namespace coatcheck::verify {
namespace {

namespace json = boost::json;

std::string string_of(const json::value& value, std::string_view name) { return std::string(vectors::text(value, name)); }

Revocation revocation_of(const json::value& entry) {
    static const std::map<std::string, Revocation::Kind> kinds{{"session", Revocation::Kind::session}, {"user_revoked", Revocation::Kind::user_revoked},
                                                               {"user_stale", Revocation::Kind::user_stale}, {"issued_before", Revocation::Kind::issued_before}};
    const auto* minimum = entry.as_object().if_contains("minimum");
    return {kinds.at(string_of(entry, "kind")), string_of(entry, "subject"), minimum ? minimum->as_int64() : 0,
            base::from_unix_seconds(entry.at("expires").as_int64())};
}

TEST(Cases, EachHasTheVerdictThatIsWrittenThere) {
    const char* record = std::getenv("COATCHECK_RECORD_CASES");  // tools/make_cases.py
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
        Verifier verifier({string_of(set, "issuer"), string_of(set, "audience")}, keys, revocations);
        std::ofstream recorded;
        if (record != nullptr) recorded.open(std::string(record) + "/" + file.path().stem().string(), std::ios::trunc);
        for (const auto& test : set.at("cases").as_array()) {
            const auto now = base::from_unix_millis(static_cast<std::int64_t>(test.at("now").to_number<double>() * 1000));
            for (const char* round : {"new", "seen"}) {
                const auto proof = verifier.check(string_of(test, "token"), now);
                const std::string verdict = proof ? "ok" : std::string(web::public_reason(proof.error().reason).code);
                if (record != nullptr) {
                    if (round == std::string("new")) recorded << verdict << "\n";
                    continue;
                }
                EXPECT_EQ(verdict, string_of(test, "verdict")) << file.path().filename() << ": " << string_of(test, "name") << ", " << round;
                if (proof) { EXPECT_EQ((*proof)->claims->subject, string_of(test, "user")); }
            }
            ++count;
        }
    }
    EXPECT_GT(count, 500U);
}

}  // namespace
}  // namespace coatcheck::verify
