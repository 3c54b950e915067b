// SPDX-License-Identifier: Apache-2.0
#include "http/chunked.hpp"
#include "base/reason.hpp"
#include "http/framing.hpp"

#include <gtest/gtest.h>
#include <string>

namespace coatcheck::http {
namespace {

using base::Reason;
using namespace std::string_literals;

// The data of the body, and what follows the body after a "|".
std::string read(std::string text) {
    ChunkedBody body;
    const auto taken = body.take(text);
    if (!taken)
        return std::string(taken.error().reason == Reason::body_too_large ? "too large" : "malformed");
    if (!body.is_complete()) return "more";
    return text.substr(0, taken->data) + "|" + text.substr(taken->read);
}

TEST(ChunkedBody, IsReadUpToItsEnd) {
    EXPECT_EQ(read("0\r\n\r\n"), "|");
    EXPECT_EQ(read("2\r\n{}\r\n0\r\n\r\n"), "{}|");
    EXPECT_EQ(read("1\r\n{\r\n1\r\n}\r\n0\r\n\r\nGET / HTTP/1.1"), "{}|GET / HTTP/1.1");
    EXPECT_EQ(read("0000000A\r\n0123456789\r\n00\r\n\r\n"), "0123456789|");
    EXPECT_EQ(read("a\r\n\r\n0\r\n\r\nxyz\r\n0\r\n\r\n"), "\r\n0\r\n\r\nxyz|");
    for (const char* text :
         {"", "2", "2\r", "2\r\n", "2\r\n{}", "2\r\n{}\r\n", "2\r\n{}\r\n0\r\n", "0\r\n\r"})
        EXPECT_EQ(read(text), "more") << testing::PrintToString(text);
}

TEST(ChunkedBody, GivesTheSameInSmallPieces) {
    const std::string text = "3\r\nabc\r\n1f\r\n0123456789012345678901234567890\r\n0\r\n\r\nnext";
    std::string data;
    ChunkedBody body;
    std::size_t at = 0;
    while (!body.is_complete()) {
        std::string piece = text.substr(at, 1);
        const auto taken = body.take(piece);
        ASSERT_TRUE(taken);
        data += piece.substr(0, taken->data);
        at += taken->read;
    }
    EXPECT_EQ(data, "abc0123456789012345678901234567890");
    EXPECT_EQ(text.substr(at), "next");
}

TEST(ChunkedBody, WhatHasTwoReadingsIsRefused) {
    for (const std::string& text : {"\r\n0\r\n\r\n"s,
                                    " 2\r\n{}\r\n0\r\n\r\n"s,
                                    "2 \r\n{}\r\n0\r\n\r\n"s,
                                    "2\n{}\n0\n\n"s,
                                    "2\r{}"s,
                                    "2;a=b\r\n{}\r\n0\r\n\r\n"s,
                                    "2;\r\n"s,
                                    "0x2\r\n{}\r\n"s,
                                    "+2\r\n{}\r\n"s,
                                    "-1\r\n"s,
                                    "g\r\n"s,
                                    "2\r\n{}0\r\n\r\n"s,
                                    "1\r\n{}\r\n0\r\n\r\n"s,
                                    "2\r\n{}\n0\r\n\r\n"s,
                                    "2\r\n{}\r\r"s,
                                    "0\r\nX: y\r\n\r\n"s,
                                    "0\r\nContent-Length: 5\r\n\r\n"s,
                                    "0\r\n\n"s,
                                    "0\r\n\r\r"s,
                                    "0\n"s,
                                    "000000002\r\n{}\r\n0\r\n\r\n"s,
                                    "fffffffff\r\n"s,
                                    "2\0\r\n{}"s})
        EXPECT_EQ(read(text), "malformed") << testing::PrintToString(text);
}

TEST(ChunkedBody, HasAtMost16KiB) {
    EXPECT_EQ(read("4000\r\n" + std::string(max_body_bytes, 'x') + "\r\n0\r\n\r\n"),
              std::string(max_body_bytes, 'x') + "|");
    for (const char* text : {"4001\r\n", "ffffffff\r\n", "10000000\r\n"}) EXPECT_EQ(read(text), "too large");
    EXPECT_EQ(read("3fff\r\n" + std::string(max_body_bytes - 1, 'x') + "\r\n2\r\n"), "too large");
}

}  // namespace
}  // namespace coatcheck::http
