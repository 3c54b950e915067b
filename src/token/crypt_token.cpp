// SPDX-License-Identifier: Apache-2.0
#include "token/crypt_token.hpp"

#include "base/bytes.hpp"
#include "base/numbers.hpp"
#include "base/reason.hpp"
#include "crypto/digest.hpp"
#include "token/claims.hpp"
#include "token/json.hpp"
#include "token/php_value.hpp"

#include <boost/json/serialize.hpp>
#include <cmath>

namespace coatcheck::token {
namespace {

using base::Denied;
using base::Reason;
using base::Result;
using base::Timestamp;

constexpr std::size_t max_user_bytes = 64;
constexpr std::int64_t max_unix_seconds = 253'402'300'799;  // the year 9999

Denied malformed(std::string detail) { return Denied{Reason::token_malformed, {}, std::move(detail)}; }

std::string hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const unsigned char c : bytes) (out += digits[c >> 4]) += digits[c & 15];
    return out;
}

// Decodes Base64 that is in its one canonical form.
std::optional<std::string> canonical(std::string_view text) {
    auto bytes = base::from_base64(text);
    if (!bytes || base::base64(*bytes) != text) return std::nullopt;
    return bytes;
}

// Decrypts with the first key that fits.
Result<std::string> opened(std::string_view text, const CryptKeys& keys) {
    if (text.empty() || text.size() > max_token_bytes) return malformed("a token must have 1 to 8192 bytes");
    const auto json_text = canonical(text);
    const auto object = json_text ? parse_object(*json_text)
                                  : Result<json::object>(Denied{Reason::malformed_json});
    if (!object) return malformed("the token is not a JSON object in Base64");
    const auto member = [&](std::string_view name) {
        const auto* value = string_member(*object, name);
        return value == nullptr ? std::string_view() : std::string_view(value->data(), value->size());
    };
    for (const auto& [name, value] : *object)
        if ((name != "iv" && name != "value" && name != "mac" && name != "tag") || !value.is_string())
            return malformed("the token may hold only iv, value, mac and tag, all strings");
    const auto iv = canonical(member("iv")), value = canonical(member("value")),
               tag = canonical(member("tag"));
    const bool gcm = keys.cipher == crypto::EnvelopeCipher::aes_256_gcm;
    if (!iv || !value || !tag || iv->size() != (gcm ? crypto::gcm_iv_bytes : crypto::cbc_iv_bytes) ||
        tag->size() != (gcm ? crypto::gcm_tag_bytes : 0))
        return malformed("iv, value or tag does not fit the cipher");
    if (member("mac").size() != (gcm ? 0 : 64)) return malformed("the mac does not fit the cipher");
    for (const auto& key : keys.keys) {
        // Check the MAC before decrypting: otherwise answers about the padding reveal secrets.
        if (!gcm &&
            !base::equal_in_constant_time(
                hex(crypto::hmac_sha256(key.reveal(), std::string(member("iv")).append(member("value")))),
                member("mac")))
            continue;
        if (auto plain = crypto::decrypt(keys.cipher, key, {*iv, *value, *tag})) return *std::move(plain);
    }
    return Denied{Reason::token_not_ours};
}

PhpValue from_json(const json::value& value) {
    if (value.is_int64()) return {value.get_int64()};
    if (value.is_double()) return {value.get_double()};
    if (const auto* text = value.if_string()) return {std::string(text->data(), text->size())};
    if (const auto* object = value.if_object()) {
        PhpArray array;
        for (const auto& [name, member] : *object)
            array.members.emplace_back(std::string(name), from_json(member));
        return {std::move(array)};
    }
    return {nullptr};
}

// Reads an array that PHP's serialize() wrote once or twice, or a JSON object. `more`: how many more times
// the array may be serialized.
std::optional<PhpArray> array_of(std::string_view text, int more = 1) {
    if (text.starts_with('{')) {
        const auto object = parse_object(text);
        if (!object) return std::nullopt;
        return std::get<PhpArray>(from_json(*object).value);
    }
    auto value = parse_php_value(text);
    if (!value) return std::nullopt;
    if (const auto* inner = value->text(); inner != nullptr && more > 0) return array_of(*inner, more - 1);
    if (value->array() == nullptr || value->array()->is_date) return std::nullopt;
    return *value->array();
}

std::optional<int> digits_at(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size() || text[at] == '-') return std::nullopt;
    return base::parse_number<int>(text.substr(at, count));
}

// Reads an offset such as "+02:00" or "-0330", in minutes. The names of UTC give 0.
std::optional<int> offset_of(std::string_view zone) {
    for (const std::string_view utc : {"UTC", "Z", "GMT", "Etc/UTC", "+00:00"})
        if (zone == utc) return 0;
    const bool has_colon = zone.size() == 6 && zone[3] == ':';
    if ((!has_colon && zone.size() != 5) || (zone[0] != '+' && zone[0] != '-')) return std::nullopt;
    const auto hours = digits_at(zone, 1, 2), minutes = digits_at(zone, has_colon ? 4 : 3, 2);
    if (!hours || !minutes || *hours > 14 || *minutes > 59) return std::nullopt;
    return (zone[0] == '-' ? -1 : 1) * (*hours * 60 + *minutes);
}

