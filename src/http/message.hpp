// SPDX-License-Identifier: Apache-2.0
// A request as a handler sees it, and the answer that the handler writes.
#pragma once

#include "base/clock.hpp"
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

// Fields lie in an arena of the connection, so that parsing a usual header allocates nothing.
using Allocator = std::pmr::polymorphic_allocator<char>;
using Fields = boost::beast::http::basic_fields<Allocator>;
using Parser = boost::beast::http::request_parser<boost::beast::http::empty_body, Allocator>;

// Valid until its answer has been sent: views point into the connection's buffer.
struct Request {
    verb method = verb::unknown;
    std::string_view host;   // as the client names the server, with the port; empty in HTTP/1.0 without Host
    std::string_view path;   // origin form, as sent; `*` of OPTIONS
    std::string_view query;  // without '?'
    std::string_view body;   // at most max_body_bytes
    const Fields* fields = nullptr;
    // When the request was complete, so that a slow body gains no time. `now` is by the clock that is ahead,
    // and decides whether a token has ended. Answers state `clocks.wall`.
    base::Timestamp now;
    base::Clocks clocks;
    // The client's address: the peer's, or the one that a trusted proxy states in X-Forwarded-For.
    std::string address;
    bool from_trusted_proxy = false;

    // The value of a field: empty if the field is absent, and the first one if it occurs more than once.
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

// An answer that is being written. The connection keeps one and reuses its memory.
class Response {
public:
    unsigned status = 200;
    std::string_view content_type;  // empty: no body
    // The Content-Security-Policy of a page with a form; empty: the usual one. Lives as long as the program.
    std::string_view policy;
    std::string body;
    // Used instead of `body`: bytes that live as long as the program, and are not copied.
    std::string_view fixed_body;
    bool close = false;              // close the connection after this answer
    bool may_be_stored = false;      // false: Cache-Control: no-store is added
    bool for_any_site = false;       // pages of any site may read it: it is the same for every client
    std::unique_ptr<Stream> stream;  // the connection goes on sending it after `body`, until it closes

    // Adds a field. Throws std::logic_error if the value has a control byte, so that no header can be
    // injected.
    void field(std::string_view name, std::string_view value);
    // Adds ready-made fields, each made by format_field().
    void ready_fields(std::string_view lines) { fields_ += lines; }
    // Appends the field and its CRLF to `out`. Throws like field().
    static void format_field(std::string& out, std::string_view name, std::string_view value);

    // Resets everything, but keeps the memory.
    void clear();
    // Appends the message to `out`, except for a fixed body. `date` is a ready-made Date field. For an
    // answer to HEAD (`head_only`), the body is left out.
    void write_to(std::string& out, std::string_view date, bool head_only, bool hsts) const;

private:
    std::string fields_;
};

// Makes this JSON text the answer.
void write_json(Response& response, unsigned status, std::string body);

}  // namespace coatcheck::http
