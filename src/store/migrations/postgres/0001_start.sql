-- SPDX-License-Identifier: Apache-2.0
-- Times are milliseconds since the Unix epoch. Text is compared byte by byte, as SQLite does it.
--
-- The key of a session begins with its user, so that an engine that shards can shard sessions by user; a
-- refresh token names both. No index contains a column that a rotation changes: PostgreSQL then rewrites the
-- row in its page and touches nothing else.
CREATE TABLE users (
    id            TEXT COLLATE "C" PRIMARY KEY,
    username      TEXT NOT NULL,
    username_key  TEXT COLLATE "C" NOT NULL,  -- folded
    email         TEXT,
    email_key     TEXT COLLATE "C",
    enabled       BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    roles         TEXT NOT NULL,              -- one per line
    claims        TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created       BIGINT NOT NULL,
    CONSTRAINT users_username_key UNIQUE (username_key),
    CONSTRAINT users_email_key UNIQUE (email_key)
);

CREATE TABLE sessions (
    id           TEXT COLLATE "C" NOT NULL,
    user_id      TEXT COLLATE "C" NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    secret_hash  BYTEA NOT NULL,
    renewed_from BYTEA NOT NULL DEFAULT '',
    renewed      BIGINT NOT NULL DEFAULT 0,
    counter      BIGINT NOT NULL DEFAULT 0,
    rotated_1    BIGINT NOT NULL DEFAULT 0,  -- the latest rotation
    rotated_2    BIGINT NOT NULL DEFAULT 0,
    rotated_3    BIGINT NOT NULL DEFAULT 0,
    rotated_4    BIGINT NOT NULL DEFAULT 0,
    delivery     TEXT NOT NULL,
    device       TEXT NOT NULL,
    address      TEXT NOT NULL,
    network      BYTEA NOT NULL,             -- the network of the address; IPv6 by /64
    created      BIGINT NOT NULL,
    last_used    BIGINT NOT NULL,
    idle_end     BIGINT NOT NULL,
    absolute_end BIGINT NOT NULL,
    access_end   BIGINT NOT NULL,
    ended        BIGINT,
    status       BIGINT NOT NULL DEFAULT -1,  -- its index in the Token Status Lists; -1: none
    -- When the older system's token expires that the session was made in exchange for; 0: there is none.
    older_end    BIGINT NOT NULL DEFAULT 0,
    -- The day on which it may be swept: it changes once a day, however often the session is refreshed.
    end_day      BIGINT NOT NULL GENERATED ALWAYS AS (GREATEST(idle_end, older_end) / 86400000) STORED,
    PRIMARY KEY (user_id, id)
) WITH (fillfactor = 80);
CREATE INDEX sessions_by_id ON sessions(id);
CREATE INDEX sessions_by_end ON sessions(end_day);

-- `id` is the position in the feed. It is given after the commit (store/postgres/feed.cpp), so that positions
-- appear in their order.
CREATE TABLE revocations (
    row     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id      BIGINT UNIQUE,
    kind    BIGINT NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    minimum BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX revocations_by_end ON revocations(expires);
CREATE INDEX revocations_by_subject ON revocations(subject);
CREATE INDEX revocations_without_place ON revocations(row) WHERE id IS NULL;

CREATE TABLE buckets (
    key      BYTEA PRIMARY KEY,
    empty_at BIGINT NOT NULL
);
CREATE INDEX buckets_by_end ON buckets(empty_at);

CREATE TABLE keys (
    id          TEXT COLLATE "C" PRIMARY KEY,
    algorithm   TEXT NOT NULL,
    state       BIGINT NOT NULL,
    sealed      BYTEA NOT NULL,
    created     BIGINT NOT NULL,
    state_since BIGINT NOT NULL,
    drop_after  BIGINT NOT NULL
);

CREATE TABLE service_keys (
    id          TEXT COLLATE "C" PRIMARY KEY,
    name        TEXT COLLATE "C" NOT NULL UNIQUE,
    scopes      TEXT NOT NULL,  -- one per line
    secret_hash BYTEA NOT NULL,
    created     BIGINT NOT NULL
);

CREATE TABLE audit (
    id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    time    BIGINT NOT NULL,
    event   TEXT NOT NULL,
    user_id TEXT NOT NULL,
    session TEXT NOT NULL,
    address TEXT NOT NULL,
    detail  TEXT NOT NULL
);

CREATE SEQUENCE status_places MINVALUE 0 START 0;

-- One row each. A step that changes keys locks `meta`; a transaction that gives positions in the feed locks
-- `feed`.
CREATE TABLE meta (
    one          BIGINT PRIMARY KEY CHECK (one = 1),
    clock        BIGINT NOT NULL,  -- the latest time that a node has noted
    keys_version BIGINT NOT NULL,  -- grows with each change of keys or service keys
    feed         TEXT NOT NULL     -- the feed's epoch: differs in a restored copy (auth/revocation/log.hpp)
);
INSERT INTO meta VALUES (1, 0, 1, substr(replace(gen_random_uuid()::text, '-', ''), 1, 16));
CREATE TABLE feed (
    one     BIGINT PRIMARY KEY CHECK (one = 1),
    last_id BIGINT NOT NULL  -- the last position given
);
INSERT INTO feed VALUES (1, 0);
