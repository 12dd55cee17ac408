-- Times are milliseconds since 1970 (UTC). Ids are UUIDs, version 7, so that they sort by time.
-- Lists of names and permissions are JSON.

CREATE TABLE data_keys (
    id         TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    wrapped    BYTEA  NOT NULL,
    wrapped_by TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE apps (
    id              UUID   NOT NULL PRIMARY KEY,
    name            TEXT   COLLATE "C" NOT NULL UNIQUE,
    forge_kind      TEXT   NOT NULL,
    forge_api_url   TEXT   NOT NULL,
    issuer          TEXT   NOT NULL,
    private_key     BYTEA  NOT NULL,
    key_fingerprint TEXT   NOT NULL,
    created_at      BIGINT NOT NULL
);

-- No reference to `apps`: an App that stands in the configuration has no row there.
CREATE TABLE installations (
    app          UUID   NOT NULL,
    owner        TEXT   NOT NULL,
    installation BIGINT NOT NULL,
    found_at     BIGINT NOT NULL,
    PRIMARY KEY (app, owner)
);

CREATE TABLE tokens (
    id           UUID   NOT NULL PRIMARY KEY,
    key_digest   BYTEA  NOT NULL,
    app          UUID   NOT NULL,
    installation BIGINT NOT NULL,
    owner        TEXT   NOT NULL,
    repositories TEXT   NOT NULL,
    permissions  TEXT   NOT NULL,
    token        BYTEA,
    fingerprint  TEXT   NOT NULL,
    minted_at    BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('live', 'revoking', 'revoked')),
    CHECK (state <> 'revoked' OR token IS NULL)
);

CREATE INDEX tokens_live ON tokens (key_digest, expires_at) WHERE state = 'live';
CREATE INDEX tokens_by_fingerprint ON tokens (fingerprint, expires_at) WHERE state = 'live';
CREATE INDEX tokens_by_end ON tokens (expires_at);
CREATE INDEX tokens_ended_early ON tokens (expires_at) WHERE state <> 'live';
CREATE INDEX tokens_sealed_by_end ON tokens (expires_at) WHERE token IS NOT NULL;

CREATE TABLE grants (
    id           UUID   NOT NULL PRIMARY KEY,
    token        UUID   NOT NULL REFERENCES tokens (id),
    forge        TEXT   NOT NULL,
    app          TEXT   NOT NULL,
    repositories TEXT   NOT NULL,
    permissions  TEXT   NOT NULL,
    fingerprint  TEXT   NOT NULL,
    holder       TEXT   NOT NULL,
    request_id   TEXT,
    issued_at    BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    released_at  BIGINT
);

CREATE INDEX grants_by_token ON grants (token, released_at);
CREATE INDEX grants_by_end ON grants (expires_at);
CREATE INDEX grants_held_by_end ON grants (expires_at, id) WHERE released_at IS NULL;

-- `wake_at` is when a worker may take the job: `run_at` of a queued one, the end of the lease of a running one.
CREATE TABLE jobs (
    id         UUID    NOT NULL PRIMARY KEY,
    kind       TEXT    NOT NULL,
    payload    TEXT    NOT NULL,
    dedup      TEXT,
    state      TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'dead')),
    run_at     BIGINT  NOT NULL,
    wake_at    BIGINT  NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    holder     UUID
);

CREATE UNIQUE INDEX jobs_twins ON jobs (kind, dedup) WHERE dedup IS NOT NULL AND state <> 'dead';
CREATE INDEX jobs_to_wake ON jobs (wake_at, id) WHERE state <> 'dead';
CREATE INDEX jobs_queued ON jobs (run_at) WHERE state = 'queued';

CREATE TABLE leases (
    name   TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    holder UUID   NOT NULL,
    until  BIGINT NOT NULL
);

CREATE INDEX leases_by_end ON leases (until);

CREATE TABLE settings (
    name  TEXT  COLLATE "C" NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);

-- One row, written by the health check and by nothing else: only a write shows that writing works.
CREATE TABLE probe (
    id    BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    count BIGINT NOT NULL
);
