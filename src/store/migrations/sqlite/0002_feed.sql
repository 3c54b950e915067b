-- SPDX-License-Identifier: Apache-2.0
-- Ids of revocations are never given twice, so that a follower can continue where it was.
CREATE TABLE numbered_revocations (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    kind    INTEGER NOT NULL,
    subject TEXT NOT NULL,
    minimum INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT;
INSERT INTO numbered_revocations SELECT * FROM revocations;
DROP TABLE revocations;
ALTER TABLE numbered_revocations RENAME TO revocations;
CREATE INDEX revocations_by_end ON revocations(expires);

-- Tells these ids from those of a restored copy (auth/revocation/log.hpp).
ALTER TABLE meta ADD COLUMN feed TEXT NOT NULL DEFAULT '';
UPDATE meta SET feed = lower(hex(randomblob(8)));

CREATE TABLE service_keys (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    scopes      TEXT NOT NULL,         -- one per line
    secret_hash BLOB NOT NULL,
    created     INTEGER NOT NULL
) STRICT;
