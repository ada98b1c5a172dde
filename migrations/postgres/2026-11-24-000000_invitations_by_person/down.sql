DROP INDEX invitations_by_person;
CREATE INDEX invitations_by_person ON invitations (user_id, state) WHERE user_id IS NOT NULL;
