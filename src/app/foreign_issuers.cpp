// SPDX-License-Identifier: Apache-2.0
#include "app/foreign_issuers.hpp"

#include "app/config/config.hpp"
#include "app/config/toml_file.hpp"
#include "app/private_file.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace coatcheck::app {
namespace {

namespace fs = std::filesystem;
using verify::ForeignIssuer;

constexpr std::size_t max_issuers = 16;

// Reads one [[issuer]], member by member. For a mistake it throws ConfigError with the file, the line and the
// member.
class Reader {
public:
    Reader(const toml::table& table, const fs::path& file) : table_(table), file_(file) {}

    [[noreturn]] void refuse(const std::string& member, const std::string& what) const {
        throw ConfigError(file_.string() + ":" + std::to_string(table_.source().begin.line) + ": " + member +
                          " " + what);
    }
    std::string text(const std::string& member, const char* usual = nullptr) {
        known_.insert(member);
        const auto* node = table_.get(member);
        if (node == nullptr && usual != nullptr) return usual;
        const auto value = node == nullptr ? std::nullopt : node->value_exact<std::string>();
        if (!value) refuse(member, node == nullptr ? "is missing" : "needs a string");
        return *value;
    }
    // Reads a string, or a list of strings.
    std::vector<std::string> texts(const std::string& member) {
        known_.insert(member);
        const auto* node = table_.get(member);
        if (node == nullptr) return {};
        if (const auto one = node->value_exact<std::string>()) return {*one};
        std::vector<std::string> values;
        if (!node->is_array()) refuse(member, "needs a string, or a list of strings");
        for (const auto& element : *node->as_array()) {
            const auto value = element.value_exact<std::string>();
            if (!value) refuse(member, "needs a string, or a list of strings");
            values.push_back(*value);
        }
        return values;
    }
    // Reads a table of strings.
    std::map<std::string, std::string> pairs(const std::string& member) {
        known_.insert(member);
        std::map<std::string, std::string> values;
        const auto* node = table_.get(member);
        if (node == nullptr) return values;
        if (!node->is_table()) refuse(member, "needs a table of claims, such as {prv = \"…\"}");
        for (const auto& [name, value] : *node->as_table()) {
            const auto text = value.value_exact<std::string>();
            if (!text) refuse(member, "needs strings as values");
            values.emplace(std::string(name.str()), *text);
        }
        return values;
    }
    void refuse_unknown() const {
        for (const auto& [name, value] : table_)
            if (!known_.contains(std::string(name.str())))
                refuse(std::string(name.str()), "is not a known member");
    }

private:
    const toml::table& table_;
    const fs::path& file_;
    std::set<std::string> known_;
};

std::vector<ForeignIssuer::Key> read_keys(const Reader& reader, const fs::path& path,
                                          const std::string& algorithm) {
    const bool is_secret = algorithm == "HS256";
    if (!is_secret && !crypto::algorithm_named(algorithm))
        reader.refuse("algorithm", "needs HS256, RS256, PS256, ES256 or EdDSA");
    const base::Secret text = is_secret ? read_private_file(path, "key_file", "")
                                        : base::Secret(read_public_file(path, "key_file"));
    std::string_view content = text.reveal();
    if (is_secret && content.ends_with('\n')) content.remove_suffix(1);
    std::string problem;
    auto keys = verify::parse_foreign_keys(algorithm, content, problem);
    if (keys.empty()) reader.refuse("key_file", problem);
    return keys;
}

ForeignIssuer read_issuer(const toml::table& table, const fs::path& file) {
    Reader reader(table, file);
    ForeignIssuer issuer;
    issuer.name = reader.text("name");
    if (issuer.name.empty()) reader.refuse("name", "is empty");
    issuer.issuers = reader.texts("iss");
    issuer.audience = reader.text("audience", "");
    issuer.subject = reader.text("subject", "sub");
    issuer.id_prefix = reader.text("id_prefix", "");
    issuer.require = reader.pairs("require");
    issuer.algorithm = reader.text("algorithm");
    issuer.keys = read_keys(reader, file.parent_path() / reader.text("key_file"), issuer.algorithm);
    const auto until = base::parse_day_end(reader.text("until"));
    if (!until)
        reader.refuse("until", "needs the last day on which its tokens are accepted, such as \"2027-01-31\"");
    issuer.until = *until;
    if (const std::string day = reader.text("issued_before", ""); !day.empty()) {
        const auto end = base::parse_day_end(day);
        if (!end)
            reader.refuse("issued_before",
                          "needs the day of the cut-over, such as \"2026-12-01\": tokens issued from then on "
                          "are refused");
        issuer.issued_before = *end - std::chrono::hours(24);
    }
    reader.refuse_unknown();
    return issuer;
}

}  // namespace

std::vector<ForeignIssuer> read_foreign_issuers(const fs::path& path, std::string_view own) {
    const auto refuse = [&](const std::string& what) { throw ConfigError(path.string() + ": " + what); };
    const toml::table file = parse_toml(read_public_file(path, "accept.foreign_file"), path.string());
    const auto* tables = file.get_as<toml::array>("issuer");
    if (tables == nullptr || file.size() != 1 || !tables->is_homogeneous<toml::table>())
        refuse("needs one or more [[issuer]], and nothing else");
    if (tables->size() > max_issuers) refuse("has more than 16 issuers");
    std::vector<ForeignIssuer> issuers;
    std::set<std::string> names, said;
    for (const auto& table : *tables) {
        issuers.push_back(read_issuer(*table.as_table(), path));
        const auto& issuer = issuers.back();
        if (!names.insert(issuer.name).second) refuse("two issuers are called " + issuer.name);
        // The iss of a token decides which issuer's key checks it, so no two issuers may have the same.
        for (const auto& iss : issuer.issuers.empty() ? std::vector<std::string>{""} : issuer.issuers) {
            if (!said.insert(iss).second)
                refuse(iss.empty() ? "two issuers have no iss" : "two issuers have the iss " + iss);
            if (iss == own) refuse("the iss " + iss + " is Coatcheck's own");
        }
    }
    // Two ids of older systems must never give the same user id here.
    for (const auto& one : issuers)
        for (const auto& other : issuers)
            if (&one != &other && one.id_prefix.starts_with(other.id_prefix) && issuers.size() > 1)
                refuse("the id_prefix of " + one.name + " begins with that of " + other.name +
                       ": one user id could belong to either issuer");
    return issuers;
}

}  // namespace coatcheck::app
