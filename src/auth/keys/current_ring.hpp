// SPDX-License-Identifier: Apache-2.0
// The key ring in use and its JWK Set. Both are replaced together when a key changes. Any thread may call
// any member.
#pragma once

#include "auth/keys/key_ring.hpp"

#include <memory>
#include <mutex>
#include <string>

namespace coatcheck::auth {

class CurrentRing {
public:
    struct View {
        Ring ring;
        std::string jwk_set;  // RFC 7517 §5, as JSON
    };
    std::shared_ptr<const View> get() const {
        const std::lock_guard lock(mutex_);
        return view_;
    }
    void replace(Ring ring) {
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

}  // namespace coatcheck::auth
