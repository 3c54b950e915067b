-- SPDX-License-Identifier: Apache-2.0
-- What is asked and written of many sessions no longer depends on how many there are.
--
-- When the sweeper looks at a session: not when it ends, which every refresh puts off. So a refresh changes no index, and of each
-- table and index it writes one page. 0: it was not looked at yet.
ALTER TABLE sessions ADD COLUMN due INTEGER NOT NULL DEFAULT 0;
UPDATE sessions SET due = MAX(idle_end, older_end);
DROP INDEX sessions_by_end;
CREATE INDEX sessions_by_due ON sessions(due);
DROP INDEX sessions_of_user;
CREATE INDEX sessions_of_user ON sessions(user_id, network);
CREATE INDEX users_disabled ON users(id) WHERE enabled = 0;

-- Milliseconds (auth/store.hpp). Of keys that are there already: the longest that can be configured.
ALTER TABLE keys ADD COLUMN token_life INTEGER NOT NULL DEFAULT 86400000;
