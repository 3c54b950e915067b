// SPDX-License-Identifier: Apache-2.0
#include "http/message.hpp"

#include <gtest/gtest.h>

namespace coatcheck::http {
namespace {

const std::string date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

std::string written(const Response& response, bool head_only = false, bool hsts = false) {
    std::string out;
    response.write_to(out, date, head_only, hsts);
    return out;
}

bool has(const std::string& text, std::string_view line) {
    return text.find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
}

TEST(Response, RefusesEveryControlByteInAFieldsValue) {
    for (int c = 0; c < 256; ++c) {
        Response response;
        const std::string value = "a" + std::string(1, static_cast<char>(c)) + "b";
        if (c < 0x20 || c == 0x7f) EXPECT_THROW(response.field("X-Test", value), std::logic_error) << c;
        else EXPECT_NO_THROW(response.field("X-Test", value)) << c;
        EXPECT_EQ(has(written(response), "X-Test: " + value), c >= 0x20 && c != 0x7f) << c;
    }
}

TEST(Response, RefusedValueLeavesNoTrace) {
    Response response;
    const std::string before = written(response);
    EXPECT_THROW(response.field("X-Test", "a\r\nX-Injected: b"), std::logic_error);
    EXPECT_EQ(written(response), before);
    std::string out;
    EXPECT_THROW(Response::format_field(out, "X-Test", "a\nb"), std::logic_error);
    EXPECT_TRUE(out.empty());
}

TEST(Response, IsWrittenWholeAndFramedByItsLength) {
    Response response;
    write_json(response, 200, R"({"a":1})");
    response.field("X-Test", "yes");
    const std::string text = written(response);
    EXPECT_TRUE(text.starts_with("HTTP/1.1 200 OK\r\n" + date)) << text;
    EXPECT_TRUE(has(text, "X-Test: yes"));
    EXPECT_TRUE(has(text, "Content-Type: application/json"));
    EXPECT_TRUE(has(text, "Content-Length: 7"));
    EXPECT_TRUE(text.ends_with("\r\n\r\n{\"a\":1}"));
    EXPECT_EQ(text.find("\r\n\r\n"), text.size() - 11);
}

TEST(Response, EveryStatusHasItsLine) {
    for (const auto& [status, line] : std::initializer_list<std::pair<unsigned, std::string_view>>{
             {201, "HTTP/1.1 201 Created\r\n"},
             {204, "HTTP/1.1 204 No Content\r\n"},
             {401, "HTTP/1.1 401 Unauthorized\r\n"},
             {429, "HTTP/1.1 429 Too Many Requests\r\n"},
             {503, "HTTP/1.1 503 Service Unavailable\r\n"}}) {
        Response response;
        response.status = status;
        EXPECT_TRUE(written(response).starts_with(line)) << written(response);
    }
}

TEST(Response, HeadHasTheLengthOfTheBodyItLeavesOut) {
    Response response;
    write_json(response, 200, "{}");
    EXPECT_TRUE(has(written(response, true), "Content-Length: 2"));
    EXPECT_TRUE(written(response, true).ends_with("\r\n\r\n"));
}

TEST(Response, NoContentAndNotModifiedHaveNoLength) {
    for (unsigned status : {204u, 304u}) {
        Response response;
        response.status = status;
        EXPECT_EQ(written(response).find("Content-Length"), std::string::npos);
    }
    Response empty;
    EXPECT_TRUE(has(written(empty), "Content-Length: 0"));
}

TEST(Response, IsNotStoredUnlessItSaysSo) {
    Response response;
    EXPECT_TRUE(has(written(response), "Cache-Control: no-store"));
    response.may_be_stored = true;
    EXPECT_FALSE(has(written(response), "Cache-Control: no-store"));
}

TEST(Response, IsInertUnlessItIsThePage) {
    Response response;
    write_json(response, 200, "{}");
    std::string text = written(response);
    EXPECT_TRUE(has(text, "X-Content-Type-Options: nosniff"));
    EXPECT_TRUE(has(text, "Referrer-Policy: no-referrer"));
    EXPECT_TRUE(has(text, "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; sandbox"));
    response.content_type = "text/html; charset=utf-8";
    text = written(response);
    EXPECT_NE(text.find("Content-Security-Policy: default-src 'none'; script-src 'self';"),
              std::string::npos);
    EXPECT_NE(text.find("frame-ancestors 'none'"), std::string::npos);
    EXPECT_EQ(text.find("unsafe-inline"), std::string::npos);
}

TEST(Response, TellsHstsAndCloseWhereAsked) {
    Response response;
    EXPECT_EQ(written(response).find("Strict-Transport-Security"), std::string::npos);
    EXPECT_TRUE(has(written(response, false, true), "Strict-Transport-Security: max-age=31536000"));
    EXPECT_EQ(written(response).find("Connection:"), std::string::npos);
    response.close = true;
    EXPECT_TRUE(has(written(response), "Connection: close"));
}

TEST(Response, ClearedIsAsNew) {
    Response response;
    const std::string fresh = written(response);
    write_json(response, 503, "{}");
    response.field("X-Test", "yes");
    response.close = response.may_be_stored = true;
    response.clear();
    EXPECT_EQ(written(response), fresh);
}

TEST(Request, FindsFieldsWhateverTheirCase) {
    Fields fields;
    fields.insert("x-test", "1");
    fields.insert("X-Test", "2");
    fields.insert(field::origin, "https://a.example");
    Request request;
    request.fields = &fields;
    EXPECT_EQ(request.value("X-TEST"), "1");
    EXPECT_EQ(request.value("missing"), "");
    EXPECT_EQ(request.value(field::origin), "https://a.example");
    EXPECT_TRUE(request.has(field::origin));
    EXPECT_FALSE(request.has(field::cookie));
}

TEST(Request, VisitsEachFieldOfAName) {
    Fields fields;
    fields.insert(field::cookie, "a=1");
    fields.insert(field::accept, "x");
    fields.insert(field::cookie, "b=2");
    Request request;
    request.fields = &fields;
    std::string seen;
    request.each("Cookie", [&](std::string_view value) { seen.append(value).append("|"); });
    EXPECT_EQ(seen, "a=1|b=2|");
}

}  // namespace
}  // namespace coatcheck::http
