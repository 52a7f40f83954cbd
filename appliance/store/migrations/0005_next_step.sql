CREATE INDEX audit_by_case ON audit (case_number);

-- What people do with a verdict: they acknowledge it, and say what they themselves see in the study.
ALTER TABLE cases ADD COLUMN colour TEXT;  -- the verdict's, so that cases can be found by it
UPDATE cases SET colour = CASE
    WHEN verdict LIKE '{"verdict": "red_black",%' THEN 'red_black'
    WHEN verdict LIKE '{"verdict": "green_yellow",%' THEN 'green_yellow'
    ELSE 'refer'
END WHERE verdict IS NOT NULL;

-- Whether it brought only images that were judged before. Unlike `same_as`, it stays when the first case is removed.
ALTER TABLE cases ADD COLUMN repeats INTEGER NOT NULL DEFAULT 0;
UPDATE cases SET repeats = 1 WHERE same_as IS NOT NULL;

-- Who took notice of a case: once for each, and never changed.
CREATE TABLE acknowledgements (
    case_number INTEGER PRIMARY KEY REFERENCES cases (number) ON DELETE CASCADE,
    at TEXT NOT NULL,
    who TEXT NOT NULL
);

CREATE TRIGGER acknowledgements_stay BEFORE UPDATE ON acknowledgements BEGIN
    SELECT RAISE(ABORT, 'an acknowledgement is never changed');
END;

-- A person's own colour for a case. Each submission is a row; the newest of a case counts.
CREATE TABLE feedback (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    case_number INTEGER NOT NULL,  -- no reference: feedback outlives the case
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    colour TEXT NOT NULL CHECK (colour IN ('green', 'yellow', 'red', 'black')),
    note TEXT NOT NULL
);

CREATE INDEX feedback_by_case ON feedback (case_number);
CREATE TRIGGER feedback_stays BEFORE UPDATE ON feedback BEGIN
    SELECT RAISE(ABORT, 'feedback is never changed');
END;

-- What a report counts of a case that was removed by age. It names no patient.
CREATE TABLE outcomes (
    case_number INTEGER PRIMARY KEY,
    finished_at TEXT NOT NULL,
    source TEXT NOT NULL,
    colour TEXT NOT NULL CHECK (colour IN ('red_black', 'green_yellow', 'refer')),
    urgent_probability REAL,
    study_sha256 TEXT,  -- of the Study Instance UID
    model TEXT NOT NULL  -- JSON: name, version and SHA-256 of the network
);

CREATE INDEX outcomes_by_time ON outcomes (finished_at);
CREATE INDEX outcomes_by_study ON outcomes (study_sha256);
