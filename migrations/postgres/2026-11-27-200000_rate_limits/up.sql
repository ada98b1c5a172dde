-- what callers have used of their limits, where several servers count together. Lost in a crash, as in memory; without an index
-- by date, so that counting moves no index entry
CREATE UNLOGGED TABLE rate_limits (
    -- a hash
    caller TEXT PRIMARY KEY,
    whole_at TIMESTAMPTZ NOT NULL
);
