// SPDX-License-Identifier: Apache-2.0
// A request as handlers see it, and the answer they write.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/verb.hpp>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

namespace coatcheck::web {

namespace http = boost::beast::http;

// Fields live in an arena of the connection: parsing a header allocates nothing.
using Allocator = std::pmr::polymorphic_allocator<char>;
using Fields = http::basic_fields<Allocator>;
using Parser = http::request_parser<http::empty_body, Allocator>;

// Valid until its answer has been sent; views point into the connection's buffer.
struct Request {
    http::verb method = http::verb::unknown;
    std::string_view path;      // origin form, as sent
    std::string_view query;     // without '?'
    std::string_view argument;  // what stood for {id} in the route
    std::string_view body;      // at most max_body_bytes
    const Fields* fields = nullptr;
    base::Timestamp now;
    std::string address;  // of the client: the peer's, or what a trusted proxy says
    bool from_trusted_proxy = false;

    // The value of a field, empty if absent; the first if it comes more than once.
    std::string_view field(http::field name) const { return view(fields->find(name)); }
    std::string_view field(std::string_view name) const {
        return view(fields->find({name.data(), name.size()}));
    }
    bool has(http::field name) const { return fields->find(name) != fields->end(); }
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
        fixed_body;      // in its place, one that lives as long as the program: it is sent from where it is
    bool close = false;  // end the connection after this answer
    bool may_be_stored = false;           // otherwise Cache-Control: no-store
    bool for_any_site = false;            // any page may read it: nothing in it depends on who asks
    std::optional<base::Reason> refusal;  // what write_problem() told, for metrics and the log
    std::optional<std::uint64_t>
        follow_after;  // after `body`, the connection goes on with the revocations after this id

    // Adds a field. Throws std::logic_error for a value with a control byte: no header can be injected.
    void field(std::string_view name, std::string_view value);
    // Adds ready-made fields, each ended by CRLF, which were made by format_field().
    void ready_fields(std::string_view lines) { fields_ += lines; }
    static void format_field(std::string& out, std::string_view name, std::string_view value);

    void clear();
    // Appends the message, but for a fixed body. `date` is a ready-made Date field; HEAD answers leave out
    // the body.
    void write_to(std::string& out, std::string_view date, bool head_only, bool hsts) const;

private:
    std::string fields_;
};

void write_json(Response& response, unsigned status, std::string body);

}  // namespace coatcheck::web
