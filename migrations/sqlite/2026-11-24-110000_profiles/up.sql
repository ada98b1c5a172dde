ALTER TABLE users ADD COLUMN organisation TEXT;
ALTER TABLE users ADD COLUMN skills TEXT NOT NULL DEFAULT '[]';
-- each folded, between line breaks: for finding members by one
ALTER TABLE users ADD COLUMN skills_search TEXT NOT NULL DEFAULT '';
