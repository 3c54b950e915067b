// SPDX-License-Identifier: Apache-2.0
#include "store/copy/table_walk.hpp"

#include "base/text.hpp"

namespace coatcheck::store {
namespace {

Table table(const char* name, const std::vector<Column>& columns) {
    std::string list, one, keys;
    for (std::size_t i = 0; i < columns.size(); ++i) list.append(i == 0 ? "" : ", ").append(columns[i].name);
    const auto values = [&](std::size_t rows) {
        std::string text;
        for (std::size_t i = 0, number = 0; i < rows; ++i) {
            text += i == 0 ? "(" : ", (";
            // NULL is bound as a text, so a number needs the cast.
            for (std::size_t k = 0; k < columns.size(); ++k)
                text.append(k == 0 ? "" : ", ")
                    .append(columns[k].kind == Kind::number ? "CAST($" : "$")
                    .append(std::to_string(++number))
                    .append(columns[k].kind == Kind::number ? " AS BIGINT)" : "");
            text += ")";
        }
        return text;
    };
    const auto numbers = [](std::size_t count) {
        std::string text;
        for (std::size_t i = 0; i < count; ++i)
            text.append(i == 0 ? "$" : ", $").append(std::to_string(i + 1));
        return text;
    };
    const std::string from = std::string(" FROM ") + name, key = columns[0].name,
                      order = " ORDER BY " + key + " LIMIT ";
    const std::string add = std::string("INSERT INTO ") + name + "(" + list +
                            ") OVERRIDING SYSTEM VALUE VALUES ",
                      remove = "DELETE" + from + " WHERE " + key + " IN (";
    return {name,
            columns,
            "SELECT " + list + from + order + "$1",
            "SELECT " + list + from + " WHERE " + key + " > $1" + order + "$2",
            add + values(Table::many),
            add + values(1),
            remove + numbers(Table::many) + ")",
            remove + "$1)",
            "SELECT COUNT(*)" + from,
            "SELECT 1" + from + " LIMIT 1"};
}

void bind(Query& query, Kind kind, const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) query.bind(*number);
    else if (const auto* bytes = std::get_if<std::string>(&value); bytes == nullptr)
        query.bind_or_null(std::nullopt);
    else if (kind == Kind::blob) query.bind_blob(*bytes);
    else query.bind(*bytes);
}

// Runs `many` for each full group of Table::many rows, and `one` for each row of the rest. `each` binds one
// row.
template <class Each>
void in_groups(Database& database, const std::string& many, const std::string& one, std::span<const Row> rows,
               Each each) {
    while (!rows.empty()) {
        const std::size_t count = rows.size() >= Table::many ? Table::many : 1;
        auto query = database.query(count == 1 ? one.c_str() : many.c_str());
        for (const Row& row : rows.first(count)) each(query, row);
        query.run();
        rows = rows.subspan(count);
    }
}

}  // namespace

const std::vector<Table>& all_tables() {
    constexpr auto number = Kind::number;
    constexpr auto text = Kind::text;
    constexpr auto blob = Kind::blob;
    static const std::vector<Table> tables{
        table("keys", {{"id", text},
                       {"algorithm", text},
                       {"state", number},
                       {"sealed", blob},
                       {"created", number},
                       {"state_since", number},
                       {"drop_after", number},
                       {"token_life", number}}),
        table("service_keys",
              {{"id", text}, {"name", text}, {"scopes", text}, {"secret_hash", blob}, {"created", number}}),
        table(
            "revocations",
            {{"id", number}, {"kind", number}, {"subject", text}, {"minimum", number}, {"expires", number}}),
        table("users", {{"id", text},
                        {"username", text},
                        {"username_key", text},
                        {"email", text},
                        {"email_key", text},
                        {"enabled", number},
                        {"version", number},
                        {"roles", text},
                        {"claims", text},
                        {"password_hash", text},
                        {"created", number}}),
        table(
            "sessions",
            {{"id", text},          {"user_id", text},        {"secret_hash", blob},  {"renewed_from", blob},
             {"renewed", number},   {"counter", number},      {"rotated_1", number},  {"rotated_2", number},
             {"rotated_3", number}, {"rotated_4", number},    {"delivery", text},     {"device", text},
             {"address", text},     {"network", blob},        {"created", number},    {"last_used", number},
             {"idle_end", number},  {"absolute_end", number}, {"access_end", number}, {"ended", number},
             {"status", number},    {"older_end", number},    {"amr", text},          {"client_id", text},
             {"scope", text},       {"resources", text},      {"parent", text},       {"auth_time", number}}),
        table("clients", {{"id", text},
                          {"name", text},
                          {"type", text},
                          {"auth", text},
                          {"secret_hash", blob},
                          {"older_secret_hash", blob},
                          {"redirect_uris", text},
                          {"logout_uris", text},
                          {"scopes", text},
                          {"resources", text},
                          {"grants", text},
                          {"default_resource", text},
                          {"consent", number},
                          {"enabled", number},
                          {"version", number},
                          {"sid", text},
                          {"created", number}}),
        table("consents", {{"id", text},
                           {"user_id", text},
                           {"client_id", text},
                           {"scope", text},
                           {"resources", text},
                           {"given", number}}),
        table("codes", {{"hash", text},
                        {"client_id", text},
                        {"user_id", text},
                        {"user_version", number},
                        {"parent", text},
                        {"redirect_uri", text},
                        {"challenge", text},
                        {"scope", text},
                        {"resources", text},
                        {"nonce", text},
                        {"auth_time", number},
                        {"amr", text},
                        {"expires", number},
                        {"session", text}}),
        table("buckets", {{"key", blob}, {"empty_at", number}}),
        table("audit", {{"id", number},
                        {"time", number},
                        {"event", text},
                        {"user_id", text},
                        {"session", text},
                        {"address", text},
                        {"detail", text},
                        {"place", number}}),
    };
    return tables;
}

void Walk::next() {
    if (++at_ == page_.size() && at_ == Table::page) read();
}

void Walk::read() {
    std::vector<Row> page;
    auto query = database_.query(page_.empty() ? table_.read_first.c_str() : table_.read_next.c_str());
    if (!page_.empty()) bind(query, table_.columns[0].kind, page_.back()[0]);
    query.bind(static_cast<std::int64_t>(Table::page));
    while (query.step()) {
        Row row;
        row.reserve(table_.columns.size());
        for (int i = 0; i < static_cast<int>(table_.columns.size()); ++i) {
            const Kind kind = table_.columns[static_cast<std::size_t>(i)].kind;
            if (query.is_null(i)) row.emplace_back();
            else if (kind == Kind::number) row.emplace_back(query.integer(i));
            else
                // SQLite may hold malformed text; PostgreSQL stores it well-formed.
                row.emplace_back(kind == Kind::text ? base::well_formed(query.text(i)) : query.text(i));
        }
        page.push_back(std::move(row));
    }
    page_ = std::move(page);
    at_ = 0;
}

void add_rows(Database& database, const Table& table, std::span<const Row> rows) {
    in_groups(database, table.add_many, table.add_one, rows, [&](Query& query, const Row& row) {
        for (std::size_t i = 0; i < row.size(); ++i) bind(query, table.columns[i].kind, row[i]);
    });
}

void remove_rows(Database& database, const Table& table, std::span<const Row> rows) {
    in_groups(database, table.remove_many, table.remove_one, rows,
              [&](Query& query, const Row& row) { bind(query, table.columns[0].kind, row[0]); });
}

}  // namespace coatcheck::store
