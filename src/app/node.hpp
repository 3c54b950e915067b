// SPDX-License-Identifier: Apache-2.0
// One node: everything below the network (configuration, store, keys, revocations), built here and nowhere
// else. `serve` puts a web server on it. A command that finds no running server works on it directly.
#pragma once

#include "app/config/config.hpp"
#include "app/data_directory.hpp"
#include "auth/keys/current_ring.hpp"
#include "auth/keys/service_keys.hpp"
#include "auth/oauth/clients.hpp"
#include "auth/revocation/log.hpp"
#include "store/open.hpp"
#include "verify/crypt_verifier.hpp"
#include "verify/foreign_verifier.hpp"
#include "verify/verifier.hpp"

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

namespace coatcheck::app {

// Where the store that the configuration names is. Reads the file with its password, if there is one.
store::Place place_of(const Config& config, const std::filesystem::path& directory);

class Node : private auth::StoreListener {
public:
    // `read` is a command that only reads: it does not migrate the store.
    enum class Purpose { serve, command, read };
    // Locks the directory, opens and migrates the store, makes missing keys, loads revocations and the key
    // ring. Throws std::runtime_error if one of these fails. Only a node that serves follows other nodes.
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
    const auth::Clients& clients() const { return clients_; }
    // The verifier of foreign tokens; nullptr: none are accepted.
    const verify::ForeignVerifier* foreign() const { return foreign_ ? &*foreign_ : nullptr; }

    // The verifier of crypt tokens; nullptr: none are accepted.
    const verify::CryptVerifier* crypt() const { return crypt_ ? &*crypt_ : nullptr; }

    // Reads again the files that hold keys of encrypted, crypt and foreign tokens; the configuration stays.
    // Throws ConfigError if one of them is wrong; then nothing has changed. Any thread.
    void reload();
    // Seals the keys in the store with the sealing key in another file, which is made if it is missing.
    void reseal_keys(const std::string& file);
    // Logs when the clocks come apart (base/clock.hpp), and when they are together again.
    void watch_clock();
    // Keeps and logs what an operator should know of how the server is used, once for each event. `doctor`
    // repeats the sentences. Any thread.
    void notice(const std::string& event, const std::string& sentence);
    std::vector<std::string> noticed() const;
    // Watches the clock, rotates keys that are due, and frees memory: expired revocations, and what checks
    // names.
    void keep_house();

private:
    void load_keys(auth::Store& store);
    // These read what the configuration names.
    token::EncryptionKeys read_encryption_keys() const;
    token::CryptKeys read_crypt_keys() const;
    std::vector<verify::ForeignIssuer> read_issuers() const;
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
    std::shared_ptr<token::CurrentEncryptionKeys> encryption_;  // policy_ has it too
    std::optional<verify::CryptVerifier> crypt_;
    std::optional<verify::ForeignVerifier> foreign_;
    auth::CurrentRing ring_;
    auth::RevocationLog log_;
    auth::ServiceKeys service_keys_;
    auth::Clients clients_;
    bool clock_was_wrong_ = false;
    mutable std::mutex noticing_;
    std::map<std::string, std::string> noticed_;  // sentences by event
    std::mutex loading_;  // held by load_keys(), so that older keys never replace newer ones
    std::unique_ptr<auth::StoreQueue> queue_;
};

// The sweeper's thread: sweeps and keeps house every ten seconds. If many rows have expired, it sweeps a few
// at a time, more often.
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
