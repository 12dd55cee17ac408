-- What pages look for, list and count.

-- What is searched of an account, in lower case as far as ASCII goes; of the note the first 200 characters,
-- of what a forge may make long the first 100: an entry of an index has room for 2,700 bytes.
ALTER TABLE accounts ADD COLUMN search TEXT COLLATE "C" GENERATED ALWAYS AS (
    lower((label || E'\n' || coalesce(left(note, 200), '') || E'\n' || coalesce(left(username, 100), '') || E'\n'
        || coalesce(email, '') || E'\n' || coalesce(left(identity_name, 100), '') || E'\n' || host) COLLATE "C")
) STORED;
-- All that a list or a count asks about, so that rows, which are long, are read for the page alone.
CREATE INDEX accounts_browse ON accounts (label, id, scope, host, forge_kind, validity, active, expires_at, search);

-- How many stand how, of everybody's and of one scope, and which end when.
DROP INDEX accounts_by_standing;
CREATE INDEX accounts_by_standing ON accounts (forge_kind, validity, active, expires_at);
CREATE INDEX accounts_standing_of_scope ON accounts (scope, forge_kind, validity, active, expires_at);
DROP INDEX accounts_by_end;
CREATE INDEX accounts_by_end ON accounts (expires_at, id, forge_kind, scope) WHERE active AND expires_at IS NOT NULL;

-- What is left of the forge's limit (in thousandths) and when its window ends, by the last look. Written along with the
-- report that says so; by the end of the window, as most reports are older than theirs.
ALTER TABLE accounts ADD COLUMN quota_left BIGINT, ADD COLUMN quota_resets_at BIGINT;
CREATE INDEX accounts_by_quota ON accounts (quota_resets_at, quota_left, id, scope)
    WHERE active AND quota_resets_at IS NOT NULL;

-- Grants by where they come from and by their token; by bytes and not by id, for the reason that `grants_by_holder` has. Those of
-- an hour need no index: ids begin with their time.
CREATE INDEX grants_by_source ON grants (source, uuid_send(id));
CREATE INDEX grants_by_fingerprint ON grants (fingerprint, uuid_send(id));

-- For which repositories a grant is: each in lower case, and once all that they lie in (`owner/`, `group/sub/`).
CREATE TABLE grant_repositories (
    repository TEXT COLLATE "C" NOT NULL,
    grant_id   UUID NOT NULL
);

CREATE FUNCTION grant_repository_keys(repositories TEXT) RETURNS SETOF TEXT LANGUAGE sql IMMUTABLE AS $$
    SELECT DISTINCT lower(key COLLATE "C")
    FROM json_array_elements_text(repositories::json) AS name,
        LATERAL (SELECT name AS key UNION ALL
            SELECT array_to_string((string_to_array(name, '/'))[:depth], '/') || '/'
            FROM generate_series(1, array_length(string_to_array(name, '/'), 1) - 1) AS depth) AS of_name
$$;

INSERT INTO grant_repositories (repository, grant_id)
SELECT key, id FROM grants, grant_repository_keys(repositories) AS key;

CREATE UNIQUE INDEX grant_repositories_by_name ON grant_repositories (repository, uuid_send(grant_id));

-- Triggers keep it in step, so that no statement can forget to.
CREATE FUNCTION grant_repositories_sync() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO grant_repositories (repository, grant_id)
        SELECT key, NEW.id FROM grant_repository_keys(NEW.repositories) AS key;
    ELSE
        DELETE FROM grant_repositories WHERE uuid_send(grant_id) = uuid_send(OLD.id)
            AND repository IN (SELECT key FROM grant_repository_keys(OLD.repositories) AS key);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER grant_repositories_new AFTER INSERT ON grants
    FOR EACH ROW WHEN (NEW.repositories <> '[]') EXECUTE FUNCTION grant_repositories_sync();
CREATE TRIGGER grant_repositories_gone AFTER DELETE ON grants
    FOR EACH ROW WHEN (OLD.repositories <> '[]') EXECUTE FUNCTION grant_repositories_sync();
