-- Keys that change. A sealed value carries the id of its data key in its bytes 1 to 6, behind its version: counting and
-- finding the values of a key are walks along these indexes.

-- Since when a data key seals; NULL while the servers are still getting to know it. The latest one seals.
ALTER TABLE data_keys ADD COLUMN activated_at INTEGER;
UPDATE data_keys SET activated_at = created_at;

CREATE INDEX apps_by_data_key ON apps (substr(private_key, 2, 6), id)
    WHERE substr(private_key, 2, 6) IS NOT NULL;
CREATE INDEX tokens_by_data_key ON tokens (substr(token, 2, 6), id)
    WHERE substr(token, 2, 6) IS NOT NULL;
CREATE INDEX accounts_by_data_key ON accounts (substr(token, 2, 6), id)
    WHERE substr(token, 2, 6) IS NOT NULL;
CREATE INDEX account_rotations_by_data_key ON account_rotations (substr(new_token, 2, 6), id)
    WHERE substr(new_token, 2, 6) IS NOT NULL;

-- A data key is retired when no value names it. A value that was sealed with it before and is written after would never
-- open again: it is refused. A database without any data key is one of a test.
CREATE TRIGGER apps_refuse_new_values_of_a_retired_key AFTER INSERT ON apps
WHEN length(NEW.private_key) > 50 AND substr(NEW.private_key, 1, 1) = x'01' AND EXISTS (SELECT 1 FROM data_keys)
    AND NOT EXISTS (SELECT 1 FROM data_keys WHERE id = lower(hex(substr(NEW.private_key, 2, 6))))
BEGIN
    SELECT RAISE(ABORT, 'the data key is gone');
END;

CREATE TRIGGER apps_refuse_values_of_a_retired_key AFTER UPDATE OF private_key ON apps
WHEN length(NEW.private_key) > 50 AND substr(NEW.private_key, 1, 1) = x'01' AND EXISTS (SELECT 1 FROM data_keys)
    AND NOT EXISTS (SELECT 1 FROM data_keys WHERE id = lower(hex(substr(NEW.private_key, 2, 6))))
BEGIN
    SELECT RAISE(ABORT, 'the data key is gone');
END;

CREATE TRIGGER tokens_refuse_new_values_of_a_retired_key AFTER INSERT ON tokens
WHEN length(NEW.token) > 50 AND substr(NEW.token, 1, 1) = x'01' AND EXISTS (SELECT 1 FROM data_keys)
    AND NOT EXISTS (SELECT 1 FROM data_keys WHERE id = lower(hex(substr(NEW.token, 2, 6))))
BEGIN
    SELECT RAISE(ABORT, 'the data key is gone');
END;

CREATE TRIGGER tokens_refuse_values_of_a_retired_key AFTER UPDATE OF token ON tokens
WHEN length(NEW.token) > 50 AND substr(NEW.token, 1, 1) = x'01' AND EXISTS (SELECT 1 FROM data_keys)
    AND NOT EXISTS (SELECT 1 FROM data_keys WHERE id = lower(hex(substr(NEW.token, 2, 6))))
BEGIN
    SELECT RAISE(ABORT, 'the data key is gone');
END;

CREATE TRIGGER accounts_refuse_new_values_of_a_retired_key AFTER INSERT ON accounts
WHEN length(NEW.token) > 50 AND substr(NEW.token, 1, 1) = x'01' AND EXISTS (SELECT 1 FROM data_keys)
    AND NOT EXISTS (SELECT 1 FROM data_keys WHERE id = lower(hex(substr(NEW.token, 2, 6))))
BEGIN
    SELECT RAISE(ABORT, 'the data key is gone');
END;

CREATE TRIGGER accounts_refuse_values_of_a_retired_key AFTER UPDATE OF token ON accounts
WHEN length(NEW.token) > 50 AND substr(NEW.token, 1, 1) = x'01' AND EXISTS (SELECT 1 FROM data_keys)
    AND NOT EXISTS (SELECT 1 FROM data_keys WHERE id = lower(hex(substr(NEW.token, 2, 6))))
BEGIN
    SELECT RAISE(ABORT, 'the data key is gone');
END;

CREATE TRIGGER account_rotations_refuse_new_values_of_a_retired_key AFTER INSERT ON account_rotations
WHEN length(NEW.new_token) > 50 AND substr(NEW.new_token, 1, 1) = x'01' AND EXISTS (SELECT 1 FROM data_keys)
    AND NOT EXISTS (SELECT 1 FROM data_keys WHERE id = lower(hex(substr(NEW.new_token, 2, 6))))
BEGIN
    SELECT RAISE(ABORT, 'the data key is gone');
END;

CREATE TRIGGER account_rotations_refuse_values_of_a_retired_key AFTER UPDATE OF new_token ON account_rotations
WHEN length(NEW.new_token) > 50 AND substr(NEW.new_token, 1, 1) = x'01' AND EXISTS (SELECT 1 FROM data_keys)
    AND NOT EXISTS (SELECT 1 FROM data_keys WHERE id = lower(hex(substr(NEW.new_token, 2, 6))))
BEGIN
    SELECT RAISE(ABORT, 'the data key is gone');
END;

CREATE TRIGGER settings_refuse_new_values_of_a_retired_key AFTER INSERT ON settings
WHEN NEW.name = 'ledger_key' AND length(NEW.value) > 50 AND substr(NEW.value, 1, 1) = x'01' AND EXISTS (SELECT 1 FROM data_keys)
    AND NOT EXISTS (SELECT 1 FROM data_keys WHERE id = lower(hex(substr(NEW.value, 2, 6))))
BEGIN
    SELECT RAISE(ABORT, 'the data key is gone');
END;

CREATE TRIGGER settings_refuse_values_of_a_retired_key AFTER UPDATE OF value ON settings
WHEN NEW.name = 'ledger_key' AND length(NEW.value) > 50 AND substr(NEW.value, 1, 1) = x'01' AND EXISTS (SELECT 1 FROM data_keys)
    AND NOT EXISTS (SELECT 1 FROM data_keys WHERE id = lower(hex(substr(NEW.value, 2, 6))))
BEGIN
    SELECT RAISE(ABORT, 'the data key is gone');
END;
