DROP TABLE lessons;
DROP TABLE settings;
DROP TABLE cursors;
DROP TABLE threads;
DROP TABLE runs;
DROP TABLE episodes;
