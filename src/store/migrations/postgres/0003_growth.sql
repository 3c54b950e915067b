-- SPDX-License-Identifier: Apache-2.0
-- Milliseconds (auth/store/keys.hpp). Existing keys, and keys that an older program makes, get the longest life
-- that can be configured.
ALTER TABLE keys ADD COLUMN token_life BIGINT NOT NULL DEFAULT 86400000;

-- When the sweeper looks at a session. This is not when the session ends, which every refresh puts off. 0:
-- the sweeper has not looked at it yet; existing sessions have 0, and the sweeper goes through them little by
-- little. (`end_day` remains for older programs, which sweep by it.)
ALTER TABLE sessions ADD COLUMN due BIGINT NOT NULL DEFAULT 0;
CREATE INDEX sessions_by_due ON sessions(due);

CREATE INDEX users_disabled ON users(id) WHERE enabled = 0;
