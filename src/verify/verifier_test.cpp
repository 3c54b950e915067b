// SPDX-License-Identifier: Apache-2.0
// Verdicts. Every token here is signed by a key that the verifier accepts, unless the test is about the key.
// So only the rule under test can refuse the token.
#include "verify/verifier.hpp"
#include "base/reason.hpp"

#include "base/bytes.hpp"
#include "crypto/digest.hpp"
#include "token/json.hpp"

#include <gtest/gtest.h>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace coatcheck::verify {
namespace {

namespace json = boost::json;
using base::Reason;
using base::Timestamp;
using namespace std::chrono_literals;

const Timestamp now = base::from_unix_seconds(1'800'000'000);

const crypto::SigningKey& ec() {
    static const auto key = crypto::SigningKey::generate(crypto::Algorithm::es256);
    return key;
}
const crypto::SigningKey& ed() {
    static const auto key = crypto::SigningKey::generate(crypto::Algorithm::eddsa);
    return key;
}

const json::object good_header{{"alg", "ES256"}, {"typ", "at+jwt"}, {"kid", "ec"}};

json::object good_claims() {
    return {{"iss", "https://id.example"},
            {"sub", "user"},
            {"aud", "https://api.example"},
            {"exp", 1'800'000'900},
            {"iat", 1'800'000'000},
            {"jti", "j"},
            {"client_id", "coatcheck"},
            {"scope", "account"},
            {"sid", "session"},
            {"auth_time", 1'799'999'000},
            {"preferred_username", "alice"},
            {"roles", json::array{"admin"}},
            {"ver", 3}};
}

std::string sign(std::string_view header, std::string_view claims, const crypto::SigningKey& key = ec()) {
    const std::string input = base::base64url(header) + '.' + base::base64url(claims);
    return input + '.' + base::base64url(key.sign(input));
}
std::string sign(const json::object& header, const json::object& claims,
                 const crypto::SigningKey& key = ec()) {
    return sign(json::serialize(header), json::serialize(claims), key);
}

template <class Value>
json::object with(json::object object, std::string_view name, const Value& value) {
    object[name] = value;
    return object;
}
json::object without(json::object object, std::string_view name) {
    object.erase(name);
    return object;
}

// Returns "" if the token is valid, else a short name of the reason.
std::string told(const base::Result<Proof*>& result) {
    if (result) return "";
    switch (result.error().reason) {
        case Reason::token_malformed: return "malformed";
        case Reason::token_not_ours: return "not ours";
        case Reason::token_not_yet_valid: return "not yet valid";
        case Reason::token_expired: return "expired";
        case Reason::token_revoked: return "revoked";
        case Reason::token_stale: return "stale";
        case Reason::not_ready: return "not ready";
        default: return "another";
    }
}

class Verdict : public testing::Test {
protected:
    Verdict() {
        keys.replace({{"ec", ec().public_key()}, {"ed", ed().public_key()}});
        revocations.load({});
    }
    std::string check(std::string_view token, Timestamp at = now) { return told(verifier.check(token, at)); }
    std::string of_claims(const json::object& claims, Timestamp at = now) {
        return check(sign(good_header, claims), at);
    }
    std::string of_header(const json::object& header) { return check(sign(header, good_claims())); }

    KeySet keys;
    Revocations revocations;
    const Policy policy{"https://id.example", "https://api.example"};
    Verifier verifier{policy, keys, revocations};
};

TEST_F(Verdict, OwnTokenCountsAndItsClaimsAreTold) {
    const std::string token = sign(good_header, good_claims());
    const auto proof = verifier.check(token, now);
    ASSERT_TRUE(proof);
    EXPECT_EQ((*proof)->claims->subject, "user");
    EXPECT_EQ((*proof)->claims->session, "session");
    EXPECT_EQ((*proof)->claims->version, 3);
    EXPECT_EQ((*proof)->claims->roles, std::vector<std::string>{"admin"});
    EXPECT_TRUE((*proof)->answer.empty());
}

TEST_F(Verdict, MintedTokenCounts) {
    token::AccessClaims claims = token::parse_claims(json::serialize(good_claims())).value();
    EXPECT_EQ(check(token::mint(claims, "ec", ec())), "");
    EXPECT_EQ(check(token::mint(claims, "ed", ed())), "");
}

TEST_F(Verdict, OddButHonestSpacingCounts) {
    // The verifier checks the bytes received, not JSON that it writes anew.
    EXPECT_EQ(check(sign("{ \"typ\" : \"at+jwt\",\n \"kid\":\"ec\",\t\"alg\" :\"\\u0045S256\" }",
                         json::serialize(good_claims()))),
              "");
    const std::string token = sign(good_header, good_claims());
    const std::string reordered = base::base64url(R"({"kid":"ec","typ":"at+jwt","alg":"ES256"})") +
                                  token.substr(token.find('.'));
    EXPECT_EQ(check(reordered), "not ours");
}

TEST_F(Verdict, TypeIsAtJwt) {
    for (std::string_view type : {"at+jwt", "AT+JWT", "At+JWT", "application/at+jwt", "Application/AT+jwt"})
        EXPECT_EQ(of_header(with(good_header, "typ", type)), "") << type;
    for (std::string_view type : {"JWT", "jwt", "", "jwt+at", "at+jw", "at+jwtx", " at+jwt", "at+jwt ",
                                  "at-jwt", "text/at+jwt", "application/application/at+jwt", "application/",
                                  "rt+jwt", "dpop+jwt", "secevent+jwt", "logout+jwt"})
        EXPECT_EQ(of_header(with(good_header, "typ", type)), "not ours") << type;
    EXPECT_EQ(of_header(without(good_header, "typ")), "not ours");
    EXPECT_EQ(of_header(with(good_header, "typ", 1)), "malformed");
}

TEST_F(Verdict, IssuerIsComparedToTheLetter) {
    for (std::string_view issuer : {"", "https://id.example/", "https://id.exampl", "https://id.example.evil",
                                    "https://ID.example", "http://id.example", " https://id.example",
                                    "https://id.example ", "https://id.example:443", "https://api.example"})
        EXPECT_EQ(of_claims(with(good_claims(), "iss", issuer)), "not ours") << issuer;
    EXPECT_EQ(of_claims(with(good_claims(), "iss", std::string("https://id.example\0", 19))), "not ours");
    EXPECT_EQ(of_claims(with(good_claims(), "iss", json::array{"https://id.example"})), "malformed");
}

TEST_F(Verdict, AudienceNamesUs) {
    EXPECT_EQ(of_claims(with(good_claims(), "aud", json::array{"https://api.example"})), "");
    EXPECT_EQ(
        of_claims(with(good_claims(), "aud", json::array{"https://other.example", "https://api.example"})),
        "");
    for (std::string_view audience :
         {"", "https://api.example/", "https://api.exampl", "https://api.example.evil", "https://API.example",
          "https://id.example", "*", "https://api.example https://b"})
        EXPECT_EQ(of_claims(with(good_claims(), "aud", audience)), "not ours") << audience;
    EXPECT_EQ(
        of_claims(with(good_claims(), "aud", json::array{"https://other.example", "https://third.example"})),
        "not ours");
    EXPECT_EQ(of_claims(with(good_claims(), "aud", json::array{})), "malformed");
    EXPECT_EQ(of_claims(with(good_claims(), "aud", json::array{json::array{"https://api.example"}})),
              "malformed");
    EXPECT_EQ(of_claims(with(good_claims(), "aud", json::object{{"https://api.example", 1}})), "malformed");
    EXPECT_EQ(of_claims(without(good_claims(), "aud")), "malformed");
}

TEST_F(Verdict, ExpiryHasNoLeeway) {
    const std::string token = sign(good_header, good_claims());
    const Timestamp end = now + 900s;
    EXPECT_EQ(check(token, end - 1ms), "");
    EXPECT_EQ(check(token, end), "expired");
    EXPECT_EQ(check(token, end + 1s), "expired");
    EXPECT_EQ(check(token, end - 1ms), "");  // each check uses the time of its call
    // Expired by one second, and not in the cache.
    EXPECT_EQ(of_claims(with(good_claims(), "exp", 1'799'999'999)), "expired");
    EXPECT_EQ(of_claims(with(good_claims(), "exp", 1'800'000'000)), "expired");
    EXPECT_EQ(of_claims(with(good_claims(), "exp", 1'800'000'001)), "");
    EXPECT_EQ(of_claims(with(good_claims(), "exp", 1'800'000'000.5)), "");
    EXPECT_EQ(of_claims(with(good_claims(), "exp", 0)), "expired");
}

TEST_F(Verdict, ExpiryMustBeADate) {
    EXPECT_EQ(of_claims(without(good_claims(), "exp")), "malformed");
    for (std::string_view bad : {"\"1800000900\"", "null", "true", "[1800000900]", "1e400", "-1",
                                 "9223372036854775808", "99999999999999999999"}) {
        std::string claims = json::serialize(without(good_claims(), "exp"));
        claims.back() = ',';
        EXPECT_EQ(check(sign(json::serialize(good_header), claims + "\"exp\":" + std::string(bad) + "}")),
                  "malformed")
            << bad;
    }
}

TEST_F(Verdict, IssuedUpTo60SecondsAheadCounts) {
    EXPECT_EQ(of_claims(with(good_claims(), "iat", 1'800'000'060)), "");
    EXPECT_EQ(of_claims(with(good_claims(), "iat", 1'800'000'061)), "not yet valid");
    EXPECT_EQ(of_claims(with(good_claims(), "iat", 1'800'000'060.001)), "not yet valid");
    EXPECT_EQ(of_claims(with(good_claims(), "iat", 253'402'300'799)), "not yet valid");
    EXPECT_EQ(of_claims(with(good_claims(), "iat", 0)), "");
    EXPECT_EQ(of_claims(without(good_claims(), "iat")), "malformed");
    const std::string token = sign(good_header, with(good_claims(), "iat", 1'800'000'061));
    EXPECT_EQ(check(token), "not yet valid");
    EXPECT_EQ(check(token, now + 1s), "");
}

TEST_F(Verdict, NotBeforeHasNoLeeway) {
    EXPECT_EQ(of_claims(with(good_claims(), "nbf", 1'800'000'000)), "");
    EXPECT_EQ(of_claims(with(good_claims(), "nbf", 1'800'000'001)), "not yet valid");
    EXPECT_EQ(of_claims(with(good_claims(), "nbf", "1800000000")), "malformed");
    EXPECT_EQ(of_claims(with(good_claims(), "nbf", nullptr)), "malformed");
}

TEST_F(Verdict, ClaimThatIsMissingOrOddIsMalformed) {
    for (std::string_view name : {"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "sid",
                                  "auth_time", "preferred_username", "roles", "ver"})
        EXPECT_EQ(of_claims(without(good_claims(), name)), "malformed") << name;
    EXPECT_EQ(of_claims(with(good_claims(), "sub", "")), "malformed");
    EXPECT_EQ(of_claims(with(good_claims(), "ver", "3")), "malformed");
    EXPECT_EQ(of_claims(with(good_claims(), "ver", -1)), "malformed");
}

TEST_F(Verdict, DuplicateClaimIsMalformedThoughSigned) {
    for (std::string_view more :
         {R"("exp":9999999999)", R"("\u0065xp":9999999999)", R"("sub":"root")", R"("x":{"y":1,"y":1})"}) {
        std::string claims = json::serialize(good_claims());
        claims.back() = ',';
        EXPECT_EQ(check(sign(json::serialize(good_header), claims.append(more).append("}"))), "malformed")
            << more;
    }
}

TEST_F(Verdict, KeyIsTheOneNamed) {
    // This is a key of ours, but not the one that signed.
    EXPECT_EQ(of_header(with(good_header, "kid", "ed")), "not ours");
    EXPECT_EQ(check(sign(with(with(good_header, "kid", "ed"), "alg", "EdDSA"), good_claims(), ec())),
              "not ours");
    for (std::string_view kid : {"", "EC", "ec ", "e", "ecc", "../ec", "/dev/null", "file:///ec",
                                 "ec' OR '1'='1", "https://evil.example/jwks.json"})
        EXPECT_EQ(of_header(with(good_header, "kid", kid)), "not ours") << kid;
    EXPECT_EQ(of_header(with(good_header, "kid", std::string("ec\0", 3))), "not ours");
    EXPECT_EQ(of_header(without(good_header, "kid")), "not ours");
    EXPECT_EQ(of_header(with(good_header, "kid", nullptr)), "malformed");
}

TEST_F(Verdict, AlgorithmIsTheOneOfTheKey) {
    for (std::string_view name : {"none", "None", "NONE", "nOnE", "", " none", "ES256 ", "es256", "EdDSA",
                                  "Ed25519", "RS256", "PS256", "ES384", "ES256K", "HS256", "HS512", "dir"})
        EXPECT_EQ(of_header(with(good_header, "alg", name)), "not ours") << name;
    const json::object ed_header = with(with(good_header, "kid", "ed"), "alg", "EdDSA");
    EXPECT_EQ(check(sign(ed_header, good_claims(), ed())), "");
    EXPECT_EQ(check(sign(with(ed_header, "alg", "Ed25519"), good_claims(), ed())), "");
    EXPECT_EQ(check(sign(with(ed_header, "alg", "Ed448"), good_claims(), ed())), "not ours");
    EXPECT_EQ(check(sign(with(ed_header, "alg", "ES256"), good_claims(), ed())), "not ours");
}

TEST_F(Verdict, PublicKeyAsASecretProvesNothing) {
    const std::string x = ec().public_key().parameter('x'), y = ec().public_key().parameter('y');
    for (const std::string& secret : {std::string(), x, y, x + y, '\x04' + x + y,
                                      token::write_jwk_set({{"ec", ec().public_key()}}), std::string("ec")})
        for (std::string_view name : {"HS256", "ES256"}) {
            const std::string input = base::base64url(json::serialize(with(good_header, "alg", name))) + '.' +
                                      base::base64url(json::serialize(good_claims()));
            EXPECT_EQ(check(input + '.' + base::base64url(crypto::hmac_sha256(secret, input))), "not ours");
        }
}

TEST_F(Verdict, KeyInTheHeaderIsNotBelieved) {
    const auto thief = crypto::SigningKey::generate(crypto::Algorithm::es256);
    const auto jwk =
        token::parse_object(token::write_jwk_set({{"ec", thief.public_key()}}))->at("keys").as_array().at(0);
    EXPECT_EQ(check(sign(with(good_header, "jwk", jwk), good_claims(), thief)), "not ours");
    EXPECT_EQ(check(sign(without(with(good_header, "jwk", jwk), "kid"), good_claims(), thief)), "not ours");
    EXPECT_EQ(check(sign(with(good_header, "jku", "https://evil.example/jwks.json"), good_claims(), thief)),
              "not ours");
    // A valid signature, and a header member that is ignored.
    EXPECT_EQ(check(sign(with(good_header, "jwk", jwk), good_claims(), ec())), "");
}

TEST_F(Verdict, FlippedBitAnywhereIsRefused) {
    const std::string token = sign(good_header, good_claims());
    for (std::size_t i = 0; i < token.size(); ++i) {
        std::string changed = token;
        changed[i] = static_cast<char>(changed[i] ^ 1 << i % 7);
        ASSERT_NE(check(changed), "") << i;
    }
    EXPECT_EQ(check(token), "");
}

TEST_F(Verdict, TokenCutOffAtAnyLengthIsRefused) {
    const std::string token = sign(good_header, good_claims());
    ASSERT_EQ(check(token), "");
    for (std::size_t size = 0; size < token.size(); ++size)
        ASSERT_NE(check(token.substr(0, size)), "") << size;
    for (std::string_view more : {"A", "AAAA", "=", ".", " ", "\n", ".AAAA"})
        EXPECT_NE(check(token + std::string(more)), "") << more;
    EXPECT_EQ(check(token + '\0'), "malformed");
}

TEST_F(Verdict, PartsOfTwoGoodTokensMakeNoThird) {
    const std::string one = sign(good_header, good_claims()),
                      two = sign(good_header, with(good_claims(), "sub", "root"));
    EXPECT_EQ(check(one.substr(0, one.rfind('.')) + two.substr(two.rfind('.'))), "not ours");
}

TEST_F(Verdict, NobodyCountsWithoutKeys) {
    keys.replace({});
    EXPECT_EQ(check(sign(good_header, good_claims())), "not ours");
}

}  // namespace
}  // namespace coatcheck::verify
