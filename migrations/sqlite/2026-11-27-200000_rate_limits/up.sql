-- what callers have used of their limits, where several servers count together: on PostgreSQL only
CREATE TABLE rate_limits (
    caller TEXT PRIMARY KEY NOT NULL,
    whole_at BIGINT NOT NULL
);
