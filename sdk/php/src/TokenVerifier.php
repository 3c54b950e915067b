<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/** Gives the user of a token, or the code of the refusal. */
interface TokenVerifier
{
    public function check(string $token): Verdict;
}
