-- SPDX-License-Identifier: Apache-2.0
-- When the older system's token expires that a session was made in exchange for; 0: there is none. It is
-- separate from access_end, which is about tokens signed with our own keys.
ALTER TABLE sessions ADD COLUMN older_end INTEGER NOT NULL DEFAULT 0;
-- To look up the revocations of one session or user, before a token is exchanged.
CREATE INDEX revocations_by_subject ON revocations(subject);
