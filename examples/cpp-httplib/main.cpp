// SPDX-License-Identifier: Apache-2.0
// An API on cpp-httplib that checks tokens in process. See README.md.
#include <httplib.h>
#include <coatcheck/verifier.hpp>
#include <cstdlib>
#include <iostream>

namespace {

std::string environment(const char* name, const char* otherwise) {
    const char* value = std::getenv(name);
    return value == nullptr ? otherwise : value;
}

// Wraps a handler: it is called with the user, or not at all.
template <class Handler>
httplib::Server::Handler for_users(coatcheck::Verifier& verifier, Handler handler) {
    return [&verifier, handler](const httplib::Request& request, httplib::Response& response) {
        std::vector<coatcheck::Field> fields;
        for (const auto& [name, value] : request.headers) fields.push_back({name, value});
        const auto verdict = verifier.authenticate({request.method, fields}, {.x_token = true});
        if (verdict) return handler(verdict.user(), request, response);
        const auto refusal = coatcheck::refusal(verdict.reason());
        response.status = refusal.status;
        for (const auto& [name, value] : refusal.fields)
            if (name != "Content-Type") response.set_header(name, value);
        response.set_content(refusal.body, "application/problem+json");
    };
}

}  // namespace

int main() {
    coatcheck::Verifier verifier(
        {.url = environment("COATCHECK_URL", "http://localhost:8080"),
         .service_key = environment("COATCHECK_SERVICE_KEY", ""),
         .on_problem = [](std::string_view what) { std::cerr << what << std::endl; }});
    httplib::Server server;
    server.Get("/healthz", [](const auto&, auto& response) { response.set_content("ok", "text/plain"); });
    server.Get("/api/me", for_users(verifier, [](const coatcheck::User& user, const auto&, auto& response) {
                   response.set_content(std::string(user.claims_json()), "application/json");
               }));
    server.Post("/api/posts", for_users(verifier, [](const coatcheck::User&, const auto&, auto& response) {
                    response.status = 201;
                    response.set_content("{}", "application/json");
                }));
    const int port = std::atoi(environment("PORT", "3000").c_str());
    std::cout << "http://localhost:" << port << std::endl;
    return server.listen("127.0.0.1", port) ? 0 : 1;
}
