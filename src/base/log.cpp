// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"

#include "base/clock.hpp"
#include "base/threads.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>
#include <csignal>
#include <memory>
#include <mutex>

namespace coatcheck::base::log {
namespace {

constexpr std::size_t queue_events = 2048;  // 400 bytes each; start() allocates them

// Global, because every part of the program writes to the log.
std::shared_ptr<spdlog::details::thread_pool> pool;
std::shared_ptr<spdlog::async_logger> logger;
bool readable_form = false;

void append_escaped(std::string& out, std::string_view text) {
    for (char c : text) {
        const auto u = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (u < 0x20 || u == 0x7f) {
            char hex[8];
            std::snprintf(hex, sizeof hex, "\\u%04x", u);
            out += hex;
        } else {
            out.push_back(c);
        }
    }
}

std::string line_of(Level level, std::string_view event, std::initializer_list<Field> fields) {
    static constexpr std::string_view names[] = {"info", "warning", "error"};
    const std::string_view name = names[static_cast<int>(level)];
    const Timestamp now = read_clocks().wall;
    std::string line;
    if (readable_form) {
        line.append(readable(now)).append("  ").append(name).append("  ").append(event);
        for (const auto& f : fields) {
            line.append("  ").append(f.name).push_back('=');
            append_escaped(line, f.value);
        }
    } else {
        line.append("{\"time\":")
            .append(std::to_string(unix_millis(now)))
            .append(",\"level\":\"")
            .append(name);
        line.append("\",\"event\":\"").append(event).push_back('"');
        for (const auto& f : fields) {
            line.append(",\"").append(f.name).append(f.is_number ? "\":" : "\":\"");
            append_escaped(line, f.value);
            if (!f.is_number) line.push_back('"');
        }
        line.push_back('}');
    }
    return line;
}

}  // namespace

void start() {
    readable_form = isatty(STDERR_FILENO) == 1;
    // The log's thread blocks all signals. Otherwise a signal that arrives before the server waits for
    // signals could be delivered to this thread, and would end the process.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    try {
        pool = std::make_shared<spdlog::details::thread_pool>(queue_events, 1);
    } catch (const std::exception& failure) {
        const auto* refused = dynamic_cast<const std::system_error*>(&failure);
        if (refused == nullptr) throw;
        throw thread_refused("the log", *refused);
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    logger = std::make_shared<spdlog::async_logger>("coatcheck",
                                                    std::make_shared<spdlog::sinks::stderr_sink_mt>(), pool,
                                                    spdlog::async_overflow_policy::overrun_oldest);
    logger->set_pattern("%v");
    logger->flush_on(spdlog::level::info);
}

void stop() {
    // Before the logger: this waits for the pool's thread, which uses the logger while it writes.
    pool.reset();
    logger.reset();
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) noexcept {
    if (!logger) return;
    try {
        logger->info(line_of(level, event, fields));
    } catch (const std::exception&) {
        // There is no memory for it.
    }
}

std::uint64_t dropped() { return pool ? pool->overrun_counter() : 0; }

}  // namespace coatcheck::base::log
