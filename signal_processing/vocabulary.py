"""The one versioned vocabulary of labels.

Beat codes are WFDB's one-character mnemonics, so that a cardiologist types what WAVE users have typed for decades;
every other code has at least two characters. Sources: WFDB `ecgcodes.h` and its rhythm strings; AAMI classes as
ANSI/AAMI EC57, paced beats Q; SNOMED CT codes as listed by the PhysioNet/CinC Challenges 2020 and 2021, of breathing,
oxygen and falls those of the findings in SNOMED CT itself, empty where there is none.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

import msgspec

from signal_processing.errors import UnknownLabelError

VOCABULARY_VERSION = 2
"""Raised by every change of meaning; exported beside the labels."""


class LabelKind(StrEnum):
    """What a label is said of; each kind but BEAT and PULSE is a layer of spans in the workstation."""

    BEAT = "beat"
    PULSE = "pulse"
    RHYTHM = "rhythm"
    EVENT = "event"
    QUALITY = "quality"


class Urgency(IntEnum):
    """How soon someone should look: the first key of every queue."""

    NONE = 0
    ROUTINE = 1
    IMPORTANT = 2
    EMERGENT = 3


class Label(msgspec.Struct, frozen=True):
    """One entry of the vocabulary.

    Parameters
    ----------
    code : what is stored and typed.
    number : small integer that stands for the code in beat arrays; WFDB's own number for WFDB codes.
    name : what people read.
    wfdb : WFDB annotation mnemonic it is written as ("+" for rhythms, "~" for quality, '"' for what WFDB lacks).
    wfdb_aux : WFDB aux string ("(AFIB").
    aami : N, S, V, F or Q; empty for what is no beat.
    snomed : SNOMED CT concept, empty where there is none.
    icd10 : code of ICD-10 (WHO, 2019) that a diagnosis by this label is filed under, empty where there is none: coarser
        than labels, flutter and fibrillation of the atria share one.
    """

    code: str
    kind: LabelKind
    number: int
    name: str
    wfdb: str
    wfdb_aux: str = ""
    aami: str = ""
    snomed: str = ""
    urgency: Urgency = Urgency.NONE
    icd10: str = ""


def _beat(code: str, number: int, name: str, aami: str, snomed: str = "") -> Label:
    return Label(code, LabelKind.BEAT, number, name, wfdb=code, aami=aami, snomed=snomed)


def _rhythm(code: str, number: int, name: str, aux: str, snomed: str = "", urgency: Urgency = Urgency.ROUTINE) -> Label:
    return Label(code, LabelKind.RHYTHM, number, name, wfdb="+", wfdb_aux=aux, snomed=snomed, urgency=urgency)


def _event(code: str, number: int, name: str, snomed: str = "", urgency: Urgency = Urgency.ROUTINE) -> Label:
    return Label(code, LabelKind.EVENT, number, name, wfdb='"', wfdb_aux=code, snomed=snomed, urgency=urgency)


def _wave(code: str, number: int, name: str, wfdb: str) -> Label:
    """A span that WFDB marks at its onset, its peak (with this mnemonic) and its end."""
    return Label(code, LabelKind.EVENT, number, name, wfdb=wfdb, urgency=Urgency.NONE)


def _quality(code: str, number: int, name: str) -> Label:
    return Label(code, LabelKind.QUALITY, number, name, wfdb="~", wfdb_aux=code)


_WITHOUT_ICD10: tuple[Label, ...] = (
    _beat("N", 1, "Normal beat", "N"),
    _beat("L", 2, "Left bundle branch block beat", "N", "164909002"),
    _beat("R", 3, "Right bundle branch block beat", "N", "59118001"),
    _beat("a", 4, "Aberrated atrial premature beat", "S"),
    _beat("V", 5, "Premature ventricular contraction", "V", "427172004"),
    _beat("F", 6, "Fusion of ventricular and normal beat", "F", "13640000"),
    _beat("J", 7, "Nodal (junctional) premature beat", "S", "251164006"),
    _beat("A", 8, "Atrial premature beat", "S", "284470004"),
    _beat("S", 9, "Supraventricular premature or ectopic beat", "S", "63593006"),
    _beat("E", 10, "Ventricular escape beat", "V", "75532003"),
    _beat("j", 11, "Nodal (junctional) escape beat", "N", "426995002"),
    _beat("/", 12, "Paced beat", "Q"),
    _beat("Q", 13, "Unclassifiable beat", "Q"),
    _beat("B", 25, "Bundle branch block beat (unspecified)", "N", "6374002"),
    _beat("?", 30, "Beat not classified during learning", "Q"),
    _beat("!", 31, "Ventricular flutter wave", "V"),
    _beat("e", 34, "Atrial escape beat", "N", "251187003"),
    _beat("n", 35, "Supraventricular escape beat", "N"),
    _beat("f", 38, "Fusion of paced and normal beat", "Q"),
    _beat("r", 41, "R-on-T premature ventricular contraction", "V"),
    Label("PULSE", LabelKind.PULSE, 60, "Pulse (photoplethysmogram)", wfdb="*"),
    _rhythm("SR", 101, "Sinus rhythm", "(N", "426783006", Urgency.NONE),
    _rhythm("AFIB", 102, "Atrial fibrillation", "(AFIB", "164889003", Urgency.IMPORTANT),
    _rhythm("AFL", 103, "Atrial flutter", "(AFL", "164890007", Urgency.IMPORTANT),
    _rhythm("AB", 104, "Atrial bigeminy", "(AB", "251173003"),
    _rhythm("VB", 105, "Ventricular bigeminy", "(B", "11157007"),
    _rhythm("VTRI", 106, "Ventricular trigeminy", "(T", "251180001"),
    _rhythm("BII", 107, "Second degree AV block", "(BII", "195042002", Urgency.IMPORTANT),
    _rhythm("IVR", 108, "Idioventricular rhythm", "(IVR", "49260003", Urgency.IMPORTANT),
    _rhythm("NOD", 109, "Nodal (junctional) rhythm", "(NOD", "29320008"),
    _rhythm("PACED", 110, "Paced rhythm", "(P", "10370003"),
    _rhythm("PREX", 111, "Pre-excitation", "(PREX", "195060002"),
    _rhythm("BRADY", 112, "Bradycardia", "(SBR", "426627000", Urgency.IMPORTANT),
    # a note in WFDB files: no string of theirs says how fast a sinus rhythm is, and "(SVTA" says another
    Label("TACHY", LabelKind.RHYTHM, 113, "Tachycardia", '"', wfdb_aux="TACHY", urgency=Urgency.IMPORTANT),
    _rhythm("SVTA", 114, "Supraventricular tachyarrhythmia", "(SVTA", "426761007", Urgency.IMPORTANT),
    _rhythm("VT", 115, "Ventricular tachycardia", "(VT", "164895002", Urgency.EMERGENT),
    _rhythm("VFL", 116, "Ventricular flutter", "(VFL", "111288001", Urgency.EMERGENT),
    _rhythm("VFIB", 117, "Ventricular fibrillation", "(VFIB", "164896001", Urgency.EMERGENT),
    _event("PAUSE", 130, "Pause", "", Urgency.IMPORTANT),
    _event("ASYSTOLE", 131, "Asystole", "", Urgency.EMERGENT),
    _event("VCOUPLET", 132, "Ventricular couplet", "251182009", Urgency.ROUTINE),
    _event("DESAT", 133, "Oxygen desaturation", "", Urgency.IMPORTANT),
    _event("STDEV", 134, "ST deviation", "55930002", Urgency.IMPORTANT),
    _event("ARTEFACT", 135, "Artefact"),
    _event("NOTE", 136, "Note", "", Urgency.NONE),
    _event("SVCOUPLET", 137, "Supraventricular couplet"),
    _event("RONT", 138, "R-on-T", "", Urgency.IMPORTANT),
    _wave("PWAVE", 160, "P wave", "p"),
    _wave("QRS", 161, "QRS complex", "N"),
    _wave("TWAVE", 162, "T wave", "t"),
    _event("APNEA", 170, "Apnoea", "1023001", Urgency.IMPORTANT),
    _event("BRADYPNEA", 171, "Slow breathing", "86684002", Urgency.IMPORTANT),
    _event("TACHYPNEA", 172, "Fast breathing", "271823003", Urgency.ROUTINE),
    _event("HYPOXEMIA", 173, "Low oxygen saturation", "389087006", Urgency.IMPORTANT),
    _event("FALL", 174, "Fall", "1912002", Urgency.IMPORTANT),
    _event("FEVER", 175, "Raised skin temperature", "", Urgency.ROUTINE),
    _event("SCR", 176, "Skin conductance response", "", Urgency.NONE),
    _quality("FLAT", 150, "Flat line"),
    _quality("SATURATED", 151, "Saturated"),
    _quality("NOISY", 152, "Noise"),
    _quality("LEAD_OFF", 153, "Lead off"),
    _quality("UNREADABLE", 154, "Unreadable"),
    _quality("MOTION", 155, "Motion"),
    _quality("MAINS", 156, "Mains hum"),
    _quality("WANDER", 157, "Baseline wander"),
)

_ICD10 = {
    "I44.1": ("BII",),
    "I44.7": ("L",),
    "I45.1": ("R",),
    "I45.4": ("B",),
    "I45.6": ("PREX",),
    "I46.9": ("ASYSTOLE",),
    "I47.1": ("SVTA",),
    "I47.2": ("VT",),
    "I48.9": ("AFIB", "AFL"),
    "I49.0": ("VFIB", "VFL", "!"),
    "I49.1": ("A", "a"),
    "I49.2": ("J",),
    "I49.3": ("V", "r", "VCOUPLET", "RONT"),
    "I49.4": ("S", "SVCOUPLET"),
    "I49.8": ("NOD", "IVR"),
    "R00.0": ("TACHY",),
    "R00.1": ("BRADY",),
    "R06.8": ("APNEA", "BRADYPNEA", "TACHYPNEA"),
    "R09.0": ("HYPOXEMIA",),
    "R94.3": ("STDEV",),
    "W19": ("FALL",),
    "Z95.0": ("PACED", "/"),
}
_ICD10_OF = {label: code for code, labels in _ICD10.items() for label in labels}
LABELS: tuple[Label, ...] = tuple(
    msgspec.structs.replace(entry, icd10=_ICD10_OF.get(entry.code, "")) for entry in _WITHOUT_ICD10
)

_BY_CODE = {label.code: label for label in LABELS}
_BY_NUMBER = {label.number: label for label in LABELS}


def label(code: str) -> Label:
    """The vocabulary's entry for a code.

    Raises
    ------
    UnknownLabelError : if there is none.
    """
    try:
        return _BY_CODE[code]
    except KeyError:
        msg = f"label must be one of the vocabulary (version {VOCABULARY_VERSION}), got {code!r}"
        raise UnknownLabelError(msg) from None


def label_of_number(number: int) -> Label:
    """The vocabulary's entry for the number that stands in a beat array.

    Raises
    ------
    UnknownLabelError : if there is none.
    """
    try:
        return _BY_NUMBER[number]
    except KeyError:
        msg = f"label number must be one of the vocabulary (version {VOCABULARY_VERSION}), got {number!r}"
        raise UnknownLabelError(msg) from None


def is_known(code: str) -> bool:
    """Whether the vocabulary holds the code."""
    return code in _BY_CODE
