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
