// SPDX-License-Identifier: Apache-2.0
// The input is a redirect URI. One that may be registered has a scheme that no browser runs, matches itself,
// and matches no other text but with another port of loopback; so a registered URI plus anything never
// matches.
#include "auth/oauth/client.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace coatcheck;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const auto type : {auth::ClientType::web, auth::ClientType::native}) {
        auth::Client client;
        client.type = type;
        client.redirect_uris = {"https://a.example/cb", "http://127.0.0.1/cb"};
        if (auth::redirect_uri_matches(client, text) && text != "https://a.example/cb" &&
            (type == auth::ClientType::web ? text != "http://127.0.0.1/cb"
                                           : !text.starts_with("http://127.0.0.1") || !text.ends_with("/cb")))
            std::abort();
        const auto checked = auth::checked_redirect_uri(text, type);
        if (!checked) continue;
        for (const std::string_view evil : {"javascript:", "data:", "file:", "blob:", "vbscript:"})
            if (text.starts_with(evil)) std::abort();
        client.redirect_uris = {*checked};
        if (!auth::redirect_uri_matches(client, text)) std::abort();
        for (const char* more : {"x", "/", "?", "#x", "%00", "@evil.example/"})
            if (auth::redirect_uri_matches(client, *checked + more) && !text.starts_with("http://"))
                std::abort();
        if (!text.starts_with(auth::origin_of_uri(text))) std::abort();
    }
    return 0;
}
