// SPDX-License-Identifier: Apache-2.0
#include "http/chunked.hpp"

#include "base/reason.hpp"
#include "http/framing.hpp"

#include <algorithm>
#include <cstring>

namespace coatcheck::http {
namespace {

base::Denied malformed(const char* why) { return {base::Reason::malformed_request, {}, why}; }

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char small = static_cast<char>(c | 0x20);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

}  // namespace

base::Result<ChunkedBody::Taken> ChunkedBody::take(std::span<char> bytes) {
    Taken taken;
    while (taken.read < bytes.size() && !is_complete()) {
        if (state_ == State::data) {
            const std::size_t count = std::min(left_, bytes.size() - taken.read);
            std::memmove(bytes.data() + taken.data, bytes.data() + taken.read, count);
            taken.read += count;
            taken.data += count;
            if ((left_ -= count) == 0) state_ = State::data_cr;
        } else if (auto good = step(bytes[taken.read++]); !good) {
            return good.error();
        }
    }
    return taken;
}

base::Result<void> ChunkedBody::step(char c) {
    const auto expect = [&](char wanted, State next, const char* why) -> base::Result<void> {
        if (c != wanted) return malformed(why);
        state_ = next;
        return {};
    };
    constexpr const char* no_crlf = "a line of a chunk does not end with CRLF";
    switch (state_) {
        case State::length:
            return c == '\r' && digits_ > 0 ? expect('\r', State::length_lf, "") : read_digit(c);
        case State::length_lf:
            if (left_ > max_body_bytes - size_)
                return base::Denied{base::Reason::body_too_large, {}, "the body must have at most 16 KiB"};
            size_ += left_;
            return expect('\n', left_ == 0 ? State::end_cr : State::data, no_crlf);
        case State::data_cr: return expect('\r', State::data_lf, "a chunk is longer than its length says");
        case State::data_lf: digits_ = 0; return expect('\n', State::length, no_crlf);
        case State::end_cr: return expect('\r', State::end_lf, "trailer fields are not accepted");
        case State::end_lf: return expect('\n', State::complete, no_crlf);
        case State::data:
        case State::complete: break;
    }
    return malformed("the body has ended");
}

base::Result<void> ChunkedBody::read_digit(char c) {
    constexpr int most_digits = 8;
    const int digit = hex_digit(c);
    if (digit < 0 || ++digits_ > most_digits)
        return malformed(
            "the length of a chunk must be 1 to 8 hexadecimal digits and CRLF, without extensions");
    left_ = left_ * 16 + static_cast<std::size_t>(digit);
    return {};
}

}  // namespace coatcheck::http
