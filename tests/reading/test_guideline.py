"""Guidelines: clauses, the labels that they are about, and what changed."""

import pytest

from reading.guideline import GuidelineError, changed, clauses, difference

TEXT = """# How to read

What stands before the first number belongs to no clause.

## 1 Rhythm
Say one rhythm a strip.

### 1.1 Atrial fibrillation
Labels: AFIB, AFL
No P waves.

- irregular
## 2. Beats ##
Labels: V
Wide.
"""


def test_headings_with_a_number_are_clauses_bound_to_labels():
    found = clauses(TEXT)
    assert [(one.number, one.title, one.labels) for one in found] == [
        ("1", "Rhythm", ()),
        ("1.1", "Atrial fibrillation", ("AFIB", "AFL")),
        ("2", "Beats", ("V",)),
    ]
    assert found[1].text == "No P waves.\n\n- irregular"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# No numbers\n", "must have numbered clauses"),
        ("## 1 One\n## 1 Another\n", "a number must stand for one clause, got 1 twice"),
        ("## 1 One\nLabels: AFIB, FOO\n", "labels of a clause must be of the vocabulary, got 'FOO' in 1"),
    ],
)
def test_what_is_no_guideline_is_refused_by_its_rule(text, message):
    with pytest.raises(GuidelineError, match=message):
        clauses(text, known={"AFIB"})


def test_changed_clauses_tell_the_labels_of_both_versions():
    now = TEXT.replace("Labels: V\nWide.", "Labels: V, F\nWide.").replace(
        "Say one rhythm a strip.", "Say every rhythm."
    )
    now = now.replace("### 1.1 Atrial fibrillation", "### 1.2 Atrial fibrillation")
    assert [(one.number, one.how, one.labels) for one in changed(clauses(TEXT), clauses(now))] == [
        ("1", "changed", ()),
        ("1.2", "new", ("AFIB", "AFL")),
        ("2", "changed", ("V", "F")),
        ("1.1", "gone", ("AFIB", "AFL")),
    ]
    assert changed(clauses(TEXT), clauses(TEXT)) == []


def test_the_difference_is_told_line_by_line():
    found = difference("a\nb\nc\n", "a\nB\nc\n")
    assert found == [(" ", "a"), ("-", "b"), ("+", "B"), (" ", "c")]
