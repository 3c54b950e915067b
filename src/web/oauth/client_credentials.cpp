// SPDX-License-Identifier: Apache-2.0
#include "web/oauth/client_credentials.hpp"

#include "base/reason.hpp"
#include "web/credentials.hpp"
#include "web/forms.hpp"

namespace coatcheck::web {

using auth::Client;
using auth::ClientAuth;
using base::Denied;
using base::Reason;

base::Result<std::shared_ptr<const Client>> authenticate_client(const Service& service,
                                                                const Request& request) {
    const auto refused = [](std::string detail) {
        return Denied{Reason::invalid_client, {}, std::move(detail)};
    };
    if (request.count(http::field::authorization) > 1)
        return Denied{Reason::credential_conflict, {}, "the Authorization field occurs twice"};
    const auto in_form = parse_client(request);
    if (!in_form) return in_form.error();
    auto id = form_field_or(request.body, "client_id", "");
    if (!id) return id.error();

    auto method = ClientAuth::none;
    base::Secret secret;
    if (is_basic(request)) {
        if (*in_form)
            return Denied{
                Reason::credential_conflict, {}, "the client's secret came in the form and in a header"};
        auto pair = basic_credentials(request.value(http::field::authorization));
        if (!pair) return refused("the Authorization field is not a name and a secret in HTTP Basic");
        if (!id->empty() && *id != pair->first)
            return Denied{Reason::credential_conflict, {}, "client_id in the form names another client"};
        *id = std::move(pair->first);
        secret = base::Secret(std::move(pair->second));
        method = ClientAuth::client_secret_basic;
    } else if (*in_form) {
        secret = base::Secret(std::string((*in_form)->secret.reveal()));
        method = ClientAuth::client_secret_post;
    } else if (request.has(http::field::authorization)) {
        return refused("only HTTP Basic is a way for a client to show who it is in this field");
    }
    if (id->empty()) return refused("no client_id came with the request");
    auto client = service.clients.find(*id);
    if (client == nullptr || !client->enabled) return refused("no such client, or it is disabled");
    // No secret, as a client without one sends it, and an empty secret mean the same.
    if (secret.empty()) method = ClientAuth::none;
    if (method != client->auth)
        return refused("this client is registered for " + std::string(auth::name_of(client->auth)) +
                       ", and used " + std::string(auth::name_of(method)));
    if (method != ClientAuth::none && !auth::has_secret(*client, secret.reveal()))
        return refused("the secret is wrong");
    return client;
}

}  // namespace coatcheck::web
