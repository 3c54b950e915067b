// SPDX-License-Identifier: Apache-2.0
#include "crypto/argon2_string.hpp"

#include "base/numbers.hpp"

#include <sodium.h>
#include <array>

namespace coatcheck::crypto {
namespace {

constexpr int variant = sodium_base64_VARIANT_ORIGINAL_NO_PADDING;

std::optional<std::string> from_base64(std::string_view text) {
    std::string bytes(text.size(), '\0');
    std::size_t size = 0;
    if (text.empty() || sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(),
                                          text.data(), text.size(), nullptr, &size, nullptr, variant) != 0)
        return std::nullopt;
    bytes.resize(size);
    return bytes;
}

std::string base64(std::string_view bytes) {
    std::string out(sodium_base64_encoded_len(bytes.size(), variant), '\0');
    sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                      bytes.size(), variant);
    out.pop_back();
    return out;
}

// Cuts off the text up to the sign, or to the end.
std::string_view next(std::string_view& text, char sign) {
    const auto at = text.find(sign);
    const auto part = text.substr(0, at);
    text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
    return part;
}

}  // namespace

std::optional<Argon2String> parse_argon2(std::string_view text) {
    std::array<std::string_view, 6> parts;  // nothing, variant, version, parameters, salt, tag
    for (auto& part : parts) part = next(text, '$');
    Argon2String hash;
    hash.is_id = parts[1] == "argon2id";
    if (!text.empty() || !parts[0].empty() || (!hash.is_id && parts[1] != "argon2i") || parts[2] != "v=19")
        return std::nullopt;
    std::string_view list = parts[3];
    for (int count = 0; count < 3; ++count) {
        const std::string_view one = next(list, ',');
        int* figure = one.starts_with("m=")   ? &hash.kib
                      : one.starts_with("t=") ? &hash.passes
                      : one.starts_with("p=") ? &hash.lanes
                                              : nullptr;
        const auto value = figure == nullptr || *figure != 0
                               ? std::nullopt
                               : base::parse_number(one.substr(2), 1, 999'999'999);
        if (!value || one.size() > 11) return std::nullopt;
        *figure = *value;
    }
    const auto salt = from_base64(parts[4]), tag = from_base64(parts[5]);
    if (!list.empty() || parts[3].ends_with(',') || !salt || !tag) return std::nullopt;
    hash.salt = *salt;
    hash.tag = *tag;
    return hash;
}

std::string write_argon2(const Argon2String& hash) {
    return std::string(hash.is_id ? "$argon2id" : "$argon2i") + "$v=19$m=" + std::to_string(hash.kib) +
           ",t=" + std::to_string(hash.passes) + ",p=" + std::to_string(hash.lanes) + "$" +
           base64(hash.salt) + "$" + base64(hash.tag);
}

}  // namespace coatcheck::crypto
