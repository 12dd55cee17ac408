-- Two accounts may hold the same token. GitLab takes a second renewal of it for theft: one at a time, whichever account asks.
UPDATE account_rotations SET state = 'failed', error = 'another account with the same token is being renewed'
    WHERE state = 'intended' AND EXISTS (SELECT 1 FROM account_rotations AS other
        WHERE other.old_fingerprint = account_rotations.old_fingerprint AND other.id <> account_rotations.id
            AND (other.state IN ('asked', 'received') OR other.state = 'intended' AND other.id < account_rotations.id));
CREATE UNIQUE INDEX account_rotations_open_token ON account_rotations (old_fingerprint)
    WHERE state IN ('intended', 'asked', 'received');

-- When people were told that a renewal does not move on.
ALTER TABLE account_rotations ADD COLUMN alarmed_at INTEGER;
