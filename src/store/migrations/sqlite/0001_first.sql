-- SPDX-License-Identifier: Apache-2.0
-- Times are milliseconds since the Unix epoch.
CREATE TABLE users (
    id            TEXT PRIMARY KEY,
    username      TEXT NOT NULL,
    username_key  TEXT NOT NULL UNIQUE,  -- folded
    email         TEXT,
    email_key     TEXT UNIQUE,
    enabled       INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    roles         TEXT NOT NULL,         -- one per line
    claims        TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created       INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    secret_hash  BLOB NOT NULL,
    renewed_from BLOB NOT NULL DEFAULT x'',
    renewed      INTEGER NOT NULL DEFAULT 0,
    counter      INTEGER NOT NULL DEFAULT 0,
    rotated_1    INTEGER NOT NULL DEFAULT 0,  -- the latest rotation
    rotated_2    INTEGER NOT NULL DEFAULT 0,
    rotated_3    INTEGER NOT NULL DEFAULT 0,
    rotated_4    INTEGER NOT NULL DEFAULT 0,
    delivery     TEXT NOT NULL,
    device       TEXT NOT NULL,
    address      TEXT NOT NULL,
    network      BLOB NOT NULL,               -- the network of the address; IPv6 by /64
    created      INTEGER NOT NULL,
    last_used    INTEGER NOT NULL,
    idle_end     INTEGER NOT NULL,
    absolute_end INTEGER NOT NULL,
    access_end   INTEGER NOT NULL,
    ended        INTEGER
) STRICT;
CREATE INDEX sessions_of_user ON sessions(user_id, network, idle_end);
CREATE INDEX sessions_by_end ON sessions(idle_end);

CREATE TABLE revocations (
    id      INTEGER PRIMARY KEY,
    kind    INTEGER NOT NULL,
    subject TEXT NOT NULL,
    minimum INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT;
CREATE INDEX revocations_by_end ON revocations(expires);

CREATE TABLE buckets (
    key      BLOB PRIMARY KEY,
    empty_at INTEGER NOT NULL
) STRICT;
CREATE INDEX buckets_by_end ON buckets(empty_at);

CREATE TABLE keys (
    id          TEXT PRIMARY KEY,
    algorithm   TEXT NOT NULL,
    state       INTEGER NOT NULL,
    sealed      BLOB NOT NULL,
    created     INTEGER NOT NULL,
    state_since INTEGER NOT NULL,
    drop_after  INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,
    time    INTEGER NOT NULL,
    event   TEXT NOT NULL,
    user_id TEXT NOT NULL,
    session TEXT NOT NULL,
    address TEXT NOT NULL,
    detail  TEXT NOT NULL
) STRICT;

-- One row: the store's clock at the last commit, and the epoch file that tells this database from a copy of
-- it (store/sql/epoch.hpp).
CREATE TABLE meta (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    clock    INTEGER NOT NULL,
    epoch    TEXT NOT NULL
) STRICT;
INSERT INTO meta VALUES (1, 0, '');
