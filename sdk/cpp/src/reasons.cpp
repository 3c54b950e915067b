// SPDX-License-Identifier: Apache-2.0
#include "coatcheck/verifier.hpp"

#include <cstdlib>

namespace coatcheck {
namespace {

struct Row {
    int status;
    std::string_view code, title;
};

Row row_of(Reason reason) {
    switch (reason) {
        case Reason::token_missing: return {401, "token_missing", "No token came with the request."};
        case Reason::token_malformed:
            return {401, "token_malformed", "This is not a token in its one canonical form."};
        case Reason::token_not_ours:
            return {401, "token_not_ours", "This token was not issued here, or not for this."};
        case Reason::token_not_yet_valid:
            return {401, "token_not_yet_valid", "This token was issued in the future."};
        case Reason::token_expired:
            return {401, "token_expired", "The token has expired. Refresh, or sign in again."};
        case Reason::token_revoked: return {401, "token_revoked", "The session has ended. Sign in again."};
        case Reason::token_stale:
            return {401, "token_stale", "Roles or claims have changed. Refresh and go on."};
        case Reason::credential_conflict:
            return {400, "credential_conflict", "Two different credentials came with one request."};
        case Reason::csrf_refused: return {403, "csrf_refused", "The request came from another site."};
        case Reason::unavailable: return {503, "unavailable", "Tokens cannot be checked just now."};
    }
    std::abort();
}

}  // namespace

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
