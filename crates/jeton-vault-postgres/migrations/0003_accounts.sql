-- Accounts, their renewals, and grants of their tokens. Times, ids and lists as in the first migration.

-- `scope` is empty for what is shared, and otherwise whose it is. `serves` is a list.
CREATE TABLE accounts (
    id              UUID    NOT NULL PRIMARY KEY,
    label           TEXT    COLLATE "C" NOT NULL,
    note            TEXT,
    scope           TEXT    COLLATE "C" NOT NULL,
    added_by        TEXT    NOT NULL,
    forge_kind      TEXT    COLLATE "C" NOT NULL,
    forge_api_url   TEXT    NOT NULL,
    forge_web_url   TEXT    NOT NULL,
    host            TEXT    COLLATE "C" NOT NULL,
    kind            TEXT    NOT NULL,
    username        TEXT,
    email           TEXT,
    token           BYTEA   NOT NULL,
    fingerprint     TEXT    NOT NULL,
    serves          TEXT    NOT NULL,
    is_default      BOOLEAN NOT NULL,
    active          BOOLEAN NOT NULL,
    auto_rotate     BOOLEAN NOT NULL,
    identity_id     TEXT,
    identity_name   TEXT,
    scopes          TEXT,
    expires_at      BIGINT,
    end_is_known    BOOLEAN NOT NULL,
    validity        TEXT    COLLATE "C" NOT NULL CHECK (validity IN ('valid', 'invalid', 'unknown')),
    finding         TEXT,
    report          TEXT,
    checked_at      BIGINT,
    verdict_at      BIGINT,
    next_check_at   BIGINT  NOT NULL,
    next_warning_at BIGINT,
    rotate_at       BIGINT,
    token_since     BIGINT  NOT NULL,
    created_at      BIGINT  NOT NULL,
    updated_at      BIGINT  NOT NULL
);

CREATE UNIQUE INDEX accounts_labels ON accounts (scope, label);
CREATE UNIQUE INDEX accounts_defaults ON accounts (scope, host) WHERE is_default;
-- Lists: of everybody's, of one scope (`accounts_labels`), and both on one host.
CREATE INDEX accounts_by_label ON accounts (label, id);
CREATE INDEX accounts_by_host ON accounts (host, label, id);
CREATE INDEX accounts_of_scope_by_host ON accounts (scope, host, label, id);
CREATE INDEX accounts_by_fingerprint ON accounts (fingerprint);
CREATE INDEX accounts_to_check ON accounts (next_check_at, id) WHERE active;
CREATE INDEX accounts_to_warn ON accounts (next_warning_at, id) WHERE active AND next_warning_at IS NOT NULL;
CREATE INDEX accounts_to_rotate ON accounts (rotate_at, id) WHERE active AND rotate_at IS NOT NULL;
-- Counts walk along these and not past the rows, which are long.
CREATE INDEX accounts_by_standing ON accounts (forge_kind, validity);
CREATE INDEX accounts_by_end ON accounts (expires_at, forge_kind) WHERE active AND expires_at IS NOT NULL;

-- What active accounts serve: one row per entry of `serves`, or one with an empty key for an account that serves
-- everything. Whoever looks for an account that fits reads the best few rows of one key in one scope from an index.
-- `preference` puts those of one key in order: below 2 is the default, and odd is what the forge refuses.
CREATE TABLE account_serves (
    account    UUID     NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    key        TEXT     COLLATE "C" NOT NULL,
    scope      TEXT     COLLATE "C" NOT NULL,
    shared     BOOLEAN  NOT NULL,
    forge_kind TEXT     COLLATE "C" NOT NULL,
    host       TEXT     COLLATE "C" NOT NULL,
    preference SMALLINT NOT NULL,
    label      TEXT     COLLATE "C" NOT NULL,
    -- One value for what a look on one host compares with, so that no other index can be taken for it: with those the planner
    -- walks past everything that other hosts have under the same key.
    place      TEXT     COLLATE "C" NOT NULL GENERATED ALWAYS AS (host || ' ' || forge_kind || ' ' || key) STORED,
    PRIMARY KEY (account, key)
);

