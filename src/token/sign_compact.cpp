// SPDX-License-Identifier: Apache-2.0
#include "token/sign_compact.hpp"

#include "base/bytes.hpp"

#include <boost/json/serialize.hpp>

namespace coatcheck::token {

namespace json = boost::json;

std::string sign_compact(std::string_view type, const json::object& body, std::string_view key_id,
                         const crypto::SigningKey& key) {
    json::object header(3, body.storage());
    header["alg"] = crypto::name_of(key.algorithm());
    if (!type.empty()) header["typ"] = type;
    header["kid"] = key_id;
    std::string token = base::base64url(json::serialize(header)) + '.' +
                        base::base64url(json::serialize(body));
    return token + '.' + base::base64url(key.sign(token));
}

}  // namespace coatcheck::token
