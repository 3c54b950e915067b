// SPDX-License-Identifier: Apache-2.0
// Stores for the tests: one of each kind, on a clock that the test sets.
#pragma once

#include "base/random.hpp"
#include "store/memory/store.hpp"
#include "store/postgres/pool.hpp"
#include "store/sqlite/queue.hpp"
#include "store/sqlite/store.hpp"

#include <gtest/gtest.h>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>

namespace coatcheck::store {

// A real server for this process, in a temporary directory, from its first use to the end.
class PostgresServer {
public:
    static const PostgresServer& shared() {
        static const PostgresServer server;
        return server;
    }
    // Makes a new, empty schema and returns its url.
    std::string fresh_url() const {
        static int count = 0;
        const std::string schema = "test_" + std::to_string(++count);
        PostgresDatabase({url_}).execute("CREATE SCHEMA " + schema, std::chrono::seconds(5));
        return url_ + "&options=-csearch_path%3D" + schema;
    }

private:
    PostgresServer() {
        std::FILE* said = ::popen(
            (std::string(SOURCE_DIR) + "/tests/support/postgres.sh start " + directory_).c_str(), "r");
        char line[512] = "";
        if (std::fgets(line, sizeof line, said) != nullptr) url_ = line;
        if (::pclose(said) != 0 || url_.empty())
            throw std::runtime_error("no PostgreSQL: script/bootstrap test installs it");
        url_.pop_back();
    }
    ~PostgresServer() {
        if (std::system(
                (std::string(SOURCE_DIR) + "/tests/support/postgres.sh stop " + directory_ + " immediate")
                    .c_str()) == 0)
            std::filesystem::remove_all(directory_);
    }

    std::string directory_ = (std::filesystem::temp_directory_path() /
                              ("coatcheck-postgres-" + std::to_string(::getpid())))
                                 .string();
    std::string url_;
};

// Calls a function for each of the three, if there is one.
struct ListenerForTests final : auth::StoreListener {
    using Entries = std::vector<verify::Revocation>;
    using Hears = std::function<void(const Entries&)>;
    ListenerForTests(Hears on_revoked = {}, Hears on_feed = {},
                     std::function<void(auth::Store&)> on_keys = {})
        : revoked(std::move(on_revoked)), feed(std::move(on_feed)), keys(std::move(on_keys)) {}

    Hears revoked, feed;
    std::function<void(auth::Store&)> keys;

    void on_revoked(const Entries& entries) override {
        if (revoked) revoked(entries);
    }
    void on_feed(const Entries& entries) override {
        if (feed) feed(entries);
    }
    void on_keys(auth::Store& store) override {
        if (keys) keys(store);
    }
    // Hears nothing.
    static ListenerForTests& deaf() {
        static ListenerForTests listener;
        return listener;
    }
};

struct PlaceForTests {
    virtual ~PlaceForTests() = default;
    virtual auth::StoreQueue& queue() = 0;
    base::Timestamp now = base::from_unix_seconds(1'800'000'000);
};

struct InMemory final : PlaceForTests {
    MemoryStore store{[this] { return now; }};
    auth::StoreQueue& queue() override { return store; }
};

struct InSqlite final : PlaceForTests {
    std::filesystem::path directory = std::filesystem::temp_directory_path() /
                                      ("coatcheck-" + std::to_string(::getpid()) + "-" +
                                       std::to_string(++count));
    static inline int count = 0;
    std::unique_ptr<SqliteStore> store;
    std::unique_ptr<Queue> steps;
    InSqlite() {
        std::filesystem::create_directory(directory);
        store = std::make_unique<SqliteStore>((directory / "test.db").string(), [this] { return now; });
        steps = std::make_unique<Queue>(*store, ListenerForTests::deaf());
    }
    ~InSqlite() override {
        steps.reset();
        store.reset();
        std::filesystem::remove_all(directory);
    }
    auth::StoreQueue& queue() override { return *steps; }
};

struct InPostgres final : PlaceForTests {
    PostgresPool pool{{{PostgresServer::shared().fresh_url(), {}}, "", 2}, ListenerForTests::deaf(), [this] {
                          return now;
                      }};
    auth::StoreQueue& queue() override { return pool; }
};

inline std::unique_ptr<PlaceForTests> place_named(const std::string& name) {
    if (name == "memory") return std::make_unique<InMemory>();
    if (name == "sqlite") return std::make_unique<InSqlite>();
    return std::make_unique<InPostgres>();
}

inline constexpr base::Timestamp start = base::from_unix_seconds(1'800'000'000);
inline constexpr std::chrono::seconds grace{30};

// A test that runs on each kind of store: "memory", "sqlite", "postgres".
class Contract : public testing::TestWithParam<const char*> {
protected:
    std::unique_ptr<PlaceForTests> place = place_named(GetParam());

    template <class F>
    auto run(F f) {
        using T = std::invoke_result_t<F, auth::Store&>;
        if constexpr (std::is_void_v<T>) {
            place->queue().run([&](auth::Store& store) { f(store); });
        } else {
            std::optional<T> out;
            place->queue().run([&](auth::Store& store) { out.emplace(f(store)); });
            return *std::move(out);
        }
    }
    static auth::User user(const std::string& id, const std::string& name) {
        auth::User u;
        u.id = id;
        u.username = name;
        u.password_hash = "hash of " + name;
        u.created = start;
        return u;
    }
    auth::Session session(const std::string& id, const std::string& of) const {
        auth::Session s;
        s.id = id;
        s.user = of;
        s.secret_hash = "secret hash of " + id;
        s.created = s.last_used = place->now;
        s.idle_end = place->now + std::chrono::hours(168);
        s.absolute_end = place->now + std::chrono::hours(720);
        s.access_end = place->now + std::chrono::minutes(15);
        s.amr = {"pwd", "otp"};
        return s;
    }
    void add_ada() {
        run([](auth::Store& store) { ASSERT_TRUE(store.insert_user(user("u1", "Ada"))); });
    }
    void sign_in(const std::string& id = "s1") {
        const auth::Session s = session(id, "u1");
        ASSERT_TRUE(run([&](auth::Store& store) { return store.insert_session(s, "hash of Ada"); }));
    }
    auth::Rotation rotate(std::uint32_t counter, const std::string& id = "s1") {
        auth::RotateRequest request{id,
                                    "u1",
                                    "secret hash of " + id,
                                    counter,
                                    grace,
                                    std::chrono::hours(168),
                                    std::chrono::minutes(15)};
        return run([&](auth::Store& store) { return store.rotate_refresh(request); });
    }
};

}  // namespace coatcheck::store
