// SPDX-License-Identifier: Apache-2.0
#include "token/refresh_token.hpp"

#include "base/bytes.hpp"
#include "base/reason.hpp"
#include "crypto/digest.hpp"

namespace coatcheck::token {
namespace {

constexpr std::size_t session_bytes = 16, counter_bytes = 4, secret_bytes = 16, mac_bytes = 32;
constexpr std::size_t fixed_bytes = 3 + session_bytes + counter_bytes + secret_bytes + mac_bytes;
// Binds the MAC to this purpose: no other message under this key begins with this text.
constexpr std::string_view purpose = "coatcheck refresh token\n";

std::string mac_of(const base::Secret& key, std::string_view body) {
    return crypto::hmac_sha256(key.reveal(), std::string(purpose).append(body));
}

}  // namespace

std::string RefreshToken::write(const base::Secret& key) const {
    std::string body;
    body.push_back(static_cast<char>(kind));
    body.push_back(static_cast<char>(mac_key));
    body.push_back(static_cast<char>(user.size()));
    body.append(user).append(base::from_base64url(session).value());
    for (int shift = 24; shift >= 0; shift -= 8) body.push_back(static_cast<char>((counter >> shift) & 0xff));
    body.append(secret);
    body.append(mac_of(key, body));
    return std::string(refresh_prefix) + base::base64url(body);
}

base::Result<RefreshToken> RefreshToken::parse(std::string_view text, std::uint8_t key_id,
                                               const base::Secret& key, RefreshKind kind) {
    const base::Denied refused{base::Reason::refresh_token_malformed};
    if (!text.starts_with(refresh_prefix) || text.size() > 256) return refused;
    const auto decoded = base::from_base64url(text.substr(refresh_prefix.size()));
    if (!decoded || decoded->size() < fixed_bytes + 1 || decoded->front() != static_cast<char>(kind))
        return refused;
    std::string_view bytes = *decoded;
    if (static_cast<std::uint8_t>(bytes[1]) != key_id) return refused;
    const std::size_t user_bytes = static_cast<unsigned char>(bytes[2]);
    if (bytes.size() != fixed_bytes + user_bytes || user_bytes > max_user_id_bytes) return refused;
    const std::string_view body = bytes.substr(0, bytes.size() - mac_bytes);
    if (!base::equal_in_constant_time(mac_of(key, body), bytes.substr(body.size()))) return refused;

    RefreshToken token;
    token.kind = kind;
    token.mac_key = key_id;
    token.user = body.substr(3, user_bytes);
    token.session = base::base64url(body.substr(3 + user_bytes, session_bytes));
    for (char c : body.substr(3 + user_bytes + session_bytes, counter_bytes))
        token.counter = (token.counter << 8) | static_cast<unsigned char>(c);
    token.secret = body.substr(body.size() - secret_bytes);
    return token;
}

crypto::SecretHash RefreshToken::secret_hash() const { return crypto::SecretHash::of(secret); }

}  // namespace coatcheck::token
