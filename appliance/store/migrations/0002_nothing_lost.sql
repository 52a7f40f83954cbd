-- Leases, the instances of each judged study, what replaces what, and the audit trail.
-- The table is made anew: a CHECK cannot be changed, and there are more sources now.
CREATE TABLE cases_2 (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- what people call it; never used twice
    id TEXT NOT NULL UNIQUE,  -- random, in its address
    created_at TEXT NOT NULL,  -- UTC, ISO 8601, as all times
    source TEXT NOT NULL CHECK (source IN ('upload', 'demo', 'media', 'network', 'camera')),
    spool TEXT NOT NULL,  -- name of the folder in the spool; cases of one medium share it
    study_uid TEXT,  -- the study that was chosen, where a medium holds several
    judged_study_uid TEXT,  -- the study that is judged, known once the headers were read
    same_as INTEGER REFERENCES cases (number) ON DELETE SET NULL,  -- had judged these images, and perhaps more, before
    superseded_by INTEGER REFERENCES cases (number) ON DELETE SET NULL,  -- judged these images, and perhaps more

    state TEXT NOT NULL DEFAULT 'queued'
        CHECK (state IN ('received', 'queued', 'running', 'done', 'refused', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    claim TEXT,  -- token of the worker that has it; no other may write
    lease_boot TEXT,  -- the boot of the machine during which the lease counts
    lease_until REAL,  -- end of the lease on that boot's monotonic clock, in seconds
    step TEXT,
    step_done INTEGER,
    step_total INTEGER,

    finished_at TEXT,
    finished_boot TEXT,  -- boot and monotonic clock of the same moment: the wall clock may be set meanwhile
    finished_uptime REAL,
    pixels_removed_at TEXT,  -- since then neither its files nor its rendered slices are kept
    verdict TEXT,  -- JSON as published, without identity
    reasons TEXT,  -- JSON: codes and values of its reasons, so that a page can say them in either language
    patient TEXT,  -- JSON: who the headers say this is
    error_code TEXT,
    error_message TEXT,

    CHECK ((state IN ('done', 'refused')) = (verdict IS NOT NULL)),
    CHECK ((state = 'failed') = (error_code IS NOT NULL))
);

INSERT INTO cases_2 (
    number, id, created_at, source, spool, study_uid, state, attempts, claim, step, step_done, step_total,
    finished_at, verdict, reasons, patient, error_code, error_message
)
SELECT
    number, id, created_at, source, spool, study_uid, state, attempts, claim, step, step_done, step_total,
    finished_at, verdict, reasons, patient, error_code, error_message
FROM cases;
DROP TABLE cases;
ALTER TABLE cases_2 RENAME TO cases;

CREATE INDEX cases_by_state ON cases (state, number);
CREATE INDEX cases_by_study ON cases (judged_study_uid);
CREATE INDEX cases_by_same ON cases (same_as);
CREATE INDEX cases_by_newer ON cases (superseded_by);
CREATE INDEX cases_by_spool ON cases (spool);
CREATE UNIQUE INDEX cases_by_choice ON cases (spool, study_uid) WHERE study_uid IS NOT NULL;

-- Which images a case judged. Two arrivals are the same when these are.
CREATE TABLE instances (
    case_number INTEGER NOT NULL REFERENCES cases (number) ON DELETE CASCADE,
    sop_instance_uid TEXT NOT NULL,
    header_sha256 TEXT NOT NULL,  -- of all that the appliance reads of the header
    PRIMARY KEY (case_number, sop_instance_uid)
) WITHOUT ROWID;

-- Who did what. Nothing in it is ever changed or removed, and each row seals the one before it.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL CHECK (
        what IN ('received', 'judged', 'superseded', 'viewed', 'exported', 'purged', 'backup', 'settings')
    ),
    case_number INTEGER,  -- no reference: the entry outlives the case
    study_sha256 TEXT,  -- of the Study Instance UID
    detail TEXT NOT NULL,  -- JSON
    hash TEXT NOT NULL
);

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
