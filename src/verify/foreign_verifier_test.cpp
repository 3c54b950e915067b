// SPDX-License-Identifier: Apache-2.0
#include "verify/foreign_verifier.hpp"
#include "base/reason.hpp"

#include "base/bytes.hpp"
#include "crypto/digest.hpp"

#include <gtest/gtest.h>

namespace coatcheck::verify {
namespace {

using namespace std::chrono_literals;
using base::Reason;

const base::Timestamp now = base::from_unix_seconds(1'800'000'000);
const std::string secret = "a secret of the older system, long";

class Foreign : public testing::Test {
protected:
    Foreign() { revocations.load({}); }

    static ForeignIssuer issuer(const std::string& name, std::vector<std::string> iss = {}) {
        ForeignIssuer one;
        one.name = name;
        one.issuers = std::move(iss);
        one.algorithm = "HS256";
        one.keys.push_back({"", base::Secret(secret)});
        one.until = now + 24h;
        return one;
    }
    static std::string signed_token(const std::string& claims, const std::string& key = secret,
                                    const std::string& header = R"({"typ":"JWT","alg":"HS256"})") {
        const std::string input = base::base64url(header) + "." + base::base64url(claims);
        return input + "." + base::base64url(crypto::hmac_sha256(key, input));
    }
    std::string verdict(const std::string& text, ForeignIssuer one = issuer("old")) {
        std::vector<ForeignIssuer> issuers;
        issuers.push_back(std::move(one));
        const auto claims = ForeignVerifier(std::move(issuers), revocations).check(text, now);
        if (claims) return claims->subject;
        return std::to_string(static_cast<int>(claims.error().reason));
    }
    static std::string no(Reason reason) { return std::to_string(static_cast<int>(reason)); }

    Revocations revocations;
};

TEST_F(Foreign, AnIdIsAStringOrAWholeNumberAndHasItsPrefix) {
    EXPECT_EQ(verdict(signed_token(R"({"sub":"7","iat":1799999990.25})")), "7");
    EXPECT_EQ(verdict(signed_token(R"({"sub":7,"iat":1799999990})")), "7");
    auto one = issuer("old");
    one.id_prefix = "o-";
    EXPECT_EQ(verdict(signed_token(R"({"sub":7,"iat":1799999990})"), std::move(one)), "o-7");
    for (const char* sub : {"-7", "7.5", "7e0", "true", "null", "[7]", "18446744073709551615"})
        EXPECT_EQ(verdict(signed_token(std::string(R"({"iat":1799999990,"sub":)") + sub + "}")),
                  no(Reason::token_malformed))
            << sub;
    EXPECT_EQ(verdict(signed_token(R"({"iat":1799999990})")), no(Reason::token_malformed));
}

TEST_F(Foreign, AnIdThatCouldBeOneOfOursIsRefused) {
    EXPECT_EQ(verdict(signed_token(R"({"sub":"4gSYhmZ8T1GkxI2yqz5bUQ","iat":1799999990})")),
              no(Reason::token_not_ours));
    EXPECT_EQ(verdict(signed_token(R"({"sub":"4gSYhmZ8T1GkxI2yqz5bU","iat":1799999990})")),
              "4gSYhmZ8T1GkxI2yqz5bU");
    EXPECT_EQ(verdict(signed_token(R"({"sub":"1f6e9b1c-3c9b-4b0e-9a53-3f7d7a1c0000","iat":1799999990})")),
              "1f6e9b1c-3c9b-4b0e-9a53-3f7d7a1c0000");
}

TEST_F(Foreign, TimesHaveAMinuteOfGraceAheadAndNoneBehind) {
    EXPECT_EQ(verdict(signed_token(R"({"sub":7,"iat":1800000060,"nbf":1800000060})")), "7");
    EXPECT_EQ(verdict(signed_token(R"({"sub":7,"iat":1800000061})")), no(Reason::token_not_yet_valid));
    EXPECT_EQ(verdict(signed_token(R"({"sub":7,"iat":1799999990,"nbf":1800000061})")),
              no(Reason::token_not_yet_valid));
    EXPECT_EQ(verdict(signed_token(R"({"sub":7,"iat":1799999990,"exp":1800000000})")),
              no(Reason::token_expired));
    EXPECT_EQ(verdict(signed_token(R"({"sub":7,"iat":1799999990,"exp":1800000000.5})")), "7");
    auto over = issuer("old");
    over.until = now;
    EXPECT_EQ(verdict(signed_token(R"({"sub":7,"iat":1799999990,"exp":1900000000})"), std::move(over)),
              no(Reason::token_expired))
        << "the last day counts more";
    auto cut = issuer("old");
    cut.issued_before = now - 10s;
    EXPECT_EQ(verdict(signed_token(R"({"sub":7,"iat":1799999989.999})"), issuer("old")), "7");
    EXPECT_EQ(verdict(signed_token(R"({"sub":7,"iat":1799999990})"), std::move(cut)),
              no(Reason::token_not_ours));
}

TEST_F(Foreign, OnlyTheNamedIssuersKeyAndAlgorithmCount) {
    const std::string claims = R"({"iss":"https://old.example","sub":7,"iat":1799999990})";
    EXPECT_EQ(verdict(signed_token(claims), issuer("old", {"https://old.example"})), "7");
    EXPECT_EQ(verdict(signed_token(claims), issuer("old", {"https://old.example/"})),
              no(Reason::token_not_ours));
    EXPECT_EQ(verdict(signed_token(claims), issuer("old")), no(Reason::token_not_ours))
        << "its tokens have no iss";
    EXPECT_EQ(verdict(signed_token(R"({"sub":7,"iat":1799999990})"), issuer("old", {"https://old.example"})),
              no(Reason::token_not_ours));
    EXPECT_EQ(verdict(signed_token(R"({"iss":7,"sub":7,"iat":1799999990})")), no(Reason::token_malformed));
    EXPECT_EQ(verdict(signed_token(claims, secret + "x"), issuer("old", {"https://old.example"})),
              no(Reason::token_not_ours));
    for (const char* header :
         {R"({"alg":"HS512"})", R"({"alg":"hs256"})", R"({"alg":"RS256"})", R"({"alg":"none"})"})
        EXPECT_EQ(verdict(signed_token(claims, secret, header), issuer("old", {"https://old.example"})),
                  no(Reason::token_not_ours))
            << header;
    EXPECT_EQ(verdict(signed_token(claims, secret, R"({"alg":"HS256","crit":["x"],"x":1})"),
                      issuer("old", {"https://old.example"})),
              no(Reason::token_malformed));
}

TEST_F(Foreign, ASessionsIdIsOfTheTokenAndItsIssuer) {
    const auto session = [&](const std::string& text, const char* name) {
        std::vector<ForeignIssuer> issuers;
        issuers.push_back(issuer(name));
        return ForeignVerifier(std::move(issuers), revocations).check_even_if_over(text)->session;
    };
    const std::string one = signed_token(R"({"sub":7,"iat":1799999990})"),
                      two = signed_token(R"({"sub":7,"iat":1799999991})");
    EXPECT_EQ(session(one, "old"), session(one, "old"));
    EXPECT_NE(session(one, "old"), session(two, "old"));
    EXPECT_NE(session(one, "old"), session(one, "older"));
    EXPECT_EQ(session(one, "old").size(), 22U);
    revocations.add({{Revocation::Kind::session, session(one, "old"), 0, now + 24h}});
    EXPECT_EQ(verdict(one), no(Reason::token_revoked));
    EXPECT_EQ(verdict(two), "7");
    revocations.add({{Revocation::Kind::foreign_before, "7", base::unix_seconds(now), now + 24h}});
    EXPECT_EQ(verdict(two), no(Reason::token_revoked));
}

TEST_F(Foreign, EcdsaSignaturesHaveTwoFormsAndOneSession) {
    const auto key = crypto::SigningKey::generate(crypto::Algorithm::es256);
    std::vector<ForeignIssuer> issuers;
    issuers.push_back(issuer("old"));
    issuers[0].algorithm = "ES256";
    issuers[0].keys.clear();
    issuers[0].keys.push_back({"", key.public_key()});
    const ForeignVerifier verifier(std::move(issuers), revocations);
    const std::string input = base::base64url(R"({"alg":"ES256"})") + "." +
                              base::base64url(R"({"sub":7,"iat":1799999990})");
    const auto first = verifier.check(input + "." + base::base64url(key.sign(input)), now),
               second = verifier.check(input + "." + base::base64url(key.sign(input)), now);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->session, second->session);
}

}  // namespace
}  // namespace coatcheck::verify
