-- Findings that somebody accepted, until when, and why. One that has ended accepts nothing, and goes with the next change.
CREATE TABLE suppressions (
    fingerprint TEXT    NOT NULL PRIMARY KEY,
    until       INTEGER NOT NULL, -- microseconds since 1970
    body        TEXT    NOT NULL  -- types::Suppression
) STRICT;
