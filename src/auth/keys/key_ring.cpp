// SPDX-License-Identifier: Apache-2.0
#include "auth/keys/key_ring.hpp"

#include "base/random.hpp"
#include "crypto/sealed_box.hpp"

#include <algorithm>
#include <stdexcept>

namespace coatcheck::auth {
namespace {

using State = StoredKey::State;

// `token_life` is inherited from the key that the new one replaces.
void make_next(Store& store, const base::Secret& sealing_key, crypto::Algorithm algorithm,
               Duration token_life) {
    const auto key = crypto::SigningKey::generate(algorithm);
    const std::string id = token::thumbprint(key.public_key());
    const Timestamp now = store.now();
    store.save_key({id,
                    std::string(crypto::name_of(algorithm)),
                    State::next,
                    crypto::seal(sealing_key, id, key.to_pkcs8().reveal()),
                    now,
                    now,
                    {},
                    token_life});
}

std::optional<StoredKey> find_state(Store& store, State state) {
    for (auto& key : store.load_keys())
        if (key.state == state && key.algorithm != mac_algorithm) return key;
    return std::nullopt;
}

// Bounds how long another node may still sign with a key that is retired or revoked here: until its step
// ends, and no step takes longer than this.
constexpr Duration longest_step = std::chrono::minutes(2);
// Twice the 5 minutes after which a verifier loads its key set again.
constexpr Duration key_set_cache_time = std::chrono::minutes(10);

// Makes the next key the current one, and a new next key. While nodes are restarted one by one, their
// configurations may differ, so `token_life` never shrinks.
void promote_next(Store& store, const base::Secret& sealing_key, crypto::Algorithm algorithm,
                  Duration token_life) {
    if (auto next = find_state(store, State::next)) {
        if (next->algorithm == crypto::name_of(algorithm)) {
            next->state = State::current;
            next->state_since = store.now();
            next->token_life = std::max(next->token_life, token_life);
            store.save_key(*next);
        } else {
            store.delete_key(next->id);
        }
    }
    if (!find_state(store, State::current)) {
        // There was no next key (first start, restored copy), or only one for another algorithm (changed
        // configuration). A new key becomes current at once: it was not published before, and verifiers fetch
        // the key set again when they see its id.
        make_next(store, sealing_key, algorithm, token_life);
        promote_next(store, sealing_key, algorithm, token_life);
        return;
    }
    make_next(store, sealing_key, algorithm, find_state(store, State::current)->token_life);
}

}  // namespace

void rotate_keys(Store& store, const base::Secret& sealing_key, crypto::Algorithm algorithm) {
    store.lock_keys();
    Duration token_life{0};
    if (auto current = find_state(store, State::current)) {
        token_life = current->token_life;
        current->state = State::retired;
        current->state_since = store.now();
        current->drop_after = store.now() + token_life + longest_step;
        store.save_key(*current);
    }
    promote_next(store, sealing_key, algorithm, token_life);
    store.append_audit({store.now(), "key_rotated", "", "", "", find_state(store, State::current)->id});
}

void ensure_keys(Store& store, const base::Secret& sealing_key, crypto::Algorithm algorithm,
                 Duration token_life) {
    store.lock_keys();
    const auto keys = store.load_keys();
    if (std::none_of(keys.begin(), keys.end(),
                     [](const StoredKey& k) { return k.algorithm == mac_algorithm; }))
        store.save_key({"1", std::string(mac_algorithm), State::current,
                        crypto::seal(sealing_key, "mac 1", base::random_bytes(32)), store.now(),
                        store.now()});
    const auto current = find_state(store, State::current);
    if (!current || current->algorithm != crypto::name_of(algorithm))
        rotate_keys(store, sealing_key, algorithm);
    if (auto signing = find_state(store, State::current); signing->token_life < token_life) {
        signing->token_life = token_life;
        store.save_key(*signing);
    }
}

bool tend_keys(Store& store, const base::Secret& sealing_key, crypto::Algorithm algorithm, Duration period) {
    store.lock_keys();
    bool changed = false;
    for (const auto& key : store.load_keys())
        if (key.state == State::retired && key.drop_after <= store.now()) {
            store.delete_key(key.id);
            changed = true;
        }
    const auto current = find_state(store, State::current);
    if (current && current->state_since + period <= store.now()) {
        rotate_keys(store, sealing_key, algorithm);
        changed = true;
    }
    return changed;
}

bool revoke_key(Store& store, const base::Secret& sealing_key, const std::string& id,
                crypto::Algorithm algorithm) {
    store.lock_keys();
    const auto keys = store.load_keys();
    const auto row = std::find_if(keys.begin(), keys.end(), [&](const StoredKey& k) {
        return k.id == id && k.algorithm != mac_algorithm;
    });
    if (row == keys.end()) return false;
    store.delete_key(id);
    if (row->state == State::current) {
        // A key that was never published takes over: verifiers of others load the key set again only for a
        // kid that they do not know, and would go on believing the revoked key until then.
        if (const auto next = find_state(store, State::next)) store.delete_key(next->id);
        promote_next(store, sealing_key, algorithm, row->token_life);
    } else if (row->state == State::next) make_next(store, sealing_key, algorithm, row->token_life);
    // A thief of the key can write any expiry into a token. Verifiers believe such a token for as long as
    // they keep the key set that they fetched.
    store.insert_revocation({verify::Revocation::Kind::key, id, 0,
                             store.now() + std::max(row->token_life, key_set_cache_time) + longest_step});
    store.append_audit({store.now(), "key_revoked", "", "", "", id});
    return true;
}

namespace {

std::string context_of(const StoredKey& key) {
    return key.algorithm == mac_algorithm ? "mac " + key.id : key.id;
}

base::Secret opened(const base::Secret& sealing_key, const StoredKey& key) {
    auto secret = crypto::open(sealing_key, context_of(key), key.sealed);
    if (!secret)
        throw std::runtime_error(
            "the keys in the database were sealed with another key: set store.sealing_key_file to the right "
            "file");
    return *std::move(secret);
}

}  // namespace

void reseal_keys(Store& store, const base::Secret& sealing_key, const base::Secret& new_sealing_key) {
    store.lock_keys();
    for (auto& key : store.load_keys()) {
        key.sealed = crypto::seal(new_sealing_key, context_of(key), opened(sealing_key, key).reveal());
        store.save_key(key);
    }
}

Ring load_ring(Store& store, const base::Secret& sealing_key) {
    Ring ring;
    for (const auto& key : store.load_keys()) {
        auto secret = opened(sealing_key, key);
        if (key.algorithm == mac_algorithm) {
            ring.mac_key = std::make_shared<const base::Secret>(std::move(secret));
            continue;
        }
        const auto algorithm = crypto::algorithm_named(key.algorithm).value();
        auto signing = std::make_shared<const crypto::SigningKey>(
            crypto::SigningKey::from_pkcs8(algorithm, secret));
        ring.published.push_back({key.id, signing->public_key()});
        if (key.state == State::current) {
            ring.current_id = key.id;
            ring.current = signing;
        }
    }
    // Some libraries take the first key of the set, whatever its kid.
    std::stable_partition(ring.published.begin(), ring.published.end(),
                          [&](const auto& key) { return key.key_id == ring.current_id; });
    if (!ring.current || !ring.mac_key)
        throw std::runtime_error("the database lacks the current signing key or the MAC key");
    return ring;
}

}  // namespace coatcheck::auth
