-- Unfinished jobs. Keys grow and are never given twice (AUTOINCREMENT). All times are microseconds since the epoch, except
-- lease_until. State: 0 held, 1 queued, 2 running, 3 succeeded, 4 failed, 5 cancelled, 6 handed off.
CREATE TABLE jobs (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    app TEXT NOT NULL,
    task TEXT NOT NULL,
    arguments BLOB NOT NULL,
    added_at INTEGER NOT NULL,
    retry TEXT NOT NULL,
    state INTEGER NOT NULL,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL,
    run_at INTEGER NOT NULL,
    owner TEXT,
    after TEXT,
    token INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    lost INTEGER NOT NULL DEFAULT 0,
    alone INTEGER NOT NULL DEFAULT 0,
    at_most_once INTEGER NOT NULL DEFAULT 0,
    origin TEXT,
    started_at INTEGER,
    ended_at INTEGER,
    result BLOB,
    error TEXT,
    settled_token INTEGER NOT NULL DEFAULT -1, -- Token of the attempt that was settled last.
    ended INTEGER NOT NULL DEFAULT 0,          -- 1 once a counted attempt has ended: the job after it need not wait.
    lease_until INTEGER                        -- While running, in microseconds of the machine's steady clock.
) STRICT;

-- What may start now, in the order of starting. Claims name the state as a literal, else this index would not be used. State
-- and run_at take no room in it, being always 1 and 0, and with them the jobs can be counted without a look at their rows.
CREATE INDEX jobs_ready ON jobs (app, priority DESC, key, queue, state, run_at) WHERE state = 1 AND run_at = 0;

-- What may start later.
CREATE INDEX jobs_due ON jobs (app, run_at, state) WHERE state = 1 AND run_at > 0;

-- What somebody holds or runs: asked when a process may have died.
CREATE INDEX jobs_owner ON jobs (owner, state, lease_until) WHERE owner IS NOT NULL;

-- What waits for another job.
CREATE INDEX jobs_after ON jobs (after) WHERE after IS NOT NULL;

CREATE INDEX jobs_handed_off ON jobs (state) WHERE state = 6;

-- Finished jobs, under the keys they had, so that claiming costs the same however many there are.
CREATE TABLE finished (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    app TEXT NOT NULL,
    task TEXT NOT NULL,
    arguments BLOB NOT NULL,
    added_at INTEGER NOT NULL,
    retry TEXT NOT NULL,
    state INTEGER NOT NULL,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL,
    run_at INTEGER NOT NULL,
    owner TEXT,
    after TEXT,
    token INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    crashes INTEGER NOT NULL,
    lost INTEGER NOT NULL,
    alone INTEGER NOT NULL,
    at_most_once INTEGER NOT NULL,
    origin TEXT,
    started_at INTEGER,
    ended_at INTEGER,
    result BLOB,
    error TEXT,
    settled_token INTEGER NOT NULL
) STRICT;

CREATE INDEX finished_state ON finished (state);
CREATE INDEX finished_ended ON finished (ended_at);

-- Processes that claim. Whether one still lives is asked of its lock file.
CREATE TABLE workers (
    process TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    app TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
