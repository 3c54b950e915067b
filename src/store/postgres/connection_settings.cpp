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

}  // namespace

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
                                            {"tcp_user_timeout", "6000"},
                                            {"target_session_attrs", "read-write"}};
    const Libpq& pq = libpq();
    char* why = nullptr;
    PQconninfoOption* const said = pq.PQconninfoParse(url.c_str(), &why);
    if (said == nullptr) {
        const std::string reason = trimmed(why);
        pq.PQfreemem(why);
        throw StoreError("store.url is not a valid database address: " + reason);
    }
    const auto value = [&](std::string_view name, const char* variable) -> std::string {
        for (const auto* option = said; option->keyword != nullptr; ++option)
            if (name == option->keyword && option->val != nullptr) return option->val;
        const char* set = std::getenv(variable);
        return set == nullptr ? "" : set;
    };
    std::string mode = value("sslmode", "PGSSLMODE");
    if (mode.empty() && !is_local(value("host", "PGHOST")))
        settings.emplace_back("sslmode", mode = "verify-full");
    const char* home = std::getenv("HOME");
    const bool has_root = !value("sslrootcert", "PGSSLROOTCERT").empty() ||
                          (home != nullptr &&
                           std::filesystem::exists(std::string(home) + "/.postgresql/root.crt"));
    if (mode.starts_with("verify") && !has_root)
        settings.emplace_back("sslrootcert", "/etc/ssl/certs/ca-certificates.crt");
    pq.PQconninfoFree(said);
    return settings;
}

}  // namespace coatcheck::store
