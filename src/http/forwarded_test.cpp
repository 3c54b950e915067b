// SPDX-License-Identifier: Apache-2.0
#include "http/forwarded.hpp"

#include <gtest/gtest.h>

namespace coatcheck::http {
namespace {

std::vector<Network> networks(std::initializer_list<std::string_view> texts) {
    std::vector<Network> out;
    for (std::string_view text : texts) out.push_back(Network::parse(text).value());
    return out;
}

std::string client_address(const std::string& peer, std::string_view list,
                           const std::vector<Network>& trusted) {
    std::string_view unreadable;
    return http::client_address(peer, list, trusted, unreadable);
}

bool inside(std::string_view network, std::string_view address) {
    return Network::parse(network)->contains(*Network::parse(address));
}

TEST(Network, ReadsAddressesAndBlocks) {
    for (std::string_view text : {"10.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "255.255.255.255/32", "::1",
                                  "::1/128", "::/0", "2001:db8::/32", "fe80::1", "::ffff:10.0.0.1"})
        EXPECT_TRUE(Network::parse(text)) << text;
}

TEST(Network, RefusesEverythingElse) {
    for (std::string_view text : {"",
                                  "/",
                                  "/8",
                                  "10.0.0.0/",
                                  "10.0.0.0/33",
                                  "10.0.0.0/-1",
                                  "10.0.0.0/+8",
                                  "10.0.0.0/ 8",
                                  "10.0.0.0/8 ",
                                  "10.0.0.0/8/8",
                                  "10.0.0.0/0x8",
                                  "10.0.0.0/255.0.0.0",
                                  "::/129",
                                  "10.0.0",
                                  "10",
                                  "010.0.0.1",
                                  "10.0.0.256",
                                  "10.0.0.1:80",
                                  "[::1]",
                                  "::1%lo",
                                  "1:2:3:4:5:6:7:8:9",
                                  "localhost",
                                  " 10.0.0.1",
                                  "10.0.0.1 ",
                                  "*",
                                  "unknown",
                                  "0x0a000001",
                                  "167772161",
                                  "10.0.0.0/99999999999"})
        EXPECT_FALSE(Network::parse(text)) << text;
}

TEST(Network, ContainsWhatSharesItsPrefix) {
    EXPECT_TRUE(inside("10.0.0.0/8", "10.255.1.2"));
    EXPECT_FALSE(inside("10.0.0.0/8", "11.0.0.0"));
    EXPECT_TRUE(inside("192.168.1.128/25", "192.168.1.255"));
    EXPECT_FALSE(inside("192.168.1.128/25", "192.168.1.127"));
    EXPECT_TRUE(inside("10.0.0.1", "10.0.0.1"));
    EXPECT_FALSE(inside("10.0.0.1", "10.0.0.2"));
    EXPECT_TRUE(inside("10.0.0.7/8", "10.9.9.9"));  // host bits do not count
    EXPECT_TRUE(inside("2001:db8::/32", "2001:db8:ffff::1"));
    EXPECT_FALSE(inside("2001:db8::/32", "2001:db9::1"));
    EXPECT_TRUE(inside("::1/128", "::1"));
}

TEST(Network, Ipv4InsideIpv6IsTheSameAddress) {
    EXPECT_TRUE(inside("10.0.0.0/8", "::ffff:10.1.2.3"));
    EXPECT_TRUE(inside("::ffff:10.0.0.0/104", "10.1.2.3"));
    EXPECT_TRUE(inside("0.0.0.0/0", "1.2.3.4"));
    EXPECT_FALSE(inside("0.0.0.0/0", "::1"));
    EXPECT_FALSE(inside("0.0.0.0/0", "2001:db8::1"));
    EXPECT_TRUE(inside("::/0", "1.2.3.4"));
}

TEST(Trusted, IsWhoIsInOneOfTheBlocks) {
    const auto trusted = networks({"10.0.0.0/8", "::1"});
    EXPECT_TRUE(is_trusted("10.1.1.1", trusted));
    EXPECT_TRUE(is_trusted("::1", trusted));
    EXPECT_TRUE(is_trusted("::ffff:10.1.1.1", trusted));
    EXPECT_FALSE(is_trusted("11.1.1.1", trusted));
    EXPECT_FALSE(is_trusted("", trusted));
    EXPECT_FALSE(is_trusted("10.1.1.1, 10.1.1.2", trusted));
    EXPECT_FALSE(is_trusted("10.1.1.1", {}));
}

TEST(ClientAddress, IsThePeerWhereItIsNotTrusted) {
    EXPECT_EQ(client_address("1.2.3.4", "9.9.9.9", {}), "1.2.3.4");
    EXPECT_EQ(client_address("1.2.3.4", "9.9.9.9", networks({"10.0.0.0/8"})), "1.2.3.4");
}

TEST(ClientAddress, IsTheRightMostThatIsNoProxyOfOurs) {
    const auto trusted = networks({"10.0.0.0/8"});
    EXPECT_EQ(client_address("10.0.0.1", "", trusted), "10.0.0.1");
    EXPECT_EQ(client_address("10.0.0.1", "9.9.9.9", trusted), "9.9.9.9");
    EXPECT_EQ(client_address("10.0.0.1", "9.9.9.9, 10.0.0.2", trusted), "9.9.9.9");
    EXPECT_EQ(client_address("10.0.0.1", "9.9.9.9,10.0.0.3,10.0.0.2", trusted), "9.9.9.9");
    EXPECT_EQ(client_address("10.0.0.1", "2001:db8::1", trusted), "2001:db8::1");
}

TEST(ClientAddress, WhatTheClientMadeUpDoesNotCount) {
    const auto trusted = networks({"10.0.0.0/8"});
    EXPECT_EQ(client_address("10.0.0.1", "127.0.0.1, 9.9.9.9", trusted), "9.9.9.9");
    EXPECT_EQ(client_address("10.0.0.1", "10.0.0.5, 9.9.9.9", trusted), "9.9.9.9");
    EXPECT_EQ(client_address("10.0.0.1", "x, y, z, 9.9.9.9", trusted), "9.9.9.9");
    EXPECT_EQ(client_address("10.0.0.1", "1.1.1.1, 9.9.9.9, 10.0.0.2", trusted), "9.9.9.9");
}

TEST(ClientAddress, IsTheFirstProxyWhereOnlyProxiesAreNamed) {
    EXPECT_EQ(client_address("10.0.0.1", "10.0.0.3, 10.0.0.2", networks({"10.0.0.0/8"})), "10.0.0.3");
}

TEST(ClientAddress, IsThePeerWhereTheListMakesNoSense) {
    const auto trusted = networks({"10.0.0.0/8"});
    for (std::string_view list : {"unknown",
                                  "localhost",
                                  "9.9.9.9 8.8.8.8",
                                  ",",
                                  "9.9.9.9,",
                                  "9.9.9.9, ",
                                  "_hidden",
                                  "9.9.9.9;10.0.0.2",
                                  "9.9.9.0/24",
                                  "9.9.9.9/32",
                                  "for=9.9.9.9",
                                  "9.9.9.9:",
                                  "9.9.9.9:65536",
                                  "9.9.9.9:-1",
                                  "9.9.9.9:80:80",
                                  "[9.9.9.9]:80",
                                  "[::1",
                                  "::1]",
                                  "[::1]80",
                                  "[::1]:",
                                  "[::1]:http",
                                  "[]",
                                  "[]:80",
                                  "\"9.9.9.9",
                                  "\"\"",
                                  "\"\"9.9.9.9\"\"",
                                  "9.9.9.9:_",
                                  "9.9.9.9:_a b",
                                  "[fe80::1%1]",
                                  "[2001:db8::7]:443x"}) {
        std::string_view unreadable;
        EXPECT_EQ(http::client_address("10.0.0.1", list, trusted, unreadable), "10.0.0.1") << list;
        EXPECT_NE(unreadable.data(), nullptr) << list;
    }
}

// Azure's gateways and others write the client's port (issue 19, row 19).
TEST(ClientAddress, MayHaveAPortBracketsAndQuotes) {
    const auto trusted = networks({"10.0.0.0/8", "2001:db8:1::/48"});
    for (std::string_view list :
         {"203.0.113.9:41234", "203.0.113.9:_hidden", "\"203.0.113.9:41234\"", "\"203.0.113.9\"",
          "203.0.113.9:1, 10.0.0.2:2", "203.0.113.9, [2001:db8:1::2]:443", "x, 203.0.113.9:0\t"})
        EXPECT_EQ(client_address("10.0.0.1", list, trusted), "203.0.113.9") << list;
    for (std::string_view list : {"[2001:db8::7]:443", "[2001:db8::7]", "\"[2001:db8::7]:443\"",
                                  "2001:db8::7", "[2001:0db8::7]:_x, 10.0.0.2:41234"})
        EXPECT_EQ(client_address("10.0.0.1", list, trusted), "2001:db8::7") << list;
}

TEST(ClientAddress, SaysWhichEntryItCannotRead) {
    std::string_view unreadable;
    const auto trusted = networks({"10.0.0.0/8"});
    EXPECT_EQ(http::client_address("10.0.0.1", "1.1.1.1, unknown , 10.0.0.2", trusted, unreadable),
              "10.0.0.2");
    EXPECT_EQ(unreadable, "unknown");
    unreadable = {};
    http::client_address("10.0.0.1", "junk, 9.9.9.9", trusted, unreadable);
    http::client_address("9.9.9.9", "junk", trusted, unreadable);
    EXPECT_EQ(unreadable.data(), nullptr) << "what a client made up does not matter";
}

TEST(ClientAddress, NonsenseEndsTheListAtTheLastProxyThatMadeSense) {
    const auto trusted = networks({"10.0.0.0/8"});
    EXPECT_EQ(client_address("10.0.0.1", "unknown, 10.0.0.2", trusted), "10.0.0.2");
    EXPECT_EQ(client_address("10.0.0.1", "9.9.9.9, unknown, 10.0.0.2", trusted), "10.0.0.2");
}

TEST(ClientAddress, IsWrittenInOneForm) {
    const auto trusted = networks({"10.0.0.0/8"});
    EXPECT_EQ(client_address("10.0.0.1", "::ffff:9.9.9.9", trusted), "9.9.9.9");
    EXPECT_EQ(client_address("10.0.0.1", "2001:0DB8:0:0:0:0:0:1", trusted), "2001:db8::1");
    EXPECT_EQ(client_address("10.0.0.1", "   9.9.9.9   ", trusted), "9.9.9.9");
}

}  // namespace
}  // namespace coatcheck::http
