-- The audit log's newest records, some lines of JSON in a row; older ones are in files.

CREATE TABLE audit (
    first INTEGER PRIMARY KEY,    -- the number of the first record in it
    last  INTEGER NOT NULL,       -- the number of the last
    lines BLOB NOT NULL
) STRICT;
