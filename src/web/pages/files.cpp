// SPDX-License-Identifier: Apache-2.0
// Serves the files that are embedded in the program (the page at /, the browser SDK, the OpenAPI document),
// and advice for developers.
#include "base/reason.hpp"
#include "http/static_file.hpp"
#include "web/answers.hpp"
#include "web/embedded_openapi.hpp"
#include "web/embedded_page.hpp"
#include "web/embedded_sdk.hpp"
#include "web/handlers.hpp"
#include "web/pages/diagnosis.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <map>

namespace coatcheck::web {
namespace {

using base::Reason;
using base::Result;

// Embedded files never change, so the digest of each is computed once.
const std::string& digest_of(std::string_view content) {
    thread_local std::map<std::string, std::string, std::less<>> digests;
    auto known = digests.find(content);
    if (known == digests.end()) known = digests.emplace(content, short_digest(content)).first;
    return known->second;
}

template <class Embedded>
http::StaticFile forms_of(const Embedded& file) {
    return {file.content, file.gzip, file.br};
}

void answer_embedded(Reply& reply, const Request& request, std::string_view type,
                     const http::StaticFile& file) {
    std::string tag = '"' + digest_of(file.content);
    const std::string_view form = http::pick_form(reply, request, file, &tag);
    if (http::answer_with_tag(reply, request, type, tag + '"')) reply.fixed_body = form;
}

// "coatcheck.<digest>.js" for "coatcheck.js".
std::string immutable_name(std::string_view name, std::string_view content) {
    const auto dot = name.find('.');
    return std::string(name.substr(0, dot + 1)) + digest_of(content) + std::string(name.substr(dot));
}

}  // namespace

Result<void> show_openapi(Call& call, Reply& reply) {
    answer_embedded(reply, call.request, "application/json", forms_of(embedded::openapi[0]));
    return {};
}

Result<void> show_page_file(Call& call, Reply& reply) {
    const std::string_view name = call.request.path == "/" ? "index.html" : call.request.path.substr(1);
    const auto* file = std::find_if(std::begin(embedded::page), std::end(embedded::page),
                                    [&](const auto& candidate) { return candidate.name == name; });
    if (file == std::end(embedded::page)) return Reason::not_found;
    answer_embedded(reply, call.request, http::media_type_of(name), forms_of(*file));
    return {};
}

Result<void> show_pages_style(Call& call, Reply& reply) {
    const auto* file = std::find_if(std::begin(embedded::page), std::end(embedded::page),
                                    [](const auto& candidate) { return candidate.name == "pages.css"; });
    answer_embedded(reply, call.request, "text/css; charset=utf-8", forms_of(*file));
    return {};
}

// Pages of any origin may load the SDK. Each file has a second name, with its digest, under which a browser
// may keep it for good.
Result<void> show_sdk_file(Call& call, Reply& reply) {
    for (const auto& file : embedded::sdk) {
        const auto type = http::media_type_of(file.name);
        reply.for_any_site = true;
        if (call.argument == file.name) {
            answer_embedded(reply, call.request, type, forms_of(file));
            return {};
        }
        if (call.argument == immutable_name(file.name, file.content)) {
            http::answer_immutable(reply, type, http::pick_form(reply, call.request, forms_of(file)));
            return {};
        }
    }
    return Reason::not_found;
}

Result<void> show_diagnosis(Call& call, Reply& reply) {
    boost::json::array advice;
    for (const auto& sentence :
         diagnose(call.request, call.service().settings, parse_complaint(call.request.query)))
        advice.emplace_back(sentence);
    reply = json_reply(200, {{"advice", std::move(advice)}});
    reply.for_any_site = true;
    return {};
}

}  // namespace coatcheck::web
