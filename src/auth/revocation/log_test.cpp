// SPDX-License-Identifier: Apache-2.0
#include "auth/revocation/log.hpp"

#include <gtest/gtest.h>

namespace coatcheck::auth {
namespace {

using verify::Revocation;

const base::Timestamp now = base::from_unix_seconds(1'800'000'000);

Revocation entry(std::uint64_t id, std::chrono::seconds life = std::chrono::minutes(15)) {
    return {Revocation::Kind::session, "s" + std::to_string(id), 0, now + life, id};
}

TEST(RevocationLog, GivesWhatCameAfter) {
    RevocationLog log;
    log.load("e", {entry(3), entry(1)});
    log.append({entry(7), entry(8)});
    EXPECT_EQ(log.end().write(), "e.8");
    const auto ids = [&](std::uint64_t id, std::size_t most) {
        std::vector<std::uint64_t> found;
        for (const auto& e : log.after(id, most)) found.push_back(e.id);
        return found;
    };
    EXPECT_EQ(ids(0, 10), (std::vector<std::uint64_t>{1, 3, 7, 8}));
    EXPECT_EQ(ids(2, 10), (std::vector<std::uint64_t>{3, 7, 8}));
    EXPECT_EQ(ids(3, 1), (std::vector<std::uint64_t>{7}));
    EXPECT_TRUE(ids(8, 10).empty());
    EXPECT_TRUE(ids(100, 10).empty());
}

TEST(RevocationLog, TheEndStaysWhereItWasWhenEntriesGo) {
    RevocationLog log;
    log.load("e", {});
    log.append({entry(5, std::chrono::seconds(1))});
    log.sweep(now + std::chrono::seconds(2));
    EXPECT_EQ(log.end().write(), "e.5");
    EXPECT_TRUE(log.after(0, 10).empty());
}

TEST(RevocationLog, SaysThatThereIsMoreWhenItCanBeRead) {
    RevocationLog log;
    struct Reader final : FeedListener {
        explicit Reader(const RevocationLog& of) : log(of) {}
        void on_feed_grown() override { seen = log.after(0, 10).size(); }
        const RevocationLog& log;
        std::size_t seen = 0;
    } reader(log);
    log.listen(&reader);
    log.append({});
    EXPECT_EQ(reader.seen, 0U);
    log.append({entry(1), entry(2)});
    EXPECT_EQ(reader.seen, 2U);
    log.listen(nullptr);
    log.append({entry(3)});
    EXPECT_EQ(reader.seen, 2U);
}

TEST(Cursor, ReadsWhatItWrites) {
    EXPECT_EQ(Cursor::parse("0f3a.41")->write(), "0f3a.41");
    for (const char* text : {"", ".", ".1", "e", "e.", "e.x", "e.-1", "e.1x", "e.1.2",
                             "e.99999999999999999999", "0123456789012345678901234567890123.1"})
        EXPECT_FALSE(Cursor::parse(text)) << text;
}

}  // namespace
}  // namespace coatcheck::auth
