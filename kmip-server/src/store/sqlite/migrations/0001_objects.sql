-- Objects, what finds them, and the server's settings.

CREATE TABLE object (
    sequence    INTEGER PRIMARY KEY,    -- the order in which objects were made
    identifier  TEXT NOT NULL UNIQUE,
    owner       TEXT NOT NULL,
    policy      TEXT NOT NULL,
    object_type INTEGER NOT NULL,
    state       INTEGER,                -- NULL: objects of this type have none
    storage     INTEGER NOT NULL,       -- one bit of the Storage Status Mask
    due         INTEGER,                -- when the object next changes by itself, seconds since 1970
    revision    INTEGER NOT NULL,
    attributes  BLOB NOT NULL,          -- sealed
    material    BLOB                    -- sealed; NULL: there is none, or it was destroyed
) STRICT;

-- Each of these gives its objects in order, and covers what Locate filters by, so that neither the newest
-- few nor a count reads the rows themselves.
CREATE INDEX object_by_owner ON object (owner, sequence, policy, object_type, storage, state);
CREATE INDEX object_by_type ON object (object_type, sequence, owner, policy, storage, state);
CREATE INDEX object_by_state ON object (state, sequence, owner, policy, object_type, storage);
CREATE INDEX object_by_due ON object (due) WHERE due IS NOT NULL;

-- One row for each value of each attribute that objects are located by. SQLite keeps numbers, texts and
-- blobs apart when it compares them, so a value's kind needs no column.
CREATE TABLE attribute (
    attribute TEXT NOT NULL,
    value     ANY NOT NULL,
    sequence  INTEGER NOT NULL,
    PRIMARY KEY (attribute, value, sequence)
) STRICT, WITHOUT ROWID;

CREATE INDEX attribute_by_object ON attribute (sequence, attribute);

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
