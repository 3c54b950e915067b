// SPDX-License-Identifier: Apache-2.0
#include "auth/factors/password.hpp"

#include "base/text.hpp"
#include "crypto/password_hash.hpp"

namespace coatcheck::auth {

Proof prove_by_password(const std::optional<User>& user, const base::Secret& password, bool is_withheld) {
    Proof proof{.amr = {"pwd"}};
    const std::string& hash = user ? user->password_hash : crypto::unmatchable_hash();
    // Our own hashes are made from the password in NFC. An imported hash was made from the password as the
    // other system received it, and may have our own cost: nobody can tell it from ours. So where the two
    // differ, both are tried, always, because the time must not tell which one was right. A password that is
    // too long for any hash is replaced by an empty one, which takes no time to normalise and never matches.
    const bool too_long = password.reveal().size() > crypto::max_password_bytes;
    const std::string_view typed = password.reveal().substr(0, too_long ? 0 : std::string_view::npos);
    const base::Secret normal(base::nfc(typed).value_or(std::string(typed)));
    const bool by_normal = crypto::password_matches(hash, normal.reveal());
    const bool by_typed = normal.reveal() == typed ? by_normal : crypto::password_matches(hash, typed);
    proof.holds = (by_normal || by_typed) && user.has_value() && !typed.empty() && !is_withheld;
    if (proof.holds && (!by_normal || crypto::needs_rehash(hash)))
        proof.new_hash = crypto::hash_password(normal.reveal());
    return proof;
}

}  // namespace coatcheck::auth
