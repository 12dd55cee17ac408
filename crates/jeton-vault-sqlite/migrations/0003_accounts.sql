-- Accounts, their renewals, and grants of their tokens. Times, ids and lists as in the first migration.

-- `scope` is empty for what is shared, and otherwise whose it is. `serves` is a list.
CREATE TABLE accounts (
    id              TEXT    NOT NULL PRIMARY KEY,
    label           TEXT    NOT NULL,
    note            TEXT,
    scope           TEXT    NOT NULL,
    added_by        TEXT    NOT NULL,
    forge_kind      TEXT    NOT NULL,
    forge_api_url   TEXT    NOT NULL,
    forge_web_url   TEXT    NOT NULL,
    host            TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    username        TEXT,
    email           TEXT,
    token           BLOB    NOT NULL,
    fingerprint     TEXT    NOT NULL,
    serves          TEXT    NOT NULL,
    is_default      INTEGER NOT NULL CHECK (is_default IN (0, 1)),
    active          INTEGER NOT NULL CHECK (active IN (0, 1)),
    auto_rotate     INTEGER NOT NULL CHECK (auto_rotate IN (0, 1)),
    identity_id     TEXT,
    identity_name   TEXT,
    scopes          TEXT,
    expires_at      INTEGER,
    end_is_known    INTEGER NOT NULL CHECK (end_is_known IN (0, 1)),
    validity        TEXT    NOT NULL CHECK (validity IN ('valid', 'invalid', 'unknown')),
    finding         TEXT,
    report          TEXT,
    checked_at      INTEGER,
    verdict_at      INTEGER,
    next_check_at   INTEGER NOT NULL,
    next_warning_at INTEGER,
    rotate_at       INTEGER,
    token_since     INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX accounts_labels ON accounts (scope, label);
CREATE UNIQUE INDEX accounts_defaults ON accounts (scope, host) WHERE is_default;
-- Lists: of everybody's, of one scope (`accounts_labels`), and both on one host.
CREATE INDEX accounts_by_label ON accounts (label, id);
CREATE INDEX accounts_by_host ON accounts (host, label, id);
CREATE INDEX accounts_of_scope_by_host ON accounts (scope, host, label, id);
CREATE INDEX accounts_by_fingerprint ON accounts (fingerprint);
-- With all that is asked for, so that hosts which are left out are passed over without a look at their rows.
CREATE INDEX accounts_to_check ON accounts (next_check_at, id, host, active) WHERE active;
CREATE INDEX accounts_to_warn ON accounts (next_warning_at, id) WHERE active AND next_warning_at IS NOT NULL;
CREATE INDEX accounts_to_rotate ON accounts (rotate_at, id) WHERE active AND rotate_at IS NOT NULL;
-- Counts walk along these and not past the rows, which are long.
CREATE INDEX accounts_by_standing ON accounts (forge_kind, validity);
CREATE INDEX accounts_by_end ON accounts (expires_at, forge_kind, active) WHERE active AND expires_at IS NOT NULL;

-- What active accounts serve: one row per entry of `serves`, or one with an empty key for an account that serves
-- everything. Whoever looks for an account that fits reads the best few rows of one key in one scope from an index.
-- `preference` puts those of one key in order: below 2 is the default, and odd is what the forge refuses.
CREATE TABLE account_serves (
    account    TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    key        TEXT    NOT NULL,
    scope      TEXT    NOT NULL,
    shared     INTEGER NOT NULL,
    forge_kind TEXT    NOT NULL,
    host       TEXT    NOT NULL,
    preference INTEGER NOT NULL,
    label      TEXT    NOT NULL,
    PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX account_serves_anybody ON account_serves (forge_kind, key, shared, preference, label, account);
CREATE INDEX account_serves_anybody_on_host
    ON account_serves (host, forge_kind, key, shared, preference, label, account);
CREATE INDEX account_serves_scope ON account_serves (forge_kind, scope, key, preference, label, account);
CREATE INDEX account_serves_scope_on_host
    ON account_serves (host, forge_kind, scope, key, preference, label, account);

-- Triggers keep it in step, so that no statement can forget to.
CREATE TRIGGER account_serves_new AFTER INSERT ON accounts WHEN NEW.active
BEGIN
    INSERT INTO account_serves (account, key, scope, shared, forge_kind, host, preference, label)
    SELECT DISTINCT NEW.id, value, NEW.scope, NEW.scope = '', NEW.forge_kind, NEW.host,
        2 * (1 - NEW.is_default) + (NEW.validity = 'invalid'), NEW.label
    FROM json_each(CASE NEW.serves WHEN '[]' THEN '[""]' ELSE NEW.serves END);
END;

CREATE TRIGGER account_serves_changed AFTER UPDATE ON accounts
WHEN (OLD.scope, OLD.forge_kind, OLD.host, OLD.label, OLD.serves, OLD.active, OLD.is_default, OLD.validity = 'invalid')
    <> (NEW.scope, NEW.forge_kind, NEW.host, NEW.label, NEW.serves, NEW.active, NEW.is_default, NEW.validity = 'invalid')
BEGIN
    DELETE FROM account_serves WHERE account = OLD.id;
    INSERT INTO account_serves (account, key, scope, shared, forge_kind, host, preference, label)
    SELECT DISTINCT NEW.id, value, NEW.scope, NEW.scope = '', NEW.forge_kind, NEW.host,
        2 * (1 - NEW.is_default) + (NEW.validity = 'invalid'), NEW.label
    FROM json_each(CASE NEW.serves WHEN '[]' THEN '[""]' ELSE NEW.serves END)
    WHERE NEW.active;
END;

-- The journal of renewals: what a forge was asked, and what became of it, whenever a server died meanwhile.
CREATE TABLE account_rotations (
    id              TEXT    NOT NULL PRIMARY KEY,
    account         TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    state           TEXT    NOT NULL CHECK (state IN ('intended', 'asked', 'received', 'done', 'failed', 'lost')),
    old_fingerprint TEXT    NOT NULL,
    new_token       BLOB,
    new_expires_at  INTEGER,
    new_fingerprint TEXT,
    holder          TEXT,
    attempts        INTEGER NOT NULL,
    asked_by        TEXT    NOT NULL,
    error           TEXT,
    created_at      INTEGER NOT NULL,
    changed_at      INTEGER NOT NULL,
    CHECK (state = 'received' OR new_token IS NULL)
) STRICT;

CREATE UNIQUE INDEX account_rotations_open ON account_rotations (account)
    WHERE state IN ('intended', 'asked', 'received');
CREATE INDEX account_rotations_by_account ON account_rotations (account, created_at, id);
CREATE INDEX account_rotations_closed ON account_rotations (changed_at) WHERE state IN ('done', 'failed', 'lost');

-- A grant is of a minted token or of an account's. No reference to `accounts`: one from the environment has no row, and
-- what was handed out stays on record when its account is removed.
CREATE TABLE new_grants (
    id           TEXT    NOT NULL PRIMARY KEY,
    token        TEXT    REFERENCES tokens (id),
    account      TEXT,
    forge        TEXT    NOT NULL,
    source       TEXT    NOT NULL,
    repositories TEXT    NOT NULL,
    permissions  TEXT,
    fingerprint  TEXT    NOT NULL,
    holder       TEXT    NOT NULL,
    holder_key   TEXT    NOT NULL,
    rule         TEXT    NOT NULL,
    address      TEXT,
    request_id   TEXT,
    issued_at    INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    released_at  INTEGER,
    CHECK ((token IS NULL) <> (account IS NULL))
) STRICT, WITHOUT ROWID;

INSERT INTO new_grants (id, token, forge, source, repositories, permissions, fingerprint, holder, holder_key, rule, address,
    request_id, issued_at, expires_at, released_at)
SELECT id, token, forge, 'app:' || app, repositories, permissions, fingerprint, holder, holder_key, rule, address,
    request_id, issued_at, expires_at, released_at
FROM grants;

DROP TABLE grants;
ALTER TABLE new_grants RENAME TO grants;

CREATE INDEX grants_by_token ON grants (token, released_at);
CREATE INDEX grants_by_end ON grants (expires_at);
CREATE INDEX grants_held_by_end ON grants (expires_at, id) WHERE released_at IS NULL;
CREATE INDEX grants_by_holder ON grants (holder_key, id);
CREATE INDEX grants_held_by_holder ON grants (holder_key, expires_at, id) WHERE released_at IS NULL;
CREATE INDEX grants_held_of_account ON grants (account, expires_at, id) WHERE released_at IS NULL AND account IS NOT NULL;
