// SPDX-License-Identifier: Apache-2.0
#include "auth/accounts.hpp"

#include "auth/embedded_blocklist.hpp"
#include "auth/sessions.hpp"
#include "base/random.hpp"
#include "base/reason.hpp"
#include "base/text.hpp"
#include "crypto/password_hash.hpp"
#include "token/claims.hpp"
#include "token/json.hpp"
#include "token/refresh_token.hpp"

#include <algorithm>
#include <set>

namespace coatcheck::auth {
namespace {

using base::Denied;
using base::Reason;
using base::Result;
using verify::Revocation;

constexpr std::size_t max_password_points = 512;

const std::set<std::string_view>& common_passwords() {
    static const std::set<std::string_view> words = [] {
        std::set<std::string_view> out;
        std::string_view text = embedded::blocklist[0].content;
        while (!text.empty()) {
            const auto end = std::min(text.find('\n'), text.size());
            if (end > 0 && text[0] != '#') out.insert(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        return out;
    }();
    return words;
}

// The alphabet, the digits or a keyboard row, in order or backwards.
bool is_sequence(std::string_view text) {
    for (std::string_view row : {"abcdefghijklmnopqrstuvwxyz", "01234567890123456789012345678901234567890",
                                 "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/"}) {
        const std::string reversed(row.rbegin(), row.rend());
        if (row.find(text) != std::string_view::npos || reversed.find(text) != std::string::npos) return true;
    }
    return false;
}

// "password2026!!" is "password" to whoever guesses: compare without digits and signs at both ends.
std::string_view core_of(std::string_view text) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
    };
    while (!text.empty() && !letter(text.front())) text.remove_prefix(1);
    while (!text.empty() && !letter(text.back())) text.remove_suffix(1);
    return text;
}

// "passwordpassword" is "password": what the text repeats, or the text.
std::string_view repeated_part(std::string_view text) {
    for (std::size_t size = 1; size <= text.size() / 2; ++size) {
        // Ending in the middle of a repetition is no better.
        const bool repeats = text.substr(size) == text.substr(0, text.size() - size);
        if (repeats) return text.substr(0, size);
    }
    return text;
}

// On the lists, or one of their usual disguises: repeated, in a row of the keyboard, with digits and signs
// around it.
bool is_common(const std::string& folded, const std::string& folded_username) {
    constexpr std::size_t shortest_part = 6;
    const auto& common = common_passwords();
    for (const std::string_view text : {std::string_view(folded), core_of(folded)}) {
        const std::string_view once = repeated_part(text);
        const bool is_most_of_it = text.size() > folded.size() / 2;
        if (is_most_of_it && once.size() < shortest_part && once.size() < text.size()) return true;
        for (const std::string_view part : {text, once, core_of(once)})
            if (!part.empty() && (common.contains(part) || part == "coatcheck" || part == folded_username))
                return true;
        if (is_most_of_it && is_sequence(once)) return true;
    }
    return false;
}

// Until when a token of the user's may live that says what was true before this step: also one that another
// step, on whatever node, mints at this moment without having seen what this one does.
Timestamp last_access_end(Store& store, const Policy& policy, const std::string& user) {
    constexpr std::chrono::minutes longest_step{1};
    Timestamp last = store.now() + policy.access_ttl + longest_step;
    for (const auto& session : store.list_sessions(user)) last = std::max(last, session.access_end);
    return last;
}

// All tokens below this version are over, those of others too.
void take_back(Store& store, const Policy& policy, const std::string& user, std::int64_t version,
               Foreign foreign) {
    store.insert_revocation(
        {Revocation::Kind::user_revoked, user, version, last_access_end(store, policy, user)});
    revoke_foreign(store, policy, user, foreign);
}

}  // namespace

Result<std::string> checked_username(std::string_view text) {
    const auto name = base::nfc(text);
    if (!name || name->empty() || base::code_points(*name) > 64 || base::has_invisible(*name) ||
        name->find('@') != std::string::npos || base::has_outer_space(*name))
        return Denied{Reason::invalid_member,
                      {},
                      "1 to 64 visible characters, without @ and without spaces at the ends",
                      "username"};
    return *name;
}

Result<std::string> checked_email(std::string_view text) {
    const auto email = base::nfc(text);
    const auto at = email ? email->find('@') : std::string::npos;
    if (at == std::string::npos || at == 0 || at + 1 == email->size() ||
        email->find('@', at + 1) != std::string::npos || email->size() > 254 || base::has_invisible(*email) ||
        email->find(' ') != std::string::npos)
        return Denied{Reason::invalid_member, {}, "an e-mail address", "email"};
    return *email;
}

Result<std::string> checked_password(std::string_view text, std::size_t min_length,
                                     std::string_view username) {
    // Before it is normalised: that takes long for long runs of marks.
    if (text.size() > crypto::max_password_bytes)
        return Denied{Reason::password_too_long, {}, "at most 512 characters, and 1024 bytes", "password"};
    const auto normal = base::nfc(text);
    if (!normal) return Denied{Reason::invalid_member, {}, "valid UTF-8", "password"};
    const std::size_t length = base::code_points(*normal);
    if (length < min_length)
        return Denied{Reason::password_too_short,
                      {},
                      "at least " + std::to_string(min_length) + " characters; a few words do well",
                      "password"};
    if (length > max_password_points || normal->size() > crypto::max_password_bytes)
        return Denied{Reason::password_too_long, {}, "at most 512 characters, and 1024 bytes", "password"};
    const std::string plain = base::folded(*normal).value_or(*normal);
    if (is_common(plain, base::folded(username).value_or("")))
        return Denied{Reason::password_too_common,
                      {},
                      "this password is on the lists that guessers try first; choose another",
                      "password"};
    return *normal;
}

Result<std::vector<std::string>> checked_roles(std::vector<std::string> roles) {
    constexpr std::size_t most = 32, most_bytes = 512, longest = 64;
    std::size_t bytes = 0;
    for (const auto& role : roles) {
        bytes += role.size();
        if (role.empty() || role.size() > longest || base::has_invisible(role))
            return Denied{Reason::invalid_member, {}, "a role has 1 to 64 visible characters", "roles"};
    }
    if (roles.size() > most || bytes > most_bytes)
        return Denied{Reason::invalid_member,
                      {},
                      "at most 32 roles of 512 bytes together: they travel in every token",
                      "roles"};
    return roles;
}

Result<std::string> checked_claims(std::string_view text) {
    const auto refuse = [](std::string detail) {
        return Denied{Reason::invalid_member, {}, std::move(detail), "claims"};
    };
    if (text.size() > 1024)
        return refuse("claims take at most 1024 bytes together: they travel in every token");
    const auto claims = token::parse_object(text);
    if (!claims) return refuse("these claims are no JSON object, are nested too deeply, or are too many");
    for (const auto& claim : *claims) {
        if (token::is_reserved_claim(claim.key()))
            return refuse("the claim " + std::string(claim.key()) + " belongs to the protocol");
        if (claim.key().empty() || base::has_invisible(claim.key()))
            return refuse("a claim's name has visible characters only");
    }
    return std::string(text);
}

Result<std::string> checked_id(std::string_view text) {
    // It stands in headers and in paths, where clients and servers agree on ASCII alone, and take dots for
    // directories.
    const bool is_visible = std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
    if (text.empty() || text.size() > token::max_user_id_bytes || !is_visible || text == "." || text == "..")
        return Denied{Reason::invalid_member,
                      {},
                      "an id has 1 to 64 characters of visible ASCII, and is not . or ..",
                      "id"};
    return std::string(text);
}

Result<std::string> checked_password_hash(std::string_view text) {
    if (crypto::is_known_hash(std::string(text))) return std::string(text);
    return Denied{Reason::invalid_member,
                  {},
                  "this hash cannot be checked here; taken are Argon2id and Argon2i (at most 256 MiB and 20 "
                  "passes), bcrypt (2a, 2b, 2y, cost 4 to 14) and "
                  "pbkdf2_sha256 as Django writes it (at most 2000000 rounds)",
                  "password_hash"};
}

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
    return in_flight.enter_address(store, by.address);
}

