// SPDX-License-Identifier: Apache-2.0
#include "web/forms.hpp"

#include "auth/users/names.hpp"
#include "auth/users/passwords.hpp"
#include "base/bytes.hpp"
#include "base/reason.hpp"
#include "base/text.hpp"
#include "http/framing.hpp"
#include "http/query.hpp"
#include "token/claims.hpp"
#include "token/json.hpp"
#include "token/refresh_token.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/json/serialize.hpp>
#include <cstdlib>

namespace coatcheck::web {
namespace {

using base::Denied;
using base::Reason;
using base::Result;

constexpr std::string_view json_type = "application/json", form_type = "application/x-www-form-urlencoded";

// True if `type` is `wanted`, without a parameter or with charset=utf-8.
bool is_type(std::string_view type, std::string_view wanted) {
    const auto end = std::min(type.find(';'), type.size());
    std::string_view essence = type.substr(0, end), rest = type.substr(std::min(end + 1, type.size()));
    while (essence.ends_with(' ')) essence.remove_suffix(1);
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    const auto is = [](std::string_view a, std::string_view b) {
        return boost::beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
    };
    return is(essence, wanted) &&
           (rest.empty() || is(rest, "charset=utf-8") || is(rest, "charset=\"utf-8\""));
}

bool is_declared_as(const Request& request, std::string_view type) {
    return request.count(http::field::content_type) == 1 &&
           is_type(request.value(http::field::content_type), type);
}

// The first bytes of the text, at most `bytes`, without half a character at the end.
std::string cut(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return std::string(text);
    while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
    return std::string(text.substr(0, bytes));
}

// Reads the members of a body one by one. Keeps the first refusal, which finished() returns.
class Members {
public:
    // Refuses members that are not in `known`; an empty `known` allows all.
    Members(const Request& request, std::initializer_list<std::string_view> known) {
        auto parsed = token::parse_object(request.body);
        base::wipe_stack();  // the parser puts strings together there
        if (!parsed) {
            refuse(parsed.error());
            return;
        }
        object_ = *std::move(parsed);
        for (const auto& member : object_)
            if (known.size() > 0 &&
                std::find(known.begin(), known.end(), std::string_view(member.key())) == known.end())
                refuse({Reason::unknown_member, {}, "", cut(member.key(), 64)});
    }
    Members(const Members&) = delete;
    // The body may have contained a password or a token.
    ~Members() {
        for (auto& member : object_)
            if (auto* text = member.value().if_string()) std::fill(text->begin(), text->end(), '\0');
    }

    std::string text(std::string_view name, std::size_t max_bytes) {
        const auto* value = object_.if_contains(name);
        if (value == nullptr) {
            refuse({Reason::missing_member, {}, "", std::string(name)});
            return {};
        }
        return checked_text(*value, name, max_bytes);
    }
    std::string text_or(std::string_view name, std::size_t max_bytes, std::string fallback) {
        const auto* value = object_.if_contains(name);
        return value == nullptr ? fallback : checked_text(*value, name, max_bytes);
    }
    bool flag_or(std::string_view name, bool fallback) {
        const auto* value = object_.if_contains(name);
        if (value == nullptr) return fallback;
        if (!value->is_bool())
            return refuse({Reason::invalid_member, {}, "must be true or false", std::string(name)}), fallback;
        return value->get_bool();
    }
    std::vector<std::string> texts(std::string_view name, std::size_t max_bytes) {
        std::vector<std::string> out;
        const auto& value = object_.at(name);
        if (value.is_array())
            for (const auto& element : value.get_array())
                out.push_back(checked_text(element, name, max_bytes));
        else refuse({Reason::invalid_member, {}, "must be a list of strings", std::string(name)});
        return out;
    }
    // The member, written again as JSON.
    std::string json(std::string_view name) const { return boost::json::serialize(object_.at(name)); }
    bool has(std::string_view name) const { return object_.contains(name); }
    bool is_null(std::string_view name) const { return has(name) && object_.at(name).is_null(); }

    void refuse(Denied denied) {
        if (!denied_) denied_ = std::move(denied);
    }
    const std::optional<Denied>& refusal() const { return denied_; }

private:
    std::string checked_text(const token::json::value& value, std::string_view name, std::size_t max_bytes) {
        if (!value.is_string()) {
            refuse({Reason::invalid_member, {}, "must be a string", std::string(name)});
            return {};
        }
        const auto& text = value.get_string();
        if (text.size() > max_bytes)
            refuse({Reason::invalid_member,
                    {},
                    "must have at most " + std::to_string(max_bytes) + " bytes",
                    std::string(name)});
        return std::string(text.data(), text.size());
    }

