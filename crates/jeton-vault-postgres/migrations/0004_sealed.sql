-- Keys that change. `sealed_by` is which data key a sealed value names: bytes 1 to 6 of the value, behind its version. It
-- is computed, never written; counting and finding the values of a key are walks along an index on it.

-- Since when a data key seals; NULL while the servers are still getting to know it. The latest one seals.
ALTER TABLE data_keys ADD COLUMN activated_at BIGINT;
UPDATE data_keys SET activated_at = created_at;

ALTER TABLE apps ADD COLUMN sealed_by BYTEA GENERATED ALWAYS AS (substr(private_key, 2, 6)) STORED;
ALTER TABLE tokens ADD COLUMN sealed_by BYTEA GENERATED ALWAYS AS (substr(token, 2, 6)) STORED;
ALTER TABLE accounts ADD COLUMN sealed_by BYTEA GENERATED ALWAYS AS (substr(token, 2, 6)) STORED;
ALTER TABLE account_rotations ADD COLUMN sealed_by BYTEA GENERATED ALWAYS AS (substr(new_token, 2, 6)) STORED;

CREATE INDEX apps_by_data_key ON apps (sealed_by, id) WHERE sealed_by IS NOT NULL;
CREATE INDEX tokens_by_data_key ON tokens (sealed_by, id) WHERE sealed_by IS NOT NULL;
CREATE INDEX accounts_by_data_key ON accounts (sealed_by, id) WHERE sealed_by IS NOT NULL;
CREATE INDEX account_rotations_by_data_key ON account_rotations (sealed_by, id) WHERE sealed_by IS NOT NULL;

-- A data key is retired when no value names it. A value that was sealed with it before and is written after would never
-- open again: it is refused. The lock keeps the key from being retired until the value is committed. A database without any
-- data key is one of a test.
CREATE FUNCTION refuse_a_retired_key() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    key BYTEA;
BEGIN
    IF TG_TABLE_NAME = 'settings' THEN
        key := substr(NEW.value, 2, 6);
    ELSE
        key := NEW.sealed_by;
    END IF;
    PERFORM 1 FROM data_keys WHERE id = encode(key, 'hex') FOR KEY SHARE;
    IF NOT FOUND AND EXISTS (SELECT 1 FROM data_keys) THEN
        RAISE EXCEPTION 'the data key is gone' USING ERRCODE = 'JT001';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER apps_refuse_a_retired_key AFTER INSERT OR UPDATE OF private_key ON apps FOR EACH ROW
    WHEN (length(NEW.private_key) > 50 AND get_byte(NEW.private_key, 0) = 1)
    EXECUTE FUNCTION refuse_a_retired_key();

CREATE TRIGGER tokens_refuse_a_retired_key AFTER INSERT OR UPDATE OF token ON tokens FOR EACH ROW
    WHEN (length(NEW.token) > 50 AND get_byte(NEW.token, 0) = 1)
    EXECUTE FUNCTION refuse_a_retired_key();

CREATE TRIGGER accounts_refuse_a_retired_key AFTER INSERT OR UPDATE OF token ON accounts FOR EACH ROW
    WHEN (length(NEW.token) > 50 AND get_byte(NEW.token, 0) = 1)
    EXECUTE FUNCTION refuse_a_retired_key();

CREATE TRIGGER account_rotations_refuse_a_retired_key AFTER INSERT OR UPDATE OF new_token ON account_rotations FOR EACH ROW
    WHEN (length(NEW.new_token) > 50 AND get_byte(NEW.new_token, 0) = 1)
    EXECUTE FUNCTION refuse_a_retired_key();

CREATE TRIGGER settings_refuse_a_retired_key AFTER INSERT OR UPDATE OF value ON settings FOR EACH ROW
    WHEN (NEW.name = 'ledger_key' AND length(NEW.value) > 50 AND get_byte(NEW.value, 0) = 1)
    EXECUTE FUNCTION refuse_a_retired_key();
