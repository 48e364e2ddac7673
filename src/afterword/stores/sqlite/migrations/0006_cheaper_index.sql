-- The same without what took longest to evaluate, since every change of a job evaluates it: owners are looked at one by one.
DROP INDEX jobs_unsound;
CREATE INDEX jobs_unsound ON jobs (key) WHERE (
    state NOT IN (0, 1, 2, 6) OR run_at < 0
    OR token < 0 OR token > 9007199254740992 OR attempt < 0 OR attempt > 9007199254740992
    OR crashes < 0 OR crashes > 9007199254740992 OR lost < 0 OR lost > 9007199254740992
    OR (state = 2 AND owner IS NULL) OR (state = 0 AND owner IS NULL AND after IS NULL)
);
