// SPDX-License-Identifier: Apache-2.0
#include "token/php_value.hpp"

#include "base/numbers.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace coatcheck::token {
namespace {

constexpr std::array<std::string_view, 5> date_classes{"DateTime", "DateTimeImmutable", "Carbon\\Carbon",
                                                       "Carbon\\CarbonImmutable",
                                                       "Illuminate\\Support\\Carbon"};

// Reads the text from front to back. Each function returns false or nullopt if the text does not have what it
// expects.
class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    std::optional<PhpValue> whole() {
        auto value = read(0);
        if (!value || !rest_.empty()) return std::nullopt;
        return value;
    }

private:
    bool take(std::string_view expected) {
        if (!rest_.starts_with(expected)) return false;
        rest_.remove_prefix(expected.size());
        return true;
    }

    // Reads an integer in its canonical form up to `end`, and consumes `end`.
    std::optional<std::int64_t> integer(char end) {
        const auto stop = rest_.find(end);
        if (stop == std::string_view::npos || stop == 0 || stop > 20) return std::nullopt;
        const std::string_view digits = rest_.substr(0, stop);
        const auto number = base::parse_number<std::int64_t>(digits);
        if (!number || std::to_string(*number) != digits) return std::nullopt;
        rest_.remove_prefix(stop + 1);
        return number;
    }

    std::optional<double> real() {
        const auto stop = rest_.find(';');
        if (stop == std::string_view::npos || stop == 0 || stop > 32) return std::nullopt;
        const auto number = base::parse_number<double>(rest_.substr(0, stop));
        if (!number || !std::isfinite(*number)) return std::nullopt;
        rest_.remove_prefix(stop + 1);
        return number;
    }

    // Reads LENGTH:"BYTES", without what follows.
    std::optional<std::string> counted() {
        const auto length = integer(':');
        if (!length || *length < 0 || static_cast<std::size_t>(*length) > rest_.size() || !take("\""))
            return std::nullopt;
        const auto size = static_cast<std::size_t>(*length);
        if (size > rest_.size()) return std::nullopt;
        std::string bytes(rest_.substr(0, size));
        rest_.remove_prefix(size);
        if (!take("\"")) return std::nullopt;
        return bytes;
    }

    // Reads COUNT:{KEY VALUE …}
    std::optional<PhpArray> members(std::size_t depth) {
        const auto count = integer(':');
        if (!count || *count < 0 || static_cast<std::size_t>(*count) > max_php_values || !take("{"))
            return std::nullopt;
        PhpArray array;
        for (std::int64_t i = 0; i < *count; ++i) {
            std::optional<std::string> key;
            if (take("s:")) {
                key = counted();
                if (!key || !take(";")) return std::nullopt;
            } else if (take("i:")) {
                const auto number = integer(';');
                if (number) key = std::to_string(*number);
            }
            if (!key || array.find(*key) != nullptr) return std::nullopt;
            auto value = read(depth + 1);
            if (!value) return std::nullopt;
            array.members.emplace_back(*std::move(key), *std::move(value));
        }
        if (!take("}")) return std::nullopt;
        return array;
    }

    std::optional<PhpValue> date(std::size_t depth) {
        const auto name = counted();
        if (!name || std::ranges::find(date_classes, *name) == date_classes.end() || !take(":"))
            return std::nullopt;
        auto array = members(depth);
        if (!array || array->members.size() != 3) return std::nullopt;
        for (const char* member : {"date", "timezone_type", "timezone"})
            if (array->find(member) == nullptr) return std::nullopt;
        array->is_date = true;
        return PhpValue{*std::move(array)};
    }

    std::optional<PhpValue> read(std::size_t depth) {
        if (depth > max_php_depth || ++values_ > max_php_values) return std::nullopt;
        if (take("N;")) return PhpValue{nullptr};
        if (take("b:0;")) return PhpValue{false};
        if (take("b:1;")) return PhpValue{true};
        if (take("i:")) {
            const auto number = integer(';');
            if (number) return PhpValue{*number};
        } else if (take("d:")) {
            const auto number = real();
            if (number) return PhpValue{*number};
        } else if (take("s:")) {
            auto text = counted();
            if (text && take(";")) return PhpValue{*std::move(text)};
        } else if (take("a:")) {
            auto array = members(depth);
            if (array) return PhpValue{*std::move(array)};
        } else if (take("O:")) {
            return date(depth);
        }
        return std::nullopt;
    }

    std::string_view rest_;
    std::size_t values_ = 0;
};

std::string written(const std::string& text) {
    return "s:" + std::to_string(text.size()) + ":\"" + text + "\";";
}

}  // namespace

const PhpValue* PhpArray::find(std::string_view key) const {
    const auto row = std::ranges::find(members, key,
                                       [](const auto& member) -> std::string_view { return member.first; });
    return row == members.end() ? nullptr : &row->second;
}

std::optional<PhpValue> parse_php_value(std::string_view text) {
    if (text.size() > max_php_bytes) return std::nullopt;
    return Reader(text).whole();
}

std::string write_php_array(const PhpMembers& members) {
    std::string out = "a:" + std::to_string(members.size()) + ":{";
    for (const auto& [key, value] : members) {
        out += written(key);
        if (const auto* number = std::get_if<std::int64_t>(&value.value))
            out += "i:" + std::to_string(*number) + ";";
        else if (const auto* text = value.text()) out += written(*text);
        else out += "N;";
    }
    return out + "}";
}

}  // namespace coatcheck::token
