// SPDX-License-Identifier: Apache-2.0
#include "app/commands/arguments.hpp"

#include "auth/users/names.hpp"
#include "web/public_reason.hpp"

#include <boost/json/array.hpp>

namespace coatcheck::app {

namespace json = boost::json;

void refuse(const base::Denied& denied) {
    std::string text(web::public_reason(denied.reason).title);
    if (!denied.detail.empty())
        text += " (" + (denied.member.empty() ? "" : denied.member + ": ") + denied.detail + ")";
    throw Refused(text);
}

std::string text_of(const json::object& request, std::string_view name) {
    const auto* value = request.if_contains(name);
    return value != nullptr && value->is_string()
               ? std::string(value->get_string().c_str(), value->get_string().size())
               : "";
}

std::vector<std::string> list_of(const json::object& request, std::string_view name) {
    std::vector<std::string> list;
    if (const auto* value = request.if_contains(name); value != nullptr && value->is_array())
        for (const auto& element : value->get_array())
            list.emplace_back(element.as_string().c_str(), element.as_string().size());
    return list;
}

auth::User load_user(auth::ReadStore& store, const json::object& request) {
    const std::string name = text_of(request, "name");
    auto user = auth::find_by_login(store, name);
    if (!user) user = store.find_user(name);
    if (!user) throw Refused("there is no user " + name);
    return *user;
}

}  // namespace coatcheck::app