Result<User> finish_sign_up(Store& store, const Policy& policy, const User& user, const Actor& by) {
    auto created = create_user(store, policy, user, by);
    if (!created) charge_address(store, by.address);
    return created;
}

Result<User> create_user(Store& store, const Policy& policy, User user, const Actor& by) {
    if (user.id.empty()) {
        user.id = base::random_id();
    } else {
        if (store.find_user(user.id)) return Denied{Reason::id_taken, {}, "", "id"};
        // If a deleted user had this id, the tokens of that user stay revoked, and those of the new one are
        // not.
        for (const auto& entry : store.find_revocations(user.id))
            if (entry.kind == Revocation::Kind::user_revoked || entry.kind == Revocation::Kind::user_stale)
                user.version = std::max(user.version, entry.minimum);
    }
    user.created = store.now();
    if (auto inserted = store.insert_user(user); !inserted) return inserted.error();
    if (!user.enabled) revoke_foreign(store, policy, user.id, Foreign::for_good);
    store.append_audit({user.created, "user_created", user.id, "", by.address, by.detail()});
    return user;
}

bool set_password(Store& store, const Policy& policy, const std::string& id,
                  const std::optional<std::string>& expected, const std::string& hash,
                  const std::string& except, const Actor& by) {
    auto user = store.lock_user(id);
    if (!user || (expected && user->password_hash != *expected)) return false;
    user->password_hash = hash;
    ++user->version;
    take_back(store, policy, id, user->version, Foreign::until_now);
    (void)store.update_user(*user).value();
    for (const auto& session : store.end_sessions(id, except)) revoke_status(store, session);
    store.append_audit({store.now(), "password_changed", id, except, by.address, by.detail()});
    return true;
}

