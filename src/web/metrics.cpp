// SPDX-License-Identifier: Apache-2.0
#include "web/metrics.hpp"

#include "web/problem.hpp"
#include "web/routes.hpp"

#include <map>

namespace coatcheck::web {
namespace {

void add_type(std::string& text, std::string_view name, std::string_view type) {
    text.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

// Appends one line: name{label="value",...} figure
using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;
void add_sample(std::string& text, std::string_view name, Labels labels, std::uint64_t figure) {
    text.append(name);
    char separator = '{';
    for (const auto& [label, value] : labels) {
        text.append(1, separator).append(label).append("=\"").append(value).append("\"");
        separator = ',';
    }
    if (labels.size() > 0) text.append("}");
    text.append(" ").append(std::to_string(figure)).append("\n");
}

}  // namespace

Counters& Metrics::add_counters() {
    const std::lock_guard lock(mutex_);
    return *counters_.emplace_back(std::make_unique<Counters>(public_routes().size()));
}

std::string Metrics::text(const Settings& settings) const {
    const std::lock_guard lock(mutex_);
    const auto sum = [&](auto figure_of) {
        std::uint64_t total = 0;
        for (const auto& one : counters_) total += figure_of(*one);
        return total;
    };
    std::string text;
    add_type(text, "coatcheck_requests_total", "counter");
    const auto routes = public_routes();
    for (std::size_t route = 0; route < routes.size(); ++route)
        for (std::size_t kind = 2; kind < Counters::status_classes; ++kind) {
            const auto total = sum([&](const Counters& one) { return one.answers(route, kind); });
            if (total > 0)
                add_sample(text, "coatcheck_requests_total",
                           {{"method", http::name_of(routes[route].method)},
                            {"route", routes[route].path},
                            {"status", std::to_string(kind) + "xx"}},
                           total);
        }
    add_type(text, "coatcheck_dialect_requests_total", "counter");
    for (std::size_t dialect = 0; dialect < dialect_names.size(); ++dialect)
        if (settings.dialects[dialect])  // a dialect that stays at 0 can be switched off
            add_sample(text, "coatcheck_dialect_requests_total", {{"dialect", dialect_names[dialect]}},
                       dialects_[dialect].load(std::memory_order_relaxed));
    add_type(text, "coatcheck_refusals_total", "counter");
    std::map<std::string_view, std::uint64_t> refusals;  // two reasons may share a code
    for (std::size_t i = 0; i < base::reason_count; ++i) {
        const auto reason = static_cast<base::Reason>(i);
        refusals[public_reason(reason).code] += sum(
            [&](const Counters& one) { return one.refusals(reason); });
    }
    for (const auto& [code, total] : refusals)
        if (total > 0) add_sample(text, "coatcheck_refusals_total", {{"code", code}}, total);
    for (const auto& gauge : gauges_) {
        add_type(text, gauge.name, gauge.type);
        add_sample(text, gauge.name, {}, gauge.value());
    }
    return text;
}

}  // namespace coatcheck::web
