"""`rhythmark db` and `rhythmark user`."""


def test_db_status_says_what_is_pending_and_upgrade_applies_it(rhythmark, empty_dsn):
    before = rhythmark("db", "status", RHYTHMARK_DSN=empty_dsn)
    assert (before.returncode, "run `rhythmark db upgrade`" in before.stdout) == (1, True)
    upgraded = rhythmark("db", "upgrade", RHYTHMARK_DSN=empty_dsn)
    assert "applied 0001_" in upgraded.stdout
    after = rhythmark("db", "status", RHYTHMARK_DSN=empty_dsn)
    assert (after.returncode, "pending      none" in after.stdout) == (0, True)
    assert "PostgreSQL" in after.stdout
    assert "timescaledb" in after.stdout
    assert "nothing to apply" in rhythmark("db", "upgrade", RHYTHMARK_DSN=empty_dsn).stdout


def test_db_retention_is_set_shown_applied_and_switched_off(rhythmark, database_dsn):
    def said(*arguments):
        done = rhythmark("db", "retention", *arguments, RHYTHMARK_DSN=database_dsn)
        return done.returncode, done.stdout.strip()

    assert said() == (0, "samples are kept for ever")
    assert said("--apply")[0] == 1
    assert said("--days", "30") == (0, "samples are kept for 30 days (UTC)")
    assert said("--apply") == (0, "dropped 0 days: 0 samples of 0 channel groups")
    assert said("--off") == (0, "samples are kept for ever")


def test_user_is_added_with_a_password_from_standard_input_or_a_file(rhythmark, database_dsn, database, tmp_path):
    from storage import users

    (tmp_path / "password").write_text("correct horse 2\n")
    added = rhythmark("user", "add", "ada", stdin="correct horse 1\n", RHYTHMARK_DSN=database_dsn)
    assert (added.returncode, added.stdout) == (0, "added ada (reader)\n")
    rhythmark("user", "add", "bob", "--role", "admin", "--password-file", "password", RHYTHMARK_DSN=database_dsn)
    for login, password in (("ada", "correct horse 1"), ("bob", "correct horse 2")):
        with database.transaction() as conn:
            assert users.verify(conn, login=login, password=password, address="127.0.0.1").user.login == login


def test_user_is_disabled_and_listed_so(rhythmark, database_dsn):
    rhythmark("user", "add", "ada", stdin="correct horse\n", RHYTHMARK_DSN=database_dsn)
    assert rhythmark("user", "disable", "ada", RHYTHMARK_DSN=database_dsn).returncode == 0
    listed = rhythmark("user", "list", RHYTHMARK_DSN=database_dsn).stdout
    assert "disabled" in next(line for line in listed.splitlines() if line.startswith("ada"))


def test_user_errors_name_the_rule(rhythmark, database_dsn):
    short = rhythmark("user", "add", "ada", stdin="short\n", RHYTHMARK_DSN=database_dsn)
    assert (short.returncode, "password must have at least 8 characters, got 5" in short.stderr) == (1, True)
    unknown = rhythmark("user", "disable", "nobody", RHYTHMARK_DSN=database_dsn)
    assert (unknown.returncode, "got 'nobody'" in unknown.stderr) == (1, True)
    role = rhythmark("user", "add", "ada", "--role", "king", stdin="correct horse\n", RHYTHMARK_DSN=database_dsn)
    assert (role.returncode, "role must be one of" in role.stderr) == (1, True)
    unmigrated = rhythmark(
        "user", "list", RHYTHMARK_DSN=database_dsn.replace("dbname=rhythmark_test", "dbname=postgres ")
    )
    assert "Traceback" not in unmigrated.stderr


def test_serve_refuses_a_database_that_is_not_migrated(rhythmark, empty_dsn):
    done = rhythmark("serve", "--port", "0", RHYTHMARK_DSN=empty_dsn, RHYTHMARK_SECRET="s" * 40)
    assert done.returncode == 1
    assert "must be migrated (`rhythmark db upgrade`): 0001_house" in done.stderr
