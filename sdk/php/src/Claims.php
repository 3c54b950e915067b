<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/**
 * The claims of a proven token. Times are milliseconds since 1970.
 *
 * @internal
 */
final class Claims
{
    /**
     * @param list<string> $audience
     * @param list<string> $roles
     * @param array<string, mixed> $all
     */
    public function __construct(
        public readonly string $issuer,
        public readonly array $audience,
        public readonly string $subject,
        public readonly string $session,
        public readonly string $username,
        public readonly array $roles,
        public readonly string $scope,
        public readonly int $version,
        public readonly int $issued,
        public readonly int $expires,
        public readonly int $notBefore,
        public readonly array $all,
    ) {
    }
}
