// SPDX-License-Identifier: Apache-2.0
// The frame of the pages that the server makes: they work without script, load nothing but one style sheet,
// and cannot be framed.
#pragma once

#include "base/result.hpp"
#include "web/call.hpp"
#include "web/pages/html.hpp"
#include "web/pages/words.hpp"

#include <string>
#include <string_view>

namespace coatcheck::web {

// What goes on from a page: Chromium applies form-action to every redirect after a POST, so a page whose form
// leads on to a client can have none.
enum class FormsLead { here, to_a_client };

void write_page(Reply& reply, unsigned status, const Words& words, std::string_view title, const Html& body,
                FormsLead lead = FormsLead::here);
// The page for a refusal: in words for the user, and with the detail for those who made the mistake.
void write_error_page(Reply& reply, const Request& request, const base::Denied& denied);

// The pattern with `name` in place of its {}.
std::string name_in(std::string_view pattern, std::string_view name);

// 303: the browser goes on with GET (RFC 9700 §4.12).
Reply see_other(std::string_view address);

// The MAC that a form carries and brings back: over the browser's session (or its cookie before there is
// one), the action and the whole query. A page of another site cannot know it.
std::string form_mac(const Service& service, std::string_view session, std::string_view action,
                     std::string_view query);

}  // namespace coatcheck::web
