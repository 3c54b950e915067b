// SPDX-License-Identifier: Apache-2.0
#include "web/pages/words.hpp"

#include "base/bytes.hpp"
#include "http/query.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <optional>
#include <string>

namespace coatcheck::web {
namespace {

constexpr Words in_english{
    .language = "en",
    .sign_in = "Sign in",
    .sign_in_to = "to go on to {}",
    .name = "Username or e-mail address",
    .password = "Password",
    .remember = "Keep me signed in on this device",
    .wrong = "The name or the password is wrong. Check both, and try again.",
    .many = "Too many attempts. Wait a few minutes, and try again.",
    .as = "Signed in as {}",
    .other_account = "Use another account",
    .allow_title = "Allow {} to use your account?",
    .wants = "{} would like to:",
    .this_computer =
        "This app runs on your own computer. Allow it only if you have just started it yourself.",
    .goes_to = "You will go back to {}",
    .allow = "Allow",
    .deny = "Do not allow",
    .other_ends = "You are signed in as {}. If another user signs in, that ends.",
    .openid = "Know who you are on this service",
    .profile = "See your username",
    .email = "See your e-mail address",
    .offline_access = "Keep this access while you are away, until you end it",
    .roles = "Use your roles",
    .sign_out = "Sign out",
    .sign_out_question = "Do you want to sign out?",
    .signed_out = "You are signed out",
    .signed_out_text = "You can close this window.",
    .stay = "Stay signed in",
    .go_on = "Go on",
    .go_on_text = "Go on to {}.",
    .trouble = "This did not work",
    .link_invalid =
        "The app that sent you here made a mistake. Go back to it, and try again; if that does not help, "
        "tell the people who run the app:",
    .came_from_elsewhere = "This form did not come from this page. Go back, reload the page, and try again.",
    .not_now = "The service cannot answer at the moment. Try again in a minute.",
    .wrong_clock = "The clock of the service is wrong, so nobody can sign in at the moment.",
    .again = "Your sign-in has ended. Go back to the app, and try again.",
};

constexpr Words in_german{
    .language = "de",
    .sign_in = "Anmelden",
    .sign_in_to = "um zu {} zu gelangen",
    .name = "Benutzername oder E-Mail-Adresse",
    .password = "Passwort",
    .remember = "Auf diesem Gerät angemeldet bleiben",
    .wrong =
        "Der Name oder das Passwort ist falsch. Bitte prüfen Sie beides und versuchen Sie es noch einmal.",
    .many = "Zu viele Versuche. Bitte warten Sie einige Minuten und versuchen Sie es noch einmal.",
    .as = "Angemeldet als {}",
    .other_account = "Ein anderes Konto verwenden",
    .allow_title = "Darf {} Ihr Konto verwenden?",
    .wants = "{} möchte:",
    .this_computer =
        "Diese App läuft auf Ihrem eigenen Computer. Erlauben Sie den Zugriff nur, wenn Sie die App "
        "gerade selbst gestartet haben.",
    .goes_to = "Danach geht es zurück zu {}",
    .allow = "Erlauben",
    .deny = "Nicht erlauben",
    .other_ends = "Sie sind als {} angemeldet. Meldet sich ein anderer Benutzer an, endet das.",
    .openid = "Wissen, wer Sie bei diesem Dienst sind",
    .profile = "Ihren Benutzernamen sehen",
    .email = "Ihre E-Mail-Adresse sehen",
    .offline_access = "Diesen Zugriff auch behalten, wenn Sie nicht da sind, bis Sie ihn beenden",
    .roles = "Ihre Rollen verwenden",
    .sign_out = "Abmelden",
    .sign_out_question = "Möchten Sie sich abmelden?",
    .signed_out = "Sie sind abgemeldet",
    .signed_out_text = "Sie können dieses Fenster schließen.",
    .stay = "Angemeldet bleiben",
    .go_on = "Weiter",
    .go_on_text = "Weiter zu {}.",
    .trouble = "Das hat nicht geklappt",
    .link_invalid =
        "Die App, von der Sie kommen, hat einen Fehler gemacht. Gehen Sie zurück und versuchen Sie es noch "
        "einmal; hilft das nicht, sagen Sie es dem Betreiber der App:",
    .came_from_elsewhere =
        "Dieses Formular kam nicht von dieser Seite. Gehen Sie zurück, laden Sie die Seite neu und "
        "versuchen Sie es noch einmal.",
    .not_now = "Der Dienst kann gerade nicht antworten. Bitte versuchen Sie es in einer Minute noch einmal.",
    .wrong_clock = "Die Uhr des Dienstes geht falsch, deshalb kann sich im Moment niemand anmelden.",
    .again = "Ihre Anmeldung ist beendet. Gehen Sie zurück zur App und versuchen Sie es noch einmal.",
};

// The language whose tag begins with ours, such as de-AT; nullptr: we do not have it.
const Words* language_named(std::string_view tag) {
    for (const Words* words : {&in_english, &in_german}) {
        const auto primary = tag.substr(0, tag.find('-'));
        if (boost::beast::iequals({primary.data(), primary.size()},
                                  {words->language.data(), words->language.size()}))
            return words;
    }
    return nullptr;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// The known language with the highest weight, the first one of several (RFC 9110 §12.5.4).
const Words* best_of(std::string_view accept_language) {
    const Words* best = nullptr;
    double best_weight = 0;
    while (!accept_language.empty()) {
        const auto entry = accept_language.substr(0, accept_language.find(','));
        accept_language.remove_prefix(std::min(entry.size() + 1, accept_language.size()));
        const auto semicolon = std::min(entry.find(';'), entry.size());
        double weight = 1;
        if (const auto q = entry.find("q=", semicolon); q != std::string_view::npos) {
            const auto digits = entry.substr(q + 2, 5);
            weight = digits.starts_with('1') ? 1 : 0;
            double place = 0.1;
            for (const char c : digits.substr(std::min<std::size_t>(2, digits.size()))) {
                if (c < '0' || c > '9') break;
                weight += (c - '0') * place;
                place /= 10;
            }
        }
        const Words* words = language_named(trimmed(entry.substr(0, semicolon)));
        if (words != nullptr && weight > best_weight) best = words, best_weight = weight;
    }
    return best;
}

}  // namespace

const Words& english() { return in_english; }
const Words& german() { return in_german; }

const Words& words_for(const http::Request& request) {
    const auto locales = base::from_form(http::raw_value(request.query, "ui_locales")).value_or("");
    for (std::string_view rest = locales; !rest.empty();) {
        const auto tag = rest.substr(0, rest.find(' '));
        rest.remove_prefix(std::min(tag.size() + 1, rest.size()));
        if (const Words* words = language_named(tag)) return *words;
    }
    const Words* words = best_of(request.value(http::field::accept_language));
    return words != nullptr ? *words : in_english;
}

}  // namespace coatcheck::web
