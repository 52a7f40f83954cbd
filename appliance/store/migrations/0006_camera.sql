-- What a camera looks at. Each capture ends in a case, or in the reason why there is none.
CREATE TABLE captures (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,  -- random, in its address
    began_at TEXT NOT NULL,
    person INTEGER,  -- who began it, and nobody else goes on with it; none where nobody has to log in
    who TEXT NOT NULL,  -- the same for the audit trail
    way TEXT NOT NULL CHECK (way IN ('scroll', 'tiles')),
    eye TEXT NOT NULL CHECK (eye IN ('own', 'browser')),  -- the appliance's own camera, or that of the page's device
    state TEXT NOT NULL DEFAULT 'looking' CHECK (state IN ('looking', 'running', 'done', 'failed', 'abandoned')),
    wish TEXT CHECK (wish IN ('take', 'finish', 'cancel')),  -- of its person, until the camera process took it up
    said TEXT,  -- JSON: what the camera process says of what it sees
    slices INTEGER NOT NULL DEFAULT 0,  -- found so far
    looked INTEGER NOT NULL DEFAULT 0,  -- frames looked at
    ended_at TEXT,
    case_id TEXT,  -- no reference: it may be removed earlier
    error_code TEXT,
    error_message TEXT,

    CHECK ((state = 'done') = (case_id IS NOT NULL)),
    CHECK ((state = 'failed') = (error_code IS NOT NULL))
);

CREATE INDEX captures_by_state ON captures (state);
CREATE INDEX captures_by_case ON captures (case_id);

-- What is wrong with the appliance's own camera; no row where nothing is.
CREATE TABLE camera_trouble (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
    kind TEXT NOT NULL,
    since TEXT NOT NULL
);

-- Whether a case was photographed off a screen: then nothing in it says whose it is.
ALTER TABLE cases ADD COLUMN photographed INTEGER NOT NULL DEFAULT 0;
UPDATE cases SET photographed = 1 WHERE source = 'camera';

-- Who a photographed case is of, as a person says. Each submission is a row; the newest of a case counts.
CREATE TABLE identities (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    case_number INTEGER NOT NULL REFERENCES cases (number) ON DELETE CASCADE,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    patient TEXT NOT NULL  -- ID or name, as typed
);

CREATE INDEX identities_by_case ON identities (case_number);
CREATE TRIGGER identities_stay BEFORE UPDATE ON identities BEGIN
    SELECT RAISE(ABORT, 'what was confirmed is never changed');
END;
