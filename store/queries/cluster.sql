-- set_superuser_password --
-- Typed into single-user mode, where no parameters exist; :password is hexadecimal.
ALTER ROLE postgres PASSWORD ':password'

-- database_exists --
-- Whether the server has a database of this name.
SELECT EXISTS (SELECT FROM pg_database WHERE datname = %(name)s)

-- create_database --
-- No IF NOT EXISTS here: the caller asks first.
CREATE DATABASE {name}

-- data_directory --
-- Where the server keeps its data: no row when it runs on another machine than the client, or this user may not know.
SELECT setting FROM pg_settings
WHERE name = 'data_directory' AND inet_server_addr() IS NOT DISTINCT FROM inet_client_addr()
