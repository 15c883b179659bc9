-- What was tried and what came of it. Rows are never changed; every statistic is a fold over them.
CREATE TABLE episodes (
    id         TEXT PRIMARY KEY,
    at_ms      INTEGER NOT NULL,
    cluster    TEXT NOT NULL,
    subject    TEXT NOT NULL,
    fault      TEXT NOT NULL,
    context    TEXT NOT NULL,
    strategy   TEXT NOT NULL,
    spec_hash  TEXT NOT NULL,
    recovered  INTEGER NOT NULL CHECK (recovered IN (0, 1)),
    -- An outcome counts once, however often it is told.
    execution  TEXT NOT NULL UNIQUE,
    body       TEXT NOT NULL CHECK (json_valid(body))
) STRICT;
CREATE INDEX episodes_by_time ON episodes (at_ms, id);
CREATE INDEX episodes_by_fault ON episodes (fault, at_ms);
CREATE INDEX episodes_by_spec ON episodes (spec_hash, recovered);

-- One healing of one incident, from the first choice to its end: what a restart takes up again.
CREATE TABLE runs (
    id         TEXT PRIMARY KEY,
    agent      TEXT NOT NULL,
    cluster    TEXT NOT NULL,
    subject    TEXT NOT NULL,
    incident   TEXT NOT NULL UNIQUE,
    execution  TEXT,
    state      TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    body       TEXT NOT NULL CHECK (json_valid(body))
) STRICT;
CREATE INDEX runs_by_state ON runs (state, updated_ms);
CREATE INDEX runs_by_execution ON runs (execution);

-- Names that callers gave to a run, so that a repeated call is answered and not run again.
CREATE TABLE threads (
    thread TEXT PRIMARY KEY,
    run    TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE
) STRICT;

-- How far each agent's stream was handled.
CREATE TABLE cursors (
    agent   TEXT PRIMARY KEY,
    last_id TEXT NOT NULL
) STRICT;

-- Settings that were changed while running.
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- The words of the lessons, for recall by text where structure finds too little.
CREATE VIRTUAL TABLE lessons USING fts5 (lesson, fault UNINDEXED, episode UNINDEXED);
