// SPDX-License-Identifier: Apache-2.0
// Tests of the framing gate: it refuses headers that two parsers could read in two ways, and reads one
// meaning in all others.
#include "http/framing.hpp"
#include "base/reason.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <string>

namespace coatcheck::http {
namespace {

using base::Reason;
using namespace std::string_literals;

std::string get(std::string_view fields) {
    return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}
std::string post(std::string_view fields) {
    return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

void expect_refused(const std::string& head, Reason reason = Reason::malformed_request) {
    const auto frame = check_framing(head);
    ASSERT_FALSE(frame) << testing::PrintToString(head);
    EXPECT_EQ(frame.error().reason, reason) << testing::PrintToString(head);
}

Frame passed(const std::string& head) {
    const auto frame = check_framing(head);
    EXPECT_TRUE(frame) << testing::PrintToString(head);
    return frame ? *frame : Frame{};
}

TEST(Framing, PlainRequestsPass) {
    for (const std::string& head :
         {get(""), get("Accept: */*\r\nUser-Agent: x\r\n"), get("X-Empty:\r\n"), get("X: \t spaced \t \r\n"),
          get("Cookie: a=b; c=\"d\"\r\n"), get("X-Latin: J\xf6rg\r\n"),
          get("!#$%&'*+-.^_`|~09azAZ: all token characters\r\n"),
          std::string("GET /a/b?c=d&e=%20[] HTTP/1.1\r\nHost: a\r\n\r\n"),
          std::string("DELETE /x HTTP/1.1\r\nhost: [::1]:8080\r\n\r\n"),
          std::string("PATCH /x HTTP/1.1\r\nHOST:a.example:80\r\n\r\n"),
          std::string("OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n"),
          std::string("BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n")})
        passed(head);
}

TEST(Framing, BodyIsAsLongAsAnnounced) {
    EXPECT_EQ(passed(post("")).body_bytes, 0u);
    EXPECT_EQ(passed(post("Content-Length: 0\r\n")).body_bytes, 0u);
    EXPECT_EQ(passed(post("content-length:17\r\n")).body_bytes, 17u);
    EXPECT_EQ(passed(post("CONTENT-LENGTH: \t16384 \t\r\n")).body_bytes, 16384u);
    EXPECT_EQ(passed(post("Content-Length: 9999999999999999999\r\n")).body_bytes, 9999999999999999999u);
    EXPECT_EQ(passed(get("Content-Length: 0\r\n")).body_bytes, 0u);
}

TEST(Framing, LengthThatIsNotPlainDecimalIsRefused) {
    for (std::string_view length : {"",
                                    " ",
                                    "-1",
                                    "+1",
                                    "1 1",
                                    "1,1",
                                    "1, 1",
                                    "0x10",
                                    "1e3",
                                    "1.0",
                                    "one",
                                    "\"1\"",
                                    "1;",
                                    "18446744073709551616",
                                    "18446744073709551615",
                                    "99999999999999999999",
                                    "00000000000000000001",
                                    "1\t1",
                                    "\xd9\xa1",
                                    "NaN",
                                    "infinity",
                                    "1_0",
                                    "'1'"})
        expect_refused(post("Content-Length: " + std::string(length) + "\r\n"));
}

TEST(Framing, TwoLengthsAreRefusedEvenIfEqual) {
    expect_refused(post("Content-Length: 5\r\nContent-Length: 5\r\n"));
    expect_refused(post("Content-Length: 5\r\nContent-Length: 6\r\n"));
    expect_refused(post("Content-Length: 5\r\nX: y\r\ncontent-length: 0\r\n"));
    expect_refused(post("Content-Length: 0\r\nContent-Length: 0\r\n"));
}

TEST(Framing, ABodyMayComeInChunks) {
    for (std::string_view field : {"Transfer-Encoding: chunked", "transfer-encoding: chunked",
                                   "TRANSFER-ENCODING: CHUNKED", "Transfer-Encoding:\tchunked \t"}) {
        EXPECT_TRUE(passed(post(std::string(field) + "\r\n")).is_chunked);
        expect_refused(get(std::string(field) + "\r\n"));
        expect_refused(post("Content-Length: 5\r\n" + std::string(field) + "\r\n"));
        expect_refused(post(std::string(field) + "\r\nContent-Length: 5\r\n"));
        expect_refused(post(std::string(field) + "\r\nContent-Length: 0\r\n"));
        expect_refused(post(std::string(field) + "\r\n" + std::string(field) + "\r\n"),
                       Reason::length_required);
    }
    EXPECT_FALSE(passed(post("Content-Length: 5\r\n")).is_chunked);
}

TEST(Framing, AnyOtherTransferCodingIsRefusedForWantOfALength) {
    for (std::string_view field :
         {"Transfer-Encoding: identity", "Transfer-Encoding:", "Transfer-Encoding: xchunked",
          "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked, identity",
          "Transfer-Encoding: \"chunked\"", "Transfer-Encoding: , chunked"}) {
        expect_refused(post(std::string(field) + "\r\n"), Reason::length_required);
        expect_refused(get(std::string(field) + "\r\n"), Reason::length_required);
        expect_refused(post("Content-Length: 5\r\n" + std::string(field) + "\r\n"), Reason::length_required);
        expect_refused(post(std::string(field) + "\r\nContent-Length: 5\r\n"), Reason::length_required);
    }
    expect_refused("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                   Reason::length_required);
}

TEST(Framing, TransferCodingInDisguiseIsRefused) {
    for (std::string_view field :
         {"Transfer-Encoding : chunked", " Transfer-Encoding: chunked", "\tTransfer-Encoding: chunked",
          "X: y\n\tTransfer-Encoding: chunked", "X: y\nTransfer-Encoding: chunked",
          "X: y\rTransfer-Encoding: chunked", "Transfer-Encoding\t: chunked", "Transfer-Encoding\v: chunked",
          "Transfer-Encoding;: chunked", "Transfer\xad-Encoding: chunked",
          "Transfer-Encoding\xc2\xa0: chunked", ": chunked", "\"Transfer-Encoding\": chunked"})
        expect_refused(post(std::string(field) + "\r\n"));
    expect_refused(post("Transfer-Encoding\0: chunked\r\n"s));
    expect_refused(post("X: y\0Transfer-Encoding: chunked\r\n"s));
}

TEST(Framing, LengthInDisguiseIsRefused) {
    for (std::string_view field : {"Content-Length : 5", " Content-Length: 5", "X: y\nContent-Length: 5",
                                   "X: y\rContent-Length: 5", "Content-Length\t: 5", "Content-Length"})
        expect_refused(post(std::string(field) + "\r\n"));
}

TEST(Framing, LineEndsWithCrlfAlone) {
    expect_refused("GET / HTTP/1.1\nHost: a\r\n\r\n");
    expect_refused("GET / HTTP/1.1\nHost: a\n\n");
    expect_refused("GET / HTTP/1.1\rHost: a\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nHost: a\r\nX: b\n\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\n\nHost: a\r\n\r\n");
    expect_refused("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(Framing, FoldedLineIsRefused) {
    expect_refused(get("X: a\r\n b\r\n"));
    expect_refused(get("X: a\r\n\tb\r\n"));
    expect_refused(get("X: a\r\n \r\n"));
    expect_refused("GET / HTTP/1.1\r\n Host: a\r\n\r\n");
    expect_refused(post("Content-Length: 1\r\n 0\r\n"));
}

TEST(Framing, ControlByteInAFieldIsRefused) {
    for (int c = 0; c < 256; ++c) {
        const std::string head = get("X: a" + std::string(1, static_cast<char>(c)) + "b\r\n");
        const bool control = (c < 0x20 && c != '\t') || c == 0x7f;
        EXPECT_EQ(check_framing(head).has_value(), !control) << c;
    }
}

TEST(Framing, NameOfAFieldIsAToken) {
    const std::string_view marks = "!#$%&'*+-.^_`|~";
    for (int c = 0; c < 256; ++c) {
        const char byte = static_cast<char>(c);
        const bool token = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                           (byte >= 'A' && byte <= 'Z') ||
                           (c != 0 && marks.find(byte) != std::string_view::npos);
        if (byte == ':') continue;  // ends the name
        EXPECT_EQ(check_framing(get("X" + std::string(1, byte) + "Y: v\r\n")).has_value(), token) << c;
        EXPECT_EQ(check_framing(get(std::string(1, byte) + "X: v\r\n")).has_value(), token) << c;
    }
    expect_refused(get("no colon\r\n"));
    expect_refused(get(": no name\r\n"));
}

TEST(Framing, ExactlyOneHost) {
    expect_refused("GET / HTTP/1.1\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nX: y\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nhost: b\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nHost:\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nHost: \t\r\n\r\n");
    for (std::string_view host :
         {"a b", "a,b", "user@a", "a/b", "a\\b", "a?b", "a#b", "http://a", "a\tb", "\xc3\xa9"})
        expect_refused("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
}

TEST(Framing, TargetIsAPathOrAUrlOfTheHost) {
    for (std::string_view target :
         {"*",         "http:/a/",    "http//a/",     "ftp://a/",   "http://", "http:///x",  "http://?x",
          "http://b/", "http://a@a/", "http://a:80/", "http://a#b", "://a/",   "xhttp://a/", "a:80",
          "a",         "?x",          "../",          "//\\",       "/a#b",    "/a\\b",      "/a\"b",
          "/a<b",      "/a>b",        "/a`b",         "/a\tb",      "/a\x7f",  "/\xc3\xa9",  "/a\vb"})
        expect_refused("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_refused("GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"s);
    for (std::string_view target :
         {"/", "//", "/a//b", "/../..", "/%00", "/a;b=c", "/a?b?c", "/{id}", "/~a'(!)*,:@&=+$|^[]"})
        EXPECT_EQ(passed("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n").authority_end, 0U);
    for (std::string_view target : {"http://a", "http://a/", "http://a?x", "HTTP://A/b?c"})
        EXPECT_EQ(passed("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n").authority_end, 8U);
    EXPECT_EQ(passed("GET https://a:8/b HTTP/1.1\r\nHost: A:8\r\n\r\n").authority_end, 11U);
    passed("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_refused("OPTIONS ** HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(Framing, RequestLineHasThreePartsAndSingleSpaces) {
    for (std::string_view line :
         {"", " ", "GET", "GET /", "GET / ", "GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1",
          "GET / HTTP/1.1 ", "GET\t/\tHTTP/1.1", "GET / a HTTP/1.1", "GET / HTTP/1.1 x", "G ET / HTTP/1.1",
          "GET\v/ HTTP/1.1", "G@T / HTTP/1.1", "(GET) / HTTP/1.1", "G\xc3\x89T / HTTP/1.1", " / HTTP/1.1"})
        expect_refused(std::string(line) + "\r\nHost: a\r\n\r\n");
}

TEST(Framing, VersionIsOneOneOrOneZero) {
    for (std::string_view version :
         {"HTTP/2", "HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "http/1.1", "HTTP/1.1.1", "HTTP/11", "HTTP/1,1",
          "HTTPS/1.1", "HTTP/1.", "HTTP/1.01", "HTTP /1.1", "RTSP/1.0"})
        expect_refused("GET / " + std::string(version) + "\r\nHost: a\r\n\r\n");
    passed("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
    passed("GET / HTTP/1.0\r\n\r\n");  // HTTP/1.0 knows no Host (RFC 9112 §3.2)
    expect_refused("GET http://a/ HTTP/1.0\r\n\r\n");
    expect_refused("GET http:///healthz HTTP/1.0\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\n\r\n");
}

TEST(Framing, GetAndHeadHaveNoBody) {
    expect_refused(get("Content-Length: 1\r\n"));
    expect_refused("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nContent-Length: 1\r\nHost: a\r\n\r\n");
    for (std::string_view method : {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
        EXPECT_EQ(
            passed(std::string(method) + " / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n").body_bytes,
            1u);
}

TEST(Framing, ConnectionStaysOpenAsAskedFor) {
    EXPECT_TRUE(passed(get("")).keep_alive);
    EXPECT_TRUE(passed(get("Connection: keep-alive\r\n")).keep_alive);
    EXPECT_TRUE(passed(get("Connection: closed, Upgrade\r\n")).keep_alive);
    for (std::string_view value : {"close", "Close", "CLOSE", "keep-alive, close", "close, keep-alive",
                                   "upgrade ,\tclose\t, x", ",close,", "close,"})
        EXPECT_FALSE(passed(get("Connection: " + std::string(value) + "\r\n")).keep_alive) << value;
    EXPECT_FALSE(passed(get("Connection: keep-alive\r\nConnection: close\r\n")).keep_alive);
    EXPECT_FALSE(passed("GET / HTTP/1.0\r\nHost: a\r\n\r\n").keep_alive);
    EXPECT_FALSE(passed("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST(Framing, OneExpectationIsKnown) {
    EXPECT_FALSE(passed(post("Content-Length: 1\r\n")).expects_continue);
    EXPECT_TRUE(passed(post("Content-Length: 1\r\nExpect: 100-continue\r\n")).expects_continue);
    EXPECT_TRUE(passed(post("Expect: 100-Continue\r\n")).expects_continue);
    EXPECT_FALSE(passed("POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\n\r\n").expects_continue);
    for (std::string_view value : {"", "100", "100-continue, x", "200-ok", "100-continue;q=1"})
        expect_refused(post("Expect: " + std::string(value) + "\r\n"));
}

TEST(Framing, SixtyFourFieldsAndNoMore) {
    std::string fields;
    for (int i = 0; i < 63; ++i) fields += "X-" + std::to_string(i) + ": y\r\n";
    passed(get(fields));
    expect_refused(get(fields + "One-More: y\r\n"), Reason::headers_too_large);
    std::string flood;
    for (int i = 0; i < 4000; ++i) flood += "a:\r\n";
    expect_refused(get(flood), Reason::headers_too_large);
}

TEST(Framing, HeadCutOffAnywhereIsRefusedAndNeverReadBeyond) {
    const std::string head = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    passed(head);
    for (std::size_t size = 0; size < head.size(); ++size) {
        // Memory of exactly this size, so that AddressSanitizer sees a read of one byte more.
        const auto cut = std::make_unique<char[]>(size);
        head.copy(cut.get(), size);
        ASSERT_FALSE(check_framing({cut.get(), size})) << size;
    }
}

}  // namespace
}  // namespace coatcheck::http
