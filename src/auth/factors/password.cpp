// SPDX-License-Identifier: Apache-2.0
#include "auth/factors/password.hpp"

#include "base/text.hpp"
#include "crypto/password_hash.hpp"

namespace coatcheck::auth {

Proof prove_by_password(const std::optional<User>& user, const base::Secret& password, bool is_withheld) {
    Proof proof{.amr = {"pwd"}};
    const std::string& hash = user ? user->password_hash : crypto::unmatchable_hash();
    // Our own hashes are made from the password in NFC. An imported hash was made from the password as the
    // other system received it. A password that is too long for any hash is replaced by an empty one, which
    // takes no time to normalise and never matches.
    const bool too_long = password.reveal().size() > crypto::max_password_bytes;
    const std::string_view typed = password.reveal().substr(0, too_long ? 0 : std::string_view::npos);
    const bool imported = crypto::needs_rehash(hash);
    const base::Secret normal(base::nfc(typed).value_or(std::string(typed)));
    const bool matches = crypto::password_matches(hash, imported ? typed : normal.reveal());
    proof.holds = matches && user.has_value() && !typed.empty() && !is_withheld;
    if (proof.holds && imported) proof.new_hash = crypto::hash_password(normal.reveal());
    return proof;
}

}  // namespace coatcheck::auth
