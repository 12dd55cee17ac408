-- What pages look for, list and count.

-- What is searched of an account, in lower case as far as ASCII goes; of the note the first 200 characters,
-- of what a forge may make long the first 100.
-- A column that SQLite computes by itself would lead it past the index to the row. Triggers keep it in step, so that no
-- statement can forget to.
ALTER TABLE accounts ADD COLUMN search TEXT;
UPDATE accounts SET search = lower(label || char(10) || coalesce(substr(note, 1, 200), '') || char(10) || coalesce(substr(username, 1, 100), '')
    || char(10) || coalesce(email, '') || char(10) || coalesce(substr(identity_name, 1, 100), '') || char(10) || host);

CREATE TRIGGER accounts_search_new AFTER INSERT ON accounts
BEGIN
    UPDATE accounts SET search = lower(NEW.label || char(10) || coalesce(substr(NEW.note, 1, 200), '') || char(10) || coalesce(substr(NEW.username, 1, 100), '')
    || char(10) || coalesce(NEW.email, '') || char(10) || coalesce(substr(NEW.identity_name, 1, 100), '') || char(10) || NEW.host)
    WHERE id = NEW.id;
END;

CREATE TRIGGER accounts_search_changed AFTER UPDATE OF label, note, username, email, identity_name, host ON accounts
WHEN (OLD.label, OLD.note, OLD.username, OLD.email, OLD.identity_name, OLD.host)
    IS NOT (NEW.label, NEW.note, NEW.username, NEW.email, NEW.identity_name, NEW.host)
BEGIN
    UPDATE accounts SET search = lower(NEW.label || char(10) || coalesce(substr(NEW.note, 1, 200), '') || char(10) || coalesce(substr(NEW.username, 1, 100), '')
    || char(10) || coalesce(NEW.email, '') || char(10) || coalesce(substr(NEW.identity_name, 1, 100), '') || char(10) || NEW.host)
    WHERE id = NEW.id;
END;

-- All that a list or a count asks about, so that rows, which are long, are read for the page alone.
CREATE INDEX accounts_browse ON accounts (label, id, scope, host, forge_kind, validity, active, expires_at, search);

-- How many stand how, of everybody's and of one scope, and which end when.
DROP INDEX accounts_by_standing;
CREATE INDEX accounts_by_standing ON accounts (forge_kind, validity, active, expires_at);
CREATE INDEX accounts_standing_of_scope ON accounts (scope, forge_kind, validity, active, expires_at);
DROP INDEX accounts_by_end;
CREATE INDEX accounts_by_end ON accounts (expires_at, id, forge_kind, scope, active) WHERE active AND expires_at IS NOT NULL;

-- What is left of the forge's limit (in thousandths) and when its window ends, by the last look. Written along with the
-- report that says so; by the end of the window, as most reports are older than theirs.
ALTER TABLE accounts ADD COLUMN quota_left INTEGER;
ALTER TABLE accounts ADD COLUMN quota_resets_at INTEGER;
CREATE INDEX accounts_by_quota ON accounts (quota_resets_at, quota_left, id, scope, active)
    WHERE active AND quota_resets_at IS NOT NULL;

-- Grants by where they come from and by their token. Those of an hour need no index: ids begin with their time.
CREATE INDEX grants_by_source ON grants (source, id);
CREATE INDEX grants_by_fingerprint ON grants (fingerprint, id);

-- For which repositories a grant is: each in lower case, and once all that they lie in (`owner/`, `group/sub/`).
CREATE TABLE grant_repositories (
    repository TEXT NOT NULL,
    grant_id   TEXT NOT NULL,
    PRIMARY KEY (repository, grant_id)
) STRICT, WITHOUT ROWID;

-- In the order of the table, which is several times as fast as in that of the grants.
WITH RECURSIVE keys (key, id) AS (
    SELECT lower(value), grants.id FROM grants, json_each(repositories)
    UNION ALL SELECT rtrim(rtrim(key, '/'), replace(key, '/', '')), id FROM keys WHERE key <> ''
)
INSERT OR IGNORE INTO grant_repositories (repository, grant_id) SELECT key, id FROM keys WHERE key <> '' ORDER BY 1, 2;

-- Triggers keep it in step, so that no statement can forget to.
CREATE TRIGGER grant_repositories_new AFTER INSERT ON grants WHEN NEW.repositories <> '[]'
BEGIN
    INSERT INTO grant_repositories (repository, grant_id)
    SELECT key, NEW.id FROM (
        WITH RECURSIVE keys (key) AS (
            SELECT lower(value) FROM json_each(NEW.repositories)
            UNION SELECT rtrim(rtrim(key, '/'), replace(key, '/', '')) FROM keys WHERE key <> ''
        ) SELECT key FROM keys WHERE key <> ''
    );
END;

CREATE TRIGGER grant_repositories_gone AFTER DELETE ON grants WHEN OLD.repositories <> '[]'
BEGIN
    DELETE FROM grant_repositories WHERE grant_id = OLD.id AND repository IN (
        WITH RECURSIVE keys (key) AS (
            SELECT lower(value) FROM json_each(OLD.repositories)
            UNION SELECT rtrim(rtrim(key, '/'), replace(key, '/', '')) FROM keys WHERE key <> ''
        ) SELECT key FROM keys WHERE key <> ''
    );
END;
