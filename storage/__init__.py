"""PostgreSQL and TimescaleDB: migrations, named SQL, one module a noun, the embedded server."""
