// SPDX-License-Identifier: Apache-2.0
// An API on Boost.Beast that checks tokens in process and closes open connections with their session. See
// README.md.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <coatcheck/verifier.hpp>
#include <cstdlib>
#include <iostream>
#include <thread>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::use_awaitable;
using tcp = asio::ip::tcp;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

namespace {

std::string environment(const char* name, const char* otherwise) {
    const char* value = std::getenv(name);
    return value == nullptr ? otherwise : value;
}

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

coatcheck::Verdict who_calls(coatcheck::Verifier& verifier, const Request& request) {
    std::vector<coatcheck::Field> fields;
    for (const auto& field : request) fields.push_back({view(field.name_string()), view(field.value())});
    return verifier.authenticate({view(request.method_string()), fields}, {.x_token = true});
}

Response answer(const Request& request, http::status status, std::string body) {
    Response response(status, request.version());
    response.set(http::field::content_type, "application/json");
    response.keep_alive(request.keep_alive());
    response.body() = std::move(body);
    response.prepare_payload();
    return response;
}

Response refuse(const Request& request, coatcheck::Reason reason) {
    const auto refusal = coatcheck::refusal(reason);
    auto response = answer(request, http::int_to_status(static_cast<unsigned>(refusal.status)), refusal.body);
    for (const auto& [name, value] : refusal.fields) response.set(name, value);
    return response;
}

// Sends Server-Sent Events until the client leaves or its session ends. Then it closes the connection at
// once.
asio::awaitable<void> events(boost::beast::tcp_stream& stream, coatcheck::Verifier& verifier,
                             const coatcheck::User& user) {
    const std::string head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nConnection: "
        "close\r\n\r\n";
    asio::steady_timer tick(stream.get_executor());
    // The verifier's thread calls back, but the connection belongs to its own executor.
    auto is_over = std::make_shared<bool>(false);
    const auto watch = verifier.on_end(user,
                                       [&tick, is_over, executor = stream.get_executor()](coatcheck::Reason) {
                                           asio::post(executor, [&tick, is_over] {
                                               if (std::exchange(*is_over, true)) return;
                                               tick.cancel();
                                           });
                                       });
    boost::system::error_code error;
    co_await asio::async_write(stream, asio::buffer(head), asio::redirect_error(use_awaitable, error));
    while (!error && !*is_over) {
        co_await asio::async_write(stream, asio::buffer("data: " + std::string(user.username()) + "\n\n"),
                                   asio::redirect_error(use_awaitable, error));
        if (error || *is_over) break;
        boost::system::error_code woken;
        tick.expires_after(std::chrono::seconds(1));
        co_await tick.async_wait(asio::redirect_error(use_awaitable, woken));
    }
    verifier.forget(watch);
    *is_over = true;  // a callback that is already posted must do nothing
}

asio::awaitable<void> serve(tcp::socket socket, coatcheck::Verifier& verifier) {
    boost::beast::tcp_stream stream(std::move(socket));
    boost::beast::flat_buffer buffer;
    for (bool more = true; more;) {
        Request request;
        stream.expires_after(std::chrono::seconds(30));
        co_await http::async_read(stream, buffer, request, use_awaitable);
        Response response;
        if (request.target() == "/healthz") {
            response = answer(request, http::status::ok, "{}");
        } else if (const auto verdict = who_calls(verifier, request); !verdict) {
            response = refuse(request, verdict.reason());
        } else if (request.target() == "/api/me" && request.method() == http::verb::get) {
            response = answer(request, http::status::ok, std::string(verdict.user().claims_json()));
        } else if (request.target() == "/api/posts" && request.method() == http::verb::post) {
            response = answer(request, http::status::created, "{}");
        } else if (request.target() == "/api/events" && request.method() == http::verb::get) {
            stream.expires_never();
            co_await events(stream, verifier, verdict.user());
            co_return;
        } else {
            response = answer(request, http::status::not_found, "{}");
        }
        more = response.keep_alive();
        co_await http::async_write(stream, response, use_awaitable);
    }
    boost::system::error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> listen(tcp::endpoint endpoint, coatcheck::Verifier& verifier) {
    tcp::acceptor acceptor(co_await asio::this_coro::executor, endpoint);
    for (;;) {
        const auto strand = asio::make_strand(acceptor.get_executor());
        tcp::socket socket = co_await acceptor.async_accept(strand, use_awaitable);
        // An error on one connection, such as a client that leaves, ends only that connection.
        asio::co_spawn(strand, serve(std::move(socket), verifier), [](std::exception_ptr) {});
    }
}

}  // namespace

int main() {
    coatcheck::Verifier verifier(
        {.url = environment("COATCHECK_URL", "http://localhost:8080"),
         .service_key = environment("COATCHECK_SERVICE_KEY", ""),
         .on_problem = [](std::string_view what) { std::cerr << what << std::endl; }});
    const auto port = static_cast<unsigned short>(std::atoi(environment("PORT", "3000").c_str()));
    asio::io_context context;
    asio::co_spawn(context, listen({asio::ip::make_address("127.0.0.1"), port}, verifier), asio::detached);
    std::cout << "http://localhost:" << port << std::endl;
    std::jthread another([&] { context.run(); });
    context.run();
}
