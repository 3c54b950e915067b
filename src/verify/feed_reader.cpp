// SPDX-License-Identifier: Apache-2.0
#include "verify/feed_reader.hpp"

#include "base/reason.hpp"
#include "token/json.hpp"

namespace coatcheck::verify {
namespace {

using base::Denied;
using base::Reason;
using base::Result;

const Denied not_the_stream{Reason::malformed_json};
// In one event: 500 entries with four members each, and room for more.
constexpr std::size_t max_entry_members = 8192;
constexpr std::size_t max_cursor_bytes = 256;
constexpr std::int64_t max_unix_seconds = 253'402'300'799;  // the year 9999

std::optional<Revocation::Kind> kind_named(std::string_view name) {
    if (name == "session") return Revocation::Kind::session;
    if (name == "user_revoked") return Revocation::Kind::user_revoked;
    if (name == "user_stale") return Revocation::Kind::user_stale;
    if (name == "issued_before") return Revocation::Kind::issued_before;
    if (name == "key") return Revocation::Kind::key;
    if (name == "foreign_before") return Revocation::Kind::foreign_before;
    return std::nullopt;
}

// Reads the entries of one event. Skips kinds of entries that only a newer server knows.
Result<std::vector<Revocation>> parse_entries(std::string_view text) {
    const auto value = token::parse_value(text, max_entry_members);
    if (!value || !value->is_array()) return not_the_stream;
    std::vector<Revocation> entries;
    for (const auto& element : value->get_array()) {
        const auto* row = element.if_object();
        if (row == nullptr) return not_the_stream;
        const auto* kind = token::string_member(*row, "kind");
        const auto* subject = token::string_member(*row, "subject");
        const auto* expires = row->if_contains("expires");
        const auto* minimum = row->if_contains("minimum");
        if (kind == nullptr || subject == nullptr || expires == nullptr || !expires->is_int64())
            return not_the_stream;
        if (minimum != nullptr && !minimum->is_int64()) return not_the_stream;
        const std::int64_t seconds = expires->get_int64();
        if (seconds < 0 || seconds > max_unix_seconds) return not_the_stream;
        if (const auto known = kind_named({kind->data(), kind->size()}))
            entries.push_back({*known, std::string(*subject), minimum == nullptr ? 0 : minimum->get_int64(),
                               base::from_unix_seconds(seconds)});
    }
    return entries;
}

}  // namespace

Result<Heard> FeedReader::read(std::string_view bytes) {
    pending_.append(bytes);
    Heard heard;
    std::size_t start = 0;
    for (std::size_t end; (end = pending_.find("\n\n", start)) != std::string::npos; start = end + 2) {
        const auto taken = take_event(std::string_view(pending_).substr(start, end - start), heard);
        if (!taken) return taken.error();
        heard.events = true;
    }
    pending_.erase(0, start);
    if (pending_.size() > max_feed_event) return not_the_stream;
    return heard;
}

Result<void> FeedReader::take_event(std::string_view text, Heard& heard) {
    std::string_view event = "message", data, id;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const std::size_t colon = std::min(line.find(':'), line.size());
        std::string_view value = line.substr(std::min(line.size(), colon + 1));
        if (value.starts_with(' ')) value.remove_prefix(1);
        if (line.substr(0, colon) == "event") event = value;
        else if (line.substr(0, colon) == "data") data = value;  // the server writes one line of data
        else if (line.substr(0, colon) == "id") id = value;
    }
    if (id.size() > max_cursor_bytes) return not_the_stream;

    if (event == "reset") {
        next_.emplace();
    } else if (event == "message" && !data.empty()) {
        auto entries = parse_entries(data);
        if (!entries) return entries.error();
        // New entries are in force at once, also while a new table is being read after a reset.
        revocations_.add(*entries);
        for (const auto& entry : *entries)
            if (entry.kind == Revocation::Kind::key) keys_.drop(entry.subject);
        if (next_) next_->insert(next_->end(), entries->begin(), entries->end());
        heard.entries.insert(heard.entries.end(), entries->begin(), entries->end());
    } else if (event == "synced") {
        if (next_) revocations_.load(*next_);
        next_.reset();
        heard.synced = true;
    }
    if (!id.empty()) cursor_ = id;
    return {};
}

}  // namespace coatcheck::verify
