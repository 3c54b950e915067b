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

}  // namespace

void write_refusal(Reply& reply, const base::Denied& denied, Style style, std::string_view scheme) {
    PublicReason known = public_reason(denied.reason);
    if (style == Style::proxy && known.status >= 500) known = public_reason(base::Reason::unavailable);
    if (style == Style::proxy && known.status != 403) known.status = 401;
    reply.status = known.status;
    if (denied.retry_after.count() > 0)
        reply.field("Retry-After", std::to_string(denied.retry_after.count()));
    if (known.status == 401) write_challenge(reply, known, scheme);
    if (style == Style::envelope) {
        reply.content_type = "application/json";
        reply.body = json::serialize(envelope(known));
        return;
    }
    json::object problem = problem_document(known, denied);
    if (style == Style::oauth && !known.oauth_error.empty()) problem["error"] = known.oauth_error;
    reply.content_type = "application/problem+json";
    reply.body = json::serialize(problem);
}

}  // namespace coatcheck::web
