// SPDX-License-Identifier: Apache-2.0
#include "crypto/sealed_box.hpp"

#include <gtest/gtest.h>
#include <set>

namespace coatcheck::crypto {
namespace {

using base::Secret;

constexpr std::size_t overhead = 24 + 16;  // nonce and tag

Secret key_of(char c) { return Secret(std::string(sealing_key_bytes, c)); }

TEST(SealedBox, OpensToWhatWasSealed) {
    const Secret key = key_of('k');
    for (const std::string& plain :
         {std::string(), std::string("a"), std::string("a\0b", 3), std::string(4096, 'x')}) {
        const std::string box = seal(key, "row 1", plain);
        EXPECT_EQ(box.size(), plain.size() + overhead);
        const auto opened = open(key, "row 1", box);
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->reveal(), plain);
    }
}

TEST(SealedBox, MovedToAnotherContextDoesNotOpen) {
    const Secret key = key_of('k');
    const std::string box = seal(key, "row 1", "secret");
    for (std::string_view context : {"row 2", "row 1 ", "row ", "", "ROW 1"})
        EXPECT_FALSE(open(key, context, box)) << context;
    EXPECT_FALSE(open(key, {"row 1\0", 6}, box));
}

TEST(SealedBox, DoesNotOpenWithAnotherKey) {
    const std::string box = seal(key_of('k'), "row", "secret");
    EXPECT_FALSE(open(key_of('K'), "row", box));
    std::string nearly(sealing_key_bytes, 'k');
    nearly.back() ^= 1;
    EXPECT_FALSE(open(Secret(nearly), "row", box));
}

TEST(SealedBox, DoesNotOpenWithAKeyOfAnotherLength) {
    const std::string box = seal(key_of('k'), "row", "secret");
    for (std::size_t size : {0u, 16u, 31u, 33u, 64u})
        EXPECT_FALSE(open(Secret(std::string(size, 'k')), "row", box)) << size;
}

TEST(SealedBox, AnyFlippedBitIsSeen) {
    const Secret key = key_of('k');
    const std::string box = seal(key, "row", "secret");
    for (std::size_t i = 0; i < box.size() * 8; ++i) {
        std::string altered = box;
        altered[i / 8] = static_cast<char>(altered[i / 8] ^ 1 << i % 8);
        ASSERT_FALSE(open(key, "row", altered)) << i;
    }
}

TEST(SealedBox, CutOffOrExtendedDoesNotOpen) {
    const Secret key = key_of('k');
    const std::string box = seal(key, "row", "secret");
    for (std::size_t size = 0; size < box.size(); ++size)
        ASSERT_FALSE(open(key, "row", box.substr(0, size))) << size;
    EXPECT_FALSE(open(key, "row", box.substr(1)));
    EXPECT_FALSE(open(key, "row", box + '\0'));
}

TEST(SealedBox, SameSecretIsSealedDifferentlyEachTime) {
    const Secret key = key_of('k');
    std::set<std::string> nonces;
    for (int i = 0; i < 1000; ++i)
        EXPECT_TRUE(nonces.insert(seal(key, "row", "secret").substr(0, 24)).second);
}

TEST(SealedBox, HidesWhatIsInIt) {
    EXPECT_EQ(seal(key_of('k'), "row", "tell-tale secret").find("tell-tale"), std::string::npos);
}

}  // namespace
}  // namespace coatcheck::crypto
