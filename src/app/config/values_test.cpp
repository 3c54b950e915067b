// SPDX-License-Identifier: Apache-2.0
// Which values the configuration accepts, and how it is printed.
#include "app/config/values.hpp"
#include "app/config/config.hpp"
#include "web/routes.hpp"

#include <gtest/gtest.h>
#include <fstream>
#include <sstream>

namespace coatcheck::app {
namespace {

// The text of check_config() for these settings, with defaults otherwise. Empty: they are valid.
std::string mistake(std::initializer_list<std::string_view> settings, bool dev = false) {
    ConfigSources sources;
    sources.dev = dev;
    for (std::string_view setting : settings) sources.settings.emplace_back(setting);
    try {
        load_config(sources);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "";
}

std::string with(std::string_view key, std::string_view value) {
    return std::string(key).append("=").append(value);
}

TEST(ConfigValues, DefaultsAreGood) { EXPECT_NO_THROW(check_config(Config{})); }

TEST(ConfigValues, RefusalNamesOriginKeyAndExpectation) {
    EXPECT_EQ(mistake({"tokens.algorithm=HS256"}),
              "--set: tokens.algorithm needs ES256, RS256, PS256 or EdDSA, not \"HS256\"");
    Config config;
    read_toml(config, "[passwords]\nmin_length = 7\n", "x.toml");
    try {
        check_config(config);
        FAIL();
    } catch (const ConfigError& error) {
        EXPECT_STREQ(error.what(), "x.toml:2: passwords.min_length needs 8 to 128, not 7");
    }
}

TEST(ConfigValues, PublicUrlIsAnOrigin) {
    for (std::string_view good :
         {"https://id.example", "http://localhost:8080", "https://[::1]:8443", "http://127.0.0.1"})
        EXPECT_EQ(mistake({with("public_url", good)}), "") << good;
    for (std::string_view bad :
         {"", "id.example", "https://id.example/", "https://id.example/path", "HTTPS://id.example",
          "https://ID.example", "ftp://id.example", "https://", "https://user@id.example",
          "https://id.example?x", "https://id.example#x", " https://id.example", "https://id.example ",
          "https://id.example:", "https://:443", "*"})
        EXPECT_NE(mistake({with("public_url", bad)}), "") << bad;
}

TEST(ConfigValues, TheLastDayOfADialectIsADay) {
    for (std::string_view good : {"", "/login", "/api/login.php", "/v1/users/sign-in"})
        EXPECT_EQ(mistake({with("accept.envelope_path", good)}), "") << good;
    for (std::string_view bad : {"login", "/", "/a b", "/a?b", "/{id}", "/a%2f"})
        EXPECT_NE(mistake({with("accept.envelope_path", bad)}), "") << bad;
    for (const auto& route : web::public_routes())
        EXPECT_NE(mistake({with("accept.envelope_path", route.path)}), "")
            << route.path << " has its own meaning";
    for (std::string_view good : {"", "2027-01-31", "2028-02-29", "0001-01-01"})
        EXPECT_EQ(mistake({with("accept.x_token_until", good)}), "") << good;
    for (std::string_view bad : {"2027-02-29", "2027-13-01", "2027-1-1", "20270131", "2027-01-31T00:00:00Z",
                                 "31.01.2027", "+027-01-31", "2027-01-3x", "never"})
        EXPECT_NE(mistake({with("accept.x_token_until", bad)}), "") << bad;
}

TEST(ConfigValues, ListenIsAnAddressAndAPort) {
    for (std::string_view good :
         {"127.0.0.1:8080", "localhost:8080", "[::1]:8080", "127.1.2.3:1", "127.0.0.1:65535"})
        EXPECT_EQ(mistake({with("listen", good)}), "") << good;
    for (std::string_view bad : {"",
                                 "8080",
                                 ":8080",
                                 "127.0.0.1",
                                 "127.0.0.1:",
                                 "127.0.0.1:65536",
                                 "127.0.0.1:-1",
                                 "127.0.0.1:+1",
                                 "127.0.0.1:80x",
                                 "127.0.0.1: 80",
                                 "::1:8080",
                                 "[::1]",
                                 "[::1",
                                 "[]:80",
                                 "[127.0.0.1]:80",
                                 "example.com:80",
                                 "*:80",
                                 "127.0.0:80",
                                 "0127.0.0.1:80",
                                 "[::1]x:80",
                                 "127.0.0.1:0x50"})
        EXPECT_NE(mistake({with("listen", bad)}), "") << bad;
}

TEST(ConfigValues, BeyondLoopbackNeedsAProxyInFront) {
    for (std::string_view address :
         {"0.0.0.0:8080", "192.168.1.1:8080", "[::]:8080", "[2001:db8::1]:8080", "128.0.0.1:8080"}) {
        EXPECT_NE(mistake({with("listen", address)}), "") << address;
        EXPECT_EQ(mistake({with("listen", address), "behind_proxy=true"}), "") << address;
        EXPECT_NE(mistake({with("listen", address), "behind_proxy=true"}, true), "")
            << address;  // and never with --dev
    }
    EXPECT_EQ(mistake({}, true), "");
}

TEST(ConfigValues, ListsAreCheckedEntryByEntry) {
    EXPECT_EQ(mistake({"trusted_proxies=10.0.0.0/8,::1,192.168.1.1"}), "");
    for (std::string_view bad : {"10.0.0.0/33", "proxy.example", "*", "10.0.0.0/8, ::1", "10.0.0.0/8,,::1"})
        EXPECT_NE(mistake({with("trusted_proxies", bad)}), "") << bad;
    EXPECT_EQ(mistake({"cors.origins=https://a.example,http://localhost:3000"}), "");
    for (std::string_view bad : {"*", "null", "https://*.example", "https://a.example/", "a.example",
                                 "https://a.example,*", "https://A.example"})
        EXPECT_NE(mistake({with("cors.origins", bad)}), "") << bad;
}

TEST(ConfigValues, AlgorithmIsOneOfFour) {
    for (std::string_view good : {"ES256", "RS256", "PS256", "EdDSA"})
        EXPECT_EQ(mistake({with("tokens.algorithm", good)}), "") << good;
    for (std::string_view bad : {"", "none", "HS256", "es256", "ES384", "RS512"})
        EXPECT_NE(mistake({with("tokens.algorithm", bad)}), "") << bad;
}

TEST(ConfigValues, DurationsHaveBounds) {
    const struct {
        std::string_view key, least, below, most, above;
    } bounds[] = {{"tokens.access_ttl", "1s", "999ms", "24h", "86401s"},
                  {"tokens.key_rotation", "1m", "59s", "3650d", ""},
                  {"sessions.idle", "1s", "999ms", "400d", "9601h"},
                  {"sessions.absolute", "1s", "999ms", "400d", "9601h"},
                  {"sessions.refresh_grace", "1ms", "", "10m", "601s"}};
    for (const auto& bound : bounds) {
        EXPECT_EQ(mistake({with(bound.key, bound.least)}), "");
        EXPECT_EQ(mistake({with(bound.key, bound.most)}), "");
        EXPECT_NE(mistake({with(bound.key, bound.below)}), "") << bound.key;
        EXPECT_NE(mistake({with(bound.key, bound.above)}), "") << bound.key;
    }
}

TEST(ConfigValues, PasswordLengthIs8To128) {
    for (std::string_view good : {"8", "15", "128"})
        EXPECT_EQ(mistake({with("passwords.min_length", good)}), "") << good;
    for (std::string_view bad : {"7", "0", "-1", "129", "9223372036854775807"})
        EXPECT_NE(mistake({with("passwords.min_length", bad)}), "") << bad;
}

TEST(ConfigValues, MetricsListenIsAnAddressOrNothing) {
    EXPECT_EQ(mistake({"metrics.listen="}), "");
    EXPECT_EQ(mistake({"metrics.listen=0.0.0.0:9100"}), "");
    for (std::string_view bad : {"9100", ":9100", "off", "localhost"})
        EXPECT_NE(mistake({with("metrics.listen", bad)}), "") << bad;
}

TEST(ConfigValues, StoreIsAFileOrPostgres) {
    for (std::string_view good :
         {"sqlite:other.db", "postgres://db.example/coatcheck",
          "postgresql://coatcheck@[::1]:6432/x?sslmode=verify-full", "postgres:///x?host=/run/postgresql"})
        EXPECT_EQ(mistake({with("store.url", good)}), "") << good;
    for (std::string_view bad : {"sqlite:/var/lib/coatcheck.db", "sqlite:../other/coatcheck.db", "",
                                 "sqlite:", "coatcheck.db", "mysql://localhost/x", "SQLITE:x", "file:x"})
        EXPECT_NE(mistake({with("store.url", bad)}), "") << bad;
}

TEST(ConfigValues, AStoresPasswordIsInAFile) {
    for (std::string_view bad : {"postgres://me:secret@db/x", "postgres://db/x?user=me&password=secret"})
        for (std::string_view key : {"store.url", "store.listen_url"})
            EXPECT_NE(mistake({with(key, bad)}).find("store.password_file"), std::string::npos) << bad;
}

TEST(ConfigValues, StoreConnectionsAre1To200) {
    for (std::string_view good : {"1", "200"})
        EXPECT_EQ(mistake({with("store.connections", good)}), "") << good;
    for (std::string_view bad : {"0", "-1", "201"})
        EXPECT_NE(mistake({with("store.connections", bad)}), "") << bad;
}

TEST(ParseListen, TellsHostAndPortApart) {
    const auto v4 = parse_listen("10.1.2.3:80"), v6 = parse_listen("[2001:db8::1]:443"),
               name = parse_listen("localhost:1");
    ASSERT_TRUE(v4 && v6 && name);
    EXPECT_EQ(v4->host, "10.1.2.3");
    EXPECT_EQ(v4->port, 80);
    EXPECT_EQ(v6->host, "2001:db8::1");
    EXPECT_EQ(v6->port, 443);
    EXPECT_EQ(name->host, "127.0.0.1");
    EXPECT_FALSE(v4->is_loopback());
    EXPECT_FALSE(v6->is_loopback());
    EXPECT_TRUE(name->is_loopback());
    EXPECT_TRUE(parse_listen("[::1]:1")->is_loopback());
    EXPECT_TRUE(parse_listen("127.255.0.1:1")->is_loopback());
}

TEST(IsOrigin, HasASchemeAHostAndPerhapsAPort) {
    for (std::string_view good :
         {"https://a", "http://a.b-c.example", "https://a:1", "https://a:65535", "https://127.0.0.1:80",
          "https://[::1]", "https://[2001:db8::1]:8443", "https://xn--bcher-kva.example"})
        EXPECT_TRUE(is_origin(good)) << good;
    for (std::string_view bad : {"",
                                 "http://",
                                 "https://",
                                 "null",
                                 "*",
                                 "a",
                                 "//a",
                                 "https:/a",
                                 "ws://a",
                                 "https://a/",
                                 "https://a:80/",
                                 "https://a b",
                                 "https://A",
                                 "https://a_b",
                                 "https://a:",
                                 "https://:80",
                                 "https://user:pw@a",
                                 "https://\xc3\xa9",
                                 "https://a,https://b",
                                 "https://a\n"})
        EXPECT_FALSE(is_origin(bad)) << bad;
}

// Issue 19, row 22.
TEST(IsAppOrigin, HasASchemeOfAnAppAndAHost) {
    for (std::string_view good :
         {"capacitor://localhost", "ionic://localhost", "tauri://localhost", "app://obsidian.md", "app://.",
          "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
          "moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc", "safari-web-extension://a-b",
          "my.app+x://a_b"})
        EXPECT_TRUE(is_app_origin(good)) << good;
    for (std::string_view bad : {"",
                                 "null",
                                 "*",
                                 "capacitor://",
                                 "capacitor:localhost",
                                 "capacitor:/localhost",
                                 "://localhost",
                                 "1app://localhost",
                                 "Capacitor://localhost",
                                 "capacitor://Localhost",
                                 "capacitor://localhost/",
                                 "capacitor://localhost:80",
                                 "capacitor://*",
                                 "capacitor://a b",
                                 "capacitor://user@a",
                                 "*://localhost",
                                 "file://",
                                 "file://localhost",
                                 "data://a",
                                 "blob://a",
                                 "javascript://a",
                                 "ws://a",
                                 "https://a"})
        EXPECT_FALSE(is_app_origin(bad)) << bad;
}

TEST(IsOrigin, PortIsANumberAndAHostIsWhole) {
    for (std::string_view bad :
         {"https://a:b", "https://a:80a", "https://a:65536", "https://a:99999999", "https://a:1:2",
          "https://[", "https://]", "https://[::1", "https://::1", "https://a[b]", "https://.", "https://-"})
        EXPECT_FALSE(is_origin(bad)) << bad;
}

TEST(PrintConfig, NamesEveryKeyOnceWithItsComment) {
    const std::string text = print_config(Config{});
    for (const Key& key : config_keys())
        EXPECT_NE(text.find("# " + std::string(key.comment) + "\n"), std::string::npos) << key.name;
    EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), '#')), config_keys().size());
}

