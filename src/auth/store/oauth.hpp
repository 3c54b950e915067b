// SPDX-License-Identifier: Apache-2.0
// Store operations on OAuth clients, consents and authorization codes. After a change of clients commits,
// every node loads them again.
#pragma once

#include "auth/oauth/client.hpp"
#include "auth/types.hpp"

#include <optional>
#include <string>
#include <vector>

namespace coatcheck::auth {

// The scopes and resources that a user has allowed a client.
struct Consent {
    std::string user, client;
    std::vector<std::string> scope, resources;
    Timestamp given{};
};

// An authorization code (RFC 6749 §4.1.2) and what it stands for.
struct AuthorizationCode {
    std::string hash;  // base64url of the SHA-256 of the code
    std::string client, user;
    std::int64_t user_version = 0;
    std::string parent;  // the browser's session
    std::string redirect_uri;
    std::string challenge;  // code_challenge, S256
    std::vector<std::string> scope, resources;
    std::string nonce;
    Timestamp authenticated{};  // auth_time
    std::vector<std::string> amr;
    Timestamp expires{};
    std::string session{};  // the grant that it was redeemed for; empty: it is unused
};

class OAuthReads {
public:
    virtual ~OAuthReads() = default;
    virtual std::vector<Client> list_clients() = 0;  // by name
    virtual std::optional<Client> find_client(const std::string& id) = 0;
    virtual std::optional<Consent> find_consent(const std::string& user, const std::string& client) = 0;
    virtual std::vector<Consent> consents_of(const std::string& user) = 0;  // by client
    // How many codes of the user have not been swept.
    virtual std::size_t count_codes(const std::string& user) = 0;
    // Ids of live sessions of this client, of one user or of all (empty), at most `limit`; those used longest
    // ago first if the user is given.
    virtual std::vector<std::string> grants_of(const std::string& client, const std::string& user,
                                               std::size_t limit) = 0;
    // Users whose id begins like the subject of a client: tokens of the two could be confused.
    virtual std::vector<std::string> users_like_clients() = 0;
    // The live sessions of the user whose parent is this session.
    virtual std::vector<Session> children_of(const std::string& user, const std::string& parent) = 0;
};

class OAuthWrites {
public:
    virtual ~OAuthWrites() = default;
    virtual bool insert_client(const Client& client) = 0;  // false: the id is taken
    // As find_client(). Until this step ends, no other step changes the client; lock_client_shared() lets
    // others do the same.
    virtual std::optional<Client> lock_client(const std::string& id) = 0;
    virtual std::optional<Client> lock_client_shared(const std::string& id) = 0;
    virtual void delete_codes(const std::string& client) = 0;
    virtual void update_client(const Client& client) = 0;  // every column except `created`
    virtual bool delete_client(
        const std::string& id) = 0;  // with its consents and codes; false: there is none
    virtual void save_consent(const Consent& consent) = 0;  // replaces the one before
    virtual bool delete_consent(const std::string& user, const std::string& client) = 0;
    virtual void insert_code(const AuthorizationCode& code) = 0;
    // Until this step ends, no other step redeems the code. Finds used ones too.
    virtual std::optional<AuthorizationCode> lock_code(const std::string& hash) = 0;
    virtual void use_code(const std::string& hash, const std::string& session) = 0;
    // The session goes on: it was used now, and ends at `idle_end` if it is not used again.
    virtual void touch_session(const std::string& session, Timestamp idle_end) = 0;
    // The session's user was recognised anew, by these methods.
    // Writes authenticated, amr, idle_end and absolute_end of this session: its user was recognised anew.
    virtual void set_recognised(const Session& session) = 0;
};

}  // namespace coatcheck::auth
