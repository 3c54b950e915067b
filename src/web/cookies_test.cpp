// SPDX-License-Identifier: Apache-2.0
#include "web/cookies.hpp"
#include "base/reason.hpp"
#include "verify/request_rules.hpp"

#include <gtest/gtest.h>

namespace coatcheck::web {
namespace {

// A request with these Cookie fields.
struct WithCookies {
    explicit WithCookies(std::initializer_list<std::string_view> lines) {
        for (std::string_view line : lines) fields.insert(http::field::cookie, {line.data(), line.size()});
        request.fields = &fields;
    }
    http::Fields fields;
    Request request;
};

// The value of the access cookie, or "conflict".
std::string found(std::initializer_list<std::string_view> lines, CookieKind kind = CookieKind::access,
                  bool dev = true) {
    const WithCookies sent(lines);
    const auto value = verify::find_cookie(sent.request, cookie_name(kind, dev));
    if (value) return std::string(*value);
    EXPECT_EQ(value.error().reason, base::Reason::credential_conflict);
    return "conflict";
}

std::string written(const Reply& reply) {
    std::string out;
    reply.write_to(out, "", false, false);
    return out;
}

TEST(CookieName, HasTheHostPrefixButInDevelopment) {
    EXPECT_EQ(cookie_name(CookieKind::access, false), "__Host-Http-coatcheck");
    EXPECT_EQ(cookie_name(CookieKind::refresh, false), "__Host-Http-coatcheck-refresh");
    EXPECT_EQ(cookie_name(CookieKind::access, true), "coatcheck");
    EXPECT_EQ(cookie_name(CookieKind::refresh, true), "coatcheck-refresh");
}

TEST(FindCookie, FindsOursAmongOthers) {
    EXPECT_EQ(found({"coatcheck=v"}), "v");
    EXPECT_EQ(found({"a=1; coatcheck=v; b=2"}), "v");
    EXPECT_EQ(found({"a=1;coatcheck=v;b=2"}), "v");
    EXPECT_EQ(found({"a=1;   coatcheck=v"}), "v");
    EXPECT_EQ(found({"a=1", "b=2; coatcheck=v"}), "v");
    EXPECT_EQ(found({"coatcheck=a=b=="}), "a=b==");
    EXPECT_EQ(found({"__Host-Http-coatcheck=v"}, CookieKind::access, false), "v");
}

TEST(FindCookie, TellsTheTwoApart) {
    const std::string_view both = "coatcheck-refresh=r; coatcheck=a";
    EXPECT_EQ(found({both}), "a");
    EXPECT_EQ(found({both}, CookieKind::refresh), "r");
    EXPECT_EQ(found({"coatcheck-refresh=r"}), "");
    EXPECT_EQ(found({"coatcheck=a"}, CookieKind::refresh), "");
}

TEST(FindCookie, NameCountsToTheLetter) {
    for (std::string_view line : {"", "coatcheck", "coatcheck=", "Coatcheck=v", "COATCHECK=v", "xcoatcheck=v",
                                  "coatcheckx=v", "coatcheck =v", "a=coatcheck=v", "__Host-Http-coatcheck=v",
                                  "__Secure-coatcheck=v", ";;;", "=v", "a=\"; coatchec"})
        EXPECT_EQ(found({line}), "") << line;
    // A neighbouring site can set a cookie that lacks the prefix.
    for (std::string_view line :
         {"coatcheck=v", "__Host-coatcheck=v", "__host-http-coatcheck=v", "__Http-coatcheck=v"})
        EXPECT_EQ(found({line}, CookieKind::access, false), "") << line;
}

TEST(FindCookie, SameValueTwiceIsFineAndTwoValuesAreAConflict) {
    EXPECT_EQ(found({"coatcheck=v; coatcheck=v"}), "v");
    EXPECT_EQ(found({"coatcheck=v", "coatcheck=v"}), "v");
    EXPECT_EQ(found({"coatcheck=; coatcheck=v"}), "v");
    EXPECT_EQ(found({"coatcheck=v; coatcheck="}), "v");
    EXPECT_EQ(found({"coatcheck=v; coatcheck=w"}), "conflict");
    EXPECT_EQ(found({"coatcheck=w; coatcheck=v"}), "conflict");
    EXPECT_EQ(found({"coatcheck=v", "a=1; coatcheck=w"}), "conflict");
    EXPECT_EQ(found({"coatcheck=v; coatcheck=w; coatcheck=v"}), "conflict");
    EXPECT_EQ(found({"coatcheck=v; coatcheck=V"}), "conflict");
}

TEST(FindCookie, OrderDoesNotMatter) {
    EXPECT_EQ(found({"coatcheck-refresh=r; coatcheck=a; x=y"}),
              found({"x=y; coatcheck=a; coatcheck-refresh=r"}));
}

TEST(SetCookie, CarriesEveryAttribute) {
    Reply reply;
    set_cookie(reply, CookieKind::access, "a.b.c", base::from_unix_seconds(784111777), false);
    EXPECT_NE(written(reply).find("\r\nSet-Cookie: __Host-Http-coatcheck=a.b.c; Path=/; Expires=Sun, 06 "
                                  "Nov 1994 08:49:37 GMT; HttpOnly; Secure; SameSite=Lax\r\n"),
              std::string::npos)
        << written(reply);
    EXPECT_EQ(written(reply).find("Domain"), std::string::npos);
    EXPECT_EQ(written(reply).find("Max-Age"), std::string::npos);
}

TEST(SetCookie, DevelopmentLacksSecureAlone) {
    Reply reply;
    set_cookie(reply, CookieKind::refresh, "ccr_x", base::from_unix_seconds(784111777), true);
    EXPECT_NE(written(reply).find("\r\nSet-Cookie: coatcheck-refresh=ccr_x; Path=/; Expires=Sun, 06 Nov "
                                  "1994 08:49:37 GMT; HttpOnly; SameSite=Lax\r\n"),
              std::string::npos);
}

TEST(SetCookie, ValueThatBreaksTheLineIsABugOfOurs) {
    Reply reply;
    EXPECT_THROW(
        set_cookie(reply, CookieKind::access, "a\r\nSet-Cookie: b=c", base::from_unix_seconds(0), false),
        std::logic_error);
}

TEST(ClearCookie, RepeatsTheAttributesWithAPastDate) {
    Reply reply;
    clear_cookie(reply, CookieKind::access, false);
    EXPECT_NE(written(reply).find("\r\nSet-Cookie: __Host-Http-coatcheck=; Path=/; Expires=Thu, 01 Jan "
                                  "1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax\r\n"),
              std::string::npos);
}

TEST(ClearCookie, OnlyWhatWasSentIsCleared) {
    const auto cleared = [](std::initializer_list<std::string_view> lines) {
        const WithCookies sent(lines);
        Reply reply;
        clear_sent_cookies(reply, sent.request, true);
        const std::string text = written(reply);
        return std::pair(text.find("Set-Cookie: coatcheck=;") != std::string::npos,
                         text.find("Set-Cookie: coatcheck-refresh=;") != std::string::npos);
    };
    EXPECT_EQ(cleared({}), std::pair(false, false));
    EXPECT_EQ(cleared({"other=x"}), std::pair(false, false));
    EXPECT_EQ(cleared({"coatcheck=x"}), std::pair(true, false));
    EXPECT_EQ(cleared({"coatcheck-refresh=x"}), std::pair(false, true));
    EXPECT_EQ(cleared({"coatcheck-refresh=x; coatcheck=y"}), std::pair(true, true));
    // Two values are a conflict, but the request has the cookie.
    EXPECT_EQ(cleared({"coatcheck=x; coatcheck=y"}), std::pair(true, false));
}

}  // namespace
}  // namespace coatcheck::web
