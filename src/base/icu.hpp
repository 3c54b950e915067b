// SPDX-License-Identifier: Apache-2.0
// ICU, loaded while text beyond ASCII is checked: its libraries and tables take 4 MB, which an idle server
// does not spend.
#pragma once

#include <unicode/uclean.h>
#include <unicode/uidna.h>
#include <unicode/uset.h>
#include <unicode/uspoof.h>

namespace coatcheck::base {

// clang-format off
#define COATCHECK_ICU(F) \
    F(uset_openPattern) F(uset_close) F(uspoof_open) F(uspoof_close) F(uspoof_setChecks) \
    F(uspoof_setRestrictionLevel) F(uspoof_setAllowedChars) F(uspoof_check2UTF8) F(uidna_openUTS46) \
    F(uidna_close) F(uidna_labelToUnicodeUTF8) F(u_cleanup)
// clang-format on

class Icu {
public:
    // Loads ICU in the version that this program was built with. Throws std::runtime_error if it is not
    // installed.
    Icu();
    // Unloads it. Everything that it has opened is closed, and no other Icu exists.
    ~Icu();
    Icu(const Icu&) = delete;

#define COATCHECK_DECLARE(name) decltype(&::name) name = nullptr;
    COATCHECK_ICU(COATCHECK_DECLARE)
#undef COATCHECK_DECLARE

private:
    void* library_ = nullptr;
};

}  // namespace coatcheck::base
