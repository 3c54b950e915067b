-- SPDX-License-Identifier: Apache-2.0
-- The cost of queries and writes that concern many sessions no longer depends on how many sessions there are.
--
-- When the sweeper looks at a session. This is not when the session ends, which every refresh puts off. So a
-- refresh changes no index, and writes one page of each table and index. 0: the sweeper has not looked at it
-- yet.
ALTER TABLE sessions ADD COLUMN due INTEGER NOT NULL DEFAULT 0;
UPDATE sessions SET due = MAX(idle_end, older_end);
DROP INDEX sessions_by_end;
CREATE INDEX sessions_by_due ON sessions(due);
DROP INDEX sessions_of_user;
CREATE INDEX sessions_of_user ON sessions(user_id, network);
CREATE INDEX users_disabled ON users(id) WHERE enabled = 0;

-- Milliseconds (auth/store/keys.hpp). Existing keys get the longest life that can be configured.
ALTER TABLE keys ADD COLUMN token_life INTEGER NOT NULL DEFAULT 86400000;
