-- A case is one request for a verdict: what came in, how far the work is, and the answer.
CREATE TABLE cases (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- what people call it; never used twice
    id TEXT NOT NULL UNIQUE,  -- random, in its address
    created_at TEXT NOT NULL,  -- UTC, ISO 8601, as all times
    source TEXT NOT NULL CHECK (source IN ('upload', 'demo')),
    spool TEXT NOT NULL,  -- name of the folder in the spool; cases of one medium share it
    study_uid TEXT,  -- the study that was chosen, where a medium holds several

    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'refused', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    claim TEXT,  -- token of the worker that has it; no other may write
    step TEXT,
    step_done INTEGER,
    step_total INTEGER,

    finished_at TEXT,
    verdict TEXT,  -- JSON as published, without identity
    reasons TEXT,  -- JSON: codes and values of its reasons, so that a page can say them in either language
    patient TEXT,  -- JSON: who the headers say this is
    error_code TEXT,
    error_message TEXT,

    CHECK ((state IN ('done', 'refused')) = (verdict IS NOT NULL)),
    CHECK ((state = 'failed') = (error_code IS NOT NULL))
);

CREATE INDEX cases_by_state ON cases (state, number);
CREATE UNIQUE INDEX cases_by_choice ON cases (spool, study_uid) WHERE study_uid IS NOT NULL;
