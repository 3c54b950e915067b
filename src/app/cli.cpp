// SPDX-License-Identifier: Apache-2.0
#include "app/cli.hpp"

#include "app/commands/store.hpp"
#include "app/control.hpp"
#include "app/doctor.hpp"
#include "app/serve.hpp"
#include "app/unknown_command.hpp"
#include "app/words.hpp"
#include "base/bytes.hpp"
#include "base/clock.hpp"

#include <termios.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <iostream>

extern char** environ;

namespace coatcheck::app {
namespace {

namespace json = boost::json;

// Returns the first line of standard input. On a terminal, prompts for it and does not echo it.
std::string read_secret(const char* prompt) {
    termios before{};
    const bool terminal = ::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &before) == 0;
    if (terminal) {
        termios silent = before;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
        std::fprintf(stderr, "%s: ", prompt);
    }
    std::string line;
    const bool read = static_cast<bool>(std::getline(std::cin, line));
    if (terminal) {
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        std::fputc('\n', stderr);
    }
    if (line.ends_with('\r')) line.pop_back();
    if (!read || line.empty()) throw std::runtime_error("the first line of standard input is empty");
    return line;
}

int tell(const Reply& reply, bool as_json) {
    if (as_json) std::cout << json::serialize(reply.json) << "\n";
    else std::cout << reply.text;
    if (reply.status != 0) std::cerr << "coatcheck: " << reply.error << "\n";
    return reply.status;
}

Config load(Words& words) {
    words.sources.file = words.config_file;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string text = *variable;
        const auto sign = text.find('=');
        words.sources.environment.emplace_back(text.substr(0, sign),
                                               text.substr(std::min(sign + 1, text.size())));
    }
    return load_config(words.sources);
}

// If a server runs on the directory, the server executes the command. Otherwise this process locks the
// directory and executes it itself.
Reply run_on_data(Words& words) {
    const Config config = load(words);
    if (words.request["command"] == "store copy") return copy_store(config, words.directory, words.request);
    // No server may run during these: it would not know that its database was restored, and would go on with
    // the old sealing key or the old clock.
    const auto& chosen = words.request["command"];
    if (chosen == "store restored" || chosen == "store set-clock" || chosen == "key reseal") {
        Node node(config, words.directory, Node::Purpose::command);
        return execute(node, words.request);
    }
    if (auto reply = ask_server(words.directory, words.request)) return *std::move(reply);
    const bool has_no_data = words.request["command"] == "token inspect" &&
                             !std::filesystem::exists(words.directory);
    if (has_no_data)
        return inspect_token(words.request["token"].as_string().c_str(), nullptr,
                             base::read_clocks().latest());
    if (words.request["command"] != "user add" && !std::filesystem::exists(words.directory))
        throw std::runtime_error("there is no data directory " + words.directory + ": name it with --data");
    try {
        Node node(config, words.directory,
                  only_reads(chosen.get_string().c_str()) ? Node::Purpose::read : Node::Purpose::command);
        return execute(node, words.request);
    } catch (const DirectoryInUse& in_use) {
        // A server has just started, or is about to stop.
        if (auto reply = ask_server(words.directory, words.request)) return *std::move(reply);
        throw std::runtime_error(std::string(in_use.what()) +
                                 ", and that process does not answer on its control socket");
    }
}

// The configuration as JSON: "section.key" with the value that print_config() writes, which is JSON as well.
json::object config_json(const Config& config) {
    json::object out;
    for (const Key& key : config_keys()) out[key.name] = json::parse(print_value(config, key));
    return out;
}

// True if this command, or one below it, has a flag of this name.
bool has_flag(const CLI::App& command, const std::string& name) {
    const auto below = command.get_subcommands([](const CLI::App*) { return true; });
    return command.get_option_no_throw(name) != nullptr ||
           std::any_of(below.begin(), below.end(), [&](const CLI::App* one) { return has_flag(*one, name); });
}

// Our ids are base64url, and one in 64 begins with '-'. This moves such words behind "--", after which CLI11
// expects no flags. Returns the words in reverse, as CLI11 needs them.
std::vector<std::string> ids_last(const CLI::App& app, int argc, char** argv) {
    const auto is_id = [&](const std::string& word) {
        constexpr std::size_t id_length = 22, key_id_length = 43;
        return (word.size() == id_length || word.size() == key_id_length) && word.starts_with('-') &&
               base::from_base64url(word).has_value() && !has_flag(app, word);
    };
    std::vector<std::string> words(argv + 1, argv + argc);
    const auto ids = std::stable_partition(words.begin(), words.end(),
                                           [&](const std::string& word) { return !is_id(word); });
    if (ids != words.end()) words.insert(ids, "--");
    std::reverse(words.begin(), words.end());
    return words;
}

