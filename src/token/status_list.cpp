// SPDX-License-Identifier: Apache-2.0
#include "token/status_list.hpp"

#include "base/bytes.hpp"
#include "token/json.hpp"
#include "token/sign_compact.hpp"

#include <boost/json/serialize.hpp>

namespace coatcheck::token {

std::string status_list_uri(std::string_view issuer, std::int64_t list) {
    return std::string(issuer) + (issuer.ends_with('/') ? "" : "/") + "status-lists/" + std::to_string(list);
}

std::string write_status_list(const StatusList& list, std::string_view key_id,
                              const crypto::SigningKey& key) {
    const json::object body{
        {"sub", list.uri},
        {"iss", list.issuer},
        {"iat", base::unix_seconds(list.issued)},
        {"exp", base::unix_seconds(list.issued) + list.life.count()},
        {"ttl", list.time_to_live.count()},
        {"status_list", json::object{{"bits", 1}, {"lst", base::base64url(list.compressed)}}}};
    return sign_compact("statuslist+jwt", body, key_id, key);
}

}  // namespace coatcheck::token
