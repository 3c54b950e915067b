// SPDX-License-Identifier: Apache-2.0
// Looks for our cookies in a Cookie header. A value that is found must follow the cookie's name in the
// header. Two different values are a conflict.
#include "verify/request_rules.hpp"
#include "web/cookies.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace coatcheck::web;
    const std::string text(reinterpret_cast<const char*>(data), size);
    coatcheck::http::Fields fields;
    fields.insert(coatcheck::http::field::cookie, boost::beast::string_view(text.data(), text.size()));
    Request request;
    request.fields = &fields;
    for (bool dev : {false, true})
        for (auto kind : {CookieKind::access, CookieKind::refresh}) {
            const auto found = coatcheck::verify::find_cookie(request, cookie_name(kind, dev));
            if (!found || found->empty()) continue;
            const std::string pair = std::string(cookie_name(kind, dev)) + "=" + std::string(*found);
            if (text.find(pair) == std::string::npos || found->find(';') != std::string_view::npos)
                std::abort();
        }
    return 0;
}
