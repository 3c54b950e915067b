// SPDX-License-Identifier: Apache-2.0
#include "web/verify/revocation_feed.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace coatcheck::web {
namespace {

namespace json = boost::json;
using verify::Revocation;

std::string_view name_of(Revocation::Kind kind) {
    switch (kind) {
        case Revocation::Kind::session: return "session";
        case Revocation::Kind::user_revoked: return "user_revoked";
        case Revocation::Kind::user_stale: return "user_stale";
        case Revocation::Kind::issued_before: return "issued_before";
        case Revocation::Kind::key: return "key";
        case Revocation::Kind::foreign_before: return "foreign_before";
        case Revocation::Kind::status:
        case Revocation::Kind::status_below: return "";  // only in the status lists, not in the feed
    }
    std::abort();
}

json::array rows_of(const std::vector<Revocation>& entries) {
    json::array rows;
    rows.reserve(entries.size());
    for (const auto& entry : entries) {
        if (name_of(entry.kind).empty()) continue;
        json::object row{{"kind", name_of(entry.kind)}, {"subject", entry.subject}};
        if (entry.minimum != 0) row["minimum"] = entry.minimum;
        row["expires"] = base::unix_seconds(entry.expires) + 1;  // rounded up, so never too early
        rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace

Resumption resume(const auth::RevocationLog& log, std::string_view text) {
    const auto cursor = auth::Cursor::parse(text);
    const auto end = log.end();
    if (!cursor || cursor->epoch != end.epoch || cursor->id > end.id) return {};
    return {cursor->id, false};
}

void append_reset(std::string& out) { out += "event: reset\ndata: {}\n\n"; }

void append_entries(std::string& out, const std::string& epoch, const std::vector<Revocation>& entries) {
    out.append("id: ").append(auth::Cursor{epoch, entries.back().id}.write());
    out.append("\ndata: ").append(json::serialize(rows_of(entries))).append("\n\n");
}

void append_position(std::string& out, std::string_view event, const auth::Cursor& cursor) {
    const std::string text = cursor.write();
    out.append("event: ").append(event).append("\nid: ").append(text);
    out.append("\ndata: {\"cursor\":\"").append(text).append("\"}\n\n");
}

std::string write_snapshot(const auth::RevocationLog& log, const Resumption& from) {
    const auto end = log.end();
    const auto entries = log.after(from.after, snapshot_most);
    const bool more = entries.size() == snapshot_most;
    const auth::Cursor cursor{
        end.epoch, more ? entries.back().id : std::max(end.id, entries.empty() ? 0 : entries.back().id)};
    return json::serialize(json::object{
        {"cursor", cursor.write()}, {"reset", from.anew}, {"more", more}, {"entries", rows_of(entries)}});
}

}  // namespace coatcheck::web