CREATE INDEX account_serves_anybody ON account_serves (forge_kind, key, shared, preference, label, account);
CREATE INDEX account_serves_anybody_on_host
    ON account_serves (place, shared, preference, label, account);
CREATE INDEX account_serves_scope ON account_serves (forge_kind, scope, key, preference, label, account);
CREATE INDEX account_serves_scope_on_host
    ON account_serves (place, scope, preference, label, account);

-- Triggers keep it in step, so that no statement can forget to.
CREATE FUNCTION account_serves_sync() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM account_serves WHERE account = OLD.id;
    END IF;
    IF NEW.active THEN
        INSERT INTO account_serves (account, key, scope, shared, forge_kind, host, preference, label)
        SELECT DISTINCT NEW.id, key, NEW.scope, NEW.scope = '', NEW.forge_kind, NEW.host,
            2 * (NOT NEW.is_default)::int + (NEW.validity = 'invalid')::int, NEW.label
        FROM json_array_elements_text(CASE NEW.serves WHEN '[]' THEN '[""]' ELSE NEW.serves END::json) AS served (key);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER account_serves_new AFTER INSERT ON accounts
    FOR EACH ROW WHEN (NEW.active) EXECUTE FUNCTION account_serves_sync();

CREATE TRIGGER account_serves_changed AFTER UPDATE ON accounts
    FOR EACH ROW WHEN (
        (OLD.scope, OLD.forge_kind, OLD.host, OLD.label, OLD.serves, OLD.active, OLD.is_default, OLD.validity = 'invalid')
        <> (NEW.scope, NEW.forge_kind, NEW.host, NEW.label, NEW.serves, NEW.active, NEW.is_default, NEW.validity = 'invalid')
    ) EXECUTE FUNCTION account_serves_sync();

-- The journal of renewals: what a forge was asked, and what became of it, whenever a server died meanwhile.
CREATE TABLE account_rotations (
    id              UUID    NOT NULL PRIMARY KEY,
    account         UUID    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    state           TEXT    NOT NULL CHECK (state IN ('intended', 'asked', 'received', 'done', 'failed', 'lost')),
    old_fingerprint TEXT    NOT NULL,
    new_token       BYTEA,
    new_expires_at  BIGINT,
    new_fingerprint TEXT,
    holder          UUID,
    attempts        BIGINT  NOT NULL,
    asked_by        TEXT    NOT NULL,
    error           TEXT,
    created_at      BIGINT  NOT NULL,
    changed_at      BIGINT  NOT NULL,
    CHECK (state = 'received' OR new_token IS NULL)
);

CREATE UNIQUE INDEX account_rotations_open ON account_rotations (account)
    WHERE state IN ('intended', 'asked', 'received');
CREATE INDEX account_rotations_by_account ON account_rotations (account, created_at, id);
CREATE INDEX account_rotations_closed ON account_rotations (changed_at) WHERE state IN ('done', 'failed', 'lost');

-- A grant is of a minted token or of an account's. No reference to `accounts`: one from the environment has no row, and
-- what was handed out stays on record when its account is removed. The renamed column stops an older server that still
-- runs.
ALTER TABLE grants ADD COLUMN account UUID;
ALTER TABLE grants ALTER COLUMN token DROP NOT NULL, ALTER COLUMN permissions DROP NOT NULL,
    ADD CHECK ((token IS NULL) <> (account IS NULL));
ALTER TABLE grants RENAME COLUMN app TO source;
UPDATE grants SET source = 'app:' || source;

CREATE INDEX grants_held_of_account ON grants (account, expires_at, id) WHERE released_at IS NULL AND account IS NOT NULL;
