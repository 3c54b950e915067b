// SPDX-License-Identifier: Apache-2.0
// Reads tables as rows of values in the order of their keys, in the same way from both databases. For
// store/copy/copy.cpp.
#pragma once

#include "store/sql/database.hpp"

#include <span>
#include <variant>
#include <vector>

namespace coatcheck::store {

// Null, a number, or the bytes of a text or blob.
using Value = std::variant<std::monostate, std::int64_t, std::string>;
using Row = std::vector<Value>;  // the key first

enum class Kind { number, text, blob };
struct Column {
    const char* name;
    Kind kind;
};

// A table and its statements: to read a page of rows after a key, and to add and remove rows, `many` at once
// or one.
struct Table {
    static constexpr std::size_t page = 2000, many = 100;

    const char* name;
    std::vector<Column> columns;
    std::string read_first, read_next, add_many, add_one, remove_many, remove_one, count, any;
};

// All tables that are copied, in an order in which their rows can be added. Lives as long as the program.
const std::vector<Table>& all_tables();

// The rows of one table, page by page.
class Walk {
public:
    Walk(Database& database, const Table& table) : database_(database), table_(table) { read(); }
    // nullptr: there are no more rows. Valid until next().
    const Row* row() const { return at_ < page_.size() ? &page_[at_] : nullptr; }
    void next();

private:
    void read();

    Database& database_;
    const Table& table_;
    std::vector<Row> page_;
    std::size_t at_ = 0;
};

void add_rows(Database& database, const Table& table, std::span<const Row> rows);
void remove_rows(Database& database, const Table& table, std::span<const Row> rows);  // by their keys

}  // namespace coatcheck::store