TEST(PrintConfig, ReadsBackAsTheSameConfiguration) {
    Config config;
    config.web.public_url = "https://id.example";
    config.policy.audience = "quote \" backslash \\ comma , hash # \u00e9";
    config.trusted_proxies = {"10.0.0.0/8", "::1"};
    config.origins = {"https://a.example"};
    config.policy.access_ttl = std::chrono::milliseconds(1500);
    config.policy.sign_up = true;
    config.policy.min_password = 64;
    Config again;
    read_toml(again, print_config(config), "printed");
    EXPECT_EQ(print_config(again), print_config(config));
    EXPECT_EQ(again.policy.audience, config.policy.audience);
    EXPECT_EQ(again.trusted_proxies, config.trusted_proxies);
    EXPECT_EQ(again.policy.access_ttl, config.policy.access_ttl);
    EXPECT_EQ(again.origin.size(), config_keys().size());
}

TEST(PrintConfig, ControlBytesReadBackToo) {
    for (const std::string& odd : {std::string("a\nb"), std::string("a\tb"), std::string("a\rb"),
                                   std::string("\x01\x7f"), std::string("\"\"\"")}) {
        Config config, again;
        config.policy.audience = odd;
        EXPECT_NO_THROW(read_toml(again, print_config(config), "printed")) << testing::PrintToString(odd);
        EXPECT_EQ(again.policy.audience, odd);
    }
}

TEST(Config, ExampleFileHasEveryKeyAndItsDefault) {
    std::ifstream file(SOURCE_DIR "/config/coatcheck.example.toml");
    ASSERT_TRUE(file) << "config/coatcheck.example.toml is missing";
    std::ostringstream read;
    read << file.rdbuf();
    const std::string text = read.str();
    ASSERT_TRUE(text.starts_with("# "));
    const auto blank = text.find("\n\n");
    ASSERT_NE(blank, std::string::npos);
    EXPECT_EQ(text.substr(blank + 2), print_config(Config{}));
}

}  // namespace
}  // namespace coatcheck::app
