// SPDX-License-Identifier: Apache-2.0
// The command line, by CLI11.
#pragma once

namespace coatcheck::app {

// Runs what the words ask for; the exit status: 0 done, 1 refused or failed, 2 not understood.
int run_command_line(int argc, char** argv);

}  // namespace coatcheck::app
