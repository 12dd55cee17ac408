-- What does not work and what is switched off: few among many, and what people look for first.
CREATE INDEX accounts_invalid ON accounts (label, id) WHERE validity = 'invalid';
CREATE INDEX accounts_invalid_of_scope ON accounts (scope, label, id) WHERE validity = 'invalid';
CREATE INDEX accounts_off ON accounts (label, id) WHERE NOT active;
CREATE INDEX accounts_off_of_scope ON accounts (scope, label, id) WHERE NOT active;
