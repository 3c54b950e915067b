<?php
// SPDX-License-Identifier: Apache-2.0
(require dirname(__DIR__) . '/bootstrap/app.php')->run();
