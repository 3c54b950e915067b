// SPDX-License-Identifier: Apache-2.0
// Answers with content that changes seldom: a browser may keep it, and asks with the tag whether it is still
// current (RFC 9110 §13.1.2).
#pragma once

#include "http/message.hpp"

#include <string_view>

namespace coatcheck::http {

// Writes the headers of a 200, or of a 304 if the request names `tag` (with its quotes). True: the content
// must follow. A 304 repeats the content type: its headers, policies included, replace the stored ones.
bool answer_with_tag(Response& response, const Request& request, std::string_view type, std::string_view tag);

// Content under a name that holds its digest: it never changes and may be kept for a year.
void answer_immutable(Response& response, std::string_view type, std::string_view content);

// The media type by the file name's ending; image/svg+xml for an unknown one.
std::string_view media_type_of(std::string_view name);

}  // namespace coatcheck::http
