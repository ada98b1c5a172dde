DROP TABLE api_key_secrets;
DROP TABLE api_key_groups;
DROP TABLE api_keys;
DROP INDEX users_services;
ALTER TABLE users DROP COLUMN is_service;
