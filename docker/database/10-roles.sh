#!/bin/sh
# Run once by the database image, on an empty volume: an owner that migrates and an application role that can only read and write rows.
set -eu
secrets=${SECRETS_DIR:-/run/secrets}
owner_password=$(cat "$secrets/database_owner_password")
application_password=$(cat "$secrets/database_password")
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    -v owner_password="$owner_password" -v application_password="$application_password" -v database="$POSTGRES_DB" <<'SQL'
CREATE ROLE rhythmark_owner LOGIN NOSUPERUSER NOCREATEROLE PASSWORD :'owner_password';
CREATE ROLE rhythmark_application LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'application_password';
ALTER DATABASE :"database" OWNER TO rhythmark_owner;
ALTER SCHEMA public OWNER TO rhythmark_owner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO rhythmark_application;
ALTER DEFAULT PRIVILEGES FOR ROLE rhythmark_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO rhythmark_application;
ALTER DEFAULT PRIVILEGES FOR ROLE rhythmark_owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO rhythmark_application;
SQL
