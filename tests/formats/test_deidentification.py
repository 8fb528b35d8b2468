"""Recordings without what tells whose they are."""

from datetime import UTC, datetime

import pytest

from formats.deidentification import MAX_SHIFT_DAYS, Deidentifier, Person, check_text
from formats.errors import FormatError
from formats.patients import PatientOf, read_patients
from signal_processing.errors import InvalidValueError
from signal_processing.values import Channel, Signal

DAY_US = 86_400_000_000
KEY, OTHER = "k" * 32, "o" * 32


def us(year, month=6, day=1):
    return int(datetime(year, month, day, 13, 45, tzinfo=UTC).timestamp() * 1e6)


def signal(t0_us, name="smith-2024", *channels):
    return Signal(name, "ecg", 250.0, t0_us, tuple(Channel(one, "mV", 200.0) for one in channels or ("II",)))


def test_the_same_person_has_one_pseudonym_by_one_key_and_another_by_another():
    one = Deidentifier(KEY)
    assert one.pseudonym("Smith, Anna 1950-01-02") == one.pseudonym(" smith,  anna 1950-01-02 ")
    assert one.pseudonym("Smith") != one.pseudonym("Smyth")
    assert one.pseudonym("Smith") != Deidentifier(OTHER).pseudonym("Smith")
    assert one.pseudonym("Smith")[2:] != one.stream_name("Smith")[2:]


def test_dates_move_by_whole_days_one_number_a_patient_and_intervals_stay():
    one = Deidentifier(KEY)
    shifts = [one.shift_us(f"patient {number}") for number in range(2_000)]
    assert all(shift % DAY_US == 0 and shift != 0 for shift in shifts)
    assert max(abs(shift) for shift in shifts) <= MAX_SHIFT_DAYS * DAY_US
    assert len(set(shifts)) > 1_500
    first, second = (one.deidentified(signal(at), Person("p")).signal.t0_us for at in (us(2020), us(2021)))
    assert second - first == us(2021) - us(2020)
    assert first % DAY_US == us(2020) % DAY_US  # the time of day


@pytest.mark.parametrize(("birth_year", "age"), [(1990, 30), (1931, 89), (1930, 90), (1915, 90), (None, None)])
def test_ages_stay_and_above_89_are_90(birth_year, age):
    told = Deidentifier(KEY).deidentified(signal(us(2020)), Person("p", birth_year, "F"))
    year = datetime.fromtimestamp(told.signal.t0_us / 1e6, UTC).year
    assert (None if told.birth_year is None else year - told.birth_year) == age
    assert told.sex == "F"


def test_nothing_of_the_names_is_left_and_samples_are_described_as_before():
    given = signal(us(2020), "smith-2024", "II", "Smith V5", "V1")
    told = Deidentifier(KEY).deidentified(given, Person("Anna Smith"))
    assert "smith" not in repr(told).casefold()
    assert [channel.name for channel in told.signal.channels] == ["II", "channel 2", "V1"]
    assert [channel.gain for channel in told.signal.channels] == [200.0] * 3
    assert (told.signal.fs_hz, told.signal.group) == (given.fs_hz, given.group)


def test_a_short_key_and_a_telling_text_are_refused_without_repeating_it():
    with pytest.raises(InvalidValueError, match="at least 32 characters, got 31"):
        Deidentifier("k" * 31)
    check_text("note", "MIT-BIH Arrhythmia Database")
    with pytest.raises(InvalidValueError, match="note must tell nobody") as refused:
        check_text("note", "call Mrs. Smith, 030 1234567")
    assert "Smith" not in str(refused.value)
    assert "1234567" not in str(refused.value)


def test_patients_are_read_from_a_table(tmp_path):
    path = tmp_path / "patients.csv"
    path.write_text("record,patient,birth_year,sex\n100,Anna,1950,F\n101,Bert,,\n")
    assert read_patients(path) == [PatientOf("100", "Anna", 1950, "F"), PatientOf("101", "Bert", None, None)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("record\n100\n", "lacks patient"),
        ("", "lacks patient, record"),
        ("record,patient\n100,\n", "line 2, must name a record and a patient"),
        ("record,patient\n100,A\n100,B\n", "must name a recording once, got '100' twice"),
        ("record,patient,sex\n100,A,female\n", "line 2: sex must be one of F, M, X"),
        ("record,patient,birth_year\n100,A,50\n", "line 2: birth_year must be within"),
    ],
)
def test_a_table_that_breaks_a_rule_is_refused_by_its_line(tmp_path, text, message):
    path = tmp_path / "patients.csv"
    path.write_text(text)
    with pytest.raises(FormatError, match=message):
        read_patients(path)


def test_a_table_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FormatError, match="must be a CSV file that can be read"):
        read_patients(tmp_path / "none.csv")
