<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/** Whose token this is, or why it does not count. */
interface TokenVerifier
{
    public function check(string $token): Verdict;
}
