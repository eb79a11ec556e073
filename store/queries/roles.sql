-- role_exists --
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %(role)s)

-- create_role --
CREATE ROLE {role} NOSUPERUSER NOCREATEDB NOCREATEROLE

-- set_password --
ALTER ROLE {role} LOGIN PASSWORD {password}

-- schema --
SELECT current_schema()

-- grant_aftercare_app --
-- Rows of every table, but none of what is append-only or the migration's own.
GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {app};
GRANT USAGE ON SCHEMA {schema} TO {app};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {app};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {app};
GRANT EXECUTE ON FUNCTION drop_old_chunks TO {app};
REVOKE UPDATE, DELETE ON stock_journal, audit_log FROM {app};
REVOKE INSERT, UPDATE, DELETE ON schema_migrations FROM {app}

-- grant_aftercare_read --
-- What one may look at: not what a device's password could be guessed from.
GRANT CONNECT ON DATABASE {database} TO {read};
GRANT USAGE ON SCHEMA {schema} TO {read};
GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {read};
REVOKE SELECT ON device_credentials, receiver_secrets FROM {read}
