// SPDX-License-Identifier: Apache-2.0
#include "auth/keys/service_keys.hpp"
#include "base/reason.hpp"

#include <gtest/gtest.h>

namespace coatcheck::auth {
namespace {

using base::Reason;

const auto minted = mint_service_key("api", {Scope::feed, Scope::introspect},
                                     base::from_unix_seconds(1'800'000'000));

TEST(ServiceKey, IsRecognisableAndIsNotInTheStore) {
    EXPECT_TRUE(minted.text.starts_with("ccs_"));
    EXPECT_EQ(minted.text.size(), 68U);
    EXPECT_EQ(minted.row.secret_hash.bytes().size(), 32U);
    EXPECT_EQ(minted.text.find(minted.row.secret_hash.bytes()), std::string::npos);
}

TEST(ServiceKey, OpensWhatItsScopesName) {
    ServiceKeys keys;
    keys.replace({minted.row});
    EXPECT_EQ(keys.check(minted.text, Scope::feed).value().name, "api");
    EXPECT_EQ(keys.check(minted.text, Scope::introspect).value().name, "api");
    EXPECT_EQ(keys.check(minted.text, Scope::users).error().reason, Reason::service_key_scope);
}

TEST(ServiceKey, AnyOtherTextIsUnknown) {
    ServiceKeys keys;
    EXPECT_EQ(keys.check(minted.text, Scope::feed).error().reason, Reason::service_key_unknown)
        << "not there yet";
    keys.replace({minted.row});
    for (std::size_t i = 0; i < minted.text.size(); ++i) {
        std::string other = minted.text;
        other[i] = other[i] == 'A' ? 'B' : 'A';
        EXPECT_EQ(keys.check(other, Scope::feed).error().reason, Reason::service_key_unknown) << i;
        EXPECT_EQ(keys.check(minted.text.substr(0, i), Scope::feed).error().reason,
                  Reason::service_key_unknown)
            << i;
    }
    EXPECT_EQ(keys.check(minted.text + "A", Scope::feed).error().reason, Reason::service_key_unknown);
    keys.replace({});
    EXPECT_EQ(keys.check(minted.text, Scope::feed).error().reason, Reason::service_key_unknown) << "ended";
}

TEST(ServiceKey, AnOpenStreamLearnsThatItsKeyHasEndedThoughAnotherHasItsName) {
    ServiceKeys keys;
    keys.replace({minted.row});
    const std::string id = keys.check(minted.text, Scope::feed).value().id;
    const auto before = keys.generation();
    EXPECT_TRUE(keys.has(id));
    keys.replace({mint_service_key("api", {Scope::feed}, base::from_unix_seconds(1'800'000'000)).row});
    EXPECT_NE(keys.generation(), before);
    EXPECT_FALSE(keys.has(id));
}

TEST(ServiceKey, ScopesHaveNamesBothWays) {
    for (const Scope scope : {Scope::feed, Scope::users, Scope::introspect})
        EXPECT_EQ(scope_named(name_of(scope)), scope);
    EXPECT_FALSE(scope_named("admin"));
    EXPECT_FALSE(scope_named(""));
}

}  // namespace
}  // namespace coatcheck::auth
