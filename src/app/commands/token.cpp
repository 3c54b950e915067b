// SPDX-License-Identifier: Apache-2.0
#include "app/commands/arguments.hpp"
#include "app/commands/nouns.hpp"
#include "auth/keys/tokens.hpp"
#include "base/clock.hpp"
#include "base/reason.hpp"
#include "token/claims.hpp"
#include "token/refresh_token.hpp"
#include "verify/explanation.hpp"
#include "web/public_reason.hpp"

#include <boost/json/parse.hpp>

namespace coatcheck::app {

namespace json = boost::json;

Reply token_inspect(Node& node, const json::object& request) {
    return inspect_token(text_of(request, "token"), &node, base::read_clocks().latest());
}

Reply token_verify(Node& node, const json::object& request) {
    verify::Verifier verifier(auth::verification_of(node.policy()), node.keys(), node.revocations());
    const auto proof = verifier.check(text_of(request, "token"), base::read_clocks().latest());
    if (proof)
        return {0, "The token is valid.\n", {{"valid", true}, {"user_id", (*proof)->claims->subject}}, ""};
    const auto reason = web::public_reason(proof.error().reason);
    Reply reply{1,
                "",
                {{"valid", false}, {"code", reason.code}},
                std::string(reason.code) + ": " + std::string(reason.title)};
    if (const auto explanation = verifier.explain_not_ours(text_of(request, "token"))) {
        reply.json["check"] = verify::name_of(explanation->mismatch);
        reply.json["detail"] = explanation->sentence;
        reply.error += " Namely: " + explanation->sentence + ".";
    }
    return reply;
}

namespace {

std::string span_in_words(base::Duration span) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(span).count();
    const auto words = [](std::int64_t number, const char* unit) {
        return std::to_string(number) + " " + unit + (number == 1 ? "" : "s");
    };
    if (seconds < 120) return words(seconds, "second");
    if (seconds < 7200) return words(seconds / 60, "minute");
    if (seconds < 172800) return words(seconds / 3600, "hour");
    return words(seconds / 86400, "day");
}

std::string time_in_words(const char* what, base::Timestamp then, base::Timestamp now) {
    return std::string(what) + " " + base::readable(then) +
           (then <= now ? ", " + span_in_words(now - then) + " ago" : ", in " + span_in_words(then - now)) +
           "\n";
}

}  // namespace

Reply inspect_token(const std::string& token, const Node* node, base::Timestamp now) {
    if (token.starts_with(token::refresh_prefix))
        return {
            1, "", {}, "This is a refresh token of Coatcheck. It is opaque: only the server can read it."};
    std::string jwt = token;
    if (token::is_encrypted(token)) {
        const auto keys = node == nullptr || !node->policy().encryption ? nullptr
                                                                        : node->policy().encryption->get();
        auto inner = keys ? token::decrypt(token, *keys)
                          : base::Result<std::string>(base::Denied{base::Reason::token_not_ours});
        if (!inner)
            return {1,
                    "",
                    {{"error", "encrypted"}},
                    "This is an encrypted token (JWE), and no key of this server decrypts it."};
        jwt = *std::move(inner);
    }
    const auto parts = token::parse_compact(jwt);
    if (!parts)
        return {1,
                "",
                {{"error", parts.error().detail}},
                "This is not a token in canonical form: " + parts.error().detail};
    const std::string header = parts->header->json;
    Reply reply;
    if (jwt != token) reply.text = "encrypted; decrypted with a key of this server\n";
    reply.text += "header  " + header + "\nclaims  " + parts->claims_json + "\n";
    reply.json = {{"header", json::parse(header)}, {"claims", json::parse(parts->claims_json)}};
    if (const auto claims = token::parse_claims(parts->claims_json)) {
        reply.text += time_in_words("issued ", claims->issued, now) +
                      time_in_words(claims->expires <= now ? "expired" : "expires", claims->expires, now);
        reply.json["expired"] = claims->expires <= now;
    } else {
        reply.text += "not an access token of Coatcheck: " + claims.error().detail + "\n";
    }
    if (node == nullptr) {
        reply.text += "not verified: there is no data directory with keys\n";
        return reply;
    }
    verify::Verifier verifier(auth::verification_of(node->policy()), node->keys(), node->revocations());
    const auto proof = verifier.check(token, now);
    reply.json["valid"] = proof.has_value();
    if (!proof) reply.json["code"] = web::public_reason(proof.error().reason).code;
    const auto explanation = verifier.explain_not_ours(token);
    if (explanation) reply.json["detail"] = explanation->sentence;
    reply.text += proof ? "valid: this server accepts it\n"
                        : "not valid: " + std::string(web::public_reason(proof.error().reason).code) + ", " +
                              std::string(web::public_reason(proof.error().reason).title) + "\n";
    if (explanation) reply.text += "namely: " + explanation->sentence + "\n";
    return reply;
}

}  // namespace coatcheck::app
