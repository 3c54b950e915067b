// SPDX-License-Identifier: Apache-2.0
#include "web/pages/page.hpp"

#include "base/bytes.hpp"
#include "base/reason.hpp"
#include "crypto/digest.hpp"
#include "web/public_reason.hpp"

namespace coatcheck::web {
namespace {

using base::Reason;

// No Cross-Origin-Opener-Policy: it would cut a client's pop-up off from the page that has opened it.
constexpr std::string_view policy_here =
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'";
constexpr std::string_view policy_to_a_client = policy_here.substr(0, policy_here.rfind(';'));

std::string_view sentence_for(const Words& words, Reason reason) {
    switch (public_reason(reason).status) {
        case 403: return words.came_from_elsewhere;
        case 401: return words.again;
        case 429: return words.many;
        case 503: return reason == Reason::clock_wrong ? words.wrong_clock : words.not_now;
        case 500: return words.not_now;
        default: return words.link_invalid;
    }
}

}  // namespace

std::string name_in(std::string_view pattern, std::string_view name) {
    const auto place = pattern.find("{}");
    return std::string(pattern.substr(0, place)).append(name).append(pattern.substr(place + 2));
}

void write_page(Reply& reply, unsigned status, const Words& words, std::string_view title, const Html& body,
                FormsLead lead) {
    reply.status = status;
    reply.content_type = "text/html; charset=utf-8";
    reply.policy = lead == FormsLead::here ? policy_here : policy_to_a_client;
    reply.body = html(
                     "<!doctype html>\n"
                     "<html lang=\"{}\">\n"
                     "<head>\n"
                     "<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<meta name=\"robots\" content=\"noindex\">\n"
                     "<title>{}</title>\n"
                     "<link rel=\"icon\" href=\"/icon.svg\">\n"
                     "<link rel=\"stylesheet\" href=\"/oauth2/pages.css\">\n"
                     "</head>\n"
                     "<body>\n<main>\n<h1>{}</h1>\n{}</main>\n</body>\n</html>\n",
                     words.language, title, title, body)
                     .text();
}

void write_error_page(Reply& reply, const Request& request, const base::Denied& denied) {
    const Words& words = words_for(request);
    const PublicReason known = public_reason(denied.reason);
    Html body = html("<p role=\"alert\">{}</p>\n", sentence_for(words, denied.reason));
    if (known.status < 500)
        body = std::move(body) + html("<p class=\"detail\"><code>{}</code> {}</p>\n", known.code,
                                      denied.detail.empty() ? std::string(known.title) : denied.detail);
    if (denied.retry_after.count() > 0)
        reply.field("Retry-After", std::to_string(denied.retry_after.count()));
    write_page(reply, known.status, words, words.trouble, body);
}

Reply see_other(std::string_view address) {
    Reply reply;
    reply.status = 303;
    reply.field("Location", address);
    return reply;
}

std::string form_mac(const Service& service, std::string_view session, std::string_view action,
                     std::string_view query) {
    std::string text = "coatcheck form\n";
    text.append(session).append("\n").append(action).append("\n").append(query);
    return base::base64url(crypto::hmac_sha256(service.current()->ring.mac_key->reveal(), text));
}

}  // namespace coatcheck::web
