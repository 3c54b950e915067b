// SPDX-License-Identifier: Apache-2.0
// Sign-up, and the account of the signed-in user. Every change needs the current password.
#include "auth/factors/password.hpp"
#include "auth/users/names.hpp"
#include "auth/users/own_account.hpp"
#include "auth/users/passwords.hpp"

#include "base/reason.hpp"
#include "crypto/password_hash.hpp"
#include "web/answers.hpp"
#include "web/cookies.hpp"
#include "web/handlers.hpp"
#include "web/steps.hpp"

namespace coatcheck::web {
namespace {

using base::Denied;
using base::Reason;
using base::Result;

Reply user_reply(unsigned status, const auth::User& user) {
    return json_reply(status, {{"user", user_json(user)}});
}

// Returns the user of the access token if this is the user's password. Checks the limits, and charges a
// failure.
asio::awaitable<Result<auth::User>> confirm(Call& call, const base::Secret& password) {
    Service& service = call.service();
    const auto actor = call.actor();
    const auto ring = service.current();
    const auto candidate = co_await in_store(service, auth::begin_confirmation, std::ref(service.in_flight),
                                             *ring->ring.mac_key, *call.user, actor);
    if (!candidate) co_return candidate.error();
    auth::Proof proof;
    co_await in_hashing_pool(service, "confirmation", actor, [&] {
        proof = auth::prove_by_password(candidate->user, password, candidate->attempt.withheld);
    });
    if (accepts(*candidate, proof)) co_return *candidate->user;
    co_await in_store(service, auth::fail_confirmation, *call.user, *candidate, actor);
    co_return Reason::invalid_credentials;
}

}  // namespace

Answer sign_up(Call& call, SignUpForm form) {
    Service& service = call.service();
    auto user = auth::checked_sign_up(form.username, form.email);
    if (!user) co_return user.error();
    auto checked = auth::checked_password(form.password.reveal(), service.policy.min_password,
                                          user->username);
    if (!checked) co_return checked.error();
    const base::Secret password(*std::move(checked));

    const auto actor = call.actor();
    const auto slot = co_await in_store(service, auth::begin_sign_up, std::ref(service.in_flight), actor);
    if (!slot) co_return slot.error();
    co_await in_hashing_pool(service, "sign-up", actor,
                             [&] { user->password_hash = crypto::hash_password(password.reveal()); });
    const auto created = co_await in_store(service, auth::finish_sign_up, service.policy, *user, actor);
    if (!created) co_return created.error();
    co_return user_reply(201, *created);
}

Answer show_account(Call& call) {
    const auto user = co_await from_store(call.service(), &auth::ReadStore::find_user, call.user->subject);
    if (!user) co_return Reason::token_revoked;
    co_return user_reply(200, *user);
}

Answer change_account(Call& call, AccountForm form) {
    std::optional<std::string> email;
    if (form.email) {
        auto checked = auth::checked_email(*form.email);
        if (!checked) co_return checked.error();
        email = *std::move(checked);
    }
    const auto confirmed = co_await confirm(call, form.current_password);
    if (!confirmed) co_return confirmed.error();
    const auto actor = call.actor();
    const auto user = co_await in_store(call.service(), auth::set_own_email, *call.user,
                                        confirmed->password_hash, email, actor);
    if (!user) co_return user.error();
    co_return user_reply(200, *user);
}

Answer delete_account(Call& call, base::Secret current_password) {
    Service& service = call.service();
    const auto confirmed = co_await confirm(call, current_password);
    if (!confirmed) co_return confirmed.error();
    const auto actor = call.actor();
    const auto deleted = co_await in_store(service, auth::delete_own_account, service.policy, *call.user,
                                           confirmed->password_hash, actor);
    if (!deleted) co_return deleted.error();
    Reply reply = no_content();
    clear_sent_cookies(reply, call.request, service.settings.dev);
    co_return reply;
}

Answer change_password(Call& call, PasswordForm form) {
    Service& service = call.service();
    auto checked = auth::checked_password(form.replacement.reveal(), service.policy.min_password,
                                          call.user->username);
    if (!checked) {
        Denied denied = checked.error();
        denied.member = "new_password";
        co_return denied;
    }
    const base::Secret wanted(*std::move(checked));
    const auto confirmed = co_await confirm(call, form.current);
    if (!confirmed) co_return confirmed.error();
    std::string hash;
    const auto actor = call.actor();
    const auto clocks = co_await in_hashing_pool(service, "new password", actor,
                                                 [&] { hash = crypto::hash_password(wanted.reveal()); });
    if (clocks.are_apart()) co_return clock_wrong();

    const auto ring = service.current();
    const auto granted = co_await in_store(service, auth::change_own_password, service.policy, *call.user,
                                           confirmed->password_hash, hash, actor);
    if (!granted) co_return granted.error();
    const auto tokens = auth::mint_tokens(ring->ring, service.policy, *granted, clocks.wall);
    co_return tokens_reply(service.settings, *granted, tokens);
}

}  // namespace coatcheck::web
