// SPDX-License-Identifier: Apache-2.0
// How an OAuth client shows who it is (RFC 6749 §2.3).
#pragma once

#include "auth/oauth/clients.hpp"
#include "base/result.hpp"
#include "web/service.hpp"

#include <memory>

namespace coatcheck::web {

// The client of a request with a form: its secret in HTTP Basic or in the form, by the one method that it was
// registered with; or its id alone, if it has no secret. invalid_client; credential_conflict: it came in two
// ways.
base::Result<std::shared_ptr<const auth::Client>> authenticate_client(const Service& service,
                                                                      const Request& request);

}  // namespace coatcheck::web
