-- The discs and sticks that were inserted. Each insertion is a row.
CREATE TABLE media (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,  -- of its device or folder, made printable
    inserted_at TEXT NOT NULL,
    present INTEGER NOT NULL DEFAULT 1,  -- whether it is still inserted
    state TEXT NOT NULL DEFAULT 'reading' CHECK (state IN ('reading', 'read', 'known', 'gone', 'refused')),
    done INTEGER NOT NULL DEFAULT 0,  -- files looked at
    total INTEGER NOT NULL DEFAULT 0,
    fingerprint TEXT,  -- where all of it was read
    case_id TEXT,  -- no reference: a medium whose case was removed is read again
    error_code TEXT,
    error_message TEXT,

    CHECK ((state = 'refused') = (error_code IS NOT NULL))
);

CREATE INDEX media_by_fingerprint ON media (fingerprint);
