// SPDX-License-Identifier: Apache-2.0
// An answer without end: after its header, the connection goes on sending what a Stream gives it, until the
// client or the server closes the connection. A stream belongs to one connection, and only the event loop
// of that connection calls it.
#pragma once

#include "base/time.hpp"

#include <string>

namespace coatcheck::http {

class Stream {
public:
    virtual ~Stream() = default;
    // Appends the next bytes to send and returns true, or returns false if there is nothing to send now.
    // The connection asks again after the client has read the bytes, and after EventLoop::wake_streams().
    virtual bool fill(std::string& out) = 0;
    // False: the client may no longer read this, and the connection closes. Asked before each of the others.
    // `now` is by the clock that is ahead, as in Request.
    virtual bool goes_on(base::Timestamp) { return true; }
    // Appends a sign of life. The connection asks for one each second while it waits for more to send.
    virtual void beat(std::string& out) = 0;
};

}  // namespace coatcheck::http
