-- Times are milliseconds since 1970 (UTC). Ids are UUIDs as lower-case text: version 7, so that they sort by time.
-- Lists of names and permissions are JSON.

CREATE TABLE data_keys (
    id         TEXT    NOT NULL PRIMARY KEY,
    wrapped    BLOB    NOT NULL,
    wrapped_by TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE apps (
    id              TEXT    NOT NULL PRIMARY KEY,
    name            TEXT    NOT NULL UNIQUE,
    forge_kind      TEXT    NOT NULL,
    forge_api_url   TEXT    NOT NULL,
    issuer          TEXT    NOT NULL,
    private_key     BLOB    NOT NULL,
    key_fingerprint TEXT    NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;

-- No reference to `apps`: an App that stands in the configuration has no row there.
CREATE TABLE installations (
    app          TEXT    NOT NULL,
    owner        TEXT    NOT NULL,
    installation INTEGER NOT NULL,
    found_at     INTEGER NOT NULL,
    PRIMARY KEY (app, owner)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    id           TEXT    NOT NULL PRIMARY KEY,
    key_digest   BLOB    NOT NULL,
    app          TEXT    NOT NULL,
    installation INTEGER NOT NULL,
    owner        TEXT    NOT NULL,
    repositories TEXT    NOT NULL,
    permissions  TEXT    NOT NULL,
    token        BLOB,
    fingerprint  TEXT    NOT NULL,
    minted_at    INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('live', 'revoking', 'revoked')),
    CHECK (state <> 'revoked' OR token IS NULL)
) STRICT;

CREATE INDEX tokens_live ON tokens (key_digest, expires_at) WHERE state = 'live';
CREATE INDEX tokens_by_fingerprint ON tokens (fingerprint, expires_at) WHERE state = 'live';
CREATE INDEX tokens_by_end ON tokens (expires_at);
CREATE INDEX tokens_ended_early ON tokens (expires_at) WHERE state <> 'live';
CREATE INDEX tokens_sealed_by_end ON tokens (expires_at) WHERE token IS NOT NULL;

CREATE TABLE grants (
    id           TEXT    NOT NULL PRIMARY KEY,
    token        TEXT    NOT NULL REFERENCES tokens (id),
    forge        TEXT    NOT NULL,
    app          TEXT    NOT NULL,
    repositories TEXT    NOT NULL,
    permissions  TEXT    NOT NULL,
    fingerprint  TEXT    NOT NULL,
    holder       TEXT    NOT NULL,
    request_id   TEXT,
    issued_at    INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    released_at  INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX grants_by_token ON grants (token, released_at);
CREATE INDEX grants_by_end ON grants (expires_at);
CREATE INDEX grants_held_by_end ON grants (expires_at, id) WHERE released_at IS NULL;

-- `wake_at` is when a worker may take the job: `run_at` of a queued one, the end of the lease of a running one.
CREATE TABLE jobs (
    id         TEXT    NOT NULL PRIMARY KEY,
    kind       TEXT    NOT NULL,
    payload    TEXT    NOT NULL,
    dedup      TEXT,
    state      TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'dead')),
    run_at     INTEGER NOT NULL,
    wake_at    INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    holder     TEXT
) STRICT;

CREATE UNIQUE INDEX jobs_twins ON jobs (kind, dedup) WHERE dedup IS NOT NULL AND state <> 'dead';
CREATE INDEX jobs_to_wake ON jobs (wake_at, id) WHERE state <> 'dead';
CREATE INDEX jobs_queued ON jobs (run_at) WHERE state = 'queued';

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

-- One row, written by the health check and by nothing else: only a write shows that writing works.
CREATE TABLE probe (
    id    INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    count INTEGER NOT NULL
) STRICT;
