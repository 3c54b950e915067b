// SPDX-License-Identifier: Apache-2.0
// Store operations on signing keys and service keys. After a change commits, every node loads the keys
// again.
#pragma once

#include "auth/keys/service_keys.hpp"
#include "auth/types.hpp"

#include <string>
#include <vector>

namespace coatcheck::auth {

// A signing key, or the key of the MAC of refresh tokens. The secret part is sealed.
struct StoredKey {
    enum class State { next, current, retired };
    std::string id;         // the kid of a signing key; the number of a MAC key
    std::string algorithm;  // ES256, ..., or "MAC"
    State state = State::next;
    std::string sealed;
    Timestamp created;
    Timestamp state_since;   // when the key got its present state
    Timestamp drop_after{};  // of a retired key: when its last token has expired
    // The longest life of an access token that this key, or an earlier key, signs.
    Duration token_life{0};
};

class KeyReads {
public:
    virtual ~KeyReads() = default;
    virtual std::vector<StoredKey> load_keys() = 0;
    virtual std::vector<ServiceKey> list_service_keys() = 0;  // by name
};

class KeyWrites {
public:
    virtual ~KeyWrites() = default;
    // Until this step ends, no other step, on any node, changes signing keys.
    virtual void lock_keys() = 0;
    virtual void save_key(const StoredKey& key) = 0;  // inserts or replaces
    virtual void delete_key(const std::string& id) = 0;
    virtual bool insert_service_key(const ServiceKey& key) = 0;    // false: the name is taken
    virtual bool delete_service_key(const std::string& name) = 0;  // false: there is none
};

}  // namespace coatcheck::auth
