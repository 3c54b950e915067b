// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/connection_settings.hpp"

#include "store/postgres/database.hpp"
#include "store/postgres/libpq.hpp"

#include <libpq-fe.h>
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace coatcheck::store {
namespace {

bool is_local(std::string_view hosts) {
    // Each host of the list counts. An empty one stands for a socket of this machine.
    for (;;) {
        const auto host = hosts.substr(0, hosts.find(','));
        if (!(host.empty() || host.starts_with('/') || host.starts_with('@') || host == "localhost" ||
              host.starts_with("127.") || host == "::1"))
            return false;
        if (host.size() == hosts.size()) return true;
        hosts.remove_prefix(host.size() + 1);
    }
}

// The settings in a url.
class Url {
public:
    // Throws StoreError if the url is no address of a database.
    explicit Url(const std::string& url) {
        char* why = nullptr;
        options_ = libpq().PQconninfoParse(url.c_str(), &why);
        if (options_ != nullptr) return;
        const std::string reason = trimmed(why);
        libpq().PQfreemem(why);
        throw StoreError("store.url is not a valid database address: " + reason);
    }
    ~Url() { libpq().PQconninfoFree(options_); }
    Url(const Url&) = delete;

    // Of the url, or else of the variable; empty: neither has it.
    std::string value(std::string_view name, const char* variable) const {
        for (const auto* option = options_; option->keyword != nullptr; ++option)
            if (name == option->keyword && option->val != nullptr) return option->val;
        const char* set = std::getenv(variable);
        return set == nullptr ? "" : set;
    }

    // The settings that the url has, except these.
    std::vector<ConnectionSetting> all_but(std::initializer_list<std::string_view> names) const {
        std::vector<ConnectionSetting> out;
        for (const auto* option = options_; option->keyword != nullptr; ++option)
            if (option->val != nullptr &&
                std::find(names.begin(), names.end(), option->keyword) == names.end())
                out.emplace_back(option->keyword, option->val);
        return out;
    }

private:
    PQconninfoOption* options_ = nullptr;
};

std::vector<std::string> parts_of(const std::string& list) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at <= list.size();) {
        const auto end = std::min(list.find(',', at), list.size());
        parts.push_back(list.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

}  // namespace

std::vector<std::vector<ConnectionSetting>> hosts_of(const std::string& url) {
    const Url said(url);
    const auto hosts = parts_of(said.value("host", "PGHOST"));
    const auto addresses = parts_of(said.value("hostaddr", "PGHOSTADDR"));
    const auto ports = parts_of(said.value("port", "PGPORT"));
    const std::size_t count = std::max(hosts.size(), addresses.size());
    std::vector<std::vector<ConnectionSetting>> out;
    for (std::size_t i = 0; i < count; ++i) {
        auto one = said.all_but({"host", "hostaddr", "port"});
        const auto take = [&](const char* name, const std::vector<std::string>& list) {
            const std::string value = list.size() == 1 ? list[0] : i < list.size() ? list[i] : "";
            if (!value.empty()) one.emplace_back(name, value);
        };
        take("host", hosts);
        take("hostaddr", addresses);
        take("port", ports);
        out.push_back(std::move(one));
    }
    return out;
}

std::string trimmed(const char* message) {
    std::string text = message == nullptr ? "" : message;
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

std::vector<ConnectionSetting> defaults_for(const std::string& url) {
    std::vector<ConnectionSetting> settings{{"fallback_application_name", "coatcheck"},
                                            {"connect_timeout", "3"},
                                            {"keepalives_idle", "5"},
                                            {"keepalives_interval", "2"},
                                            {"keepalives_count", "3"},
                                            {"tcp_user_timeout", "6000"}};
    const Url said(url);
    // A service file may name several hosts, which only libpq knows.
    if (!said.value("service", "PGSERVICE").empty())
        settings.emplace_back("target_session_attrs", "read-write");
    std::string mode = said.value("sslmode", "PGSSLMODE");
    if (mode.empty() && !is_local(said.value("host", "PGHOST")))
        settings.emplace_back("sslmode", mode = "verify-full");
    const char* home = std::getenv("HOME");
    const bool has_root = !said.value("sslrootcert", "PGSSLROOTCERT").empty() ||
                          (home != nullptr &&
                           std::filesystem::exists(std::string(home) + "/.postgresql/root.crt"));
    if (mode.starts_with("verify") && !has_root)
        settings.emplace_back("sslrootcert", "/etc/ssl/certs/ca-certificates.crt");
    return settings;
}

}  // namespace coatcheck::store