// Reads "2027-01-31 12:00:00". A T may stand for the space. A fraction may follow, and then a zone if
// `offset` gives none.
std::optional<Timestamp> date_of(std::string_view text, std::optional<int> offset) {
    const auto year = digits_at(text, 0, 4), month = digits_at(text, 5, 2), day = digits_at(text, 8, 2);
    const auto hour = digits_at(text, 11, 2), minute = digits_at(text, 14, 2),
               second = digits_at(text, 17, 2);
    if (!year || !month || !day || !hour || !minute || !second || text[4] != '-' || text[7] != '-' ||
        (text[10] != ' ' && text[10] != 'T') || text[13] != ':' || text[16] != ':' || *hour > 23 ||
        *minute > 59 || *second > 59)
        return std::nullopt;
    std::string_view rest = text.substr(19);
    int millis = 0;
    if (rest.starts_with('.')) {
        std::size_t digits = 1;
        while (digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9') ++digits;
        if (digits == 1 || digits > 10) return std::nullopt;
        millis = *digits_at(std::string(rest.substr(1, digits - 1)) + "00", 0, 3);
        rest.remove_prefix(digits);
    }
    if (!rest.empty()) {
        if (offset) return std::nullopt;  // two zones
        offset = offset_of(rest);
        if (!offset) return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok() || *year < 1970) return std::nullopt;
    return std::chrono::sys_days(date) + std::chrono::hours(*hour) +
           std::chrono::minutes(*minute - offset.value_or(0)) + std::chrono::seconds(*second) +
           std::chrono::milliseconds(millis);
}

std::optional<Timestamp> time_of(const PhpValue& value) {
    if (const auto* seconds = std::get_if<std::int64_t>(&value.value))
        return *seconds < 0 || *seconds > max_unix_seconds ? std::nullopt
                                                           : std::optional(base::from_unix_seconds(*seconds));
    if (const auto* seconds = std::get_if<double>(&value.value))
        return !(*seconds >= 0 && *seconds <= static_cast<double>(max_unix_seconds))
                   ? std::nullopt
                   : std::optional(
                         base::from_unix_millis(static_cast<std::int64_t>(std::floor(*seconds * 1000))));
    if (const auto* text = value.text()) {
        if (const auto seconds = base::parse_number<std::int64_t>(*text)) return time_of({*seconds});
        return date_of(*text, std::nullopt);
    }
    const auto* date = value.array();
    // A date is {"date","timezone_type","timezone"}, in JSON as well.
    if (date == nullptr || date->members.size() != 3) return std::nullopt;
    const auto *when = date->find("date"), *zone = date->find("timezone");
    if (when == nullptr || zone == nullptr || when->text() == nullptr || zone->text() == nullptr)
        return std::nullopt;
    const auto offset = offset_of(*zone->text());
    return offset ? date_of(*when->text(), offset) : std::nullopt;
}

// The integer or the text as text; empty for any other value.
std::string word_of(const PhpValue* value) {
    if (value == nullptr) return "";
    if (const auto* number = std::get_if<std::int64_t>(&value->value)) return std::to_string(*number);
    return value->text() == nullptr ? "" : *value->text();
}

const PhpValue* first_of(const PhpArray& array, const std::vector<std::string>& names) {
    for (const auto& name : names)
        if (const auto* value = array.find(name)) return value;
    return nullptr;
}

}  // namespace

std::optional<base::Secret> parse_app_key(std::string_view text) {
    constexpr std::string_view prefix = "base64:";
    if (!text.starts_with(prefix)) return std::nullopt;
    auto key = canonical(text.substr(prefix.size()));
    if (!key || key->size() != crypto::envelope_key_bytes) return std::nullopt;
    return base::Secret(*std::move(key));
}

std::string write_crypt_token(const CryptClaims& claims, const CryptFields& fields, const CryptKeys& keys) {
    PhpMembers members{{fields.user.front(), {claims.user}},
                       {fields.issued.front(), {base::unix_seconds(claims.issued)}},
                       {fields.expires.front(), {base::unix_seconds(claims.expires)}},
                       {"session", {claims.session}},
                       {"ver", {claims.version.value_or(0)}}};
    const auto encrypted = crypto::encrypt(keys.cipher, keys.keys.front(), write_php_array(members));
    const std::string iv = base::base64(encrypted.iv), value = base::base64(encrypted.value);
    const std::string mac = keys.cipher == crypto::EnvelopeCipher::aes_256_cbc
                                ? hex(crypto::hmac_sha256(keys.keys.front().reveal(), iv + value))
                                : "";
    return base::base64(json::serialize(
        json::object{{"iv", iv}, {"value", value}, {"mac", mac}, {"tag", base::base64(encrypted.tag)}}));
}

Result<CryptClaims> read_crypt_token(std::string_view text, const CryptFields& fields,
                                     const CryptKeys& keys) {
    const auto plain = opened(text, keys);
    if (!plain) return plain.error();
    const auto array = array_of(*plain);
    if (!array) return malformed("the content is neither a PHP array nor a JSON object");
    CryptClaims claims;
    claims.user = word_of(first_of(*array, fields.user));
    const auto *issued = first_of(*array, fields.issued), *expires = first_of(*array, fields.expires);
    const auto issued_at = issued == nullptr ? std::nullopt : time_of(*issued),
               expires_at = expires == nullptr ? std::nullopt : time_of(*expires);
    if (claims.user.empty() || claims.user.size() > max_user_bytes || !issued_at || !expires_at)
        return malformed("the user or a time is missing or invalid");
    claims.issued = *issued_at;
    claims.expires = *expires_at;
    claims.session = word_of(array->find("session"));
    const auto* version = array->find("ver");
    if (version != nullptr && std::holds_alternative<std::int64_t>(version->value))
        claims.version = std::get<std::int64_t>(version->value);
    // Our own tokens have both. Nobody issues tokens with only one of the two.
    if (claims.session.empty() != !claims.version) return malformed("session and ver must come together");
    return claims;
}

}  // namespace coatcheck::token
