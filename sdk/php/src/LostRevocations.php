<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/**
 * The cache has lost a part of the revocations, so that nobody can say which tokens are revoked.
 *
 * @internal
 */
final class LostRevocations extends \RuntimeException
{
}
