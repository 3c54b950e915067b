<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/** The user who calls. */
final class User
{
    /**
     * @param string $id The token's `sub`.
     * @param list<string> $roles
     * @param string $session The session's id.
     * @param int $expiresAt When the token expires, in Unix seconds.
     * @param array<string, mixed> $claims All claims, including the application's own.
     */
    public function __construct(
        public readonly string $id,
        public readonly string $username,
        public readonly array $roles,
        public readonly string $scope,
        public readonly string $session,
        public readonly int $expiresAt,
        public readonly array $claims,
    ) {
    }

    public function hasRole(string $role): bool
    {
        return in_array($role, $this->roles, true);
    }
}