bool set_enabled(Store& store, const Policy& policy, const std::string& id, bool enabled, const Actor& by) {
    auto user = store.lock_user(id);
    if (!user) return false;
    if (user->enabled == enabled) {
        store.catch_up();  // another node may have done it a moment ago
        return true;
    }
    user->enabled = enabled;
    if (!enabled) {
        ++user->version;
        take_back(store, policy, id, user->version, Foreign::for_good);
        for (const auto& session : store.end_sessions(id, "")) revoke_status(store, session);
    }
    (void)store.update_user(*user).value();
    store.append_audit(
        {store.now(), enabled ? "user_enabled" : "user_disabled", id, "", by.address, by.detail()});
    return true;
}

bool set_attributes(Store& store, const Policy& policy, const std::string& id,
                    const std::optional<std::vector<std::string>>& roles,
                    const std::optional<std::string>& claims, const Actor& by) {
    auto user = store.lock_user(id);
    if (!user) return false;
    if (roles) user->roles = *roles;
    if (claims) user->claims = *claims;
    ++user->version;
    store.insert_revocation(
        {Revocation::Kind::user_stale, id, user->version, last_access_end(store, policy, id)});
    (void)store.update_user(*user).value();
    store.append_audit({store.now(), "user_attributes_changed", id, "", by.address, by.detail()});
    return true;
}

Result<User> set_email(Store& store, const std::string& id, const std::optional<std::string>& email,
                       const Actor& by) {
    auto user = store.lock_user(id);
    if (!user) return Denied{Reason::session_ended};
    user->email = email;
    if (auto updated = store.update_user(*user); !updated) return updated.error();
    store.append_audit({store.now(), "email_changed", id, "", by.address, by.detail()});
    return *user;
}

bool delete_user(Store& store, const Policy& policy, const std::string& id, const Actor& by) {
    const auto user = store.lock_user(id);
    if (!user) {
        store.catch_up();  // another node may have deleted the user a moment ago
        return false;
    }
    take_back(store, policy, id, user->version + 1, Foreign::for_good);
    for (const auto& session : store.end_sessions(id, "")) revoke_status(store, session);
    store.delete_user(id);
    store.append_audit({store.now(), "user_deleted", id, "", by.address, by.detail()});
    return true;
}

Result<User> change_user(Store& store, const Policy& policy, const std::string& id, const UserChange& change,
                         const Actor& by) {
    // The address first: only it can be refused, and then nothing has changed.
    if (change.sets_email) {
        const auto changed = set_email(store, id, change.email, by);
        if (!changed && changed.error().reason == Reason::session_ended) return Reason::not_found;
        if (!changed) return changed.error();
    }
    if (change.roles || change.claims) set_attributes(store, policy, id, change.roles, change.claims, by);
    if (change.password_hash) set_password(store, policy, id, std::nullopt, *change.password_hash, "", by);
    if (change.enabled) set_enabled(store, policy, id, *change.enabled, by);
    auto user = store.find_user(id);
    if (!user) return Reason::not_found;
    return *std::move(user);
}

Result<Candidate> begin_confirmation(Store& store, AttemptsInFlight& in_flight,
                                     const token::AccessClaims& claims, const Actor& by) {
    SignIn form;
    form.login = claims.username;
    form.address = by.address;
    auto candidate = look_up(store, in_flight, form);
    if (candidate && (!candidate->user || candidate->user->id != claims.subject))
        return Reason::token_revoked;
    return candidate;
}

void fail_confirmation(Store& store, const token::AccessClaims& claims, const Candidate& candidate,
                       const Actor& by) {
    charge_failure(store, candidate.attempt);
    store.append_audit(
        {store.now(), "password_confirmation_failed", claims.subject, claims.session, by.address, ""});
}

namespace {

// True if nothing came between the confirmation of the password and this step. Locks the user.
bool is_still_confirmed(Store& store, const token::AccessClaims& claims, const std::string& expected) {
    const auto user = store.lock_user(claims.subject);
    const auto session = store.find_session(claims.session);
    const bool live = user && user->enabled && user->password_hash == expected && session && !session->ended;
    if (!live) store.catch_up();
    return live;
}

}  // namespace

Result<User> set_own_email(Store& store, const token::AccessClaims& claims, const std::string& expected,
                           const std::optional<std::string>& email, const Actor& by) {
    if (!is_still_confirmed(store, claims, expected)) return Reason::session_ended;
    return set_email(store, claims.subject, email, by);
}

Result<void> delete_own_account(Store& store, const Policy& policy, const token::AccessClaims& claims,
                                const std::string& expected, const Actor& by) {
    if (!is_still_confirmed(store, claims, expected)) return Reason::session_ended;
    delete_user(store, policy, claims.subject, by);
    return {};
}

Result<Granted> change_own_password(Store& store, const Policy& policy, const base::Secret& mac_key,
                                    const token::AccessClaims& claims, const std::string& expected,
                                    const std::string& hash, const Actor& by) {
    if (!is_still_confirmed(store, claims, expected)) return Reason::session_ended;
    if (!set_password(store, policy, claims.subject, expected, hash, claims.session, by))
        return Reason::session_ended;
    return renew(store, policy, mac_key, claims.session);
}

}  // namespace coatcheck::auth
