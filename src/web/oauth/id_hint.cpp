// SPDX-License-Identifier: Apache-2.0
#include "web/oauth/id_hint.hpp"

namespace coatcheck::web {

std::optional<token::IdHint> read_id_hint(const Service& service, std::string_view text) {
    const auto token = token::parse_compact(text);
    if (!token) return std::nullopt;
    const auto keys = service.keys.keys();
    const auto row = keys->find(token->header->key_id);
    if (row == keys->end() || crypto::algorithm_named(token->header->algorithm) != row->second.algorithm() ||
        !row->second.verify(token->signing_input, token->signature))
        return std::nullopt;
    auto hint = token::parse_id_hint(*token);
    if (hint && hint->issuer != service.policy.issuer) return std::nullopt;
    return hint;
}

}  // namespace coatcheck::web
