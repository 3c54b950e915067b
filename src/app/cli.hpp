// SPDX-License-Identifier: Apache-2.0
// The command line, which CLI11 parses.
#pragma once

namespace coatcheck::app {

// Runs the command that the arguments name. Returns the exit status: 0 done, 1 refused or failed, 2 not
// understood.
int run_command_line(int argc, char** argv);

}  // namespace coatcheck::app
