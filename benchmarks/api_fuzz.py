"""A fuzz run of the API: requests made from its own description, sent as four people.

Held up: no answer is a 5xx; every answer is as the description says; a wrong request is not taken; nobody, a viewer and
a reader without the session's token change no row at all; a reader changes labels alone, and each change bears the
reader's name.
"""

from __future__ import annotations

import warnings
from collections import Counter
from typing import TYPE_CHECKING

import msgspec
import requests
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks
from schemathesis.specs.openapi.checks import negative_data_rejection

from benchmarks import api_cases, api_site, workload
from benchmarks.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from schemathesis import Response

    from benchmarks.api_cases import Made
    from benchmarks.api_site import Person
    from storage.database import Database

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
SHOWN_PROBLEMS = 20
OWN = "/api/account/"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set.

    Parameters
    ----------
    examples : requests an operation, each sent by four people.
    """

    examples: int = 200
    seed: int = 1


class Account:
    """Sends requests and keeps the books: how many answers of which status, and what was not as it should be."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._session = requests.Session()
        self._revisions: dict[str, int] = {}
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.problems: list[str] = []

    def send(self, made: Made, person: Person) -> None:
        """Send one request as one person, and judge the answer."""
        case = made.case
        headers, cookies = dict(person.headers), dict(person.cookies)
        if case.headers.get("If-Match") == api_cases.CURRENT:
            headers["If-Match"] = f'"{self._revisions.get(case.path_parameters["annotation_id"], 0)}"'
        answer = case.call(base_url=self._address, session=self._session, headers=headers, cookies=cookies)
        self._session.cookies.clear()
        self.statuses[person.name, answer.status_code] += 1
        is_refused = 400 <= answer.status_code < 500
        must_refuse = not person.cookies or (case.method != "GET" and not person.may_write)
        if answer.status_code >= 500 or (must_refuse and not is_refused):
            self.problems.append(f"{person.name}: {answer.status_code} to {case.as_curl_command()}")
        elif person.may_write:
            self._note_revision(answer)
            try:
                case.validate_response(answer, checks=CHECKS if made.is_aimed else [*CHECKS, negative_data_rejection])
            except FailureGroup as found:
                self.problems.append(f"{person.name}: {found}")

    def _note_revision(self, answer: Response) -> None:
        said = answer.json() if answer.headers.get("content-type") == ["application/json"] else None
        row = said.get("current", said) if isinstance(said, dict) else {}
        if "revision" in row:
            self._revisions[row["id"]] = row["revision"]

    def close(self) -> None:
        """End the connection."""
        self._session.close()


def run(database: Database, options: Options) -> Account:
    """Fill an empty database and fuzz the site on it; what went wrong is in `problems`."""
    known = api_site.fill(database)
    with api_site.served(database) as address, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what schemathesis says of single requests
        *others, reader = api_site.people(address)
        account = Account(address)
        document = requests.get(f"{address}/api/openapi.json", cookies=dict(reader.cookies), timeout=60).json()
        # what one may do with one's own account a viewer may as well; and it would end the sessions that send all this
        document["paths"] = {path: said for path, said in document["paths"].items() if not path.startswith(OWN)}
        made = list(api_cases.requests_of(document, known, n_examples=options.examples, seed=options.seed))
        before = api_site.digests(database)
        _send_all(account, made, others)
        _note_changes(account, before, api_site.digests(database), "by somebody who may not write")
        _send_all(account, made, [reader])
        after = {name: digest for name, digest in api_site.digests(database).items() if name not in api_site.EDITED}
        _note_changes(account, before, after, "though it holds no labels")
        account.close()
    if n_unattributed := api_site.n_unattributed(database):
        account.problems.append(f"{n_unattributed} rows do not say who wrote them")
    return account


def _send_all(account: Account, made: Sequence[Made], people: Sequence[Person]) -> None:
    for one in made:
        for person in people:
            account.send(one, person)


def _note_changes(account: Account, before: dict[str, str], after: dict[str, str], how: str) -> None:
    changed = [name for name, digest in after.items() if digest != before[name]]
    if changed:
        account.problems.append(f"{', '.join(changed)} changed {how}")


def figures(options: Options | None = None) -> Iterator[Figure]:
    """Send them all.

    Raises
    ------
    AssertionError : if anything was not as it should be.
    """
    options = options or Options()
    with workload.database() as database:
        account = run(database, options)
        with database.transaction() as conn:
            row = conn.execute("SELECT count(*) FROM annotation_revisions").fetchone()
    yield Figure("api_fuzz: requests", account.statuses.total(), "requests")
    yield Figure("api_fuzz: edits that were taken", 0 if row is None else row[0], "revisions")
    for (person, status), n in sorted(account.statuses.items()):
        yield Figure(f"api_fuzz: {person}, {status}", n, "answers")
    yield Figure("api_fuzz: not as it should be", len(account.problems), "answers")
    assert not account.problems, "\n\n".join(account.problems[:SHOWN_PROBLEMS])
