// SPDX-License-Identifier: Apache-2.0
#include "base/secret.hpp"

#include <gtest/gtest.h>
#include <cstring>
#include <new>
#include <ostream>
#include <type_traits>

namespace coatcheck::base {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
    out << value;
};

static_assert(!Printable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string> &&
              !std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(!std::is_convertible_v<std::string, Secret>);  // the conversion must be explicit

const std::string short_pattern = "hunter2hunter2";  // short enough to be stored inside std::string
const std::string long_pattern(400, 'S');

bool holds(const void* memory, std::size_t size, std::string_view pattern) {
    return std::string_view(static_cast<const char*>(memory), size).find(pattern) != std::string_view::npos;
}

// Memory that outlives the Secret built in it, so that a test can look at the bytes that are left.
struct Place {
    alignas(Secret) unsigned char bytes[sizeof(Secret)] = {};
    template <class... Args>
    Secret* build(Args&&... args) {
        return new (bytes) Secret(std::forward<Args>(args)...);
    }
    bool holds(std::string_view pattern) const { return base::holds(bytes, sizeof bytes, pattern); }
};

TEST(Wipe, ZeroesTheWholeCapacity) {
    std::string text = long_pattern;
    const char* memory = text.data();
    text.resize(10);  // the other bytes are still in the capacity
    wipe(text);
    EXPECT_TRUE(text.empty());
    for (std::size_t i = 0; i < text.capacity(); ++i) ASSERT_EQ(memory[i], '\0') << i;
}

TEST(Wipe, ShortStringsAreWipedInPlace) {
    std::string text = short_pattern;
    wipe(text);
    EXPECT_TRUE(text.empty());
    EXPECT_FALSE(holds(&text, sizeof text, "hunter2"));
}

TEST(Wipe, EmptyStringIsLeftEmpty) {
    std::string text;
    wipe(text);
    EXPECT_TRUE(text.empty());
}

TEST(Secret, GoneLeavesNothingBehind) {
    Place place;
    Secret* secret = place.build(short_pattern);
    ASSERT_TRUE(place.holds("hunter2"));
    secret->~Secret();
    EXPECT_FALSE(place.holds("hunter2"));
}

TEST(Secret, MovedFromLeavesNothingBehind) {
    Place from;
    Secret* secret = from.build(short_pattern);
    const Secret to(std::move(*secret));
    EXPECT_EQ(to.reveal(), short_pattern);
    EXPECT_TRUE(secret->empty());
    EXPECT_FALSE(from.holds("hunter2"));
    secret->~Secret();
}

TEST(Secret, AssignedOverLeavesNothingBehind) {
    Place place;
    Secret* secret = place.build(short_pattern);
    Secret other(long_pattern);
    *secret = std::move(other);
    EXPECT_EQ(secret->reveal(), long_pattern);
    EXPECT_TRUE(other.empty());
    EXPECT_FALSE(place.holds("hunter2"));
    secret->~Secret();
}

TEST(Secret, AssignedFromLeavesNothingBehind) {
    Place from;
    Secret* secret = from.build(short_pattern);
    Secret to(long_pattern);
    to = std::move(*secret);
    EXPECT_EQ(to.reveal(), short_pattern);
    EXPECT_FALSE(from.holds("hunter2"));
    secret->~Secret();
}

TEST(Secret, ComparesByContent) {
    EXPECT_EQ(Secret("a"), Secret("a"));
    EXPECT_FALSE(Secret("a") == Secret("b"));
    EXPECT_FALSE(Secret("a") == Secret("aa"));
    EXPECT_TRUE(Secret().empty());
    EXPECT_EQ(Secret(), Secret(""));
}

}  // namespace
}  // namespace coatcheck::base
