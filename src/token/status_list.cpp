// SPDX-License-Identifier: Apache-2.0
#include "token/status_list.hpp"

#include "base/bytes.hpp"
#include "token/json.hpp"

#include <boost/json/serialize.hpp>

namespace coatcheck::token {

std::string status_list_uri(std::string_view issuer, std::int64_t list) {
    return std::string(issuer) + (issuer.ends_with('/') ? "" : "/") + "status-lists/" + std::to_string(list);
}

std::string write_status_list(const StatusList& list, std::string_view key_id,
                              const crypto::SigningKey& key) {
    const json::object header{
        {"alg", crypto::name_of(key.algorithm())}, {"typ", "statuslist+jwt"}, {"kid", key_id}};
    const json::object body{
        {"sub", list.uri},
        {"iss", list.issuer},
        {"iat", base::unix_seconds(list.issued)},
        {"exp", base::unix_seconds(list.issued) + list.life.count()},
        {"ttl", list.time_to_live.count()},
        {"status_list", json::object{{"bits", 1}, {"lst", base::base64url(list.compressed)}}}};
    std::string token = base::base64url(json::serialize(header)) + '.' +
                        base::base64url(json::serialize(body));
    return token + '.' + base::base64url(key.sign(token));
}

}  // namespace coatcheck::token
