// SPDX-License-Identifier: Apache-2.0
// Answers with content that seldom changes. A browser may keep it, and sends the tag to ask whether it is
// still current (RFC 9110 §13.1.2).
#pragma once

#include "http/message.hpp"

#include <string_view>

namespace coatcheck::http {

// Writes the headers of a 200, or of a 304 if the request has this `tag` (quotes included) in
// If-None-Match. True: the caller must add the content. A 304 repeats the content type, so that its
// headers, policies included, replace the stored ones.
bool answer_with_tag(Response& response, const Request& request, std::string_view type, std::string_view tag);

// Answers with content whose name holds its digest: it never changes, and may be kept for a year.
void answer_immutable(Response& response, std::string_view type, std::string_view content);

// The media type for the ending of a file name; image/svg+xml for an unknown ending.
std::string_view media_type_of(std::string_view name);

}  // namespace coatcheck::http
