// SPDX-License-Identifier: Apache-2.0
// Answers with content that seldom changes. A browser may keep it, and sends the tag to ask whether it is
// still current (RFC 9110 §13.1.2).
#pragma once

#include "http/message.hpp"

#include <string_view>

namespace coatcheck::http {

// True if a value of If-None-Match names this tag (quotes included), as a strong or a weak one, or is *.
// False from the first thing on that is no tag.
bool names_tag(std::string_view if_none_match, std::string_view tag);
// True if the client has the content with this tag already (RFC 9110 §13.1.2).
bool is_current(const Request& request, std::string_view tag);

// Writes the headers of a 200, or of a 304 if the client has the content already. True: the caller must add
// the content. A 304 repeats the content type, so that its headers, policies included, replace the stored
// ones.
bool answer_with_tag(Response& response, const Request& request, std::string_view type, std::string_view tag,
                     std::string_view cache_control = "no-cache");

// Answers with content whose name holds its digest: it never changes, and may be kept for a year.
void answer_immutable(Response& response, std::string_view type, std::string_view content);

// A file in the forms in which it can be sent.
struct StaticFile {
    std::string_view content, gzip, br;
};

// True if a value of Accept-Encoding accepts this content coding (RFC 9110 §12.5.3).
bool accepts_coding(std::string_view accept_encoding, std::string_view coding);

// The form of the file that the client accepts and that is smallest as a rule (br, then gzip). Adds
// Content-Encoding and Vary. Appends to `tag`, unless it is null, what tells this form from the others.
std::string_view pick_form(Response& response, const Request& request, const StaticFile& file,
                           std::string* tag = nullptr);

// The media type for the ending of a file name; image/svg+xml for an unknown ending.
std::string_view media_type_of(std::string_view name);

}  // namespace coatcheck::http
