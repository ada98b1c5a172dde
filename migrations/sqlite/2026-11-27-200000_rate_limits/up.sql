-- what callers have used of their limits, where that is to outlive the server
CREATE TABLE rate_limits (
    caller TEXT PRIMARY KEY NOT NULL,
    whole_at BIGINT NOT NULL
);
