ALTER TABLE users DROP COLUMN skills_search;
ALTER TABLE users DROP COLUMN skills;
ALTER TABLE users DROP COLUMN organisation;
