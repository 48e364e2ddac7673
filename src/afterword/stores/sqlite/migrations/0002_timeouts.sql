-- How long an attempt may take, in microseconds; NULL for ever.
ALTER TABLE jobs ADD COLUMN timeout INTEGER;
ALTER TABLE finished ADD COLUMN timeout INTEGER;
