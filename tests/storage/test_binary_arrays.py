"""Arrays in PostgreSQL's binary form: the server reads what was meant."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.binary_arrays import ByteStrings

TYPES = {
    "smallint": np.int16,
    "integer": np.int32,
    "bigint": np.int64,
    "real": np.float32,
    "double precision": np.float64,
}
same_database = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def echoed(database, value, sql_type):
    with database.transaction() as conn:
        return conn.execute(f"SELECT %(value)s::{sql_type}[]", {"value": value}).fetchone()[0]


@pytest.mark.parametrize("sql_type", TYPES)
def test_server_reads_the_same_numbers_from_an_array(database, sql_type):
    kind = TYPES[sql_type]

    @same_database
    @given(values=st.data())
    def check(values):
        if np.issubdtype(kind, np.integer):
            known = np.iinfo(kind)
            numbers = st.integers(int(known.min), int(known.max))
        else:
            numbers = st.floats(allow_nan=False, width=np.dtype(kind).itemsize * 8)
        drawn = np.array(values.draw(st.lists(numbers, max_size=40)), kind)
        assert np.array(echoed(database, drawn, sql_type), kind).tobytes() == drawn.tobytes()

    check()


def test_server_reads_not_a_number_and_infinities(database):
    values = np.array([np.nan, np.inf, -np.inf, -0.0])
    assert np.array(echoed(database, values, "double precision")).tobytes() == values.tobytes()


@same_database
@given(values=st.lists(st.binary(max_size=300), max_size=20))
def test_server_reads_the_same_bytes_from_byte_strings(database, values):
    assert echoed(database, ByteStrings(values), "bytea") == values


@same_database
@given(values=st.lists(st.binary(min_size=16, max_size=16), max_size=20))
def test_server_reads_the_same_uuids_from_their_bytes(database, values):
    # not st.uuids(): it minds that the pool's thread draws from the same generator of chance
    assert [one.bytes for one in echoed(database, np.array(values, "V16"), "uuid")] == values


def test_array_of_another_type_in_the_same_statement_is_read_as_what_it_is(database):
    for kind in (np.int16, np.int64, np.int32):
        assert echoed(database, np.array([1, -2], kind), "bigint") == [1, -2]


def test_array_of_a_type_that_no_column_has_is_refused(database):
    with pytest.raises(KeyError):
        echoed(database, np.array([1], np.uint8), "integer")
