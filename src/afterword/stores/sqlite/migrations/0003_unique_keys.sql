-- While a job with this key is unfinished, no second one of the same application is added.
ALTER TABLE jobs ADD COLUMN unique_key TEXT;
ALTER TABLE finished ADD COLUMN unique_key TEXT;

-- 1 once another request was told, while this job was held, that it will run: then it is not deleted with its own request.
ALTER TABLE jobs ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;

CREATE UNIQUE INDEX jobs_unique ON jobs (unique_key, app) WHERE unique_key IS NOT NULL;
