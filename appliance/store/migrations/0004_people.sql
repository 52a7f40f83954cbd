-- Who may use the page. A wall screen is a person without a password.
CREATE TABLE people (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE,  -- the name without difference of case or width, by which it is looked up
    role TEXT NOT NULL CHECK (role IN ('kiosk', 'doctor', 'administrator')),
    created_at TEXT NOT NULL,
    password TEXT,  -- argon2id with its parameters and salt (PHC string); none before the person has chosen one
    totp_secret TEXT,  -- base32; where there is one, a login takes a second factor
    totp_step INTEGER  -- of the newest code that was taken: each is taken once
);

-- Of a second factor, for a telephone that is lost. Each is taken once.
CREATE TABLE recovery_codes (
    person INTEGER NOT NULL REFERENCES people (number) ON DELETE CASCADE,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (person, sha256)
) WITHOUT ROWID;

-- With a code, once, somebody chooses a password, a wall screen begins its session, or the first person is set up.
CREATE TABLE codes (
    sha256 TEXT PRIMARY KEY,
    person INTEGER REFERENCES people (number) ON DELETE CASCADE,  -- none: of the first person
    made_boot TEXT NOT NULL,
    made_uptime REAL NOT NULL
) WITHOUT ROWID;

-- Who is logged in. A program's session begins with an administrator and does not end by itself.
CREATE TABLE sessions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL UNIQUE,  -- of its token, which only the browser or the program has
    person INTEGER NOT NULL REFERENCES people (number) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('browser', 'program')),
    label TEXT NOT NULL,  -- which browser on which address, or what the program is called
    began_at TEXT NOT NULL,
    began_boot TEXT NOT NULL,  -- the wall clock is for reading; a session's age counts on the monotonic one
    began_uptime REAL NOT NULL,
    seen_at TEXT NOT NULL,
    seen_boot TEXT NOT NULL,
    seen_uptime REAL NOT NULL
);

CREATE INDEX sessions_by_person ON sessions (person);

-- Logins that failed, by name, by address and by both, so that a restart forgets none.
CREATE TABLE attempts (
    sha256 TEXT PRIMARY KEY,  -- of name and address: a password typed in place of a name must not lie here
    failures INTEGER NOT NULL,
    known INTEGER NOT NULL DEFAULT 0,  -- whether this name has logged in from this address
    boot TEXT NOT NULL,  -- of the newest failure
    uptime REAL NOT NULL
) WITHOUT ROWID;

-- The audit trail is made anew without a list of acts: `Act` holds it, and a new one needs no new table. Its rows, and
-- with them its hashes, stay as they are.
CREATE TABLE audit_2 (
    number INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    case_number INTEGER,  -- no reference: the entry outlives the case
    study_sha256 TEXT,  -- of the Study Instance UID
    detail TEXT NOT NULL,  -- JSON
    hash TEXT NOT NULL
);

INSERT INTO audit_2 (number, at, who, what, case_number, study_sha256, detail, hash)
SELECT number, at, who, what, case_number, study_sha256, detail, hash FROM audit ORDER BY number;
DROP TABLE audit;
ALTER TABLE audit_2 RENAME TO audit;

CREATE TRIGGER audit_keeps_rows BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;
CREATE TRIGGER audit_keeps_values BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;
-- INSERT OR REPLACE would get round the trigger for DELETE
CREATE TRIGGER audit_grows_at_its_end BEFORE INSERT ON audit
WHEN NEW.number IS NOT (SELECT COALESCE(MAX(number), 0) + 1 FROM audit) BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;
