// SPDX-License-Identifier: Apache-2.0
// Implements coatcheck.h with coatcheck/verifier.hpp. No exception leaves it.
#include "coatcheck/coatcheck.h"

#include "coatcheck/verifier.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>

struct coatcheck_verifier {
    explicit coatcheck_verifier(coatcheck::Options options) : verifier(std::move(options)) {}
    coatcheck::Verifier verifier;
};
struct coatcheck_user {
    coatcheck::User user;
};

namespace {

// The sizes of the structures in version 1 of the interface: the offset of the first member of version 2.
constexpr std::size_t first_options = offsetof(coatcheck_options, encryption_keys);
constexpr std::size_t first_credential_options = offsetof(coatcheck_credential_options, bare_authorization);

// True for the size of a version: `first`, today's, or a later one. Any other would cut a member in two.
template <class Options>
bool is_sized(const Options& given, std::size_t first) {
    return given.size == first || given.size >= sizeof given;
}

// Copies the part of a structure that the caller was compiled with. The rest is zero.
template <class Options>
Options known_part(const Options& given) {
    Options options{};
    std::memcpy(&options, &given, std::min(given.size, sizeof options));
    return options;
}

bool is_good(const coatcheck_text& text) { return text.data != nullptr || text.length == 0; }

coatcheck_reason bad_argument(coatcheck_user** user) {
    if (user != nullptr) *user = nullptr;
    return COATCHECK_BAD_ARGUMENT;
}

std::string string_of(const char* text) { return text == nullptr ? "" : text; }
coatcheck_text text_of(std::string_view text) { return {text.data(), text.size()}; }

void say(char* error, std::size_t size, std::string_view what) {
    if (error == nullptr || size == 0) return;
    const std::size_t length = std::min(what.size(), size - 1);
    std::memcpy(error, what.data(), length);
    error[length] = '\0';
}

// Gives the verdict of `judge`, and its user if the caller wants it.
template <class Judge>
coatcheck_reason verdict(coatcheck_user** user, const Judge& judge) noexcept {
    if (user != nullptr) *user = nullptr;
    try {
        const coatcheck::Verdict verdict = judge();
        if (!verdict) return static_cast<coatcheck_reason>(verdict.reason());
        if (user != nullptr) *user = new coatcheck_user{verdict.user()};
        return COATCHECK_OK;
    } catch (const std::bad_alloc&) {
        return COATCHECK_NO_MEMORY;
    } catch (...) {
        return COATCHECK_UNAVAILABLE;
    }
}

bool is_ours(coatcheck_reason reason) {
    return reason >= COATCHECK_TOKEN_MISSING && reason <= COATCHECK_UNAVAILABLE;
}

}  // namespace

