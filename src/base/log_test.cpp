// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"

#include "base/clock.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <thread>
#include <vector>

namespace coatcheck::base {
namespace {

using log::Level;

// Redirects standard error to `descriptor` as long as this object lives.
class StandardErrorTo {
public:
    explicit StandardErrorTo(int descriptor) : kept_(dup(STDERR_FILENO)) { dup2(descriptor, STDERR_FILENO); }
    ~StandardErrorTo() {
        dup2(kept_, STDERR_FILENO);
        close(kept_);
    }

private:
    int kept_;
};

std::string read_all(int descriptor) {
    std::string text;
    char buffer[4096];
    for (ssize_t size; (size = read(descriptor, buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(size));
    return text;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

// Returns the text that the log writes to a file while `work` runs.
template <class Work>
std::string written_by(Work work) {
    std::FILE* file = std::tmpfile();
    {
        const StandardErrorTo redirected(fileno(file));
        log::start();
        work();
        log::stop();
    }
    lseek(fileno(file), 0, SEEK_SET);
    std::string text = read_all(fileno(file));
    std::fclose(file);
    return text;
}

TEST(Log, EventIsOneLineOfJsonInAFile) {
    const auto before = unix_millis(read_clock());
    const std::string text = written_by([] {
        log::write(Level::warning, "store_slow", {{"step", "sign_in"}, {"ms", "250"}});
    });
    ASSERT_EQ(lines_of(text).size(), 1u) << text;
    const auto event = boost::json::parse(text).as_object();
    EXPECT_EQ(event.at("level"), "warning");
    EXPECT_EQ(event.at("event"), "store_slow");
    EXPECT_EQ(event.at("step"), "sign_in");
    EXPECT_EQ(event.at("ms"), "250");
    EXPECT_GE(event.at("time").as_int64(), before);
    EXPECT_LE(event.at("time").as_int64(), unix_millis(read_clock()));
}

TEST(Log, EachLevelHasItsName) {
    const auto lines = lines_of(written_by([] {
        log::write(Level::info, "a");
        log::write(Level::warning, "b");
        log::write(Level::error, "c");
    }));
    ASSERT_EQ(lines.size(), 3u);
    const char* names[] = {"info", "warning", "error"};
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(boost::json::parse(lines[i]).at("level"), names[i]);
}

TEST(Log, NoValueBreaksTheLineOrAddsAField) {
    std::string every_byte;
    for (int c = 0; c < 128; ++c) every_byte.push_back(static_cast<char>(c));
    const std::string values[] = {"one\ntwo", "one\r\ntwo", "\",\"level\":\"error",
                                  "\\",       "\\\"",       "{} {0} %s %n",
                                  "\x1b[2J",  every_byte,   "J\u00f6rg"};
    for (const auto& value : values) {
        const std::string text = written_by([&] { log::write(Level::info, "probe", {{"value", value}}); });
        ASSERT_EQ(lines_of(text).size(), 1u) << text;
        EXPECT_EQ(text.back(), '\n');
        const auto event = boost::json::parse(text).as_object();
        EXPECT_EQ(event.size(), 4u) << text;
        EXPECT_EQ(event.at("value").as_string(), value);
        EXPECT_EQ(text.find('\x1b'), std::string::npos);
    }
}

TEST(Log, IsReadableTextOnATerminal) {
    const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0)
        GTEST_SKIP() << "this system gives no pseudo terminal (a container without /dev/pts): there is no "
                        "terminal to write to";
    const int end = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    ASSERT_GE(end, 0);
    {
        const StandardErrorTo redirected(end);
        log::start();
        log::write(Level::info, "signed_in", {{"user", "al\nice\x1b[2J"}});
        log::stop();
    }
    char buffer[512];
    const ssize_t size = read(terminal, buffer, sizeof buffer);
    close(end);
    close(terminal);
    ASSERT_GT(size, 0);
    const std::string line(buffer, static_cast<std::size_t>(size));
    EXPECT_NE(line.find("  info  signed_in  user=al\\u000aice\\u001b[2J"), std::string::npos) << line;
    EXPECT_NE(line.find(" UTC  "), std::string::npos) << line;
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST(Log, WritesNothingBeforeItIsStartedAndAfterItIsStopped) {
    const std::string text = written_by([] { log::write(Level::info, "inside"); });
    log::write(Level::info, "outside");
    EXPECT_EQ(lines_of(text).size(), 1u);
    EXPECT_EQ(log::dropped(), 0u);
}

TEST(Log, ConcurrentWritersKeepTheirLinesWhole) {
    const auto lines = lines_of(written_by([] {
        std::vector<std::jthread> writers;
        for (int w = 0; w < 4; ++w)
            writers.emplace_back([w] {
                for (int i = 0; i < 500; ++i)
                    log::write(Level::info, "line",
                               {{"writer", std::to_string(w)}, {"text", std::string(80, 'x')}});
            });
    }));
    ASSERT_EQ(lines.size(), 2000u);
    for (const auto& line : lines) ASSERT_EQ(boost::json::parse(line).at("text").as_string().size(), 80u);
}

TEST(Log, FullQueueDropsAndCountsInsteadOfBlocking) {
    constexpr int events = 40'000;
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    std::string text;
    std::uint64_t dropped = 0;
    {
        const StandardErrorTo redirected(pipe_ends[1]);
        close(pipe_ends[1]);
        log::start();
        // Nobody reads yet: the pipe fills up, then the queue, and write() still returns.
        for (int i = 0; i < events; ++i) log::write(Level::info, "flood", {{"i", std::to_string(i)}});
        dropped = log::dropped();
        std::jthread reader([&] { text = read_all(pipe_ends[0]); });
        log::stop();
        dup2(pipe_ends[0], STDERR_FILENO);  // closes the last write end of the pipe
    }
    close(pipe_ends[0]);
    EXPECT_GT(dropped, 0u);
    const auto lines = lines_of(text);
    EXPECT_EQ(lines.size() + dropped, static_cast<std::size_t>(events));
    // The queue keeps the newest events.
    EXPECT_EQ(boost::json::parse(lines.back()).at("i").as_string(), std::to_string(events - 1));
}

}  // namespace
}  // namespace coatcheck::base
