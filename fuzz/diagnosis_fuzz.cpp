// SPDX-License-Identifier: Apache-2.0
// Reads the input as the query of /dev/diagnosis. The server must find advice for every query.
#include "web/pages/diagnosis.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace coatcheck;
    const std::string_view query(reinterpret_cast<const char*>(data), size);
    const auto complaint = web::parse_complaint(query);
    http::Fields fields;
    fields.insert("Host", "localhost:8080");
    web::Request request;
    request.fields = &fields;
    request.query = query;
    request.now = base::from_unix_seconds(1'800'000'000);
    if (web::diagnose(request, web::Settings(), complaint).empty()) std::abort();
    return 0;
}
