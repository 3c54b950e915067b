// SPDX-License-Identifier: Apache-2.0
// The body of a request in chunks (RFC 9112 §7.1), as clients send it that do not know its length. What two
// readers could read in two ways is refused, although the RFC has it: extensions of chunks, trailer fields,
// and lengths of more than eight digits.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <span>

namespace coatcheck::http {

class ChunkedBody {
public:
    struct Taken {
        std::size_t read = 0, data = 0;
    };
    // Reads these bytes, up to the end of the body, and moves the data among them to their front. Errors:
    // malformed_request, and body_too_large if the body has more than max_body_bytes.
    base::Result<Taken> take(std::span<char> bytes);
    bool is_complete() const { return state_ == State::complete; }

private:
    enum class State { length, length_lf, data, data_cr, data_lf, end_cr, end_lf, complete };

    base::Result<void> step(char c);
    base::Result<void> read_digit(char c);

    State state_ = State::length;
    std::size_t size_ = 0, left_ = 0;  // of all chunks so far, and of this one
    int digits_ = 0;
};

}  // namespace coatcheck::http
