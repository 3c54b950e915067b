-- SPDX-License-Identifier: Apache-2.0
-- When the token of an older system ends that a session was exchanged for; 0: it was not. Kept apart from access_end, which
-- is about what our own keys signed.
ALTER TABLE sessions ADD COLUMN older_end INTEGER NOT NULL DEFAULT 0;
-- What was taken back of one session or user, asked for before a token is exchanged.
CREATE INDEX revocations_by_subject ON revocations(subject);
