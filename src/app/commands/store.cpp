// SPDX-License-Identifier: Apache-2.0
#include "app/commands/store.hpp"

#include "app/commands/nouns.hpp"
#include "auth/keys/key_ring.hpp"
#include "base/clock.hpp"

#include "app/control.hpp"
#include "app/doctor.hpp"
#include "store/copy/copy.hpp"
#include "store/postgres/store.hpp"
#include "store/sql/schema.hpp"
#include "store/sqlite/store.hpp"

#include <unistd.h>
#include <boost/json/array.hpp>
#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

namespace coatcheck::app {
namespace {

namespace json = boost::json;

store::PostgresAddress address_of(const store::Place& place) { return {place.url, place.password}; }

Reply told(const store::Schema& schema, const std::vector<std::string>& steps, bool applied) {
    const auto version = schema.version + static_cast<std::int64_t>(applied ? 0 : steps.size());
    Reply reply;
    reply.text = "schema " + std::to_string(schema.version) + " of " + std::to_string(version) +
                 (steps.empty() ? ": nothing to do\n"
                  : applied     ? ", after these changes:\n"
                                : ", changes that are due:\n");
    for (const auto& step : steps) reply.text += "  " + step + "\n";
    reply.json = {{"version", schema.version},
                  {"known", version},
                  {applied ? "applied" : "to_come", json::array(steps.begin(), steps.end())}};
    return reply;
}

// Shows the progress: on a terminal in one line that is overwritten, otherwise in a new line each second.
class Progress {
public:
    void operator()(const std::string& table, std::string_view doing, std::int64_t rows, std::int64_t total) {
        const auto now = std::chrono::steady_clock::now();
        if (now < next_) return;
        next_ = now + (terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(1000));
        std::fprintf(stderr, terminal_ ? "\r\033[K%s: %.*s %lld of %lld" : "%s: %.*s %lld of %lld\n",
                     table.c_str(), static_cast<int>(doing.size()), doing.data(),
                     static_cast<long long>(rows), static_cast<long long>(total));
        written_ = true;
    }
    ~Progress() {
        if (terminal_ && written_) std::fputs("\r\033[K", stderr);
    }

private:
    const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
    bool written_ = false;
    std::chrono::steady_clock::time_point next_{};
};

}  // namespace

Reply migrate(const Config& config, const std::filesystem::path& directory, bool apply) {
    const auto place = place_of(config, directory);
    if (store::is_postgres(place.url)) {
        store::PostgresDatabase database(address_of(place));
        const auto schema = store::read_schema(database);
        if (!apply) return told(schema, schema.next, false);
        store::PostgresStore(address_of(place), store::PostgresDatabase::Prepare::never, base::read_clock)
            .migrate();
        return told(store::read_schema(database), schema.next, true);
    }
    const auto file = store::file_of(place);
    if (!std::filesystem::exists(file))
        throw std::runtime_error("there is no database at " + file + " yet: the first start creates it");
    std::optional<DataDirectory> alone;
    if (apply) alone.emplace(directory);
    store::SqliteDatabase database(file);
    const auto schema = store::read_schema(database);
    if (apply) store::SqliteStore migrated(file);
    return told(store::read_schema(database), schema.next, apply);
}

Reply copy_store(const Config& config, const std::filesystem::path& directory, const json::object& request) {
    auto from = place_of(config, directory), to = from;
    if (const auto* url = request.if_contains("from")) from.url = url->get_string().c_str();
    to.url = request.at("to").get_string().c_str();
    if (!from.url.starts_with("sqlite:"))
        throw std::runtime_error("--from must be sqlite:FILE, a file in the data directory, not " + from.url);
    if (!store::is_postgres(to.url))
        throw std::runtime_error("--to must be postgres://USER@HOST/DATABASE, not " + to.url);
    for (const auto& url : {from.url, to.url}) {
        Config as_store = config;
        as_store.store.url = url;
        check_config(as_store);  // a file in the data directory, which is locked; no password in the url
    }
    const auto file = store::file_of(from);
    if (!std::filesystem::exists(file)) throw std::runtime_error("there is no database at " + file);

    std::optional<DataDirectory> alone;
    try {
        alone.emplace(directory);
    } catch (const DirectoryInUse&) {
        // A server may go on running. If no server answers, another copy uses the directory: it must not be
        // disturbed.
        if (!ask_server(directory, {{"command", "key list"}})) throw;
    }
    Progress progress;
    const auto tables = store::run_copy({file, address_of(to), alone.has_value(), std::ref(progress)});

    Reply reply;
    json::array rows;
    for (const auto& table : tables) {
        reply.text += table.name + ": " + std::to_string(table.rows) + " rows, " +
                      std::to_string(table.added) + " added, " + std::to_string(table.removed) + " removed" +
                      (table.checksum.empty() ? "" : ", same checksum in both: " + table.checksum) + "\n";
        rows.push_back({{"table", table.name},
                        {"rows", table.rows},
                        {"added", table.added},
                        {"removed", table.removed},
                        {"checksum", table.checksum}});
    }
    reply.text +=
        alone ? "Done: " + file + " can no longer be served. Now run: coatcheck serve --store " + to.url +
                    ", with the same " + config.store_sealing_key_file + "\n"
              : "A server still runs on " + file +
                    ". Stop it and run the copy again: that copies what has changed in the meantime.\n";
    reply.json = {{"finished", alone.has_value()}, {"tables", std::move(rows)}};
    return reply;
}

namespace {

// Ends every session and makes new keys. `clock`: sets the store's clock first.
void start_anew(Node& node, const char* event, std::optional<base::Timestamp> clock) {
    node.store().run([&](auth::Store& store) {
        if (clock) store.set_clock(*clock);
        store.revive_nothing(event);
        auth::ensure_keys(store, node.sealing_key(), node.algorithm(), node.policy().access_ttl);
    });
    // The revocation concerns all tokens with an iat up to this second. So no new token may be issued before
    // the next second.
    std::this_thread::sleep_for(std::chrono::seconds(1));
}

}  // namespace

// The server cannot recognise a restored copy of a PostgreSQL database (for SQLite the epoch file does this),
// so the operator runs this command.
Reply store_restored(Node& node, const json::object&) {
    start_anew(node, "restored_copy", std::nullopt);
    return {0, "every session has been ended, and the signing keys are new\n", {{"ended", true}}, ""};
}

Reply store_set_clock(Node& node, const json::object&) {
    const auto clocks = base::read_clocks();
    if (!clocks.are_apart())
        return {0,
                "the clock is right: nothing was changed\n",
                {{"ended", false}, {"clock", base::unix_seconds(clocks.wall)}},
                ""};
    base::reset_clock();
    start_anew(node, "clock_set", clocks.wall);
    return {0,
            "the clock of the database is now " + base::readable(clocks.wall) +
                "; every session has been ended, and the signing keys are new\n",
            {{"ended", true}, {"clock", base::unix_seconds(clocks.wall)}},
            ""};
}

}  // namespace coatcheck::app
