// SPDX-License-Identifier: Apache-2.0
// What SQLite adds to the contract: files, migrations, group commit, and restored copies that must not revive
// anything.
#include "store/sqlite/store.hpp"
#include "store/open.hpp"
#include "store/places_for_tests.hpp"
#include "store/sqlite/queue.hpp"
#include "store/sqlite/sweeper.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

namespace coatcheck::store {
namespace {

namespace fs = std::filesystem;

class OnDisk : public testing::Test {
protected:
    fs::path directory = fs::temp_directory_path() / ("coatcheck-sqlite-" + std::to_string(::getpid()));
    std::string path = (directory / "test.db").string();
    std::vector<verify::Revocation> published;

    OnDisk() {
        fs::create_directories(directory);
        listener.revoked = [this](const auto& entries) {
            published.insert(published.end(), entries.begin(), entries.end());
        };
    }
    ~OnDisk() override { fs::remove_all(directory); }

    ListenerForTests listener;
    static void add_user(auth::Store& store, const std::string& id) {
        auth::User user;
        user.id = user.username = id;
        user.password_hash = "h";
        ASSERT_TRUE(store.insert_user(user));
    }
    static void open_session(auth::Store& store, const std::string& id, const std::string& user) {
        auth::Session session;
        session.id = id;
        session.user = user;
        session.created = session.last_used = store.now();
        session.idle_end = session.absolute_end = session.access_end = store.now() + std::chrono::hours(1);
        ASSERT_TRUE(store.insert_session(session, "h"));
    }
    template <class F>
    void once(F f) {
        SqliteStore store(path);
        Queue queue(store, listener);
        queue.run([&](auth::Store& s) { f(s); });
    }
    static bool is_live(auth::Store& store, const std::string& id) {
        const auto session = store.find_session(id);
        return session && !session->ended;
    }
};

class OnDiskEarlyOrLate : public OnDisk, public testing::WithParamInterface<bool> {};

TEST_F(OnDisk, TheLogIsBroughtOverBesideTheCommits) {
    SqliteDatabase database(path);
    database.leave_checkpoints();
    SqliteCheckpoints checkpoints(path);
    database.execute("CREATE TABLE lines (number INTEGER PRIMARY KEY, text TEXT)");
    const std::string text(100'000, 'x');
    int most = 0, begun_anew = 0;
    std::int64_t written = 0;
    const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes(5);
    while (begun_anew < 3 && std::chrono::steady_clock::now() < limit) {
        // On a busy machine the checkpointer may be slower than these commits: then they wait for it.
        while (database.log_pages() > 8000 && checkpoints.is_copying()) std::this_thread::yield();
        const int before = database.log_pages();
        database.query("INSERT INTO lines VALUES ($1, $2)").bind(++written).bind(text).run();
        checkpoints.after_commit(database);
        most = std::max(most, database.log_pages());
        begun_anew += database.log_pages() < before;
    }
    EXPECT_EQ(begun_anew, 3) << written << " lines and " << database.log_pages() << " pages";
    EXPECT_GT(most, 3000) << "pages are brought over many at a time";
    // More than SQLite would have copied by itself at its end.
    EXPECT_GT(fs::file_size(path), static_cast<std::uintmax_t>(written) * text.size() / 2);
    EXPECT_EQ(number_of(database, "SELECT COUNT(*) FROM lines"), written);
}

TEST_F(OnDisk, ALogThatCannotBeBroughtOverKeepsWhatWasCommitted) {
    SqliteDatabase database(path);
    database.leave_checkpoints();
    database.execute("CREATE TABLE lines (number INTEGER PRIMARY KEY, text TEXT)");
    SqliteDatabase reader(path);
    reader.execute("BEGIN");
    // From this read on, the connection needs the database as it is.
    EXPECT_EQ(number_of(reader, "SELECT COUNT(*) FROM lines"), 0);
    const std::string text(100'000, 'x');
    {
        SqliteCheckpoints checkpoints(path);
        for (std::int64_t number = 1; number <= 400; ++number) {
            database.query("INSERT INTO lines VALUES ($1, $2)").bind(number).bind(text).run();
            checkpoints.after_commit(database);
        }
    }
    EXPECT_GT(database.log_pages(), 400 * 24) << "it cannot begin anew while somebody reads";
    EXPECT_EQ(number_of(reader, "SELECT COUNT(*) FROM lines"), 0);
    reader.execute("COMMIT");
    EXPECT_EQ(number_of(database, "SELECT COUNT(*) FROM lines"), 400);
}

TEST_F(OnDisk, WhoReadsAheadOfASweepWaitsForNobody) {
    SqliteStore store(path);
    SweepReader reader(path);
    store.begin();
    add_user(store, "u");
    for (const char* id : {"s1", "s2", "s3"}) open_session(store, id, "u");
    store.commit();
    store.begin();
    open_session(store, "s4", "u");
    EXPECT_EQ(reader.read_ahead(100), 3U) << "beside a transaction that is open";
    store.commit();
    EXPECT_EQ(reader.read_ahead(100), 4U);
    EXPECT_EQ(reader.read_ahead(2), 2U);
    store.begin();
    EXPECT_EQ(store.page_of_sessions({.user = "u"}).size(), 4U);
    store.commit();
}

TEST_F(OnDisk, WhatWasAnsweredIsThereAfterReopening) {
    once([](auth::Store& s) {
        add_user(s, "u1");
        open_session(s, "s1", "u1");
    });
    once([](auth::Store& s) { EXPECT_TRUE(is_live(s, "s1")); });
}

TEST_F(OnDisk, ANewerSchemaIsRefused) {
    once([](auth::Store&) {});
    { SqliteDatabase(path).execute("PRAGMA user_version=999"); }
    EXPECT_THROW(SqliteStore{path}, StoreError);
}

TEST_F(OnDisk, FilesAreForTheirOwnerAlone) {
    SqliteStore store(path);
    for (const auto& entry : fs::directory_iterator(directory))
        EXPECT_EQ(entry.status().permissions() & (fs::perms::group_all | fs::perms::others_all),
                  fs::perms::none)
            << entry.path();
}

TEST_F(OnDisk, ACopyPutBackInPlaceRevivesNothing) {
    const fs::path backup = directory.string() + "-backup";
    once([](auth::Store& s) {
        add_user(s, "u1");
        open_session(s, "s1", "u1");
    });
    fs::remove_all(backup);
    fs::copy(directory, backup);
    once([](auth::Store& s) { s.end_session("s1"); });
    for (const auto& file : fs::directory_iterator(backup))
        fs::copy_file(file, directory / file.path().filename(), fs::copy_options::overwrite_existing);
    fs::remove_all(backup);
    once([](auth::Store& s) {
        EXPECT_FALSE(is_live(s, "s1"));
        ASSERT_FALSE(s.load_revocations().empty());
        EXPECT_EQ(s.load_revocations().front().kind, verify::Revocation::Kind::issued_before);
    });
}

TEST_F(OnDisk, TimesOfChangeAndOwnersDoNotMakeItACopy) {
    once([](auth::Store& s) {
        add_user(s, "u1");
        open_session(s, "s1", "u1");
    });
    for (const auto& entry : fs::directory_iterator(directory)) {
        ASSERT_EQ(::chown(entry.path().c_str(), ::getuid(), ::getgid()), 0);
        fs::last_write_time(entry, fs::file_time_type::clock::now());
    }
    once([](auth::Store& s) { EXPECT_TRUE(is_live(s, "s1")); });
}

TEST_F(OnDisk, AFileThatWasTakenAwayTakesNoMoreSteps) {
    SqliteStore store(path);
    Queue queue(store, listener);
    fs::rename(path, path + ".away");
    EXPECT_THROW(queue.run([](auth::Store& s) { add_user(s, "u1"); }), StoreError);
    fs::rename(path + ".away", path);
    queue.run([](auth::Store& s) { add_user(s, "u1"); });
}

TEST_P(OnDiskEarlyOrLate, WhoReadsAheadLeavesAFileAloneThatWasPutInItsPlace) {
    const Place place{"sqlite:test.db", directory};
    auto store = open(place, listener);
    store->run([](auth::Store& s) {
        add_user(s, "u1");
        open_session(s, "s1", "u1");
    });
    { SqliteDatabase(path).checkpoint(); }
    fs::copy(path, path + ".backup");
    store->run([](auth::Store& s) { s.end_session("s1"); });  // in the log alone
    SqliteSweeper sweeper(path, *store);
    if (GetParam()) sweeper.read_ahead(10);  // opens its connection
    fs::rename(path, path + ".away");
    fs::rename(path + ".backup", path);
    sweeper.read_ahead(10);
    fs::rename(path + ".away", path);
    store->run([](auth::Store& s) { EXPECT_FALSE(is_live(s, "s1")); });
    store.reset();
    open(place, listener)->run([](auth::Store& s) { EXPECT_FALSE(is_live(s, "s1")); });
}
INSTANTIATE_TEST_SUITE_P(First, OnDiskEarlyOrLate, testing::Bool());

TEST_F(OnDisk, RevocationsAreToldAfterTheCommitAndNeverForAStepThatFailed) {
    SqliteStore store(path);
    Queue queue(store, listener);
    EXPECT_THROW(queue.run([](auth::Store& s) {
        s.insert_revocation({verify::Revocation::Kind::session, "no", 0, s.now() + std::chrono::hours(1)});
        throw std::runtime_error("stop");
    }),
                 std::runtime_error);
    queue.run([](auth::Store& s) {
        s.insert_revocation({verify::Revocation::Kind::session, "yes", 0, s.now() + std::chrono::hours(1)});
    });
    ASSERT_EQ(published.size(), 1U);
    EXPECT_EQ(published[0].subject, "yes");
}

TEST_F(OnDisk, WhatIsPreparedComesAfterTheStepAndBeforeItIsDurable) {
    SqliteStore store(path);
    Queue queue(store, listener);
    std::vector<std::string> seen;
    queue.post({[&](auth::Store& s) {
                    add_user(s, "u1");
                    seen.push_back("step");
                },
                [&](std::exception_ptr failed) { seen.push_back(failed ? "failed" : "done"); },
                [&] {
                    seen.push_back(SqliteDatabase(path).query("SELECT 1 FROM users WHERE id = 'u1'").step()
                                       ? "durable"
                                       : "prepared");
                }});
    queue.post({[](auth::Store&) { throw std::runtime_error("stop"); },
                [&](std::exception_ptr failed) { seen.push_back(failed ? "failed" : "done"); },
                [&] { seen.push_back("prepared for nothing"); }});
    queue.run([](auth::Store&) {});
    std::erase(seen, "step");
    EXPECT_EQ(seen, (std::vector<std::string>{"prepared", "done", "failed"}));
}

TEST_F(OnDisk, WhatWasPreparedForACommitThatFailsIsToldSo) {
    once([](auth::Store& s) {
        add_user(s, "u1");
        open_session(s, "s1", "u1");
    });
    SqliteStore store(path);
    Queue queue(store, listener);
    std::vector<std::string> seen;
    std::promise<void> over;
    // A full disk: no file of this process may grow. The commit writes to the disk.
    const auto before = std::signal(SIGXFSZ, SIG_IGN);
    rlimit usual{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &usual), 0);
    queue.post({[](auth::Store& s) { add_user(s, "u2"); },
                [&](std::exception_ptr failed) {
                    ::setrlimit(RLIMIT_FSIZE, &usual);
                    seen.push_back(failed ? "failed" : "done");
                    over.set_value();
                },
                [&] {
                    const rlimit full{1, usual.rlim_max};
                    ::setrlimit(RLIMIT_FSIZE, &full);
                    seen.push_back("prepared");
                }});
    over.get_future().wait();
    std::signal(SIGXFSZ, before);
    EXPECT_EQ(seen, (std::vector<std::string>{"prepared", "failed"}));
    queue.run([](auth::Store& s) {
        EXPECT_TRUE(is_live(s, "s1"));
        EXPECT_FALSE(s.find_user("u2"));
    });
}

TEST_F(OnDisk, NothingIsPreparedAfterAChangeOfKeys) {
    SqliteStore store(path);
    Queue queue(store, listener);
    bool prepared = false;
    queue.post({[](auth::Store& s) { s.delete_key("no such key"); }, [](std::exception_ptr) {},
                [&] { prepared = true; }});
    queue.run([](auth::Store&) {});
    EXPECT_FALSE(prepared);
}

TEST_F(OnDisk, ConcurrentStepsAllEndAndAreAllThere) {
    constexpr int threads = 4, each = 100;
    {
        SqliteStore store(path);
        Queue queue(store, listener);
        std::atomic<int> done{0};
        std::vector<std::thread> running;
        for (int t = 0; t < threads; ++t)
            running.emplace_back([&, t] {
                for (int i = 0; i < each; ++i)
                    queue.post({[t, i](auth::Store& s) {
                                    add_user(s, "u" + std::to_string(t) + "-" + std::to_string(i));
                                },
                                [&](std::exception_ptr failed) { done += failed == nullptr; }});
            });
        for (auto& thread : running) thread.join();
        queue.run([](auth::Store&) {});
        EXPECT_EQ(done, threads * each);
    }
    once([](auth::Store& s) {
        EXPECT_EQ(s.list_users({.limit = 1000}).size(), static_cast<std::size_t>(threads * each));
    });
}

// Row 16 of the issue "Promises that hold": a million failed sign-ins pushed the events of operators out.
TEST_F(OnDisk, AKindOfEventHasABoundOfItsOwn) {
    const auto at = base::from_unix_seconds(1'800'000'000);
    SqliteStore store(path, [at] { return at; });
    const auto write = [&](const char* event, int times) {
        store.begin();
        for (int i = 0; i < times; ++i) store.append_audit({at, event, "", "", "", std::to_string(i)});
        store.commit();
    };
    const auto kept = [&](const std::string& event) {
        std::vector<std::string> details;
        store.begin();
        for (const auto& one : store.list_audit(100))
            if (one.event == event) details.push_back(one.detail);
        store.commit();
        return details;
    };
    write("user_created", 2);
    write("sign_in_failed", 5);
    SqliteDatabase(path).execute(
        "UPDATE audit SET place = place + 249997 WHERE event = 'sign_in_failed' AND place > 3");
    write("sign_in_failed", 1);
    store.begin();
    EXPECT_EQ(store.sweep(100), 3U);
    EXPECT_EQ(store.sweep(100), 0U);
    store.commit();
    EXPECT_EQ(kept("user_created").size(), 2U);
    EXPECT_EQ(kept("sign_in_failed"), (std::vector<std::string>{"0", "4", "3"}));
}

}  // namespace
}  // namespace coatcheck::store