extern "C" {

int coatcheck_abi_version(void) { return COATCHECK_ABI_VERSION; }

const char* coatcheck_reason_code(coatcheck_reason reason) {
    if (is_ours(reason))
        return coatcheck::code_of(static_cast<coatcheck::Reason>(reason)).data();  // literals end with NUL
    if (reason == COATCHECK_OK) return "ok";
    return reason == COATCHECK_NO_MEMORY ? "no_memory" : "bad_argument";
}

int coatcheck_reason_status(coatcheck_reason reason) {
    if (is_ours(reason)) return coatcheck::status_of(static_cast<coatcheck::Reason>(reason));
    return reason == COATCHECK_OK ? 200 : 500;
}

coatcheck_verifier* coatcheck_verifier_new(const coatcheck_options* given, char* error, size_t error_size) {
    try {
        if (given == nullptr || !is_sized(*given, first_options))
            throw std::invalid_argument("coatcheck: options.size must be sizeof(coatcheck_options)");
        const auto known = known_part(*given);
        coatcheck::Options options{.url = string_of(known.url), .service_key = string_of(known.service_key)};
        options.issuer = string_of(known.issuer);
        options.audience = string_of(known.audience);
        options.ca_file = string_of(known.ca_file);
        options.when_cut = known.accept_when_cut != 0 ? coatcheck::WhenCut::accept
                                                      : coatcheck::WhenCut::refuse;
        if (known.cut_after_ms != 0) options.cut_after = std::chrono::milliseconds(known.cut_after_ms);
        options.ignore_revocations = known.ignore_revocations != 0;
        for (const char* const* key = known.encryption_keys; key != nullptr && *key != nullptr; ++key)
            options.encryption_keys.emplace_back(*key);
        options.accept_unencrypted = known.accept_unencrypted != 0;
        if (known.cached_tokens != 0) options.cached_tokens = known.cached_tokens;
        return new coatcheck_verifier(std::move(options));
    } catch (const std::exception& problem) {
        say(error, error_size, problem.what());
    } catch (...) {
        say(error, error_size, "coatcheck: the verifier cannot be created");
    }
    return nullptr;
}

void coatcheck_verifier_free(coatcheck_verifier* verifier) { delete verifier; }

int coatcheck_verifier_wait(coatcheck_verifier* verifier, unsigned milliseconds) {
    return verifier != nullptr && verifier->verifier.wait_until_ready(std::chrono::milliseconds(milliseconds))
               ? 1
               : 0;
}

coatcheck_reason coatcheck_check(coatcheck_verifier* verifier, const char* token, size_t length,
                                 coatcheck_user** user) {
    if (verifier == nullptr || !is_good({token, length})) return bad_argument(user);
    return verdict(user, [&] { return verifier->verifier.check(std::string_view(token, length)); });
}

coatcheck_reason coatcheck_authenticate(coatcheck_verifier* verifier, const char* method,
                                        const coatcheck_field* fields, size_t count,
                                        const coatcheck_credential_options* given, coatcheck_user** user) {
    if (verifier == nullptr || method == nullptr || (fields == nullptr && count > 0) ||
        (given != nullptr && !is_sized(*given, first_credential_options)))
        return bad_argument(user);
    for (std::size_t i = 0; i < count; ++i)
        if (!is_good(fields[i].name) || !is_good(fields[i].value)) return bad_argument(user);
    return verdict(user, [&] {
        std::vector<coatcheck::Field> sent;
        sent.reserve(count);
        for (std::size_t i = 0; i < count; ++i)
            sent.push_back({{fields[i].name.data, fields[i].name.length},
                            {fields[i].value.data, fields[i].value.length}});
        coatcheck::CredentialOptions options;
        if (given != nullptr) {
            const auto known = known_part(*given);
            for (const char* const* origin = known.origins; origin != nullptr && *origin != nullptr; ++origin)
                options.origins.emplace_back(*origin);
            options.origin = string_of(known.origin);
            options.dev = known.dev != 0;
            options.x_token = known.x_token != 0;
            options.bare_authorization = known.bare_authorization != 0;
        }
        return verifier->verifier.authenticate({method, sent}, options);
    });
}

void coatcheck_user_free(coatcheck_user* user) { delete user; }
coatcheck_text coatcheck_user_id(const coatcheck_user* user) {
    return user == nullptr ? coatcheck_text{} : text_of(user->user.id());
}
coatcheck_text coatcheck_user_username(const coatcheck_user* user) {
    return user == nullptr ? coatcheck_text{} : text_of(user->user.username());
}
coatcheck_text coatcheck_user_session(const coatcheck_user* user) {
    return user == nullptr ? coatcheck_text{} : text_of(user->user.session());
}
coatcheck_text coatcheck_user_scope(const coatcheck_user* user) {
    return user == nullptr ? coatcheck_text{} : text_of(user->user.scope());
}
size_t coatcheck_user_role_count(const coatcheck_user* user) {
    return user == nullptr ? 0 : user->user.roles().size();
}
coatcheck_text coatcheck_user_role(const coatcheck_user* user, size_t index) {
    if (index >= coatcheck_user_role_count(user)) return {};
    return text_of(user->user.roles()[index]);
}
int64_t coatcheck_user_expires(const coatcheck_user* user) {
    return user == nullptr ? 0 : user->user.expires().time_since_epoch().count();
}
coatcheck_text coatcheck_user_claims_json(const coatcheck_user* user) {
    return user == nullptr ? coatcheck_text{} : text_of(user->user.claims_json());
}

uint64_t coatcheck_on_end(coatcheck_verifier* verifier, const coatcheck_user* user, coatcheck_ended callback,
                          void* context) {
    if (verifier == nullptr || user == nullptr || callback == nullptr) return 0;
    try {
        return verifier->verifier.on_end(user->user, [callback, context](coatcheck::Reason reason) {
            callback(static_cast<coatcheck_reason>(reason), context);
        });
    } catch (...) {
        // Memory ran out, so the session cannot be watched: the caller hears of its end too early rather than
        // never.
        callback(COATCHECK_NO_MEMORY, context);
        return 0;
    }
}

void coatcheck_forget(coatcheck_verifier* verifier, uint64_t number) {
    if (verifier != nullptr) verifier->verifier.forget(number);
}

coatcheck_feed coatcheck_verifier_feed(const coatcheck_verifier* verifier) {
    if (verifier == nullptr) return COATCHECK_FEED_NONE;
    return static_cast<coatcheck_feed>(verifier->verifier.state().feed);
}

}  // extern "C"
