// SPDX-License-Identifier: Apache-2.0
#include "base/network.hpp"

#include <gtest/gtest.h>

namespace coatcheck::base {
namespace {

TEST(NetworkOf, IsAnIpv4AddressInFull) {
    EXPECT_EQ(network_of("192.0.2.1"), "192.0.2.1");
    EXPECT_NE(network_of("192.0.2.1"), network_of("192.0.2.2"));
}

TEST(NetworkOf, IsTheFirst64BitsOfAnIpv6Address) {
    EXPECT_EQ(network_of("2001:db8:0:1::1"), std::string("\x20\x01\x0d\xb8\0\0\0\1", 8));
    EXPECT_EQ(network_of("2001:db8:0:1::1"), network_of("2001:db8:0:1:ffff:ffff:ffff:ffff"));
    EXPECT_NE(network_of("2001:db8:0:1::1"), network_of("2001:db8:0:2::1"));
}

TEST(NetworkOf, HasNoZone) {
    EXPECT_EQ(network_of("fe80::1%eth0"), network_of("fe80::2%eth0"));
    EXPECT_EQ(network_of("fe80::1%eth0"), network_of("fe80::1"));
}

TEST(NetworkOf, LeavesOtherTextAsItIs) {
    EXPECT_EQ(network_of(""), "");
    EXPECT_EQ(network_of("a name"), "a name");
}

}  // namespace
}  // namespace coatcheck::base
