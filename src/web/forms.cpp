// SPDX-License-Identifier: Apache-2.0
#include "web/forms.hpp"

#include "web/framing.hpp"

#include "base/text.hpp"
#include "token/json.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>

namespace coatcheck::web {
namespace {

using base::Denied;
using base::Reason;
using base::Result;

// application/json, with no parameter or charset=utf-8.
bool is_json(std::string_view type) {
    const auto end = std::min(type.find(';'), type.size());
    std::string_view essence = type.substr(0, end), rest = type.substr(std::min(end + 1, type.size()));
    while (essence.ends_with(' ')) essence.remove_suffix(1);
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    const auto is = [](std::string_view a, std::string_view b) {
        return boost::beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
    };
    return is(essence, "application/json") && (rest.empty() || is(rest, "charset=utf-8") || is(rest, "charset=\"utf-8\""));
}

// At most so many bytes, and no half character.
std::string cut(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return std::string(text);
    while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
    return std::string(text.substr(0, bytes));
}

// The members of a body, taken one by one; the first refusal is kept and told at the end.
class Members {
public:
    Members(const Request& request, std::initializer_list<std::string_view> known) {
        if (request.fields->count(http::field::content_type) != 1 || !is_json(request.field(http::field::content_type))) { refuse({Reason::unsupported_media_type}); return; }
        auto parsed = token::parse_object(request.body);
        if (!parsed) { refuse(parsed.error()); return; }
        object_ = *std::move(parsed);
        for (const auto& member : object_)
            if (std::find(known.begin(), known.end(), std::string_view(member.key())) == known.end())
                refuse({Reason::unknown_member, {}, "", cut(member.key(), 64)});
    }
    Members(const Members&) = delete;
    // The body may have held a password or a token.
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
        if (!value->is_bool()) return refuse({Reason::invalid_member, {}, "true or false", std::string(name)}), fallback;
        return value->get_bool();
    }
    bool has(std::string_view name) const { return object_.contains(name); }
    bool is_null(std::string_view name) const { return has(name) && object_.at(name).is_null(); }

    void refuse(Denied denied) {
        if (!denied_) denied_ = std::move(denied);
    }
    const std::optional<Denied>& refusal() const { return denied_; }

private:
    std::string checked_text(const token::json::value& value, std::string_view name, std::size_t max_bytes) {
        if (!value.is_string()) {
            refuse({Reason::invalid_member, {}, "a string", std::string(name)});
            return {};
        }
        const auto& text = value.get_string();
        if (text.size() > max_bytes)
            refuse({Reason::invalid_member, {}, "at most " + std::to_string(max_bytes) + " bytes", std::string(name)});
        return std::string(text.data(), text.size());
    }

    token::json::object object_;
    std::optional<Denied> denied_;
};

// A password has no limit of its own here: the rules for passwords say which are too long.
constexpr std::size_t max_login_bytes = 320, max_password_bytes = max_body_bytes, max_device_bytes = 400, max_device_points = 100;

// The label of a device that gave itself none.
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

}  // namespace

Result<auth::SignIn> parse_sign_in(const Request& request) {
    Members members(request, {"username", "password", "delivery", "remember", "device"});
    auth::SignIn form;
    form.login = members.text("username", max_login_bytes);
    form.password = base::Secret(members.text("password", max_password_bytes));
    const auto delivery = auth::delivery_named(members.text_or("delivery", 16, "hybrid"));
    if (!delivery) members.refuse({Reason::invalid_member, {}, "hybrid, body or cookie", "delivery"});
    else form.delivery = *delivery;
    form.remember = members.flag_or("remember", true);
    form.device = members.text_or("device", max_device_bytes, "");
    if (base::code_points(form.device) > max_device_points || base::has_invisible(form.device))
        members.refuse({Reason::invalid_member, {}, "at most 100 visible characters", "device"});
    if (form.device.empty()) form.device = printable(request.field(http::field::user_agent));
    form.address = request.address;
    return finished(members, std::move(form));
}

Result<std::string> parse_refresh(const Request& request) {
    if (request.body.empty()) return std::string();
    Members members(request, {"refresh_token"});
    std::string token = members.text_or("refresh_token", 1024, "");
    if (members.has("refresh_token") && token.empty())
        members.refuse({Reason::invalid_member, {}, "a refresh token, or no such member", "refresh_token"});
    return finished(members, std::move(token));
}

Result<SignUpForm> parse_sign_up(const Request& request) {
    Members members(request, {"username", "password", "email"});
    SignUpForm form;
    form.username = members.text("username", max_login_bytes);
    form.password = base::Secret(members.text("password", max_password_bytes));
    if (members.has("email") && !members.is_null("email")) form.email = members.text("email", max_login_bytes);
    return finished(members, std::move(form));
}

Result<PasswordForm> parse_password_change(const Request& request) {
    Members members(request, {"current_password", "new_password"});
    PasswordForm form;
    form.current = base::Secret(members.text("current_password", max_password_bytes));
    form.replacement = base::Secret(members.text("new_password", max_password_bytes));
    return finished(members, std::move(form));
}

Result<AccountForm> parse_account_change(const Request& request) {
    Members members(request, {"email", "current_password"});
    AccountForm form;
    if (!members.is_null("email")) form.email = members.text("email", max_login_bytes);
    form.current_password = base::Secret(members.text("current_password", max_password_bytes));
    return finished(members, std::move(form));
}

Result<base::Secret> parse_current_password(const Request& request) {
    Members members(request, {"current_password"});
    return finished(members, base::Secret(members.text("current_password", max_password_bytes)));
}

}  // namespace coatcheck::web
