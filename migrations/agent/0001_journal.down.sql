DROP TABLE settings;
DROP TABLE requests;
DROP TRIGGER entries_remain;
DROP TRIGGER entries_stay;
DROP TABLE entries;
DROP TABLE executions;