    token::json::object object_;
    std::optional<Denied> denied_;
};

// Passwords have no limit here: the rules for passwords refuse those that are too long.
constexpr std::size_t max_password_bytes = http::max_body_bytes, max_device_bytes = 400,
                      max_device_points = 100;

// The User-Agent as a label, for a session whose client gave no `device`.
std::string printable(std::string_view text) {
    std::string out(text.substr(0, max_device_points));
    std::erase_if(out, [](char c) { return c < 0x20 || c > 0x7e; });
    return out;
}

template <class Form>
Result<Form> finished(const Members& members, Form form) {
    if (members.refusal()) return *members.refusal();
    return form;
}

// Reads the members that every way to open a session has: delivery, remember and device.
template <class Form>
void read_session_wishes(Members& members, const Request& request, Form& form) {
    const auto delivery = auth::delivery_named(members.text_or("delivery", 16, "hybrid"));
    if (!delivery) members.refuse({Reason::invalid_member, {}, "must be hybrid, body or cookie", "delivery"});
    else form.delivery = *delivery;
    form.remember = members.flag_or("remember", true);
    form.device = members.text_or("device", max_device_bytes, "");
    if (base::code_points(form.device) > max_device_points || base::has_invisible(form.device))
        members.refuse(
            {Reason::invalid_member, {}, "must have at most 100 characters, all of them visible", "device"});
    if (form.device.empty()) form.device = printable(request.value(http::field::user_agent));
    form.address = request.address;
    form.asked = request.clocks.wall;
}

}  // namespace

Result<void> check_content_type(Takes takes, const Request& request) {
    const auto needs = [&](std::string_view type) -> Result<void> {
        const auto coding = request.value(http::field::content_encoding);
        if (!coding.empty() && coding != "identity")
            return Denied{Reason::unsupported_media_type, {}, "the body must not have a Content-Encoding"};
        if (is_declared_as(request, type)) return {};
        return Denied{Reason::unsupported_media_type, {}, "the Content-Type must be " + std::string(type)};
    };
    switch (takes) {
        case Takes::nothing: return {};
        case Takes::json: return needs(json_type);
        case Takes::optional_json: return request.body.empty() ? Result<void>() : needs(json_type);
        case Takes::form: return needs(form_type);
        case Takes::json_or_form:
            return is_declared_as(request, form_type) ? Result<void>() : needs(json_type);
    }
    std::abort();
}

Result<auth::SignIn> parse_sign_in(const Request& request, const Settings& settings) {
    const bool takes_crypt = settings.takes(Dialect::crypt, request.now);
    Members members(request, {"username", "password", "delivery", "remember", "device", "token_format"});
    auth::SignIn form;
    form.login = members.text("username", max_login_bytes);
    form.password = base::Secret(members.text("password", max_password_bytes));
    read_session_wishes(members, request, form);
    const std::string format = members.text_or("token_format", 16, "jwt");
    form.crypt = format == "crypt";
    if (format != "jwt" && !(form.crypt && takes_crypt))
        members.refuse({Reason::invalid_member,
                        {},
                        takes_crypt ? "must be jwt or crypt" : "must be jwt",
                        "token_format"});
    if (form.crypt && form.delivery == auth::Delivery::cookie)
        members.refuse(
            {Reason::invalid_member, {}, "crypt needs the delivery hybrid or body", "token_format"});
    return finished(members, std::move(form));
}

Result<auth::Exchange> parse_exchange(const Request& request, const Settings&) {
    Members members(request, {"token", "delivery", "remember", "device"});
    auth::Exchange form;
    form.token = base::Secret(members.text("token", token::max_token_bytes));
    read_session_wishes(members, request, form);
    return finished(members, std::move(form));
}

Result<auth::SignIn> parse_envelope_sign_in(const Request& request, const Settings&) {
    auth::SignIn form;
    form.delivery = auth::Delivery::body;
    form.device = printable(request.value(http::field::user_agent));
    form.address = request.address;
    form.asked = request.clocks.wall;
    if (is_declared_as(request, form_type)) {
        auto name = form_field(request.body, "user_name"), password = form_field(request.body, "password");
        if (!name) return name.error();
        if (!password) return password.error();
        form.login = *std::move(name);
        form.password = base::Secret(*std::move(password));
        if (form.login.size() > max_login_bytes)
            return Denied{Reason::invalid_member, {}, "must have at most 320 bytes", "user_name"};
        return form;
    }
    Members members(request, {});
    form.login = members.text("user_name", max_login_bytes);
    form.password = base::Secret(members.text("password", max_password_bytes));
    return finished(members, std::move(form));
}

Result<std::string> parse_refresh(const Request& request, const Settings&) {
    // The edge checks the type of a body after it has found the credential. Here the body holds the
    // credential, so this checks the type first.
    if (auto type = check_content_type(Takes::optional_json, request); !type) return type.error();
    if (request.body.empty()) return std::string();
    Members members(request, {"refresh_token"});
    std::string token = members.text_or("refresh_token", 1024, "");
    if (members.has("refresh_token") && token.empty())
        members.refuse({Reason::invalid_member, {}, "must be a refresh token, or absent", "refresh_token"});
    return finished(members, std::move(token));
}

Result<SignUpForm> parse_sign_up(const Request& request, const Settings&) {
    Members members(request, {"username", "password", "email"});
    SignUpForm form;
    form.username = members.text("username", max_login_bytes);
    form.password = base::Secret(members.text("password", max_password_bytes));
    if (members.has("email") && !members.is_null("email"))
        form.email = members.text("email", max_login_bytes);
    return finished(members, std::move(form));
}

Result<PasswordForm> parse_password_change(const Request& request, const Settings&) {
    Members members(request, {"current_password", "new_password"});
    PasswordForm form;
    form.current = base::Secret(members.text("current_password", max_password_bytes));
    form.replacement = base::Secret(members.text("new_password", max_password_bytes));
    return finished(members, std::move(form));
}

Result<AccountForm> parse_account_change(const Request& request, const Settings&) {
    Members members(request, {"email", "current_password"});
    AccountForm form;
    if (!members.is_null("email")) form.email = members.text("email", max_login_bytes);
    form.current_password = base::Secret(members.text("current_password", max_password_bytes));
    return finished(members, std::move(form));
}

namespace {

// Applies the rules of auth/users/, except those for a new password, which need the user's name:
// admin/users.cpp applies them.
Result<ManagedUserForm> managed_user(Members& members) {
    ManagedUserForm form;
    const auto take = [&](const char* name, std::size_t max_bytes, auto rule) -> std::optional<std::string> {
        if (!members.has(name)) return std::nullopt;
        const std::string text = members.text(name, max_bytes);
        if (members.refusal()) return std::nullopt;
        auto checked = rule(text);
        if (!checked) return members.refuse(checked.error()), std::nullopt;
        return *std::move(checked);
    };
    form.id = take("id", token::max_user_id_bytes, auth::checked_id);
    form.username = take("username", max_login_bytes, auth::checked_username);
    form.removes_email = members.is_null("email");
    if (!form.removes_email) form.email = take("email", max_login_bytes, auth::checked_email);
    form.password_hash = take("password_hash", 512, auth::checked_password_hash);
    if (members.has("password")) form.password = base::Secret(members.text("password", max_password_bytes));
    if (form.password && form.password_hash)
        members.refuse({Reason::invalid_member, {}, "must not come together with password", "password_hash"});
    if (members.has("roles")) {
        auto roles = auth::checked_roles(members.texts("roles", 64));
        if (roles) form.roles = *std::move(roles);
        else members.refuse(roles.error());
    }
    if (members.has("claims")) {
        auto claims = auth::checked_claims(members.json("claims"));
        if (claims) form.claims = *std::move(claims);
        else members.refuse(claims.error());
    }
    if (members.has("enabled")) form.enabled = members.flag_or("enabled", true);
    return finished(members, std::move(form));
}

}  // namespace

Result<ManagedUserForm> parse_new_user(const Request& request, const Settings&) {
    Members members(request,
                    {"id", "username", "email", "password", "password_hash", "roles", "claims", "enabled"});
    if (!members.has("username")) members.refuse({Reason::missing_member, {}, "", "username"});
    return managed_user(members);
}

Result<ManagedUserForm> parse_user_change(const Request& request, const Settings&) {
    Members members(request, {"email", "password", "password_hash", "roles", "claims", "enabled"});
    return managed_user(members);
}

Result<std::string> form_field(std::string_view body, std::string_view name) {
    std::optional<Result<std::string>> found;
    http::each_field(body, [&](std::string_view key, std::string_view encoded) {
        if (base::from_form(key) != name) return;
        auto value = base::from_form(encoded);
        if (found) found = Denied{Reason::duplicate_member, {}, "", std::string(name)};
        else if (!value)
            found = Denied{Reason::invalid_member, {}, "must be percent-encoded", std::string(name)};
        else found = *std::move(value);
    });
    return found ? *std::move(found) : Denied{Reason::missing_member, {}, "", std::string(name)};
}

Result<std::string> form_field_or(std::string_view body, std::string_view name, std::string fallback) {
    auto value = form_field(body, name);
    const bool is_absent = !value && value.error().reason == Reason::missing_member;
    return is_absent ? std::move(fallback) : std::move(value);
}

Result<std::optional<ClientForm>> parse_client(const Request& request) {
    if (!is_declared_as(request, form_type)) return std::optional<ClientForm>();
    auto secret = form_field(request.body, "client_secret");
    if (!secret && secret.error().reason == Reason::missing_member) return std::optional<ClientForm>();
    if (!secret) return secret.error();
    auto id = form_field(request.body, "client_id");
    if (!id) return id.error();
    return std::optional(ClientForm{*std::move(id), base::Secret(*std::move(secret))});
}

Result<base::Secret> parse_token_form(const Request& request, const Settings&) {
    auto token = form_field(request.body, "token");
    if (!token) return token.error();
    return base::Secret(*std::move(token));
}

Result<base::Secret> parse_current_password(const Request& request, const Settings&) {
    Members members(request, {"current_password"});
    return finished(members, base::Secret(members.text("current_password", max_password_bytes)));
}

}  // namespace coatcheck::web
