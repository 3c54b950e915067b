// SPDX-License-Identifier: Apache-2.0
#include "web/problem.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdlib>

namespace coatcheck::web {

using base::Reason;

// No default: a new reason does not compile until it is given its public form (-Werror=switch).
PublicReason public_reason(Reason reason) {
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
        case Reason::crypt_expired:
            return {403, "token_expired", "The token has expired and must be regenerated."};
        case Reason::token_revoked: return {401, "token_revoked", "The session has ended. Sign in again."};
        case Reason::token_stale:
            return {401, "token_stale", "Roles or claims have changed. Refresh and go on."};
        case Reason::credential_conflict:
            return {400, "credential_conflict", "Two different credentials came with one request."};
        case Reason::not_ready: return {503, "unavailable", "The server is not ready yet."};
        case Reason::invalid_credentials:
            return {401, "invalid_credentials", "The name or the password is wrong."};
        case Reason::too_many_attempts:
            return {429, "too_many_attempts", "Too many attempts. Wait, then try again."};
        case Reason::busy: return {503, "busy", "Too much is going on here just now."};
        case Reason::refresh_token_missing:
            return {401, "refresh_token_missing", "No refresh token came with the request."};
        case Reason::refresh_token_malformed:
            return {401, "refresh_token_malformed", "This is not a refresh token that was issued here."};
        case Reason::refresh_token_reused:
            return {401, "refresh_token_reused",
                    "This refresh token was replaced long ago; its session has been ended."};
        case Reason::session_ended: return {401, "session_ended", "The session is over. Sign in again."};
        case Reason::csrf_refused: return {403, "csrf_refused", "The request came from another site."};
        case Reason::service_key_missing: return {401, "service_key_missing", "This takes a service key."};
        case Reason::service_key_unknown:
            return {401, "service_key_unknown", "This is not a service key that counts here."};
        case Reason::service_key_scope:
            return {403, "service_key_scope", "This service key was not made for that."};
        case Reason::sign_up_disabled: return {403, "sign_up_disabled", "Sign-up is switched off."};
        case Reason::username_taken: return {409, "username_taken", "This name is taken."};
        case Reason::token_exchanged:
            return {409, "token_exchanged", "This token was exchanged for a session before."};
        case Reason::id_taken: return {409, "id_taken", "This id is taken."};
        case Reason::email_taken: return {409, "email_taken", "This e-mail address is taken."};
        case Reason::password_too_short: return {400, "password_too_short", "The password is too short."};
        case Reason::password_too_long: return {400, "password_too_long", "The password is too long."};
        case Reason::password_too_common: return {400, "password_too_common", "The password is too common."};
        case Reason::malformed_json:
            return {400, "malformed_json", "The body is not one JSON object in UTF-8."};
        case Reason::missing_member: return {400, "missing_member", "A member is missing."};
        case Reason::unknown_member: return {400, "unknown_member", "A member is not known here."};
        case Reason::duplicate_member: return {400, "duplicate_member", "A member occurs twice."};
        case Reason::invalid_member: return {400, "invalid_member", "A member has a value that cannot be."};
        case Reason::malformed_request:
            return {400, "malformed_request", "The request breaks the rules of HTTP/1.1."};
        case Reason::unsupported_media_type:
            return {415, "unsupported_media_type", "The body is not declared as what this route takes."};
        case Reason::body_too_large: return {413, "body_too_large", "The body is too large."};
        case Reason::headers_too_large: return {431, "headers_too_large", "The header is too large."};
        case Reason::length_required: return {411, "length_required", "The body needs a Content-Length."};
        case Reason::not_found: return {404, "not_found", "There is nothing here."};
        case Reason::method_not_allowed: return {405, "method_not_allowed", "This route has other methods."};
        case Reason::unavailable:
            return {503, "unavailable", "Something that the answer needs is out of reach."};
        case Reason::internal_error: return {500, "internal_error", "A mistake of ours. The log has it."};
    }
    std::abort();
}

namespace {

void write_challenge(Response& response, const PublicReason& known) {
    std::string challenge = "Bearer realm=\"coatcheck\"";
    // RFC 6750 §3.1: no error where no credential was sent.
    if (known.code.starts_with("token_") && known.code != "token_missing")
        challenge.append(", error=\"invalid_token\", error_description=\"").append(known.title).append("\"");
    challenge.append(", code=\"").append(known.code).append("\"");
    response.field("WWW-Authenticate", challenge);
}

}  // namespace

void write_problem(Response& response, const base::Denied& denied, unsigned status) {
    PublicReason known = public_reason(denied.reason);
    if (status != 0) known.status = status;
    boost::json::object problem{{"type", "urn:coatcheck:problem:" + std::string(known.code)},
                                {"title", known.title},
                                {"status", known.status},
                                {"code", known.code}};
    if (!denied.detail.empty()) problem["detail"] = denied.detail;
    if (!denied.member.empty()) problem["member"] = denied.member;
    if (denied.retry_after.count() > 0) {
        problem["retry_after"] = denied.retry_after.count();
        response.field("Retry-After", std::to_string(denied.retry_after.count()));
    }
    if (known.status == 401) write_challenge(response, known);
    response.status = known.status;
    response.refusal = denied.reason;
    response.content_type = "application/problem+json";
    response.body = boost::json::serialize(problem);
}

void write_envelope_problem(Response& response, const base::Denied& denied) {
    write_problem(response, denied);
    const PublicReason known = public_reason(denied.reason);
    response.content_type = "application/json";
    response.body = boost::json::serialize(
        boost::json::object{{"success", false},
                            {"data", nullptr},
                            {"detail", {{"message", known.title}, {"error", known.code}}}});
}

}  // namespace coatcheck::web
