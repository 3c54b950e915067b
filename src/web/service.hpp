// SPDX-License-Identifier: Apache-2.0
// The objects that handlers use. All event loops share one `Service`. Each edge has its own `Context`.
#pragma once

#include "auth/keys/current_ring.hpp"
#include "auth/keys/service_keys.hpp"
#include "auth/limits.hpp"
#include "auth/oauth/clients.hpp"
#include "auth/revocation/log.hpp"
#include "auth/store.hpp"
#include "base/worker_pool.hpp"
#include "http/message.hpp"
#include "verify/crypt_verifier.hpp"
#include "verify/explanation.hpp"
#include "verify/foreign_verifier.hpp"
#include "verify/verifier.hpp"
#include "web/metrics.hpp"
#include "web/session/watchers.hpp"
#include "web/settings.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace coatcheck::web {

using http::Request;
using Reply = http::Response;

struct Service {
    Settings settings;
    auth::Policy policy;
    auth::StoreQueue& store;
    base::WorkerPool& hashing;
    const verify::KeySet& keys;
    const verify::Revocations& revocations;
    const auth::CurrentRing& ring;
    auth::RevocationLog& log;
    const auth::ServiceKeys& service_keys;
    const auth::Clients& clients;
    const verify::CryptVerifier* crypt = nullptr;      // set if the dialect is switched on
    const verify::ForeignVerifier* foreign = nullptr;  // set if foreign tokens are accepted
    auth::AttemptsInFlight in_flight{};
    Watchers watchers{};
    Metrics metrics{};
    std::atomic<base::Timestamp> written{};  // when /readyz last wrote to the store
    std::atomic<bool> draining{false};       // the server is about to stop
    // When the log last told of each check of token_not_ours, in Unix seconds.
    std::array<std::atomic<std::int64_t>, verify::mismatches> told{};

    // The present key ring.
    std::shared_ptr<const auth::RingView> current() const { return ring.get(); }
};

// A Token Status List, as it was last signed.
struct MadeStatusList {
    base::Timestamp made;
    std::string at;      // the cursor of the feed at that moment
    std::string key_id;  // the key that signed it
    std::string text, tag;
};

struct Context {
    Service& service;
    verify::Verifier verifier;
    std::unordered_map<std::int64_t, MadeStatusList> status_lists{};  // by the number of the list
    std::int64_t explained_second = 0;  // when this edge last explained a token_not_ours
    verify::Proof other_proof{};        // the proof of the last crypt token or foreign token
};

}  // namespace coatcheck::web
