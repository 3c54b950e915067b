// SPDX-License-Identifier: Apache-2.0
#include "coatcheck/verifier.hpp"
#include "sdk/reason_rows.hpp"

namespace coatcheck {

std::string_view code_of(Reason reason) { return row_of(reason).code; }
int status_of(Reason reason) { return row_of(reason).status; }

Refusal refusal(Reason reason) {
    const auto [status, code, title] = row_of(reason);
    const std::string name(code), words(title), number = std::to_string(status);
    Refusal refusal{
        status, {{"Content-Type", "application/problem+json"}, {"Cache-Control", "no-store"}}, ""};
    if (status == 401) {
        const std::string error = reason == Reason::token_missing
                                      ? ""
                                      : ", error=\"invalid_token\", error_description=\"" + words + "\"";
        refusal.fields.emplace_back("WWW-Authenticate",
                                    "Bearer realm=\"coatcheck\"" + error + ", code=\"" + name + "\"");
    }
    if (status == 503) refusal.fields.emplace_back("Retry-After", "1");
    refusal.body = R"({"type":"urn:coatcheck:problem:)" + name + R"(","title":")" + words + R"(","status":)" +
                   number + R"(,"code":")" + name + "\"}";
    return refusal;
}

}  // namespace coatcheck
