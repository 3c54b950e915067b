// SPDX-License-Identifier: Apache-2.0
// Reads the input as the feed of revocations, once whole and once cut in two. Both readers must know the same
// in the end.
#include "verify/feed_reader.hpp"

#include <cstdlib>

namespace {

struct Follower {
    coatcheck::verify::KeySet keys;
    coatcheck::verify::Revocations revocations;
    coatcheck::verify::FeedReader reader{keys, revocations};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t cut = data[0] % size;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    Follower whole, pieces;
    const bool good = whole.reader.read(text).has_value();
    bool pieces_good = pieces.reader.read(text.substr(0, cut)).has_value();
    if (pieces_good) pieces_good = pieces.reader.read(text.substr(std::min(cut, text.size()))).has_value();
    if (good != pieces_good) std::abort();
    if (!good) return 0;
    if (whole.reader.cursor() != pieces.reader.cursor() ||
        whole.revocations.size() != pieces.revocations.size())
        std::abort();
    if ((whole.revocations.generation() == 0) != (pieces.revocations.generation() == 0)) std::abort();
    return 0;
}
