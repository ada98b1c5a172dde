-- One's own invitations are listed newest first.
DROP INDEX invitations_by_person;
CREATE INDEX invitations_by_person ON invitations (user_id, state, id DESC) WHERE user_id IS NOT NULL;
