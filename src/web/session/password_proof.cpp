// SPDX-License-Identifier: Apache-2.0
#include "web/session/password_proof.hpp"

#include "auth/factors/password.hpp"

namespace coatcheck::web {

asio::awaitable<base::Result<Proved>> prove_password(Service& service, const auth::SignIn& form) {
    const auto ring = service.current();
    auto candidate = co_await in_store(service, auth::look_up, std::ref(service.in_flight),
                                       *ring->ring.mac_key, form);
    if (!candidate) co_return candidate.error();
    auth::Proof proof;
    const auto clocks = co_await in_hashing_pool(service, "sign-in", form.address, [&] {
        proof = auth::prove_by_password(candidate->user, form.password, candidate->attempt.withheld);
    });
    if (clocks.are_apart()) co_return clock_wrong();
    co_return Proved{*std::move(candidate), std::move(proof), clocks};
}

}  // namespace coatcheck::web
