-- Rows that are no jobs: damaged, or written by others. They are moved here, so that they hold up nobody.
CREATE TABLE quarantine (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    origin TEXT NOT NULL,      -- The table in which it was.
    key INTEGER NOT NULL,      -- Its key there.
    reason TEXT NOT NULL,
    content TEXT NOT NULL,     -- The whole row as JSON, by column; {"blob": ...} and {"text": ...} hold bytes in hex.
    found_at INTEGER NOT NULL
) STRICT;

-- What no job can say of itself. These indexes are empty, so that a look costs nothing.
CREATE INDEX jobs_unsound ON jobs (key) WHERE NOT (
    state IN (0, 1, 2, 6) AND run_at >= 0
    AND token BETWEEN 0 AND 9007199254740992 AND attempt BETWEEN 0 AND 9007199254740992
    AND crashes BETWEEN 0 AND 9007199254740992 AND lost BETWEEN 0 AND 9007199254740992
    AND (owner IS NULL OR owner NOT GLOB '*[^0-9a-f]*')
    AND (state <> 2 OR owner IS NOT NULL) AND (state <> 0 OR owner IS NOT NULL OR after IS NOT NULL)
);
CREATE INDEX finished_unsound ON finished (key) WHERE NOT (
    state IN (3, 4, 5) AND token BETWEEN 0 AND 9007199254740992 AND attempt BETWEEN 0 AND 9007199254740992
);
