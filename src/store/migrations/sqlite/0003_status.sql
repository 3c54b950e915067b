-- SPDX-License-Identifier: Apache-2.0
-- A session's index in the Token Status Lists; -1: it has none.
ALTER TABLE sessions ADD COLUMN status INTEGER NOT NULL DEFAULT -1;
ALTER TABLE meta ADD COLUMN next_status INTEGER NOT NULL DEFAULT 0;
