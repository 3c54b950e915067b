// SPDX-License-Identifier: Apache-2.0
// A request on its way through a handler, and what a handler gives back.
//
// An inline handler answers at once on the event loop: it writes the reply into the memory that the
// connection keeps. A waiting handler is a coroutine that awaits store steps and hashes (web/steps.hpp). Both
// are called after the edge has found the credential that the route asks for; both give a refusal back as a
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

// A refresh token whose form and MAC are ours.
struct PresentedRefresh {
    token::RefreshToken token;
    bool by_cookie = false;
};

// The session that a sign-out names, by an access token (expired or not) or by the refresh token.
struct Leaving {
    std::string session;                           // empty: nothing usable was presented
    crypto::SecretHash secret_hash;                // of the refresh token, if one was presented
    std::optional<token::AccessClaims> foreign{};  // of an older system's token, if one was presented
    bool any_cookie = false;                       // some cookie came with the request
};

struct Call {
    Context& context;
    const Request& request;
    std::string_view argument;  // what stands for {id} in the route

    // The credential, by the route's `who`.
    verify::Proof* proof = nullptr;  // user_token, any_token: for inline handlers, valid until the next check
    std::shared_ptr<const token::AccessClaims> user{};  // user_token, any_token
    std::optional<PresentedRefresh> refresh{};          // refresh_token
    std::optional<Leaving> leaving{};                   // session_token
    std::string service_key{};                          // service_key(scope): the key's name

    Service& service() const { return context.service; }
    // The actor of an audit event.
    auth::Actor actor() const { return {request.address, service_key}; }
};

using Inline = base::Result<void> (*)(Call&, Reply&);
using Answer = boost::asio::awaitable<base::Result<Reply>>;
using Waits = Answer (*)(Call&);

// A reply with a JSON body.
Reply json_reply(unsigned status, const boost::json::object& body);
// 204.
Reply no_content();

}  // namespace coatcheck::web
