-- SPDX-License-Identifier: Apache-2.0
-- OAuth: clients, consents and authorization codes; and what a session needs to be a grant (docs/adr/0024).
-- A session of the SDK has the defaults.
ALTER TABLE sessions ADD COLUMN client_id TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN scope TEXT NOT NULL DEFAULT '';      -- one per line
ALTER TABLE sessions ADD COLUMN resources TEXT NOT NULL DEFAULT '';  -- one per line
ALTER TABLE sessions ADD COLUMN parent TEXT NOT NULL DEFAULT '';     -- the browser's session
ALTER TABLE sessions ADD COLUMN auth_time INTEGER NOT NULL DEFAULT 0;  -- 0: when the session began
CREATE INDEX sessions_of_client ON sessions(client_id) WHERE client_id <> '';

CREATE TABLE clients (
    id                 TEXT PRIMARY KEY,
    name               TEXT NOT NULL,
    type               TEXT NOT NULL,
    auth               TEXT NOT NULL,    -- token_endpoint_auth_method
    secret_hash        BLOB NOT NULL,
    older_secret_hash  BLOB NOT NULL,    -- of the secret before; empty: none
    redirect_uris      TEXT NOT NULL,    -- these are one per line
    logout_uris        TEXT NOT NULL,
    scopes             TEXT NOT NULL,
    resources          TEXT NOT NULL,
    grants             TEXT NOT NULL,
    default_resource   TEXT NOT NULL,
    consent            INTEGER NOT NULL, -- 1: users are asked
    enabled            INTEGER NOT NULL,
    version            INTEGER NOT NULL, -- `ver` of its own tokens
    sid                TEXT NOT NULL,    -- `sid` of its own tokens
    created            INTEGER NOT NULL
) STRICT;

CREATE TABLE consents (
    id        TEXT PRIMARY KEY,
    user_id   TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients(id) ON DELETE CASCADE,
    scope     TEXT NOT NULL,             -- one per line
    resources TEXT NOT NULL,             -- one per line
    given     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX consents_of_user ON consents(user_id, client_id);

CREATE TABLE codes (
    hash         TEXT PRIMARY KEY,       -- base64url of the SHA-256
    client_id    TEXT NOT NULL REFERENCES clients(id) ON DELETE CASCADE,
    user_id      TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    user_version INTEGER NOT NULL,
    parent       TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    challenge    TEXT NOT NULL,
    scope        TEXT NOT NULL,          -- one per line
    resources    TEXT NOT NULL,          -- one per line
    nonce        TEXT NOT NULL,
    auth_time    INTEGER NOT NULL,
    amr          TEXT NOT NULL,          -- one per line
    expires      INTEGER NOT NULL,
    session      TEXT NOT NULL           -- the grant that it was redeemed for; empty: not yet
) STRICT;
CREATE INDEX codes_by_end ON codes(expires);
CREATE INDEX codes_of_user ON codes(user_id);
