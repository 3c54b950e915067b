// SPDX-License-Identifier: Apache-2.0
// The OAuth clients of an installation: made, changed and ended by the operator, and held in memory by each
// node, so that a request needs no store to know its client. All functions are store steps, except members of
// Clients and the checks.
#pragma once

#include "auth/oauth/client.hpp"
#include "auth/store.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::auth {

// Scopes of OpenID Connect Core §5.4 and §11, which every client may ask for unless it is limited, and
// `roles`, which only a client that names it may ask for: it puts the user's roles and claims into tokens.
inline constexpr std::string_view openid = "openid", profile = "profile", email = "email",
                                  offline_access = "offline_access", roles_scope = "roles";

// One resource of the policy; nullptr: there is none with this URI.
const Resource* find_resource(const Policy& policy, std::string_view uri);
// The scopes that the client may ask for.
std::vector<std::string> scopes_for(const Policy& policy, const Client& client);
// Of these scopes, those that mean something for tokens of these resources: those of OpenID Connect, and
// those that one of the resources has. Without resources, the token is for tokens.audience, which may have
// any, or for userinfo alone.
std::vector<std::string> scopes_within(const Policy& policy, const Client& client,
                                       const std::vector<std::string>& scopes,
                                       const std::vector<std::string>& resources);
// True if the client may ask for tokens for this resource.
bool may_use(const Policy& policy, const Client& client, std::string_view resource);

// Fills in what depends on the type (the grant types), and checks the rest: the name, the redirect URIs, and
// that they, the method and the grants go with the type. invalid_member with the sentence.
base::Result<Client> checked_client(const Policy& policy, Client client);

// A client that was just made or that got a new secret. The secret is shown once; empty: it has none.
struct MadeClient {
    Client client;
    std::string secret;
};
// Inserts a checked client; an empty id is replaced by a random one. id_taken; too_many_clients.
base::Result<MadeClient> add_client(Store& store, Client client);
// Gives the client a new secret. The one before stays valid until the next one, unless `ends_older`.
// not_found; invalid_member if the client has no secret.
base::Result<MadeClient> renew_client_secret(Store& store, const Policy& policy, const std::string& id,
                                             bool ends_older);
// A disabled client gets no tokens, and those that it got for itself are refused. Its grants are ended by
// end_grants_of_client(), in further steps. False: there is no such client.
bool set_client_enabled(Store& store, const Policy& policy, const std::string& id, bool enabled);
// As disabling, for good: deletes the client, its consents and its codes.
bool end_client(Store& store, const Policy& policy, const std::string& id);
// Ends at most 500 grants of the client. False: none are left.
bool end_grants_of_client(Store& store, const std::string& id, const Actor& by);

// Refuses the tokens that the client got for itself until now, if `session` is their `sid`; the token that
// names an earlier one is over already.
void revoke_tokens_of_client(Store& store, const Policy& policy, const std::string& id,
                             const std::string& session);

// All clients, held in memory. Any thread may call any member.
class Clients {
public:
    void replace(std::vector<Client> clients);
    // nullptr: there is none with this id.
    std::shared_ptr<const Client> find(std::string_view id) const;

private:
    using Table = std::map<std::string, std::shared_ptr<const Client>, std::less<>>;
    mutable std::mutex mutex_;
    std::shared_ptr<const Table> table_ = std::make_shared<Table>();
};

}  // namespace coatcheck::auth
