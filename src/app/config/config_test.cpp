// SPDX-License-Identifier: Apache-2.0
// The sources of the configuration: each key by file, environment and flag, which source wins, and the text
// for each mistake.
#include "app/config/config.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <cctype>
#include <filesystem>
#include <fstream>

namespace coatcheck::app {
namespace {

struct Sample {
    std::string_view name;
    std::string text;  // as in the environment and in flags
    std::string toml;  // as in a file, and as it is printed
};

// A value for each key, other than its default.
const Sample samples[] = {
    {"public_url", "https://id.example", R"("https://id.example")"},
    {"listen", "[::1]:9000", R"("[::1]:9000")"},
    {"behind_proxy", "true", "true"},
    {"trusted_proxies", "10.0.0.0/8,::1", R"(["10.0.0.0/8", "::1"])"},
    {"drain", "10s", R"("10s")"},
    {"tokens.algorithm", "EdDSA", R"("EdDSA")"},
    {"tokens.access_ttl", "5m", R"("5m")"},
    {"tokens.audience", "https://api.example", R"("https://api.example")"},
    {"tokens.key_rotation", "30d", R"("30d")"},
    {"sessions.idle", "2h", R"("2h")"},
    {"sessions.absolute", "10d", R"("10d")"},
    {"sessions.refresh_grace", "45s", R"("45s")"},
    {"sessions.per_user", "20", "20"},
    {"sign_up.enabled", "true", "true"},
    {"passwords.min_length", "20", "20"},
    {"oauth.enabled", "true", "true"},
    {"oauth.code_ttl", "30s", R"("30s")"},
    {"oauth.id_token_ttl", "5m", R"("5m")"},
    {"oauth.native_grace", "5m", R"("5m")"},
    {"oauth.unverified_email", "true", "true"},
    {"accept.bare_authorization", "true", "true"},
    {"accept.bare_authorization_until", "2027-01-31", R"("2027-01-31")"},
    {"accept.x_token", "true", "true"},
    {"accept.x_token_until", "2028-02-29", R"("2028-02-29")"},
    {"accept.crypt", "true", "true"},
    {"accept.crypt_until", "2028-02-29", R"("2028-02-29")"},
    {"accept.crypt_cipher", "AES-256-GCM", R"("AES-256-GCM")"},
    {"accept.crypt_key_file", "/etc/coatcheck/crypt-keys", R"("/etc/coatcheck/crypt-keys")"},
    {"accept.crypt_header", "X-Access", R"("X-Access")"},
    {"accept.crypt_fields", "u,t,e", R"(["u", "t", "e"])"},
    {"accept.crypt_ttl", "12h", R"("12h")"},
    {"tokens.format", "any", R"("any")"},
    {"tokens.encryption_key_file", "/etc/coatcheck/token-keys", R"("/etc/coatcheck/token-keys")"},
    {"tokens.status_list", "true", "true"},
    {"accept.foreign_file", "/etc/coatcheck/foreign.toml", R"("/etc/coatcheck/foreign.toml")"},
    {"accept.envelope", "true", "true"},
    {"accept.envelope_path", "/login", R"("/login")"},
    {"accept.envelope_until", "2028-02-29", R"("2028-02-29")"},
    {"hosts", "id.example.com,10.0.0.7:8080", R"(["id.example.com", "10.0.0.7:8080"])"},
    {"cors.headers", "x-trace,b3", R"(["x-trace", "b3"])"},
    {"cors.origins", "https://a.example,https://b.example:8443",
     R"(["https://a.example", "https://b.example:8443"])"},
    {"metrics.listen", "127.0.0.1:9100", R"("127.0.0.1:9100")"},
    {"log.access", "true", "true"},
    {"store.url", "sqlite:other.db", R"("sqlite:other.db")"},
    {"store.password_file", "database-password", R"("database-password")"},
    {"store.start_wait", "2m", R"("2m")"},
    {"store.connections", "20", "20"},
    {"store.listen_url", "postgres://db.internal/coatcheck", R"("postgres://db.internal/coatcheck")"},
    {"store.sealing_key_file", "/etc/coatcheck/sealing.key", R"("/etc/coatcheck/sealing.key")"}};

const Key& key_named(std::string_view name) {
    for (const Key& key : config_keys())
        if (key.name == name) return key;
    throw std::logic_error("no such key");
}

std::string variable(std::string_view name) {
    std::string out = "COATCHECK_";
    for (char c : name)
        out += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return out;
}

// A file with the key on line 3.
std::string in_toml(const Sample& sample) {
    const auto dot = sample.name.find('.');
    if (dot == std::string_view::npos)
        return "# one\n\n" + std::string(sample.name) + " = " + sample.toml + "\n";
    return "# one\n[" + std::string(sample.name.substr(0, dot)) + "]\n" +
           std::string(sample.name.substr(dot + 1)) + " = " + sample.toml + "\n";
}

struct File {
    explicit File(std::string_view text) { std::ofstream(path) << text; }
    ~File() { std::filesystem::remove(path); }
    const std::string path = testing::TempDir() + "coatcheck-" + std::to_string(::getpid()) + ".toml";
};

std::string mistake(const ConfigSources& sources) {
    try {
        load_config(sources);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "";
}

std::string mistake(std::string_view toml) {
    Config config;
    try {
        read_toml(config, toml, "test.toml");
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "";
}

bool says(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(Config, EveryKeyHasASampleThatIsNotItsDefault) {
    EXPECT_EQ(config_keys().size(), std::size(samples));
    for (const auto& sample : samples)
        EXPECT_NE(print_value(Config{}, key_named(sample.name)), sample.toml) << sample.name;
}

TEST(Config, EveryKeyIsSetByAFile) {
    for (const auto& sample : samples) {
        Config config;
        read_toml(config, in_toml(sample), "test.toml");
        EXPECT_EQ(print_value(config, key_named(sample.name)), sample.toml);
        EXPECT_EQ(config.origin.at(std::string(sample.name)), "test.toml:3");
        EXPECT_EQ(config.origin.size(), 1u);
        const File file(in_toml(sample));
        EXPECT_EQ(print_value(load_config({.file = file.path}), key_named(sample.name)), sample.toml);
    }
}

TEST(Config, EveryKeyIsSetByTheEnvironment) {
    for (const auto& sample : samples) {
        const Config config = load_config({.environment = {{variable(sample.name), sample.text}}});
        EXPECT_EQ(print_value(config, key_named(sample.name)), sample.toml);
        EXPECT_EQ(config.origin.at(std::string(sample.name)), variable(sample.name));
    }
}

TEST(Config, EveryKeyIsSetBySet) {
    for (const auto& sample : samples) {
        const Config config = load_config({.settings = {std::string(sample.name) + "=" + sample.text}});
        EXPECT_EQ(print_value(config, key_named(sample.name)), sample.toml);
        EXPECT_EQ(config.origin.at(std::string(sample.name)), "--set");
    }
}

TEST(Config, EveryKeyIsSetByAFlagOfItsOwn) {
    for (const auto& sample : samples) {
        const Config config = load_config({.flags = {{std::string(sample.name), sample.text}}});
        EXPECT_EQ(print_value(config, key_named(sample.name)), sample.toml);
        EXPECT_EQ(config.origin.at(std::string(sample.name)), "the command line");
    }
}

TEST(Config, FlagBeatsSetBeatsEnvironmentBeatsFileBeatsDefault) {
    const File file("[tokens]\naccess_ttl = \"1m\"\n[sessions]\nidle = \"1h\"\n[log]\naccess = true\n");
    ConfigSources sources;
    EXPECT_EQ(load_config(sources).policy.access_ttl, std::chrono::minutes(15));
    sources.file = file.path;
    EXPECT_EQ(load_config(sources).policy.access_ttl, std::chrono::minutes(1));
    sources.environment = {{"COATCHECK_TOKENS_ACCESS_TTL", "2m"}, {"COATCHECK_SESSIONS_IDLE", "2h"}};
    EXPECT_EQ(load_config(sources).policy.access_ttl, std::chrono::minutes(2));
    sources.settings = {"tokens.access_ttl=3m"};
    EXPECT_EQ(load_config(sources).policy.access_ttl, std::chrono::minutes(3));
    sources.flags = {{"tokens.access_ttl", "4m"}};
    const Config config = load_config(sources);
    EXPECT_EQ(config.policy.access_ttl, std::chrono::minutes(4));
    EXPECT_EQ(config.policy.idle, std::chrono::hours(2));
    EXPECT_TRUE(config.web.log_access);
    EXPECT_EQ(config.origin.size(), 3u);
}

TEST(Config, ListIsReplacedNotAddedTo) {
    const File file("[cors]\norigins = [\"https://a.example\"]\n");
    const Config config = load_config(
        {.file = file.path, .environment = {{"COATCHECK_CORS_ORIGINS", "https://b.example"}}});
    EXPECT_EQ(config.origins, std::vector<std::string>{"https://b.example"});
    EXPECT_TRUE(
        load_config({.file = file.path, .environment = {{"COATCHECK_CORS_ORIGINS", ""}}}).origins.empty());
}

TEST(Config, LastOfTwoSettingsCounts) {
    EXPECT_EQ(load_config({.settings = {"tokens.access_ttl=3m", "tokens.access_ttl=4m"}}).policy.access_ttl,
              std::chrono::minutes(4));
}

TEST(Config, ValueMayHoldAnEqualsSign) {
    EXPECT_EQ(load_config({.settings = {"tokens.audience=a=b"}}).policy.audience, "a=b");
}

TEST(Config, UnknownKeyNamesTheOneThatWasMeant) {
    EXPECT_EQ(mistake("\n[tokens]\nacces_ttl = \"5m\"\n"),
              "test.toml:3: there is no key tokens.acces_ttl; did you mean tokens.access_ttl?");
    EXPECT_EQ(mistake("publik_url = \"x\"\n"),
              "test.toml:1: there is no key publik_url; did you mean public_url?");
    EXPECT_EQ(mistake(ConfigSources{.settings = {"session.idle=1h"}}),
              "--set: there is no key session.idle; did you mean sessions.idle?");
    EXPECT_EQ(mistake("something_else_entirely = 1\n"),
              "test.toml:1: there is no key something_else_entirely");
    EXPECT_TRUE(says(mistake("Listen = \"127.0.0.1:1\"\n"), "did you mean listen?"));
}

TEST(Config, UnknownSectionIsNamed) {
    EXPECT_EQ(mistake("\n\n[token]\naccess_ttl = \"5m\"\n"), "test.toml:3: there is no section [token]");
    EXPECT_TRUE(says(mistake("[tokens.more]\nx = 1\n"), "there is no key tokens.more"));
    EXPECT_TRUE(says(mistake("tokens = 5\n"), "test.toml:1: there is no key tokens"));
    EXPECT_TRUE(says(mistake("[[tokens]]\nx = 1\n"), "there is no key tokens"));
}

TEST(Config, SyntaxErrorIsToldWithItsLine) {
    EXPECT_TRUE(mistake("listen = \"127.0.0.1:1\"\nnonsense\n").starts_with("test.toml:2: "))
        << mistake("nonsense");
    EXPECT_TRUE(mistake("a = \n").starts_with("test.toml:1: "));
    EXPECT_TRUE(
        mistake("[tokens]\nalgorithm = \"ES256\"\nalgorithm = \"EdDSA\"\n").starts_with("test.toml:3: "));
    EXPECT_TRUE(mistake("\n\n\nlisten = \"\xff\"\n").starts_with("test.toml:4: "));
}

TEST(Config, ValueOfAnotherTypeIsToldWithWhatWasExpected) {
    EXPECT_EQ(mistake("listen = 8080\n"), "test.toml:1: listen needs a string, not 8080");
    EXPECT_EQ(mistake("behind_proxy = \"yes\"\n"),
              "test.toml:1: behind_proxy needs true or false, not 'yes'");
    EXPECT_TRUE(says(mistake("[passwords]\nmin_length = \"15\"\n"),
                     "test.toml:2: passwords.min_length needs a whole number, not "));
    EXPECT_TRUE(says(mistake("[passwords]\nmin_length = 15.5\n"),
                     "passwords.min_length needs a whole number, not 15.5"));
    EXPECT_TRUE(says(mistake("[tokens]\naccess_ttl = 900\n"),
                     "tokens.access_ttl needs a duration such as 30s, 15m, 12h or 7d, not 900"));
    EXPECT_TRUE(says(mistake("[tokens]\naccess_ttl = \"15\"\n"), "tokens.access_ttl needs a duration"));
    EXPECT_TRUE(
        says(mistake("trusted_proxies = \"10.0.0.0/8\"\n"), "trusted_proxies needs a list of strings"));
    EXPECT_TRUE(says(mistake("trusted_proxies = [1]\n"), "trusted_proxies needs a list of strings"));
    EXPECT_TRUE(says(mistake("[listen]\nport = 1\n"), "listen needs a string"));
}

TEST(Config, TextOfAnotherTypeIsToldWithWhereItStood) {
    EXPECT_EQ(mistake(ConfigSources{.environment = {{"COATCHECK_LOG_ACCESS", "yes"}}}),
              "COATCHECK_LOG_ACCESS: log.access needs true or false, not \"yes\"");
    for (const char* bad : {"True", "TRUE", "1", "0", "", "on", " true"})
        EXPECT_NE(mistake(ConfigSources{.settings = {std::string("log.access=") + bad}}), "") << bad;
    for (const char* bad : {"", "abc", "15abc", "15.0", "+15", " 15", "0x10", "99999999999999999999"})
        EXPECT_TRUE(says(mistake(ConfigSources{.settings = {std::string("passwords.min_length=") + bad}}),
                         "--set: passwords.min_length needs a whole number"))
            << bad;
    for (const char* bad : {"", "15", "1.5h", "0s", "forever", "-1s"})
        EXPECT_TRUE(says(mistake(ConfigSources{.flags = {{"sessions.idle", bad}}}),
                         "the command line: sessions.idle needs a duration"))
            << bad;
    EXPECT_EQ(mistake(ConfigSources{.settings = {"listen"}}), "--set listen: must be key=value");
    EXPECT_NE(mistake(ConfigSources{.settings = {"=x"}}), "");
}

TEST(Config, VariablesOfOthersArePassedOver) {
    const ConfigSources sources{.environment = {{"PATH", "/bin"},
                                                {"HOME", "/"},
                                                {"COATCHECK", "x"},
                                                {"coatcheck_listen", "x"},
                                                {"MY_COATCHECK_LISTEN", "x"},
                                                {"COATCHECK_DATA", "/d"},
                                                {"COATCHECK_CONFIG", "/c"},
                                                {"COATCHECK_SERVICE_HOST", "10.0.0.1"},
                                                {"COATCHECK_SERVICE_PORT", "80"},
                                                {"COATCHECK_PORT", "tcp://10.0.0.1:80"},
                                                {"COATCHECK_PORT_80_TCP_ADDR", "10.0.0.1"}}};
    EXPECT_EQ(print_config(load_config(sources)), print_config(Config{}));
}

TEST(Config, VariableThatNamesNoKeyIsRefused) {
    for (const char* name : {"COATCHECK_LISTN", "COATCHECK_", "COATCHECK_listen",
                             "COATCHECK_TOKENS.ALGORITHM", "COATCHECK_ACCESS_TTL", "COATCHECK_LISTEN_"})
        EXPECT_EQ(mistake(ConfigSources{.environment = {{name, "x"}}}),
                  std::string(name) + ": no configuration key belongs to this environment variable");
}

TEST(Config, FileThatCannotBeReadIsNamed) {
    EXPECT_EQ(mistake(ConfigSources{.file = "/nonexistent/coatcheck.toml"}),
              "/nonexistent/coatcheck.toml: cannot be read");
    EXPECT_NE(mistake(ConfigSources{.file = testing::TempDir()}), "");
    const File empty("");
    EXPECT_EQ(mistake(ConfigSources{.file = empty.path}), "");
}

// Row 35 of the issue "A smooth ride": --listen with another port issued tokens of localhost:8080.
TEST(Config, WithoutAPublicUrlTheIssuerIsWhereTheServerListens) {
    const auto url = [](std::vector<std::pair<std::string, std::string>> environment) {
        return load_config({.environment = std::move(environment)}).web.public_url;
    };
    EXPECT_EQ(url({}), "http://localhost:8080");
    EXPECT_EQ(url({{"COATCHECK_LISTEN", "127.0.0.1:9000"}}), "http://localhost:9000");
    EXPECT_EQ(url({{"COATCHECK_LISTEN", "[::1]:9000"}}), "http://localhost:9000");
    EXPECT_EQ(url({{"COATCHECK_LISTEN", "127.0.0.1:0"}}), "http://localhost:8080");
    EXPECT_EQ(
        url({{"COATCHECK_LISTEN", "127.0.0.1:9000"}, {"COATCHECK_PUBLIC_URL", "http://localhost:3000"}}),
        "http://localhost:3000");
    EXPECT_EQ(url({{"COATCHECK_LISTEN", "0.0.0.0:9000"}, {"COATCHECK_BEHIND_PROXY", "true"}}),
              "http://localhost:8080");
}

}  // namespace
}  // namespace coatcheck::app
