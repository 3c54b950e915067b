// SPDX-License-Identifier: Apache-2.0
// All commands of execute(), grouped by the file that holds them.
#pragma once

#include "app/commands/commands.hpp"

namespace coatcheck::app {

using Run = Reply(Node& node, const boost::json::object& request);

Run user_add, user_list, user_set, user_disable, user_enable, user_delete, user_password;  // user.cpp
Run session_list, session_end;                                                             // session.cpp
Run key_list, key_rotate, key_revoke, key_reseal;                                          // key.cpp
Run service_key_add, service_key_list, service_key_end;                                    // service_key.cpp
Run client_add, client_list, client_show, client_set, client_disable, client_enable, client_end,
    client_secret;                    // client.cpp
Run audit_list;                       // audit.cpp
Run store_restored, store_set_clock;  // store.cpp
Run findings;                         // findings.cpp
Run token_inspect, token_verify;      // token.cpp

}  // namespace coatcheck::app
