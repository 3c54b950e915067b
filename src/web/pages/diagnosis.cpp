// SPDX-License-Identifier: Apache-2.0
#include "web/pages/diagnosis.hpp"

#include "base/numbers.hpp"
#include "http/query.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace coatcheck::web {
namespace {

constexpr std::chrono::seconds harmless_clock_difference{60};

// "localhost" for "http://localhost:3000".
std::string_view host_of(std::string_view origin) {
    const auto start = origin.find("://");
    if (start != std::string_view::npos) origin.remove_prefix(start + 3);
    if (origin.starts_with('[')) return origin.substr(0, origin.find(']') + 1);
    return origin.substr(0, origin.find(':'));
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    return out.append(text).append("\"");
}

void look_at_origin(const Request& request, const Settings& settings, std::vector<std::string>& advice) {
    const std::string_view origin = request.value(http::field::origin);
    if (origin.empty() || origin == settings.origin || settings.allowed_origins.contains(origin)) return;
    if (origin == "null")
        advice.emplace_back(
            "The page has no origin: it was opened from a file or in a sandbox. Serve it over HTTP, then add "
            "its origin to [cors] origins.");
    else
        advice
            .emplace_back("The page's origin is not allowed. Set it in the configuration: [cors] origins = [")
            .append(quoted(origin))
            .append("], or start with --set cors.origins=")
            .append(origin);
}

void look_at_site(const Request& request, const Settings& settings, const Complaint& complaint,
                  std::vector<std::string>& advice) {
    const bool by_cookie = complaint.storage == "memory" || complaint.storage == "cookie";
    if (!by_cookie || request.value("Sec-Fetch-Site") != "cross-site") return;
    const std::string_view origin = request.value(http::field::origin);
    advice.push_back(
        "The page is on " + std::string(host_of(origin)) + ", Coatcheck on " +
        std::string(host_of(settings.public_url)) +
        ": these are two sites, so the browser sends no SameSite=Lax cookie from one to the other. Open the "
        "page on the host of public_url, or keep the session with storage: 'localStorage'.");
}

void look_at_address(const Request& request, const Settings& settings, std::vector<std::string>& advice) {
    const std::string_view host = request.value(http::field::host);
    const auto start = settings.origin.find("://");
    if (start != std::string::npos && host == std::string_view(settings.origin).substr(start + 3)) return;
    advice.push_back("The page reaches this server as " + std::string(host) + ", but its public_url is " +
                     settings.public_url +
                     ". Give the client that URL, or set public_url to the URL that the page uses.");
}

void look_at_proxy(const Request& request, std::vector<std::string>& advice) {
    if (request.from_trusted_proxy || request.value("X-Forwarded-For").empty()) return;
    advice.push_back("A proxy is in front of this server (" + request.address +
                     ") but not in trusted_proxies: the limits count all clients as one, and X-Forwarded-* "
                     "is ignored. Add its address there.");
}

void look_at_clock(const Request& request, const Complaint& complaint, std::vector<std::string>& advice) {
    if (!complaint.browser_time) return;
    const auto ahead = std::chrono::duration_cast<std::chrono::seconds>(*complaint.browser_time -
                                                                        request.now);
    if (ahead > harmless_clock_difference || ahead < -harmless_clock_difference)
        advice.push_back("The browser's clock is " + std::to_string(std::abs(ahead.count())) + " s " +
                         (ahead.count() > 0 ? "ahead of" : "behind") +
                         " this server's. Correct the wrong one: cookies and other APIs depend on it.");
}

std::string last_word(const Complaint& complaint) {
    if (complaint.code == "refresh_token_missing")
        return "The refresh cookie did not come back. Its name depends on --dev: after a change of --dev, "
               "sign in again. Or the browser blocks cookies, or another server on this host cleared them.";
    if (complaint.code == "token_missing")
        return "The page sent the token, but the API did not get the Authorization header: a server in front "
               "of it removes it. Apache: CGIPassAuth On. php-fpm behind nginx: fastcgi_param "
               "HTTP_AUTHORIZATION $http_authorization. Your own proxy: pass the header on.";
    return "This server sees no mistake in the settings. Was the server stopped for a moment, or does the "
           "browser or an extension block the request?";
}

}  // namespace

Complaint parse_complaint(std::string_view query) {
    constexpr std::int64_t year_9999 = 253402300799;
    Complaint complaint{http::raw_value(query, "code"), http::raw_value(query, "storage"), std::nullopt};
    if (const auto seconds = base::parse_number<std::int64_t>(http::raw_value(query, "now"), 1, year_9999))
        complaint.browser_time = base::from_unix_seconds(*seconds);
    return complaint;
}

std::vector<std::string> diagnose(const Request& request, const Settings& settings,
                                  const Complaint& complaint) {
    std::vector<std::string> advice;
    look_at_origin(request, settings, advice);
    look_at_site(request, settings, complaint, advice);
    look_at_address(request, settings, advice);
    look_at_proxy(request, advice);
    look_at_clock(request, complaint, advice);
    if (advice.empty() || complaint.code == "token_missing")
        advice.insert(advice.begin(), last_word(complaint));
    return advice;
}

}  // namespace coatcheck::web
