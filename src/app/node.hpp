// SPDX-License-Identifier: Apache-2.0
// One node: the object graph below the network, built here and nowhere else. `serve` puts a web server on it;
// a command that finds no server running works on it directly.
#pragma once

#include "app/config/config.hpp"
#include "app/data_directory.hpp"
#include "auth/keys/current_ring.hpp"
#include "auth/keys/service_keys.hpp"
#include "auth/revocation/log.hpp"
#include "store/open.hpp"
#include "verify/foreign_verifier.hpp"
#include "verify/verifier.hpp"

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

namespace coatcheck::app {

// The store that the configuration names.
store::Place place_of(const Config& config, const std::filesystem::path& directory);

class Node : private auth::StoreListener {
public:
    // Locks the directory, opens and migrates the store, makes missing keys, loads revocations and the key
    // ring.
    enum class Purpose { serve, command };
    Node(Config config, const std::filesystem::path& directory, Purpose purpose);

    const Config& config() const { return config_; }
    const auth::Policy& policy() const { return policy_; }
    crypto::Algorithm algorithm() const { return algorithm_; }
    const base::Secret& sealing_key() const { return sealing_key_; }
    auth::StoreQueue& store() { return *queue_; }
    const verify::KeySet& keys() const { return keys_; }
    const verify::Revocations& revocations() const { return revocations_; }
    const auth::CurrentRing& ring() const { return ring_; }
    auth::RevocationLog& log() { return log_; }
    const auth::ServiceKeys& service_keys() const { return service_keys_; }
    // Of the older system's tokens; nullptr: none are taken.
    const verify::ForeignVerifier* foreign() const { return foreign_ ? &*foreign_ : nullptr; }

    // Seals the keys in the store with the one in another file, which is made where it is missing.
    void reseal_keys(const std::string& file);
    // Deletes some of what is over: as many rows as do not keep requests waiting. True: there is more.
    bool sweep();
    // Rotates keys that are due, forgets revocations that are over.
    void keep_house();

private:
    void load_keys(auth::Store& store);
    // auth::StoreListener: this node's verifiers and its feed learn of revocations.
    void on_revoked(const std::vector<verify::Revocation>& entries) override { revocations_.add(entries); }
    void on_feed(const std::vector<verify::Revocation>& entries) override { log_.append(entries); }
    void on_keys(auth::Store& store) override { load_keys(store); }

    Config config_;
    auth::Policy policy_;
    crypto::Algorithm algorithm_;
    DataDirectory directory_;
    base::Secret sealing_key_;
    verify::KeySet keys_;
    verify::Revocations revocations_;
    std::optional<verify::ForeignVerifier> foreign_;
    auth::CurrentRing ring_;
    auth::RevocationLog log_;
    auth::ServiceKeys service_keys_;
    std::mutex loading_;  // of keys: the last to read them is the last to put them in place
    std::unique_ptr<auth::StoreQueue> queue_;
    std::size_t rows_to_sweep_ = 0;  // at a time, while there is more; 0: none are known
};

// Keeps house every ten seconds on a thread of its own. Where much is over at once it is swept a little at a
// time.
class Housekeeper {
public:
    explicit Housekeeper(Node& node);
    ~Housekeeper();

private:
    void loop();

    Node& node_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace coatcheck::app