int run_doctor(Words& words) {
    const auto findings = examine(load(words), words.directory);
    if (words.as_json) {
        std::cout << json::serialize(
                         json::object{{"findings", json::array(findings.begin(), findings.end())}})
                  << "\n";
    } else {
        for (const auto& finding : findings) std::cout << "- " << finding << "\n";
        if (findings.empty()) std::cout << "No mistakes found.\n";
    }
    return findings.empty() ? 0 : 1;
}

// The commands that execute() knows, as subcommands of CLI11. The one that is given becomes
// Words::request["command"].
class DataCommands {
public:
    DataCommands(CLI::App& app, Words& words) : words_(words) {
        auto* user = group(app, "user", "Manages users");
        auto* add = command(user, "user add", "Adds a user");
        name(add);
        add_text(add, words, "--id", "id", "The user's id, if another system has already given one");
        add_text(add, words, "--email", "email", "An e-mail address; the user may also sign in with it");
        attributes(add);
        password(add);
        auto* set = command(
            user, "user set",
            "Changes roles (replaces all), claims (merges; null removes one) or the e-mail address");
        name(set);
        add_text(set, words, "--email", "email", "The e-mail address; an empty one removes it");
        attributes(set);
        command(user, "user list", "Lists users");
        name(command(user, "user disable", "Ends all sessions of a user and refuses sign-in"));
        name(command(user, "user enable", "Lets the user sign in again; ended sessions stay ended"));
        name(command(user, "user delete", "Deletes the user and all sessions"));
        auto* change = command(user, "user password", "Sets a password and ends all sessions");
        name(change);
        password(change);

        auto* session = group(app, "session", "Lists and ends sessions");
        add_text(command(session, "session list", "Lists live sessions"), words, "name", "name",
                 "Only sessions of this user");
        auto* end = command(session, "session end", "Ends a session");
        add_text(end, words, "id", "id", "The session's id");
        add_text(end, words, "--user", "name", "Ends all sessions of this user");

        auto* key = group(app, "key", "Manages the keys that sign tokens");
        command(key, "key list", "Lists keys");
        command(key, "key rotate", "Makes the next key the current one; nobody is signed out");
        add_text(command(key, "key revoke", "Revokes a compromised key: its tokens are refused at once"),
                 words, "kid", "kid", "The key's id", true);
        add_text(
            command(key, "key reseal", "Seals the keys with another key file; no node may run meanwhile"),
            words, "file", "file", "A file in the data directory, or a path; created if it is missing", true);

        auto* service = group(app, "service-key", "Manages keys for verifiers and services");
        auto* make = command(service, "service-key add",
                             "Creates a key and prints it; it is never shown again");
        add_text(make, words, "name", "name", "The key's name: what it is for", true);
        add_list(make, words, "--scope", "scopes", "feed, users or introspect; may be given several times");
        command(service, "service-key list", "Lists keys without their secrets");
        add_text(command(service, "service-key end", "Deletes a key; it is refused at once"), words, "name",
                 "name", "The key's name", true);

        auto* client = group(app, "client", "Manages OAuth clients");
        add_client_options([&](const char* line, const char* help) { return command(client, line, help); },
                           words);

        auto* token = group(app, "token", "Inspects and verifies tokens");
        for (const auto& [line, help] :
             {std::pair{"token inspect", "Prints the header and claims of a token"},
              {"token verify", "Tells whether a token is valid"}}) {
            auto* sub = command(token, line, help);
            sub->add_option("token", dash_, "Always -: the token is read from standard input")
                ->required()
                ->check([](const std::string& word) {
                    return word == "-" ? "" : "the token is read from standard input: give - in its place";
                });
            sub->final_callback([this] { words_.request["token"] = read_secret("Token"); });
        }

        auto* store = group(app, "store", "Manages the database");
        command(store, "store restored",
                "Run it after restoring a backup of PostgreSQL, before any node starts: ends every session "
                "and makes new keys");

        command(
            store, "store set-clock",
            "The way back after the database was used while the clock was wrong: sets the database's clock "
            "to this machine's, ends every session and makes new keys");

        auto* copy = command(
            store, "store copy",
            "Copies everything from SQLite to PostgreSQL; the first run may happen while the server runs");
        add_text(copy, words, "--from", "from",
                 "sqlite:FILE, a file in the data directory; default: store.url");
        add_text(copy, words, "--to", "to",
                 "postgres://USER@HOST/DATABASE; the password comes from store.password_file", true);

        auto* audit = group(app, "audit", "Lists security events");
        auto* list = command(audit, "audit list", "Lists events, latest first");
        list->add_option_function<std::size_t>(
            "--limit", [&words](std::size_t limit) { words.request["limit"] = limit; },
            "The most events to list; default: 100");
    }

private:
    CLI::App* group(CLI::App& app, const char* name, const char* help) {
        return app.add_subcommand(name, help)->require_subcommand(1);
    }
    CLI::App* command(CLI::App* group, const std::string& line, const std::string& help) {
        auto* sub = group->add_subcommand(line.substr(line.find(' ') + 1), help);
        add_common(sub, words_);
        sub->parse_complete_callback([this, line] { words_.request["command"] = line; });
        return sub;
    }
    void name(CLI::App* sub) { add_text(sub, words_, "name", "name", "Username", true); }
    void attributes(CLI::App* sub) {
        add_list(sub, words_, "--role", "roles", "A role; may be given several times");
        add_list(sub, words_, "--claim", "claims",
                 "KEY=JSON, a claim of your application; may be given several times");
    }
    void password(CLI::App* sub) {
        auto* plain = sub->add_flag("--password-stdin", words_.password_plain,
                                    "Reads the password from standard input (the default)");
        sub->add_flag("--password-hash-stdin", words_.password_hash,
                      "Reads a password hash of another system from standard input")
            ->excludes(plain);
        sub->final_callback([this] {
            words_.request[words_.password_hash ? "password_hash" : "password"] = read_secret("Password");
        });
    }

