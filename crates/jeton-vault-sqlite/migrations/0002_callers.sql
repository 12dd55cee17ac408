-- Callers, policies and the record. Times, ids and lists as in the first migration. The defaults of new columns are
-- there because SQLite wants them; every row is written with values of its own.

-- A policy may give a token a shorter life than the forge did: its bytes are kept until it is dead by the forge's word.
ALTER TABLE tokens ADD COLUMN forge_expires_at INTEGER NOT NULL DEFAULT 0;
UPDATE tokens SET forge_expires_at = expires_at;

DROP INDEX tokens_by_end;
DROP INDEX tokens_sealed_by_end;
CREATE INDEX tokens_by_end ON tokens (forge_expires_at);
CREATE INDEX tokens_sealed_by_end ON tokens (forge_expires_at) WHERE token IS NOT NULL;

ALTER TABLE grants ADD COLUMN holder_key TEXT NOT NULL DEFAULT '';
ALTER TABLE grants ADD COLUMN rule TEXT NOT NULL DEFAULT '';
ALTER TABLE grants ADD COLUMN address TEXT;
UPDATE grants SET holder_key = holder;

CREATE INDEX grants_by_holder ON grants (holder_key, id);
CREATE INDEX grants_held_by_holder ON grants (holder_key, expires_at, id) WHERE released_at IS NULL;

CREATE TABLE clients (
    id           TEXT    NOT NULL PRIMARY KEY,
    name         TEXT    NOT NULL,
    description  TEXT,
    networks     TEXT    NOT NULL,
    expires_at   INTEGER,
    created_at   INTEGER NOT NULL,
    revoked_at   INTEGER,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX clients_by_name ON clients (name, id);
CREATE UNIQUE INDEX clients_live ON clients (name) WHERE revoked_at IS NULL;

CREATE TABLE client_keys (
    id          TEXT    NOT NULL PRIMARY KEY,
    client      TEXT    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    digest      BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    fingerprint TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER
) STRICT;

CREATE INDEX client_keys_by_client ON client_keys (client, created_at, id);
CREATE INDEX client_keys_by_end ON client_keys (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE users (
    id               TEXT    NOT NULL PRIMARY KEY,
    name             TEXT    NOT NULL UNIQUE,
    role             TEXT    NOT NULL,
    password         TEXT,
    provider_issuer  TEXT,
    provider_subject TEXT,
    created_at       INTEGER NOT NULL,
    last_sign_in_at  INTEGER,
    disabled_at      INTEGER,
    CHECK ((provider_issuer IS NULL) = (provider_subject IS NULL))
) STRICT;

CREATE UNIQUE INDEX users_by_provider ON users (provider_issuer, provider_subject) WHERE provider_issuer IS NOT NULL;
CREATE INDEX users_operators ON users (id) WHERE role = 'operator' AND disabled_at IS NULL;

CREATE TABLE web_sessions (
    digest       BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    user_id      TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    address      TEXT,
    browser      TEXT
) STRICT;

CREATE INDEX web_sessions_by_user ON web_sessions (user_id, created_at);
CREATE INDEX web_sessions_by_end ON web_sessions (expires_at);

-- `place` is the order in which they were added.
CREATE TABLE policies (
    place      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL UNIQUE,
    spec       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- The record. `latest` is the greatest `at` up to and with this entry: clocks of several servers differ, so that `at`
-- goes back now and then, but `latest` never does, and leads from a time to a number in one step.
CREATE TABLE ledger (
    seq         INTEGER NOT NULL PRIMARY KEY CHECK (seq > 0),
    at          INTEGER NOT NULL,
    latest      INTEGER NOT NULL CHECK (latest >= at),
    event       TEXT    NOT NULL,
    actor       TEXT    NOT NULL,
    actor_name  TEXT    NOT NULL,
    fingerprint TEXT,
    request_id  TEXT,
    body        TEXT    NOT NULL,
    hash        BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE INDEX ledger_by_time ON ledger (latest, seq);
-- By how much entries came late, for the few that did.
CREATE INDEX ledger_by_delay ON ledger (latest - at) WHERE latest > at;
CREATE INDEX ledger_by_event ON ledger (event, seq);
-- By what an event's name begins with, such as `token.`.
CREATE INDEX ledger_by_family ON ledger (substr(event, 1, instr(event, '.')), seq);
CREATE INDEX ledger_by_actor ON ledger (actor, seq);
CREATE INDEX ledger_by_actor_name ON ledger (actor_name, seq);
CREATE INDEX ledger_by_fingerprint ON ledger (fingerprint, seq) WHERE fingerprint IS NOT NULL;
CREATE INDEX ledger_by_request ON ledger (request_id, seq) WHERE request_id IS NOT NULL;

-- `head` is the newest entry; `base` the last one that was archived and removed.
CREATE TABLE ledger_marks (
    name TEXT    NOT NULL PRIMARY KEY CHECK (name IN ('head', 'base')),
    seq  INTEGER NOT NULL,
    hash BLOB    NOT NULL CHECK (length(hash) = 32),
    mac  BLOB    NOT NULL CHECK (length(mac) = 32)
) STRICT;

-- These keep mistakes out. Whoever may change the schema gets past them; the chain of hashes then tells.
CREATE TRIGGER ledger_refuses_update BEFORE UPDATE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'the record is append-only: an entry is never changed');
END;

CREATE TRIGGER ledger_refuses_delete BEFORE DELETE ON ledger
WHEN OLD.seq > coalesce((SELECT seq FROM ledger_marks WHERE name = 'base'), 0)
BEGIN
    SELECT RAISE(ABORT, 'the record is append-only: only what was archived is removed');
END;

-- An INSERT OR REPLACE deletes without a trigger.
CREATE TRIGGER ledger_refuses_replace BEFORE INSERT ON ledger
WHEN NEW.seq <= coalesce((SELECT seq FROM ledger_marks WHERE name = 'head'), 0)
    OR EXISTS (SELECT 1 FROM ledger WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'the record is append-only: this number is taken');
END;

CREATE TRIGGER ledger_marks_refuse_update BEFORE UPDATE ON ledger_marks
WHEN NEW.seq < OLD.seq OR NEW.name <> OLD.name
BEGIN
    SELECT RAISE(ABORT, 'the record is append-only: a mark never moves back');
END;

CREATE TRIGGER ledger_marks_refuse_delete BEFORE DELETE ON ledger_marks
BEGIN
    SELECT RAISE(ABORT, 'the record is append-only: a mark is never removed');
END;

CREATE TRIGGER ledger_marks_refuse_replace BEFORE INSERT ON ledger_marks
WHEN NEW.seq < (SELECT seq FROM ledger_marks WHERE name = NEW.name)
BEGIN
    SELECT RAISE(ABORT, 'the record is append-only: a mark never moves back');
END;
