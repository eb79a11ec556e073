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
GRANT aftercare_customer TO {app} WITH INHERIT FALSE, SET TRUE;
REVOKE UPDATE, DELETE ON stock_journal, audit_log FROM {app};
REVOKE INSERT, UPDATE, DELETE ON schema_migrations FROM {app}

-- grant_aftercare_read --
-- What one may look at: not what a password could be guessed from.
GRANT CONNECT ON DATABASE {database} TO {read};
GRANT USAGE ON SCHEMA {schema} TO {read};
GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {read};
REVOKE SELECT ON device_credentials, receiver_secrets, user_passwords, sessions, api_tokens, sign_in_flows FROM {read}

-- grant_aftercare_customer --
-- The tables that each device model has of its own: their queries begin at a device, which row security has let through.
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN
        SELECT tablename FROM pg_tables
        WHERE schemaname = current_schema() AND tablename ~ '^(readings|rollup_[0-9]+[a-z]+|latest)_'
    LOOP
        EXECUTE format('GRANT SELECT ON %I TO aftercare_customer', name);
    END LOOP;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO aftercare_customer', current_schema());
    -- Whoever migrates may serve as well; a superuser is every role already.
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT aftercare_customer TO %I WITH INHERIT FALSE, SET TRUE', current_user);
    END IF;
END $$
