// SPDX-License-Identifier: Apache-2.0
#include "auth/revocation/log.hpp"

#include "base/numbers.hpp"

#include <algorithm>

namespace coatcheck::auth {

std::string Cursor::write() const { return epoch + "." + std::to_string(id); }

std::optional<Cursor> Cursor::parse(std::string_view text) {
    constexpr std::size_t max_epoch_bytes = 32;
    const auto dot = text.find('.');
    if (dot == std::string_view::npos || dot == 0 || dot > max_epoch_bytes) return std::nullopt;
    const auto id = base::parse_number<std::uint64_t>(text.substr(dot + 1));
    if (!id) return std::nullopt;
    return Cursor{std::string(text.substr(0, dot)), *id};
}

void RevocationLog::load(std::string epoch, std::vector<verify::Revocation> entries) {
    std::unique_lock lock(mutex_);
    epoch_ = std::move(epoch);
    entries_ = std::move(entries);
    std::sort(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    last_id_ = entries_.empty() ? 0 : entries_.back().id;
}

void RevocationLog::append(const std::vector<verify::Revocation>& entries) {
    if (entries.empty()) return;
    {
        std::unique_lock lock(mutex_);
        entries_.insert(entries_.end(), entries.begin(), entries.end());
        last_id_ = entries_.back().id;
    }
    const std::lock_guard lock(listening_);
    if (listener_ != nullptr) listener_->on_feed_grown();
}

void RevocationLog::sweep(base::Timestamp now) {
    std::unique_lock lock(mutex_);
    std::erase_if(entries_, [&](const auto& entry) { return entry.expires <= now; });
}

void RevocationLog::listen(FeedListener* listener) {
    const std::lock_guard lock(listening_);
    listener_ = listener;
}

Cursor RevocationLog::end() const {
    std::shared_lock lock(mutex_);
    return {epoch_, last_id_};
}

std::vector<verify::Revocation> RevocationLog::after(std::uint64_t id, std::size_t most) const {
    std::shared_lock lock(mutex_);
    const auto first = std::upper_bound(
        entries_.begin(), entries_.end(), id,
        [](std::uint64_t seen, const auto& entry) { return seen < entry.id; });
    const auto count = std::min<std::size_t>(most, static_cast<std::size_t>(entries_.end() - first));
    return {first, first + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace coatcheck::auth
