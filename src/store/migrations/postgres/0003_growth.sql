-- SPDX-License-Identifier: Apache-2.0
-- Milliseconds (auth/store.hpp). Of keys that are there already, or that an older program makes: the longest that can be configured.
ALTER TABLE keys ADD COLUMN token_life BIGINT NOT NULL DEFAULT 86400000;

-- When the sweeper looks at a session: not when it ends, which every refresh puts off. 0: it was not looked at yet, as those that are
-- there already, which it goes through little by little. (`end_day` is left for programs of before, which sweep by it.)
ALTER TABLE sessions ADD COLUMN due BIGINT NOT NULL DEFAULT 0;
CREATE INDEX sessions_by_due ON sessions(due);

CREATE INDEX users_disabled ON users(id) WHERE enabled = 0;
