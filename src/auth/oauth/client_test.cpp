// SPDX-License-Identifier: Apache-2.0
#include "auth/oauth/client.hpp"

#include <gtest/gtest.h>

namespace coatcheck::auth {
namespace {

TEST(RedirectUris, HttpsLoopbackAndSchemesOfAppsMayBeRegistered) {
    for (const char* uri :
         {"https://app.example/cb", "https://app.example", "https://app.example:8443/cb?x=1",
          "http://localhost:3000/cb", "http://127.0.0.1/", "http://[::1]/cb"})
        EXPECT_TRUE(checked_redirect_uri(uri, ClientType::web)) << uri;
    for (const char* uri : {"com.example.app:/cb", "com.example.app://cb"}) {
        EXPECT_TRUE(checked_redirect_uri(uri, ClientType::native)) << uri;
        EXPECT_FALSE(checked_redirect_uri(uri, ClientType::web)) << uri;
        EXPECT_FALSE(checked_redirect_uri(uri, ClientType::browser)) << uri;
    }
}

TEST(RedirectUris, NothingElseMay) {
    const std::string too_long = "https://app.example/" + std::string(500, 'x');
    for (const std::string& uri : {std::string(),
                                   std::string("app.example"),
                                   std::string("//app.example/cb"),
                                   std::string("/cb"),
                                   std::string("http://app.example/cb"),
                                   std::string("http://localhost.evil.example/"),
                                   std::string("http://127.0.0.1.evil.example/"),
                                   std::string("https://"),
                                   std::string("https:///cb"),
                                   std::string("https://a@app.example/"),
                                   std::string("https://app.example/#x"),
                                   std::string("https://*.app.example/"),
                                   std::string("https://App.example/"),
                                   std::string("https://app.example:x/"),
                                   std::string("https://app.example/ cb"),
                                   std::string("https://app.example/\n"),
                                   std::string("https://app.ex\xc3\xa4mple/"),
                                   std::string("javascript:alert(1)"),
                                   std::string("data:text/html,x"),
                                   std::string("file:///etc/passwd"),
                                   std::string("http://127.0.0.1:99999/"),
                                   std::string("HTTPS://app.example/"),
                                   std::string("myapp:/cb"),
                                   std::string("Com.example.app:/cb"),
                                   std::string(":x"),
                                   too_long})
        EXPECT_FALSE(checked_redirect_uri(uri, ClientType::native)) << uri;
}

TEST(RedirectUris, OnlyThePortOfANativeClientsLoopbackIsFree) {
    Client native{.type = ClientType::native};
    native.redirect_uris = {"http://127.0.0.1/cb?x=1", "http://[::1]:4000/cb", "https://app.example/cb"};
    for (const char* uri : {"http://127.0.0.1/cb?x=1", "http://127.0.0.1:51004/cb?x=1", "http://[::1]/cb",
                            "http://[::1]:9/cb", "https://app.example/cb"})
        EXPECT_TRUE(redirect_uri_matches(native, uri)) << uri;
    for (const char* uri :
         {"http://127.0.0.1:51004/cb", "http://127.0.0.1:51004/cb?x=2", "http://[::1]:9/cb/",
          "http://localhost:9/cb?x=1", "https://app.example:9/cb", "http://127.0.0.1:/cb?x=1",
          "http://127.0.0.1:9@evil.example/cb?x=1", "https://127.0.0.1:9/cb?x=1"})
        EXPECT_FALSE(redirect_uri_matches(native, uri)) << uri;
    Client web{.type = ClientType::web};
    web.redirect_uris = native.redirect_uris;
    EXPECT_TRUE(redirect_uri_matches(web, "http://127.0.0.1/cb?x=1"));
    EXPECT_FALSE(redirect_uri_matches(web, "http://127.0.0.1:51004/cb?x=1"));
}

TEST(RedirectUris, AUserSeesTheOrigin) {
    EXPECT_EQ(origin_of_uri("https://app.example:8443/cb?x=1"), "https://app.example:8443");
    EXPECT_EQ(origin_of_uri("com.example.app:/cb"), "com.example.app:");
}

TEST(ClientSecrets, ThePresentOneAndTheOneBeforeAreGood) {
    Client client;
    EXPECT_FALSE(has_secret(client, "")) << "a client without a secret has no empty one";
    client.secret_hash = crypto::SecretHash::of("new");
    EXPECT_TRUE(has_secret(client, "new"));
    EXPECT_FALSE(has_secret(client, "old"));
    client.older_secret_hash = crypto::SecretHash::of("old");
    EXPECT_TRUE(has_secret(client, "old"));
    EXPECT_NE(new_client_secret(), new_client_secret());
    EXPECT_EQ(new_client_secret().size(), 47U);
}

}  // namespace
}  // namespace coatcheck::auth
