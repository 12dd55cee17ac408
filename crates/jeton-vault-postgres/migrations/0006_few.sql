-- What does not work and what is switched off: few among many, and what people look for first.
CREATE INDEX accounts_invalid ON accounts (label, id) WHERE validity = 'invalid';
CREATE INDEX accounts_invalid_of_scope ON accounts (scope, label, id) WHERE validity = 'invalid';
CREATE INDEX accounts_off ON accounts (label, id) WHERE NOT active;
CREATE INDEX accounts_off_of_scope ON accounts (scope, label, id) WHERE NOT active;

-- With the host, so that hosts which are left out are passed over without a look at their rows.
DROP INDEX accounts_to_check;
CREATE INDEX accounts_to_check ON accounts (next_check_at, id, host) WHERE active;
