// SPDX-License-Identifier: Apache-2.0
// What handlers work with. `Service` is shared by all event loops; `Context` belongs to one of them.
#pragma once

#include "auth/key_ring.hpp"
#include "auth/limits.hpp"
#include "auth/revocation_log.hpp"
#include "auth/service_keys.hpp"
#include "auth/store.hpp"
#include "base/worker_pool.hpp"
#include "verify/crypt_verifier.hpp"
#include "verify/foreign_verifier.hpp"
#include "verify/verifier.hpp"
#include "web/settings.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace coatcheck::web {

// The key ring in use and its published form; replaced as a whole when a key changes. Any thread.
class CurrentRing {
public:
    struct View {
        auth::Ring ring;
        std::string jwk_set;
    };
    std::shared_ptr<const View> get() const {
        const std::lock_guard lock(mutex_);
        return view_;
    }
    void replace(auth::Ring ring) {
        auto view = std::make_shared<View>();
        view->jwk_set = token::write_jwk_set(ring.published);
        view->ring = std::move(ring);
        const std::lock_guard lock(mutex_);
        view_ = std::move(view);
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const View> view_;
};

struct Service {
    Settings settings;
    auth::Policy policy;
    auth::StoreQueue& store;
    base::WorkerPool& hashing;
    const verify::KeySet& keys;
    const verify::Revocations& revocations;
    const CurrentRing& ring;
    auth::RevocationLog& log;
    const auth::ServiceKeys& service_keys;
    std::function<std::string()> metrics;              // Prometheus text
    std::optional<verify::CryptVerifier> crypt{};      // where that dialect is switched on
    const verify::ForeignVerifier* foreign = nullptr;  // likewise
    auth::AttemptsInFlight in_flight{};
    std::array<std::atomic<std::uint64_t>, dialect_names.size()>
        dialect_uses{};  // requests that came that way
    void count(Dialect dialect) {
        dialect_uses[static_cast<std::size_t>(dialect)].fetch_add(1, std::memory_order_relaxed);
    }
};

// A Token Status List as it was served last.
struct MadeStatusList {
    base::Timestamp made;
    std::string at;      // how far the revocations were
    std::string key_id;  // that signed it
    std::string text;
};

struct Context {
    Service& service;
    verify::Verifier verifier;
    std::unordered_map<std::int64_t, MadeStatusList> status_lists{};  // by number
    verify::Proof other_proof{};  // of the token of another format that was judged last
};

}  // namespace coatcheck::web
