-- SPDX-License-Identifier: Apache-2.0
-- Milliseconds (auth/store.hpp). Of keys that are there already, or that an older program makes: the longest that can be configured.
ALTER TABLE keys ADD COLUMN token_life BIGINT NOT NULL DEFAULT 86400000;
CREATE INDEX users_disabled ON users(id) WHERE enabled = 0;
