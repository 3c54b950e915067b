// SPDX-License-Identifier: Apache-2.0
// A request as a handler sees it, and the answer that it writes.
#pragma once

#include "base/time.hpp"
#include "http/stream.hpp"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/verb.hpp>
#include <memory>
#include <memory_resource>
#include <string>
#include <string_view>

namespace coatcheck::http {

using boost::beast::http::field;
using boost::beast::http::verb;

// "GET" for verb::get.
inline std::string_view name_of(verb method) {
    const auto name = boost::beast::http::to_string(method);
    return {name.data(), name.size()};
}

// Fields live in an arena of the connection: parsing a header allocates nothing.
using Allocator = std::pmr::polymorphic_allocator<char>;
using Fields = boost::beast::http::basic_fields<Allocator>;
using Parser = boost::beast::http::request_parser<boost::beast::http::empty_body, Allocator>;

// Valid until its answer has been sent: views point into the connection's buffer.
struct Request {
    verb method = verb::unknown;
    std::string_view path;   // origin form, as sent
    std::string_view query;  // without '?'
    std::string_view body;   // at most max_body_bytes
    const Fields* fields = nullptr;
    base::Timestamp now;  // when the request had arrived whole: a slow body gains no time
    // The client's address: the peer's, or what a trusted proxy says in X-Forwarded-For.
    std::string address;
    bool from_trusted_proxy = false;

    // The value of a field, empty if it is absent; the first one if the field occurs more than once.
    std::string_view value(field name) const { return view(fields->find(name)); }
    std::string_view value(std::string_view name) const {
        return view(fields->find({name.data(), name.size()}));
    }
    bool has(field name) const { return fields->find(name) != fields->end(); }
    std::size_t count(field name) const { return fields->count(name); }
    std::size_t count(std::string_view name) const { return fields->count({name.data(), name.size()}); }
    // Calls visit(value) for each field of that name (verify::HeaderFields).
    template <class Visit>
    void each(std::string_view name, Visit visit) const {
        for (auto [row, end] = fields->equal_range({name.data(), name.size()}); row != end; ++row)
            visit(std::string_view(row->value().data(), row->value().size()));
    }

private:
    std::string_view view(Fields::const_iterator row) const {
        return row == fields->end() ? std::string_view()
                                    : std::string_view(row->value().data(), row->value().size());
    }
};

// An answer being written. The connection keeps one and reuses its memory.
class Response {
public:
    unsigned status = 200;
    std::string_view content_type;  // empty: no body
    std::string body;
    std::string_view
        fixed_body;  // instead of `body`: bytes that live as long as the program, sent from where they are
    bool close = false;              // end the connection after this answer
    bool may_be_stored = false;      // false: Cache-Control: no-store is added
    bool for_any_site = false;       // pages of any site may read it: nothing in it depends on who asks
    std::unique_ptr<Stream> stream;  // what the connection goes on sending after `body`, until it closes

    // Adds a field. Throws std::logic_error for a value with a control byte: no header can be injected.
    void field(std::string_view name, std::string_view value);
    // Adds ready-made fields, each made by format_field().
    void ready_fields(std::string_view lines) { fields_ += lines; }
    // Appends the field and its CRLF. Throws as field() does.
    static void format_field(std::string& out, std::string_view name, std::string_view value);

    // As new, but for the memory that it keeps.
    void clear();
    // Appends the message, except for a fixed body. `date` is a ready-made Date field. An answer to HEAD
    // leaves out the body.
    void write_to(std::string& out, std::string_view date, bool head_only, bool hsts) const;

private:
    std::string fields_;
};

void write_json(Response& response, unsigned status, std::string body);

}  // namespace coatcheck::http
