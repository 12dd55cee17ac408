-- Runners, what accounts' tokens are pushed to, and tokens that were replaced. Times, ids and lists as in the first migration;
-- `wish`, `options` and a target's or an old token's `error` are JSON.

-- `place` is a digest of what makes one another: a path may be longer than what an index takes.
CREATE TABLE runners (
    id            UUID   NOT NULL PRIMARY KEY,
    forge_kind    TEXT   NOT NULL,
    forge_api_url TEXT   NOT NULL,
    forge_web_url TEXT   NOT NULL,
    host          TEXT   COLLATE "C" NOT NULL,
    scope_kind    TEXT   NOT NULL CHECK (scope_kind IN ('repository', 'owner', 'enterprise', 'instance')),
    scope_path    TEXT   NOT NULL,
    name          TEXT   NOT NULL,
    place         BYTEA  NOT NULL,
    wish          TEXT   NOT NULL,
    state         TEXT   NOT NULL CHECK (state IN ('making', 'live', 'renewing', 'lost')),
    forge_id      TEXT,
    client_id     TEXT,
    token         BYTEA,
    fingerprint   TEXT,
    expires_at    BIGINT,
    renew_at      BIGINT,
    source        TEXT   NOT NULL,
    made_by       TEXT   NOT NULL,
    error         TEXT,
    created_at    BIGINT NOT NULL,
    changed_at    BIGINT NOT NULL,
    sealed_by     BYTEA  GENERATED ALWAYS AS (substr(token, 2, 6)) STORED
);

CREATE UNIQUE INDEX runners_places ON runners (place);
CREATE INDEX runners_by_host ON runners (host, id);

-- What an account's token is pushed to, wherever that is.
CREATE TABLE account_targets (
    id            UUID   NOT NULL PRIMARY KEY,
    account       UUID   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    forge_kind    TEXT   NOT NULL,
    forge_api_url TEXT   NOT NULL,
    forge_web_url TEXT   NOT NULL,
    host          TEXT   NOT NULL,
    scope_kind    TEXT   NOT NULL CHECK (scope_kind IN ('repository', 'owner', 'enterprise', 'instance')),
    scope_path    TEXT   NOT NULL,
    name          TEXT   NOT NULL,
    environment   TEXT,
    place         BYTEA  NOT NULL,
    options       TEXT   NOT NULL,
    source        TEXT   NOT NULL,
    state         TEXT   NOT NULL CHECK (state IN ('pending', 'current', 'failed')),
    pushed        TEXT,
    pushed_at     BIGINT,
    attempts      BIGINT NOT NULL,
    due_at        BIGINT,
    waited        BIGINT NOT NULL,
    error         TEXT,
    added_by      TEXT   NOT NULL,
    rule          TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    changed_at    BIGINT NOT NULL
);

CREATE UNIQUE INDEX account_targets_places ON account_targets (account, place);
-- Most accounts have none, and every renewal asks.
CREATE INDEX account_targets_by_account ON account_targets (account, created_at, id);

-- No reference to `accounts`: what was replaced is ended although its account was removed.
CREATE TABLE old_tokens (
    id            UUID   NOT NULL PRIMARY KEY,
    account       UUID   NOT NULL,
    forge_kind    TEXT   NOT NULL,
    forge_api_url TEXT   NOT NULL,
    forge_web_url TEXT   NOT NULL,
    host          TEXT   NOT NULL,
    kind          TEXT   NOT NULL,
    username      TEXT,
    email         TEXT,
    token         BYTEA,
    fingerprint   TEXT   NOT NULL,
    state         TEXT   NOT NULL CHECK (state IN ('waiting', 'ended', 'kept')),
    ends_by       BIGINT NOT NULL,
    ending_since  BIGINT,
    error         TEXT,
    created_at    BIGINT NOT NULL,
    changed_at    BIGINT NOT NULL,
    sealed_by     BYTEA  GENERATED ALWAYS AS (substr(token, 2, 6)) STORED,
    CHECK (state = 'waiting' OR (token IS NULL AND ending_since IS NULL))
);

CREATE INDEX old_tokens_by_account ON old_tokens (account, created_at, id);
-- Whoever puts a token into an account asks whether it is about to be ended.
CREATE INDEX old_tokens_waiting ON old_tokens (fingerprint, id) WHERE state = 'waiting';
CREATE INDEX old_tokens_closed ON old_tokens (changed_at) WHERE state IN ('ended', 'kept');

-- As the fourth migration has it for the other sealed values.
CREATE INDEX runners_by_data_key ON runners (sealed_by, id) WHERE sealed_by IS NOT NULL;
CREATE INDEX old_tokens_by_data_key ON old_tokens (sealed_by, id) WHERE sealed_by IS NOT NULL;

CREATE TRIGGER runners_refuse_a_retired_key AFTER INSERT OR UPDATE OF token ON runners FOR EACH ROW
    WHEN (length(NEW.token) > 50 AND get_byte(NEW.token, 0) = 1)
    EXECUTE FUNCTION refuse_a_retired_key();

CREATE TRIGGER old_tokens_refuse_a_retired_key AFTER INSERT OR UPDATE OF token ON old_tokens FOR EACH ROW
    WHEN (length(NEW.token) > 50 AND get_byte(NEW.token, 0) = 1)
    EXECUTE FUNCTION refuse_a_retired_key();
