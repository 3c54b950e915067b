// SPDX-License-Identifier: Apache-2.0
#include "web/problem.hpp"

#include "base/reason.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace coatcheck::web {
namespace {

namespace json = boost::json;

void write_challenge(Reply& reply, const PublicReason& known, std::string_view scheme) {
    std::string challenge = std::string(scheme) + " realm=\"coatcheck\"";
    // RFC 6750 §3.1: no error if no credential was sent.
    if (known.code.starts_with("token_") && known.code != "token_missing")
        challenge.append(", error=\"invalid_token\", error_description=\"").append(known.title).append("\"");
    if (known.code == "insufficient_scope")
        challenge.append(", error=\"insufficient_scope\", error_description=\"")
            .append(known.title)
            .append("\"");
    challenge.append(", code=\"").append(known.code).append("\"");
    reply.field("WWW-Authenticate", challenge);
}

json::object problem_document(const PublicReason& known, const base::Denied& denied) {
    json::object problem{{"type", "urn:coatcheck:problem:" + std::string(known.code)},
                         {"title", known.title},
                         {"status", known.status},
                         {"code", known.code}};
    if (!denied.detail.empty()) problem["detail"] = denied.detail;
    if (!denied.member.empty()) problem["member"] = denied.member;
    if (denied.retry_after.count() > 0) problem["retry_after"] = denied.retry_after.count();
    return problem;
}

json::object envelope(const PublicReason& known) {
    return {
        {"success", false}, {"data", nullptr}, {"detail", {{"message", known.title}, {"error", known.code}}}};
}

// The specification has no error for a request that is wrong in a way of its own, or for a server that cannot
// answer; clients expect one all the same.
std::string_view oauth_error_of(const PublicReason& known) {
    if (!known.oauth_error.empty()) return known.oauth_error;
    if (known.status == 503) return "temporarily_unavailable";
    return known.status >= 500 ? "server_error" : "invalid_request";
}

}  // namespace

void write_refusal(Reply& reply, const base::Denied& denied, Style style, std::string_view scheme) {
    PublicReason known = public_reason(denied.reason);
    if (style == Style::proxy && known.status >= 500) known = public_reason(base::Reason::unavailable);
    if (style == Style::proxy && known.status != 403) known.status = 401;
    // RFC 6749 §5.2: 401 is for the client's own credentials, and a grant that is not valid is 400.
    if (style == Style::oauth && known.oauth_error == "invalid_grant") known.status = 400;
    reply.status = known.status;
    if (denied.retry_after.count() > 0)
        reply.field("Retry-After", std::to_string(denied.retry_after.count()));
    if (known.status == 401 || denied.reason == base::Reason::insufficient_scope)
        write_challenge(reply, known, scheme);
    if (style == Style::envelope) {
        reply.content_type = "application/json";
        reply.body = json::serialize(envelope(known));
        return;
    }
    json::object problem = problem_document(known, denied);
    reply.content_type = "application/problem+json";
    if (style == Style::oauth) {
        problem["error"] = oauth_error_of(known);
        const std::string subject = denied.member.empty() ? "" : denied.member + ": ";
        problem["error_description"] = subject +
                                       (denied.detail.empty() ? std::string(known.title) : denied.detail);
        reply.content_type = "application/json";  // libraries refuse any other type (RFC 6749 §5.2)
    }
    reply.body = json::serialize(problem);
}

}  // namespace coatcheck::web
