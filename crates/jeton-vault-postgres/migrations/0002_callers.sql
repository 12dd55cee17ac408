-- Callers, policies and the record. Times, ids and lists as in the first migration.
-- New columns have no default: an older server that still runs would hand out without a policy and without a record,
-- and is stopped here.

-- A policy may give a token a shorter life than the forge did: its bytes are kept until it is dead by the forge's word.
ALTER TABLE tokens ADD COLUMN forge_expires_at BIGINT;
UPDATE tokens SET forge_expires_at = expires_at;
ALTER TABLE tokens ALTER COLUMN forge_expires_at SET NOT NULL;

DROP INDEX tokens_by_end;
DROP INDEX tokens_sealed_by_end;
CREATE INDEX tokens_by_end ON tokens (forge_expires_at);
CREATE INDEX tokens_sealed_by_end ON tokens (forge_expires_at) WHERE token IS NOT NULL;

ALTER TABLE grants ADD COLUMN holder_key TEXT, ADD COLUMN rule TEXT, ADD COLUMN address TEXT;
UPDATE grants SET holder_key = holder, rule = '';
ALTER TABLE grants ALTER COLUMN holder_key SET NOT NULL, ALTER COLUMN rule SET NOT NULL;

-- By bytes and not by id: in an order that the primary key has as well, the planner would walk down that, past all grants
-- of others, as soon as it took a holder for a frequent one.
CREATE INDEX grants_by_holder ON grants (holder_key, uuid_send(id));
CREATE INDEX grants_held_by_holder ON grants (holder_key, expires_at, id) WHERE released_at IS NULL;

CREATE TABLE clients (
    id           UUID   NOT NULL PRIMARY KEY,
    name         TEXT   COLLATE "C" NOT NULL,
    description  TEXT,
    networks     TEXT   NOT NULL,
    expires_at   BIGINT,
    created_at   BIGINT NOT NULL,
    revoked_at   BIGINT,
    last_used_at BIGINT
);

CREATE INDEX clients_by_name ON clients (name, id);
CREATE UNIQUE INDEX clients_live ON clients (name) WHERE revoked_at IS NULL;

CREATE TABLE client_keys (
    id          UUID   NOT NULL PRIMARY KEY,
    client      UUID   NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    digest      BYTEA  NOT NULL UNIQUE CHECK (length(digest) = 32),
    fingerprint TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT
);

CREATE INDEX client_keys_by_client ON client_keys (client, created_at, id);
CREATE INDEX client_keys_by_end ON client_keys (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE users (
    id               UUID   NOT NULL PRIMARY KEY,
    name             TEXT   COLLATE "C" NOT NULL UNIQUE,
    role             TEXT   NOT NULL,
    password         TEXT,
    provider_issuer  TEXT,
    provider_subject TEXT,
    created_at       BIGINT NOT NULL,
    last_sign_in_at  BIGINT,
    disabled_at      BIGINT,
    CHECK ((provider_issuer IS NULL) = (provider_subject IS NULL))
);

CREATE UNIQUE INDEX users_by_provider ON users (provider_issuer, provider_subject) WHERE provider_issuer IS NOT NULL;
CREATE INDEX users_operators ON users (id) WHERE role = 'operator' AND disabled_at IS NULL;

CREATE TABLE web_sessions (
    digest       BYTEA  NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    user_id      UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    address      TEXT,
    browser      TEXT
);

CREATE INDEX web_sessions_by_user ON web_sessions (user_id, created_at);
CREATE INDEX web_sessions_by_end ON web_sessions (expires_at);

-- `place` is the order in which they were added.
CREATE TABLE policies (
    place      BIGINT NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name       TEXT   COLLATE "C" NOT NULL UNIQUE,
    spec       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- The record. `latest` is the greatest `at` up to and with this entry: clocks of several servers differ, so that `at`
-- goes back now and then, but `latest` never does, and leads from a time to a number in one step.
CREATE TABLE ledger (
    seq         BIGINT NOT NULL PRIMARY KEY CHECK (seq > 0),
    at          BIGINT NOT NULL,
    latest      BIGINT NOT NULL CHECK (latest >= at),
    event       TEXT   NOT NULL,
    actor       TEXT   NOT NULL,
    actor_name  TEXT   NOT NULL,
    fingerprint TEXT,
    request_id  TEXT,
    body        TEXT   NOT NULL,
    hash        BYTEA  NOT NULL CHECK (length(hash) = 32)
);

CREATE INDEX ledger_by_time ON ledger (latest, seq);
-- By how much entries came late, for the few that did.
CREATE INDEX ledger_by_delay ON ledger ((latest - at)) WHERE latest > at;
-- By `-seq` and not by `seq`, for the same reason as with `grants_by_holder`.
CREATE INDEX ledger_by_event ON ledger (event, (-seq));
-- By what an event's name begins with, such as `token.`.
CREATE INDEX ledger_by_family ON ledger (substr(event, 1, strpos(event, '.')), (-seq));
CREATE INDEX ledger_by_actor ON ledger (actor, (-seq));
CREATE INDEX ledger_by_actor_name ON ledger (actor_name, (-seq));
CREATE INDEX ledger_by_fingerprint ON ledger (fingerprint, (-seq)) WHERE fingerprint IS NOT NULL;
CREATE INDEX ledger_by_request ON ledger (request_id, (-seq)) WHERE request_id IS NOT NULL;

-- `head` is the newest entry; `base` the last one that was archived and removed.
CREATE TABLE ledger_marks (
    name TEXT   COLLATE "C" NOT NULL PRIMARY KEY CHECK (name IN ('head', 'base')),
    seq  BIGINT NOT NULL,
    hash BYTEA  NOT NULL CHECK (length(hash) = 32),
    mac  BYTEA  NOT NULL CHECK (length(mac) = 32)
);

-- These keep mistakes out. Whoever may change the schema gets past them; the chain of hashes then tells.
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the record is append-only: %', TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION ledger_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM removed WHERE seq > coalesce((SELECT seq FROM ledger_marks WHERE name = 'base'), 0)
    ) THEN
        RAISE EXCEPTION 'the record is append-only: only what was archived is removed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER ledger_refuses_update BEFORE UPDATE ON ledger
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse('an entry is never changed');

CREATE TRIGGER ledger_refuses_delete AFTER DELETE ON ledger REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_delete();

CREATE TRIGGER ledger_refuses_truncate BEFORE TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse('only what was archived is removed');

CREATE TRIGGER ledger_marks_refuse_update BEFORE UPDATE ON ledger_marks
    FOR EACH ROW WHEN (NEW.seq < OLD.seq OR NEW.name <> OLD.name)
    EXECUTE FUNCTION ledger_refuse('a mark never moves back');

CREATE TRIGGER ledger_marks_refuse_delete BEFORE DELETE ON ledger_marks
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse('a mark is never removed');

CREATE TRIGGER ledger_marks_refuse_truncate BEFORE TRUNCATE ON ledger_marks
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse('a mark is never removed');
