-- Runners, what accounts' tokens are pushed to, and tokens that were replaced. Times, ids and lists as in the first migration;
-- `wish`, `options` and a target's or an old token's `error` are JSON.

-- `place` is a digest of what makes one another: a path may be longer than what an index takes.
CREATE TABLE runners (
    id            TEXT    NOT NULL PRIMARY KEY,
    forge_kind    TEXT    NOT NULL,
    forge_api_url TEXT    NOT NULL,
    forge_web_url TEXT    NOT NULL,
    host          TEXT    NOT NULL,
    scope_kind    TEXT    NOT NULL CHECK (scope_kind IN ('repository', 'owner', 'enterprise', 'instance')),
    scope_path    TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    place         BLOB    NOT NULL,
    wish          TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('making', 'live', 'renewing', 'lost')),
    forge_id      TEXT,
    client_id     TEXT,
    token         BLOB,
    fingerprint   TEXT,
    expires_at    INTEGER,
    renew_at      INTEGER,
    source        TEXT    NOT NULL,
    made_by       TEXT    NOT NULL,
    error         TEXT,
    created_at    INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX runners_places ON runners (place);
CREATE INDEX runners_by_host ON runners (host, id);

-- What an account's token is pushed to, wherever that is.
CREATE TABLE account_targets (
    id            TEXT    NOT NULL PRIMARY KEY,
    account       TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    forge_kind    TEXT    NOT NULL,
    forge_api_url TEXT    NOT NULL,
    forge_web_url TEXT    NOT NULL,
    host          TEXT    NOT NULL,
    scope_kind    TEXT    NOT NULL CHECK (scope_kind IN ('repository', 'owner', 'enterprise', 'instance')),
    scope_path    TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    environment   TEXT,
    place         BLOB    NOT NULL,
    options       TEXT    NOT NULL,
    source        TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('pending', 'current', 'failed')),
    pushed        TEXT,
    pushed_at     INTEGER,
    attempts      INTEGER NOT NULL,
    due_at        INTEGER,
    waited        INTEGER NOT NULL,
    error         TEXT,
    added_by      TEXT    NOT NULL,
    rule          TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX account_targets_places ON account_targets (account, place);
-- Most accounts have none, and every renewal asks.
CREATE INDEX account_targets_by_account ON account_targets (account, created_at, id);

-- No reference to `accounts`: what was replaced is ended although its account was removed.
CREATE TABLE old_tokens (
    id            TEXT    NOT NULL PRIMARY KEY,
    account       TEXT    NOT NULL,
    forge_kind    TEXT    NOT NULL,
    forge_api_url TEXT    NOT NULL,
    forge_web_url TEXT    NOT NULL,
    host          TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    username      TEXT,
    email         TEXT,
    token         BLOB,
    fingerprint   TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('waiting', 'ended', 'kept')),
    ends_by       INTEGER NOT NULL,
    ending_since  INTEGER,
    error         TEXT,
    created_at    INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL,
    CHECK (state = 'waiting' OR (token IS NULL AND ending_since IS NULL))
) STRICT;

CREATE INDEX old_tokens_by_account ON old_tokens (account, created_at, id);
-- Whoever puts a token into an account asks whether it is about to be ended.
CREATE INDEX old_tokens_waiting ON old_tokens (fingerprint, id) WHERE state = 'waiting';
CREATE INDEX old_tokens_closed ON old_tokens (changed_at) WHERE state IN ('ended', 'kept');

-- As the fourth migration has it for the other sealed values.
CREATE INDEX runners_by_data_key ON runners (substr(token, 2, 6), id)
    WHERE substr(token, 2, 6) IS NOT NULL;
CREATE INDEX old_tokens_by_data_key ON old_tokens (substr(token, 2, 6), id)
    WHERE substr(token, 2, 6) IS NOT NULL;

CREATE TRIGGER runners_refuse_new_values_of_a_retired_key AFTER INSERT ON runners
WHEN length(NEW.token) > 50 AND substr(NEW.token, 1, 1) = x'01' AND EXISTS (SELECT 1 FROM data_keys)
    AND NOT EXISTS (SELECT 1 FROM data_keys WHERE id = lower(hex(substr(NEW.token, 2, 6))))
BEGIN
    SELECT RAISE(ABORT, 'the data key is gone');
END;

CREATE TRIGGER runners_refuse_values_of_a_retired_key AFTER UPDATE OF token ON runners
WHEN length(NEW.token) > 50 AND substr(NEW.token, 1, 1) = x'01' AND EXISTS (SELECT 1 FROM data_keys)
    AND NOT EXISTS (SELECT 1 FROM data_keys WHERE id = lower(hex(substr(NEW.token, 2, 6))))
BEGIN
    SELECT RAISE(ABORT, 'the data key is gone');
END;

CREATE TRIGGER old_tokens_refuse_new_values_of_a_retired_key AFTER INSERT ON old_tokens
WHEN length(NEW.token) > 50 AND substr(NEW.token, 1, 1) = x'01' AND EXISTS (SELECT 1 FROM data_keys)
    AND NOT EXISTS (SELECT 1 FROM data_keys WHERE id = lower(hex(substr(NEW.token, 2, 6))))
BEGIN
    SELECT RAISE(ABORT, 'the data key is gone');
END;

CREATE TRIGGER old_tokens_refuse_values_of_a_retired_key AFTER UPDATE OF token ON old_tokens
WHEN length(NEW.token) > 50 AND substr(NEW.token, 1, 1) = x'01' AND EXISTS (SELECT 1 FROM data_keys)
    AND NOT EXISTS (SELECT 1 FROM data_keys WHERE id = lower(hex(substr(NEW.token, 2, 6))))
BEGIN
    SELECT RAISE(ABORT, 'the data key is gone');
END;
