// SPDX-License-Identifier: Apache-2.0
#include "web/pages/html.hpp"

#include <stdexcept>

namespace coatcheck::web {

void HtmlPart::append_to(std::string& out) const {
    if (is_html_) {
        out += text_;
        return;
    }
    for (const char c : text_) switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += c;
        }
}

Html HtmlPattern::with(std::initializer_list<HtmlPart> parts) const {
    std::string out;
    std::string_view rest = text_;
    for (const auto& part : parts) {
        const auto place = rest.find("{}");
        if (place == std::string_view::npos) throw std::logic_error("a pattern of HTML has too few places");
        out += rest.substr(0, place);
        part.append_to(out);
        rest.remove_prefix(place + 2);
    }
    if (rest.find("{}") != std::string_view::npos)
        throw std::logic_error("a pattern of HTML has too many places");
    out += rest;
    return Html(std::move(out));
}

}  // namespace coatcheck::web
