// SPDX-License-Identifier: Apache-2.0
// The reader's steps, beside those that write.
#include "store/open.hpp"
#include "store/places_for_tests.hpp"
#include "store/sql/database.hpp"
#include "store/sqlite/queue.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

namespace coatcheck::store {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Reads : public testing::Test {
protected:
    fs::path directory = fs::temp_directory_path() / ("coatcheck-reads-" + std::to_string(::getpid()));
    std::unique_ptr<auth::StoreQueue> queue;

    Reads() {
        fs::create_directories(directory);
        queue = open({"sqlite:test.db", directory}, ListenerForTests::deaf());
        read([](auth::Store&) {}).get();  // opens the connection that reads
    }
    ~Reads() override {
        queue.reset();
        fs::remove_all(directory);
    }

    std::future<void> read(auth::StoreQueue::Step step) {
        auto promise = std::make_shared<std::promise<void>>();
        queue->post({.step = std::move(step),
                     .done =
                         [promise](std::exception_ptr failed) {
                             if (failed) promise->set_exception(failed);
                             else promise->set_value();
                         },
                     .only_reads = true});
        return promise->get_future();
    }
    static bool add(auth::Store& store, const std::string& id) {
        auth::User user;
        user.id = user.username = id;
        user.password_hash = "h";
        return static_cast<bool>(store.insert_user(user));
    }
    bool is_known(const std::string& id) {
        bool known = false;
        read([&](auth::Store& store) { known = store.find_user(id).has_value(); }).get();
        return known;
    }
};

TEST_F(Reads, WaitForNobodyWhoWrites) {
    std::promise<void> begun, go_on;
    std::thread writer([&] {
        queue->run([&](auth::Store& store) {
            EXPECT_TRUE(add(store, "u1"));
            begun.set_value();
            go_on.get_future().wait();
        });
    });
    begun.get_future().wait();
    bool known = true;
    auto over = read([&](auth::Store& store) { known = store.find_user("u1").has_value(); });
    EXPECT_EQ(over.wait_for(10s), std::future_status::ready);
    go_on.set_value();
    writer.join();
    over.get();
    EXPECT_FALSE(known) << "it is not committed yet";
    EXPECT_TRUE(is_known("u1"));
}

TEST_F(Reads, SeeWhatWasCommittedBefore) {
    for (int i = 0; i < 200; ++i) {
        const std::string id = "u" + std::to_string(i);
        queue->run([&](auth::Store& store) { ASSERT_TRUE(add(store, id)); });
        ASSERT_TRUE(is_known(id)) << id;
    }
}

TEST_F(Reads, AreAtTheTimeOfTheStore) {
    base::Timestamp written, now;
    queue->run([&](auth::Store& store) { written = store.now(); });
    read([&](auth::Store& store) { now = store.now(); }).get();
    EXPECT_GE(now, written);
    EXPECT_LT(now, written + 10s);
}

TEST_F(Reads, MayNotWrite) {
    EXPECT_THROW(read([&](auth::Store& store) { add(store, "u1"); }).get(), StoreError);
    EXPECT_FALSE(is_known("u1"));
    queue->run([&](auth::Store& store) { EXPECT_TRUE(add(store, "u1")); });
}

TEST_F(Reads, FailAloneWhereTheyThrow) {
    auto fails = read([](auth::Store&) { throw std::runtime_error("mine"); });
    auto works = read([](auth::Store& store) { EXPECT_FALSE(store.find_user("u1")); });
    EXPECT_THROW(fails.get(), std::runtime_error);
    EXPECT_NO_THROW(works.get());
}

// Otherwise a step would read the past of another database.
TEST_F(Reads, FailWhereTheFileWasTakenAway) {
    fs::rename(directory / "test.db", directory / "elsewhere.db");
    EXPECT_THROW(is_known("u1"), StoreError);
    fs::rename(directory / "elsewhere.db", directory / "test.db");
    EXPECT_FALSE(is_known("u1"));
}

// SQLite's log begins anew when nobody reads what lies before its end; in this test somebody always reads.
TEST_F(Reads, LetTheLogBeginAnew) {
    const auto generation = [&] {  // the salts in the log's header
        std::string bytes(8, '\0');
        std::ifstream(directory / "test.db-wal", std::ios::binary).seekg(16).read(bytes.data(), 8);
        return bytes;
    };
    std::atomic<bool> over{false};
    std::atomic<int> reading{2}, reads{0};
    const std::function<void()> read_again = [&] {
        queue->post({.step =
                         [&](auth::Store& store) {
                             store.find_user("u0");
                             std::this_thread::sleep_for(1ms);
                             ++reads;
                         },
                     .done =
                         [&](std::exception_ptr failed) {
                             EXPECT_FALSE(failed);
                             if (over) --reading;
                             else read_again();
                         },
                     .only_reads = true});
    };
    read_again();
    read_again();
    auto write = [&, number = 0](std::size_t bytes) mutable {
        queue->run([&](auth::Store& store) {
            auth::User user;
            user.id = user.username = "u" + std::to_string(++number);
            user.password_hash = std::string(bytes, 'h');
            ASSERT_TRUE(store.insert_user(user));
        });
    };
    const std::string before = generation();
    for (int i = 0; i < 48; ++i) write(512 * 1024);  // the checkpoint is due after 16 MB
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (generation() == before && std::chrono::steady_clock::now() < deadline) {
        write(1);
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_NE(generation(), before);
    over = true;
    while (reading > 0) std::this_thread::sleep_for(1ms);
    EXPECT_GT(reads, 20);
}

TEST(ReadGate, IsOpenOrClosed) {
    ReadGate gate;
    std::atomic<bool> closed{false}, read{false};
    auto reading = std::make_unique<ReadGate::Reading>(gate);
    { const ReadGate::Reading beside(gate); }
    std::promise<void> open_again;
    std::thread closer([&] {
        const ReadGate::Closed nobody_reads(gate);
        closed = true;
        open_again.get_future().wait();
        EXPECT_FALSE(read);
    });
    std::this_thread::sleep_for(20ms);
    EXPECT_FALSE(closed) << "somebody reads";
    reading.reset();
    while (!closed) std::this_thread::sleep_for(1ms);
    std::thread reader([&] {
        const ReadGate::Reading late(gate);
        read = true;
    });
    std::this_thread::sleep_for(20ms);
    open_again.set_value();
    closer.join();
    reader.join();
    EXPECT_TRUE(read);
}

// From the commit on, the reader finds the session ended: telling the verifiers must not wait for work that
// follows the commit.
TEST(Revoked, IsToldBeforeTheLogIsBroughtOver) {
    const fs::path directory = fs::temp_directory_path() / ("coatcheck-told-" + std::to_string(::getpid()));
    fs::create_directories(directory);
    {
        std::atomic<int> told{0}, done{0};
        SqliteStore store((directory / "test.db").string());
        ListenerForTests listener;
        listener.revoked = [&](const auto&) { ++told; };
        Queue queue(store, listener);
        for (int i = 0; i < 48; ++i)
            queue.run([&](auth::Store& s) {
                s.append_audit({s.now(), "event", "", "", "", std::string(512 * 1024, 'd')});
            });
        auto reading = std::make_unique<ReadGate::Reading>(store.read_gate());
        int posted = 0;
        bool waits = false;  // for this test's reading
        for (const auto deadline = std::chrono::steady_clock::now() + 20s;
             !waits && std::chrono::steady_clock::now() < deadline;) {
            ++posted;
            queue.post(
                {.step =
                     [&](auth::Store& s) {
                         s.insert_revocation({verify::Revocation::Kind::session, "s", 0, s.now() + 1h});
                     },
                 .done = [&](std::exception_ptr) { ++done; }});
            const auto soon = std::chrono::steady_clock::now() + 500ms;
            while (done < posted && std::chrono::steady_clock::now() < soon) std::this_thread::sleep_for(1ms);
            waits = done < posted;
        }
        EXPECT_TRUE(waits);
        EXPECT_EQ(told, posted);
        reading.reset();
    }
    fs::remove_all(directory);
}

TEST_F(Reads, AreRunBeforeTheEnd) {
    constexpr int many = 1000;
    std::atomic<int> ran{0}, told{0};
    for (int i = 0; i < many; ++i)
        queue->post({.step = [&](auth::Store&) { ++ran; },
                     .done = [&](std::exception_ptr) { ++told; },
                     .only_reads = true});
    queue.reset();
    EXPECT_EQ(ran, many);
    EXPECT_EQ(told, many);
}

}  // namespace
}  // namespace coatcheck::store
