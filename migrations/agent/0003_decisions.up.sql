-- How each execution was decided: kept for whoever asks why. Redacted; it leaves the process as it is.
CREATE TABLE decisions (
    execution TEXT NOT NULL PRIMARY KEY REFERENCES executions (id),
    body      TEXT NOT NULL -- types::DecisionRecord
) STRICT;
