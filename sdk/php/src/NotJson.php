<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

namespace Coatcheck;

/** @internal */
final class NotJson extends \Exception
{
}
