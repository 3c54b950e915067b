-- SPDX-License-Identifier: Apache-2.0
-- How the session's user was recognised: the methods of RFC 8176, one on each line.
ALTER TABLE sessions ADD COLUMN amr TEXT NOT NULL DEFAULT 'pwd';
