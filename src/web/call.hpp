// SPDX-License-Identifier: Apache-2.0
// A request on its way through a handler, and the types of handlers.
//
// An inline handler answers at once, on the event loop: it writes the reply into memory that the connection
// keeps. A waiting handler is a coroutine that awaits store steps and password hashes (web/steps.hpp). The
// edge calls both after it has found the credential that the route asks for. Both return a refusal as a
// value, and the edge writes it in the route's style.
#pragma once

#include "auth/types.hpp"
#include "token/refresh_token.hpp"
#include "web/service.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string_view>

namespace coatcheck::web {

// A refresh token with a valid form and a valid MAC.
struct PresentedRefresh {
    token::RefreshToken token;
    bool by_cookie = false;
};

// The session that a sign-out names, by an access token (which may have expired) or by a refresh token.
struct SignOutTarget {
    std::string session;                           // empty: the request has no usable token
    crypto::SecretHash secret_hash;                // of the refresh token, if the request has one
    std::optional<token::AccessClaims> foreign{};  // the claims of a foreign token, if the request has one
    bool any_cookie = false;                       // the request has one of our cookies
};

struct Call {
    Context& context;
    const Request& request;
    std::string_view argument;  // the text that {id} stands for in the route

    // The credential: which of these members is set depends on the `who` of the route.
    verify::Proof* proof = nullptr;  // user_token, any_token: for inline handlers, valid until the next check
    std::shared_ptr<const token::AccessClaims> user{};  // user_token, any_token
    std::optional<PresentedRefresh> refresh{};          // refresh_token
    std::optional<SignOutTarget> sign_out_target{};     // session_token
    auth::PresentedServiceKey service_key{};            // service_key(scope)
    std::shared_ptr<const auth::Client> client{};       // client

    Service& service() const { return context.service; }
    // The origin of the request, for the audit log and the limits.
    auth::Actor actor() const { return {request.address, service_key.name}; }
};

using Inline = base::Result<void> (*)(Call&, Reply&);
using Answer = boost::asio::awaitable<base::Result<Reply>>;
using Waits = Answer (*)(Call&);

// A reply with a JSON body.
Reply json_reply(unsigned status, const boost::json::object& body);
// 204.
Reply no_content();

}  // namespace coatcheck::web
