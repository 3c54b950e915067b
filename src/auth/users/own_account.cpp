// SPDX-License-Identifier: Apache-2.0
#include "auth/users/own_account.hpp"

#include "auth/sessions/refresh.hpp"
#include "auth/users/change.hpp"
#include "auth/users/names.hpp"
#include "base/reason.hpp"

namespace coatcheck::auth {

using base::Denied;
using base::Reason;
using base::Result;

Result<User> checked_sign_up(const std::string& username, const std::optional<std::string>& email) {
    User user;
    auto name = checked_username(username);
    if (!name) return name.error();
    user.username = *std::move(name);
    if (email) {
        auto address = checked_email(*email);
        if (!address) return address.error();
        user.email = *std::move(address);
    }
    return user;
}

Result<AttemptsInFlight::Slot> begin_sign_up(Store& store, AttemptsInFlight& in_flight, const Actor& by) {
    return in_flight.enter_sign_up(store, by.address);
}

Result<User> finish_sign_up(Store& store, const Policy& policy, const User& user, const Actor& by) {
    auto created = create_user(store, policy, user, by);
    if (created) charge_sign_up(store, by.address);
    else charge_refused_sign_up(store, by.address);
    return created;
}

Result<Candidate> begin_confirmation(Store& store, AttemptsInFlight& in_flight, const base::Secret& mac_key,
                                     const token::AccessClaims& claims, const Actor& by) {
    SignIn form;
    form.login = claims.username;
    form.address = by.address;
    form.has_session = true;
    auto candidate = look_up(store, in_flight, mac_key, form);
    if (candidate && (!candidate->user || candidate->user->id != claims.subject)) {
        store.find_user(claims.subject);  // notes the end, if another node has deleted the user
        return Reason::token_revoked;
    }
    return candidate;
}

void fail_confirmation(Store& store, const token::AccessClaims& claims, const Candidate& candidate,
                       const Actor& by) {
    charge_failure(store, candidate.attempt);
    store.append_audit(
        {store.now(), "password_confirmation_failed", claims.subject, claims.session, by.address, ""});
}

namespace {

// Refuses if something came between the confirmation of the password and this step: session_ended, or
// invalid_credentials if only the password hash is another one than `expected`. Locks the user.
Result<void> still_confirmed(Store& store, const token::AccessClaims& claims, const std::string& expected) {
    const auto user = store.lock_user(claims.subject);
    const auto session = store.find_session(claims.session);
    if (!user || !user->enabled || !session || session->ended) return Reason::session_ended;
    return user->password_hash == expected ? Result<void>() : Reason::invalid_credentials;
}

}  // namespace

Result<User> set_own_email(Store& store, const token::AccessClaims& claims, const std::string& expected,
                           const std::optional<std::string>& email, const Actor& by) {
    if (const auto still = still_confirmed(store, claims, expected); !still) return still.error();
    if (const auto allowed = check_taken(store, claims.subject); !allowed) return allowed.error();
    auto changed = set_email(store, claims.subject, email, by);
    if (!changed && changed.error().reason == Reason::email_taken) charge_taken(store, claims.subject);
    return changed;
}

Result<void> delete_own_account(Store& store, const Policy& policy, const token::AccessClaims& claims,
                                const std::string& expected, const Actor& by) {
    if (const auto still = still_confirmed(store, claims, expected); !still) return still.error();
    delete_user(store, policy, claims.subject, by);
    return {};
}

Result<Granted> change_own_password(Store& store, const Policy& policy, const token::AccessClaims& claims,
                                    const std::string& expected, const std::string& hash, const Actor& by) {
    if (const auto still = still_confirmed(store, claims, expected); !still) return still.error();
    if (!set_password(store, policy, claims.subject, expected, hash, claims.session, by))
        return Reason::session_ended;
    return renew(store, policy, claims.session);
}

}  // namespace coatcheck::auth
