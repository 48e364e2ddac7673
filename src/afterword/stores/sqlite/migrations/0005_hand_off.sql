-- Jobs that another engine runs.
ALTER TABLE jobs ADD COLUMN via TEXT;
ALTER TABLE jobs ADD COLUMN theirs INTEGER NOT NULL DEFAULT 0;   -- 1 for the engine's own tasks.
ALTER TABLE jobs ADD COLUMN unwanted INTEGER NOT NULL DEFAULT 0; -- 1 once a person wants it cancelled there.
ALTER TABLE jobs ADD COLUMN receipt TEXT;                        -- What the engine answered.
ALTER TABLE finished ADD COLUMN via TEXT;
ALTER TABLE finished ADD COLUMN theirs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE finished ADD COLUMN unwanted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE finished ADD COLUMN receipt TEXT;
