"""What could tell who somebody is, found in texts; and what cardiologists write, left alone."""

from __future__ import annotations

import pytest

from formats.identifiers import channel_findings, findings, without


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("seen by Dr. Miller", "name"),
        ("John Smith", "name"),
        ("Smith, John A.", "name"),
        ("SMITH^JOHN^A", "name"),
        ("Ludwig van Beethoven", "name"),
        ("Patient name: Anna", "name"),
        ("Anna_Kowalska", "name"),
        ("2026-11-25", "date"),
        ("on 25.11.2026", "date"),
        ("11/25/26 09:00", "date"),
        ("25 Nov 2026", "date"),
        ("November 25, 2026", "date"),
        ("25-Nov", "date"),
        ("MRN 4711-8", "number of a person"),
        ("patient id: AB123", "number of a person"),
        ("123-45-6789", "number of a person"),
        ("serial number HX-20931", "number of a device"),
        ("tel 0171 2345678", "phone"),
        ("(617) 253-1000", "phone"),
        ("+49 30 1234567", "phone"),
        ("555-0199", "phone"),
        ("anna@example.org", "e-mail"),
        ("https://example.org/p/7", "web address"),
        ("10.0.0.12", "network address"),
        ("aged 93", "age over 89"),
        ("a 101-year-old", "age over 89"),
        ("12 Baker Street", "address"),
        ("Hauptstraße 5", "address"),
        ("02139 Cambridge", "address"),
        ("St Mary Hospital", "institution"),
        ("00123456", "long number"),
    ],
)
def test_an_identifier_is_found_and_can_be_taken_out(text, kind):
    whole = f"fast run, {text} (again)"
    (found,) = findings(whole)
    assert found.kind == kind
    assert whole[found.start : found.end].strip() == found.text
    assert without(whole, [found]).startswith("fast run, ")
    assert f"[{kind}]" in without(whole, [found])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P waves dissociated, rate 150/min, QRS 140 ms, QTc 480 ms",
        "PR 0.16 to 0.24 s, 2:1 block, V1-V3, 1.5 mV",
        "Atrial Fibrillation with Left Bundle Branch Block",
        "Premature Ventricular Contraction; R on T",
        "AV block type Mobitz, Wenckebach period 4:3",
        "Wolff Parkinson White, Torsade de Pointes",
        "noise in lead II from 12:03:10, 40 s, motion artefact",
        "see 10.5 s before; ratio 12/15; 88 years",
        "couplet, 3 beats, 182 bpm, IoU 0.95",
    ],
)
def test_what_cardiologists_write_is_left_alone(text):
    assert findings(text) == []


def test_several_in_one_text_are_all_found_in_their_order():
    text = "John Smith, MRN 445566, born 1931-02-03, call 555-0100"
    assert [one.kind for one in findings(text)] == ["name", "number of a person", "date", "phone"]
    assert without(text, findings(text)) == "[name], [number of a person], born [date], [phone]"


def test_channels_are_known_leads_and_sensors_or_shown():
    known = ["II", "MLII", "aVR", "V5", "PLETH", "RESP", "acc_x", "ECG1", "ECG 2"]
    assert list(channel_findings(known)) == []
    assert [one.text for one in channel_findings(["II", "Smith J", "V5"])] == ["Smith J"]
