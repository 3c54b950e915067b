// SPDX-License-Identifier: Apache-2.0
// How a connection to PostgreSQL comes about.
#include "store/postgres/connection_settings.hpp"
#include "store/postgres/database.hpp"
#include "store/postgres/libpq.hpp"

#include <utility>

namespace coatcheck::store {
namespace {

std::string password_of(const PostgresAddress& address) {
    try {
        return address.password();
    } catch (const std::exception& failure) {
        throw Unavailable(failure.what());
    }
}

}  // namespace

PostgresDatabase::PostgresDatabase(const PostgresAddress& address, Prepare prepare) {
    std::string failures;
    bool all_refused = true;
    const auto hosts = hosts_of(address.url);
    const std::size_t first = *address.last_host;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        const std::size_t host = (first + i) % hosts.size();
        try {
            connect(address, hosts[host]);
            prepares_ = prepare == Prepare::kept;
            *address.last_host = host;
            return;
        } catch (const StoreError& failure) {
            failures += (failures.empty() ? "" : "; ") + std::string(failure.what());
            const auto* unavailable = dynamic_cast<const Unavailable*>(&failure);
            all_refused = all_refused && unavailable != nullptr && unavailable->is_refusal;
            statements_.clear();
            libpq().PQfinish(std::exchange(connection_, nullptr));
            broken_ = owed_ = open_ = false;
            put_off_.clear();
        }
    }
    Unavailable failure(failures);
    failure.is_refusal = all_refused;
    throw failure;
}

bool PostgresDatabase::is_up(const PostgresAddress& address) {
    return libpq().PQping(address.url.c_str()) == PQPING_OK;
}

void PostgresDatabase::connect(const PostgresAddress& address, const std::vector<ConnectionSetting>& host) {
    const Libpq& pq = libpq();
    auto settings = defaults_for(address.url);
    settings.insert(settings.end(), host.begin(), host.end());
    settings.emplace_back("client_encoding", "UTF8");
    if (address.password) settings.emplace_back("password", password_of(address));
    std::vector<const char*> names, values;
    for (const auto& [name, value] : settings) {
        names.push_back(name.c_str());
        values.push_back(value.c_str());
    }
    names.push_back(nullptr);
    values.push_back(nullptr);
    connection_ = pq.PQconnectdbParams(names.data(), values.data(), 0);
    if (pq.PQstatus(connection_) != CONNECTION_OK) {
        Unavailable failure("PostgreSQL: " + trimmed(pq.PQerrorMessage(connection_)));
        // libpq has no other sign of who speaks. In some languages a server says it in another word.
        failure.is_refusal = std::string_view(failure.what()).find("FATAL") != std::string_view::npos;
        throw failure;
    }
    pq.PQsetNoticeReceiver(
        connection_,
        [](void* database, const PGresult* notice) {
            const std::string level = trimmed(
                libpq().PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED));
            if (level != "WARNING") return;
            static_cast<PostgresDatabase*>(database)->warning_ = trimmed(
                libpq().PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY));
        },
        this);
    pq.PQsetnonblocking(connection_, 1);
    // statement_timeout is shorter than our own patience, so that no statement goes on after we have given it
    // up. A node that stops in the middle of a transaction must not keep others from the rows that it has
    // locked. A statement that waits for a lock delays all that share the statement or its connection, so it
    // waits no longer than twice the time in which PostgreSQL detects a deadlock.
    constexpr std::chrono::seconds first_patience{3};  // as connect_timeout
    execute(
        "SET idle_in_transaction_session_timeout = '10s'; SET statement_timeout = '4s'; SET lock_timeout = "
        "'2s'; SET default_transaction_isolation = 'read committed'",
        first_patience);
    // Asked of the server itself: a pooler may tell what was so at its own log-in.
    prepares_ = false;
    const bool is_standby = number_of(
                                *this,
                                "SELECT CASE WHEN pg_is_in_recovery() OR "
                                "current_setting('transaction_read_only') = 'on' THEN CAST(1 AS BIGINT) "
                                "ELSE 0 END") == 1;
    statements_.clear();
    put_off_.clear();
    open_ = false;
    if (is_standby)
        throw Unavailable("PostgreSQL: the server accepts no writes: it is a standby, or read-only");
}

}  // namespace coatcheck::store
