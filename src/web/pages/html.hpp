// SPDX-License-Identifier: Apache-2.0
// HTML that escapes by construction: the pattern is a literal of the program, and every string that is put
// into it is escaped. No other function makes Html.
//
//   html("<p class=\"note\">{}</p>", user.username)
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace coatcheck::web {

class Html {
public:
    Html() = default;
    const std::string& text() const { return text_; }
    friend Html operator+(Html a, const Html& b) {
        a.text_ += b.text_;
        return a;
    }

private:
    explicit Html(std::string text) : text_(std::move(text)) {}
    friend class HtmlPattern;
    std::string text_;
};

// What a {} of a pattern stands for: Html as it is, or text, which is escaped for elements and for attributes
// in double quotes.
class HtmlPart {
public:
    HtmlPart(const Html& html) : text_(html.text()), is_html_(true) {}
    HtmlPart(std::string_view text) : text_(text) {}
    HtmlPart(const std::string& text) : text_(text) {}
    HtmlPart(const char* text) : text_(text) {}
    void append_to(std::string& out) const;

private:
    std::string_view text_;
    bool is_html_ = false;
};

// A literal with a {} for each part.
class HtmlPattern {
public:
    template <std::size_t Size>
    consteval HtmlPattern(const char (&literal)[Size]) : text_(literal, Size - 1) {}
    Html with(std::initializer_list<HtmlPart> parts) const;

private:
    std::string_view text_;
};

template <class... Parts>
Html html(HtmlPattern pattern, const Parts&... parts) {
    return pattern.with({HtmlPart(parts)...});
}

}  // namespace coatcheck::web
