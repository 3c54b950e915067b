// SPDX-License-Identifier: Apache-2.0
// Sign-up and the user's own account. Every change asks for the current password.
#include "auth/accounts.hpp"
#include "auth/sessions.hpp"
#include "crypto/password_hash.hpp"
#include "web/answers.hpp"
#include "web/credentials.hpp"
#include "web/cross_site.hpp"
#include "web/forms.hpp"
#include "web/handlers.hpp"
#include "web/problem.hpp"
#include "web/steps.hpp"

#include <boost/json/serialize.hpp>

namespace coatcheck::web {

using base::Denied;
using base::Reason;
using base::Result;

namespace {

void write_user(Response& response, unsigned status, const auth::User& user) {
    write_json(response, status, boost::json::serialize(boost::json::object{{"user", user_json(user)}}));
}

Result<auth::User> checked_sign_up(const SignUpForm& form, const auth::Policy& policy,
                                   base::Secret& password) {
    auth::User user;
    const auto name = auth::checked_username(form.username);
    if (!name) return name.error();
    user.username = *name;
    if (form.email) {
        const auto email = auth::checked_email(*form.email);
        if (!email) return email.error();
        user.email = *email;
    }
    auto checked = auth::checked_password(form.password.reveal(), policy.min_password, user.username);
    if (!checked) return checked.error();
    password = base::Secret(*std::move(checked));
    return user;
}

// Asks the limits, hashes the password, charges a failure. The user, if it is theirs.
boost::asio::awaitable<Result<auth::User>> confirm(Service& service, const Request& request,
                                                   const token::AccessClaims& claims,
                                                   const base::Secret& password) {
    Result<auth::Candidate> candidate = Denied{Reason::internal_error};
    auth::SignIn form;
    form.login = claims.username;
    form.address = request.address;
    co_await in_store(service, [&](auth::Store& store) {
        candidate = auth::look_up(store, service.in_flight, form);
        if (candidate && (!candidate->user || candidate->user->id != claims.subject))
            candidate = Denied{Reason::token_revoked};
    });
    if (!candidate) co_return candidate.error();

    auth::PasswordVerdict verdict;
    co_await in_hashing_pool(service, [&] { verdict = auth::check_password(candidate->user, password); });
    if (verdict.matches) co_return *candidate->user;
    co_await in_store(service, [&](auth::Store& store) {
        auth::charge_failure(store, candidate->attempt);
        store.append_audit({store.now(), "password_confirmation_failed", claims.subject, claims.session,
                            request.address, ""});
    });
    co_return Denied{Reason::invalid_credentials};
}

}  // namespace

Waits sign_up(Context& context, const Request& request, Response& response) {
    Service& service = context.service;
    if (!service.policy.sign_up) co_return write_problem(response, {Reason::sign_up_disabled});
    if (!site_is_allowed(request, service.settings, verify::SiteProof::where_browser))
        co_return write_problem(response, {Reason::csrf_refused});
    const auto form = parse_sign_up(request);
    if (!form) co_return write_problem(response, form.error());
    base::Secret password;
    Result<auth::User> user = checked_sign_up(*form, service.policy, password);
    if (!user) co_return write_problem(response, user.error());

    Result<auth::AttemptsInFlight::Slot> slot = Denied{Reason::internal_error};
    co_await in_store(
        service, [&](auth::Store& store) { slot = service.in_flight.enter_address(store, request.address); });
    if (!slot) co_return write_problem(response, slot.error());
    co_await in_hashing_pool(service,
                             [&] { user->password_hash = crypto::hash_password(password.reveal()); });

    Result<auth::User> created = Denied{Reason::internal_error};
    co_await in_store(service, [&](auth::Store& store) {
        created = auth::create_user(store, service.policy, *user, request.address);
        // Whoever asks for names that are taken is finding out who has an account.
        if (!created) auth::charge_address(store, request.address);
    });
    if (!created) co_return write_problem(response, created.error());
    write_user(response, 201, *created);
}

Waits show_account(Context& context, const Request& request, Response& response) {
    const auto claims = signed_in(context, request, response);
    if (!claims) co_return;
    std::optional<auth::User> user;
    co_await from_store(context.service,
                        [&](auth::Store& store) { user = store.find_user(claims->subject); });
    if (!user) co_return write_problem(response, {Reason::token_revoked});
    write_user(response, 200, *user);
}

Waits change_account(Context& context, const Request& request, Response& response) {
    Service& service = context.service;
    const auto claims = signed_in(context, request, response);
    if (!claims) co_return;
    const auto form = parse_account_change(request);
    if (!form) co_return write_problem(response, form.error());
    std::optional<std::string> email;
    if (form->email) {
        const auto checked = auth::checked_email(*form->email);
        if (!checked) co_return write_problem(response, checked.error());
        email = *checked;
    }
    Result<auth::User> user = co_await confirm(service, request, *claims, form->current_password);
    if (!user) co_return write_problem(response, user.error());
    co_await in_store(service, [&](auth::Store& store) {
        user = auth::set_email(store, claims->subject, email, request.address);
    });
    if (!user) co_return write_problem(response, user.error());
    write_user(response, 200, *user);
}

Waits delete_account(Context& context, const Request& request, Response& response) {
    Service& service = context.service;
    const auto claims = signed_in(context, request, response);
    if (!claims) co_return;
    const auto password = parse_current_password(request);
    if (!password) co_return write_problem(response, password.error());
    const Result<auth::User> user = co_await confirm(service, request, *claims, *password);
    if (!user) co_return write_problem(response, user.error());
    co_await in_store(service, [&](auth::Store& store) {
        auth::delete_user(store, context.service.policy, claims->subject, request.address);
    });
    clear_sent_cookies(response, request, service.settings.dev);
    response.status = 204;
}

Waits change_password(Context& context, const Request& request, Response& response) {
    Service& service = context.service;
    const auto claims = signed_in(context, request, response);
    if (!claims) co_return;
    const auto form = parse_password_change(request);
    if (!form) co_return write_problem(response, form.error());
    auto replacement = auth::checked_password(form->replacement.reveal(), service.policy.min_password,
                                              claims->username);
    if (!replacement) {
        Denied denied = replacement.error();
        denied.member = "new_password";
        co_return write_problem(response, denied);
    }
    const base::Secret wanted(*std::move(replacement));
    const Result<auth::User> user = co_await confirm(service, request, *claims, form->current);
    if (!user) co_return write_problem(response, user.error());
    std::string hash;
    const auto now = co_await in_hashing_pool(service,
                                              [&] { hash = crypto::hash_password(wanted.reveal()); });

    const auto ring = service.ring.get();
    Result<auth::Granted> granted = Denied{Reason::session_ended};
    co_await in_store(service, [&](auth::Store& store) {
        granted = Denied{Reason::session_ended};  // also where this runs again
        // An end of this session or another change that came between wins.
        const auto session = store.find_session(claims->session);
        if (!session || session->ended) return;
        if (!auth::set_password(store, context.service.policy, claims->subject, user->password_hash, hash,
                                claims->session, request.address))
            return;
        granted = auth::renew(store, service.policy, *ring->ring.mac_key, claims->session);
    });
    if (!granted) co_return write_problem(response, granted.error());
    const auto tokens = auth::mint_tokens(ring->ring, service.policy, *granted, now);
    write_tokens(response, service.settings, *granted, tokens);
}

}  // namespace coatcheck::web