    Words& words_;
    std::string dash_;
};

int run_chosen(const CLI::App& app, Words& words) {
    if (app.got_subcommand("serve")) return serve(load(words), words.directory);
    if (app.got_subcommand("doctor")) return run_doctor(words);
    if (const auto* steps = app.get_subcommand("migrate"); *steps)
        return tell(migrate(load(words), words.directory, steps->got_subcommand("apply")), words.as_json);
    const auto* config = app.get_subcommand("config");
    if (config->got_subcommand("print")) {
        const Config loaded = load(words);
        return tell({0, print_config(loaded), config_json(loaded), ""}, words.as_json);
    }
    if (config->got_subcommand("check")) {
        load(words);
        return tell({0, "The configuration is valid.\n", {{"fine", true}}, ""}, words.as_json);
    }
    return tell(run_on_data(words), words.as_json);
}

}  // namespace

int run_command_line(int argc, char** argv) {
    CLI::App app("Coatcheck: hand in a password, get a token.", "coatcheck");
    app.set_version_flag("--version", COATCHECK_VERSION);
    app.require_subcommand(1);
    Words words;
    auto* run = app.add_subcommand("serve", "Runs the server");
    add_common(run, words);
    run->add_flag("--dev", words.sources.dev,
                  "For development on this machine: cookies without Secure and without the __Host- prefix");
    add_key_flag(run, words, "--listen", "listen", "HOST:PORT to listen on");
    add_key_flag(run, words, "--public-url", "public_url", "The URL at which browsers reach this server");
    add_key_flag(run, words, "--access-ttl", "tokens.access_ttl", "Life of an access token, such as 15m");
    add_key_flag(run, words, "--store", "store.url",
                 "The database: sqlite:FILE, a file in the data directory, or postgres://USER@HOST/DATABASE");
    DataCommands data_commands(app, words);
    auto* config = app.add_subcommand("config", "Prints or checks the configuration")->require_subcommand(1);
    add_common(config->add_subcommand("print", "Prints the configuration with all defaults"), words);
    add_common(config->add_subcommand("check", "Checks the configuration"), words);
    auto* steps = app.add_subcommand("migrate",
                                     "Updates the database's schema, which `serve` also does when it starts")
                      ->require_subcommand(1);
    add_common(steps->add_subcommand("plan", "Lists the schema changes that are due"), words);
    add_common(steps->add_subcommand("apply", "Applies the schema changes that are due"), words);
    add_common(app.add_subcommand("doctor", "Looks for mistakes in the configuration and on this machine"),
               words);

    try {
        app.parse(ids_last(app, argc, argv));
        return run_chosen(app, words);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() != 0)
            if (const auto said = unknown_command(app, argc, argv)) {
                std::cerr << "coatcheck: " << *said << "\nRun with --help for more information.\n";
                return 2;
            }
        const int status = app.exit(error);
        return status == 0 ? 0 : 2;
    } catch (const std::exception& failure) {
        return tell({1, "", {{"error", failure.what()}}, failure.what()}, words.as_json);
    }
}

}  // namespace coatcheck::app
