-- What the agent did, is doing, and may have to take back.

-- One row an execution: where it is now, and all that is needed to verify or undo it after a restart.
-- `plan` holds true values (the undo needs them); `body` is redacted and is what leaves the process.
CREATE TABLE executions (
    id           TEXT    NOT NULL PRIMARY KEY,
    subject      TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    requested_at INTEGER NOT NULL, -- microseconds since 1970
    applied_at   INTEGER,          -- microseconds since 1970; only where something was written
    body         TEXT    NOT NULL, -- types::Execution
    plan         TEXT    NOT NULL, -- types::FixPlan
    before       TEXT    NOT NULL  -- types::Evidence
) STRICT;
CREATE INDEX executions_by_state ON executions (state);
CREATE INDEX executions_by_time ON executions (requested_at);

-- Who, what, why, before, after: append-only, each entry hashed together with the one before it.
CREATE TABLE entries (
    number    INTEGER NOT NULL PRIMARY KEY,
    at        TEXT    NOT NULL,
    who       TEXT    NOT NULL,
    what      TEXT    NOT NULL,
    execution TEXT,
    body      TEXT    NOT NULL,
    hash      TEXT    NOT NULL
) STRICT;
CREATE TRIGGER entries_stay BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE TRIGGER entries_remain BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END;

-- A caller's own name for a request, so that a repeat is answered and not run again.
CREATE TABLE requests (
    caller    TEXT    NOT NULL,
    key       TEXT    NOT NULL,
    body_hash TEXT    NOT NULL,
    execution TEXT    NOT NULL REFERENCES executions (id),
    at        INTEGER NOT NULL, -- microseconds since 1970
    PRIMARY KEY (caller, key)
) STRICT;

-- What a restart has to remember: the mode.
CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
