// SPDX-License-Identifier: Apache-2.0
// The commands about OAuth clients, and their options.
#include "app/words.hpp"

#include <CLI/CLI.hpp>

namespace coatcheck::app {
namespace {

void add_settings(CLI::App* sub, Words& words) {
    add_list(sub, words, "--redirect", "redirect_uris", "A redirect URI; may be given several times");
    add_list(sub, words, "--post-logout-redirect", "logout_uris",
             "Where users may go after signing out; may be given several times");
    add_list(sub, words, "--scope", "scopes",
             "A scope that it may ask for; may be given several times. Default: openid, profile, email, "
             "offline_access and those of its resources");
    add_list(sub, words, "--resource", "resources",
             "A resource that it may ask for; may be given several times. Default: all");
    add_list(sub, words, "--grant", "grants",
             "authorization_code, refresh_token or client_credentials; may be given several times");
    add_text(sub, words, "--default-resource", "default_resource",
             "The audience of a token asked for without a resource: a resource, or the word default for "
             "tokens.audience. Without it, such a token is good for userinfo alone");
    add_text(sub, words, "--auth", "auth", "none, client_secret_basic or client_secret_post");
    add_text(sub, words, "--consent", "consent", "ask (the default), or skip, for your own clients");
}

}  // namespace

void add_client_options(const std::function<CLI::App*(const char* line, const char* help)>& command,
                        Words& words) {
    auto* add = command("client add", "Adds a client and prints its id, and its secret if it has one");
    add_text(add, words, "type", "type",
             "web (has a server), browser, native (on the user's machine) or service (no user)", true);
    add_text(add, words, "name", "name", "The name that users see", true);
    add_settings(add, words);
    command("client list", "Lists clients");
    const auto of_one = [&](const char* line, const char* help) {
        auto* sub = command(line, help);
        add_text(sub, words, "id", "id", "The client's id", true);
        return sub;
    };
    of_one("client show", "Prints one client");
    auto* set = of_one("client set", "Changes a client; each option that is given replaces what was there");
    add_text(set, words, "--name", "name", "The name that users see");
    add_settings(set, words);
    of_one("client disable", "Ends all grants of a client, and gives it no more tokens");
    of_one("client enable", "Lets a client get tokens again; ended grants stay ended");
    of_one("client end", "Deletes a client and ends all its grants");
    of_one("client secret", "Makes a new secret and prints it; the one before stays valid until the next one")
        ->add_flag_callback(
            "--end-older", [&words] { words.request["ends_older"] = true; },
            "Ends the secrets before at once, and the tokens that the client got for itself");
}

}  // namespace coatcheck::app
