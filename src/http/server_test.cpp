// SPDX-License-Identifier: Apache-2.0
// Tests of the transport alone, under a handler that knows nothing of sessions and tokens.
#include "http/server.hpp"

#include "base/reason.hpp"

#include <gtest/gtest.h>
#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace coatcheck::http {
namespace {

struct Echo final : Handler {
    std::optional<Waiting> handle(const Request& request, Response& response) override {
        if (request.path == "/stream") response.stream = std::make_unique<Counting>();
        if (request.path == "/later") return later(response);
        response.content_type = "text/plain";
        response.body = std::string(name_of(request.method)) + " " + std::string(request.path) + " " +
                        std::string(request.body);
        return std::nullopt;
    }
    void refuse(const base::Denied&, const Request*, std::string_view, Response& response) override {
        response.status = 400;
    }

    static Waiting later(Response& response) {
        boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor,
                                        std::chrono::milliseconds(20));
        co_await timer.async_wait(boost::asio::use_awaitable);
        response.status = 202;
    }
    struct Counting final : Stream {
        bool fill(std::string& out) override {
            if (next > available) return false;
            out += "event " + std::to_string(next++) + "\n";
            return true;
        }
        void beat(std::string& out) override { out += "beat\n"; }
        int next = 1;
        static inline std::atomic<int> available{2};
    };
};

class ServerTest : public testing::Test {
protected:
    ServerTest() {
        port_ = server_.listen({"127.0.0.1", 0}, [] { return std::make_unique<Echo>(); });
        server_.start();
        socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port_});
    }
    void send(std::string_view text) { boost::asio::write(socket_, boost::asio::buffer(text)); }
    // Reads until `end` has arrived or the connection closes, and returns everything that was read.
    std::string read_until(std::string_view end) {
        boost::system::error_code closed;
        while (seen_.find(end) == std::string::npos && !closed) {
            char bytes[4096];
            seen_.append(bytes, socket_.read_some(boost::asio::buffer(bytes), closed));
        }
        return std::exchange(seen_, "");
    }

    Server server_{Options{}, 1};
    std::uint16_t port_ = 0;
    boost::asio::io_context io_;
    tcp::socket socket_{io_};
    std::string seen_;
};

TEST_F(ServerTest, AnswersRequestsOfOneConnectionInOrder) {
    send("GET /one HTTP/1.1\r\nHost: x\r\n\r\nPOST /two HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
    const std::string answers = read_until("POST /two hi");
    EXPECT_LT(answers.find("GET /one "), answers.find("POST /two hi")) << answers;
    EXPECT_EQ(server_.totals().accepted, 1U);
    EXPECT_EQ(server_.totals().connections, 1U);
}

TEST_F(ServerTest, AnswersLaterAndGoesOn) {
    send("GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /after HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string answers = read_until("GET /after ");
    EXPECT_TRUE(answers.starts_with("HTTP/1.1 202 ")) << answers;
}

TEST_F(ServerTest, LetsTheHandlerWordARefusalAndCloses) {
    send("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n");
    const std::string answer = read_until("never");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
}

TEST_F(ServerTest, StreamsWhatThereIsAndWhatComesLater) {
    send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(read_until("event 2\n").find("event 1\n"), std::string::npos);
    Echo::Counting::available = 3;
    server_.wake_streams();
    EXPECT_NE(read_until("event 3\n").find("event 3\n"), std::string::npos);
    EXPECT_EQ(server_.totals().streams, 1U);
}

TEST_F(ServerTest, RefusesAPortThatAnotherServerHas) {
    Server second(Options{}, 1);
    EXPECT_THROW(second.listen({"127.0.0.1", port_}, [] { return std::make_unique<Echo>(); }),
                 std::runtime_error);
}

}  // namespace
}  // namespace coatcheck::http
