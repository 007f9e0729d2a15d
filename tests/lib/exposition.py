# SPDX-License-Identifier: BSD-2-Clause
"""A strict reader of Prometheus' text format 0.0.4, by the rules of its description: what a server might take or leave
is a fault here."""

import math
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r"[a-zA-Z_][a-zA-Z0-9_]*"
VALUE = r"(?:[+-]?Inf|NaN|[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? ({VALUE})(?: (-?\d+))?")
PAIR = re.compile(rf'({LABEL})="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')
TYPES = ("counter", "gauge", "histogram", "summary", "untyped")


def _labels(text):
    found, at = {}, 0
    while at < len(text):
        match = PAIR.match(text, at)
        assert match, f"labels {text!r} at {at}"
        assert match.group(1) not in found, f"the label {match.group(1)} stands twice in {text!r}"
        found[match.group(1)] = re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m.group(1), m.group(1)), match.group(2))
        at = match.end()
        assert match.group(3) == "," or at == len(text), text
    return frozenset(found.items())


def _family_of(name, types):
    for suffix in ("_bucket", "_sum", "_count"):
        if name.endswith(suffix) and types.get(name[: -len(suffix)]) == "histogram":
            return name[: -len(suffix)]
    return name


def _check_histogram(family, samples):
    series = {}
    for (name, labels), value in samples.items():
        assert name != family, f"{family} is a histogram and has a value of its own"
        rest = frozenset(pair for pair in labels if pair[0] != "le")
        part = series.setdefault(rest, {"buckets": {}})
        if name.endswith("_bucket"):
            bound = float(dict(labels)["le"].replace("Inf", "inf"))
            part["buckets"][bound] = value
        else:
            part[name[len(family):]] = value
    for labels, part in series.items():
        assert math.inf in part["buckets"], f"{family}{set(labels)} has no bucket +Inf"
        in_order = [part["buckets"][bound] for bound in sorted(part["buckets"])]
        assert in_order == sorted(in_order), f"the buckets of {family}{set(labels)} do not add up: {in_order}"
        assert part["_count"] == part["buckets"][math.inf], f"{family}{set(labels)}: _count is not the bucket +Inf"
        assert part["_sum"] >= 0 and (part["_sum"] == 0 or part["_count"] > 0)


def parse(text):
    """{(name, frozenset of (label, value)): number}; an AssertionError tells what breaks the rules."""
    assert text.endswith("\n"), "the last line must end with a line feed"
    assert "\r" not in text
    samples, types, helps, groups = {}, {}, {}, []
    by_family = {}
    for line in text.split("\n")[:-1]:
        assert line == line.strip() and line, f"a line with blanks at its ends, or an empty one: {line!r}"
        if line.startswith("#"):
            match = re.fullmatch(rf"# (HELP|TYPE) ({NAME}) (.+)", line)
            assert match, f"neither HELP nor TYPE: {line!r}"
            what, family, rest = match.groups()
            place = helps if what == "HELP" else types
            assert family not in place, f"a second {what} of {family}"
            assert family not in by_family, f"{what} of {family} stands behind its samples"
            if what == "TYPE":
                assert rest in TYPES, line
            else:
                assert re.fullmatch(r"(?:[^\\]|\\[\\n])*", rest), line
            place[family] = rest
        else:
            match = SAMPLE.fullmatch(line)
            assert match, f"no sample: {line!r}"
            name, labels, value, timestamp = match.groups()
            assert timestamp is None, "our numbers are of now"
            family = _family_of(name, types)
            key = (name, _labels(labels or ""))
            assert key not in samples, f"twice: {line!r}"
            samples[key] = float(value.replace("Inf", "inf"))
            by_family.setdefault(family, {})[key] = samples[key]
        if not groups or groups[-1] != family:
            assert family not in groups, f"the lines of {family} do not stand together"
            groups.append(family)
    for family, of_it in by_family.items():
        assert family in types and family in helps, f"{family} has no type or no help"
        if types[family] == "histogram":
            _check_histogram(family, of_it)
        if types[family] == "counter":
            assert family.endswith("_total"), f"a counter's name ends with _total: {family}"
            assert all(value >= 0 and not math.isnan(value) for value in of_it.values())
        else:
            assert not family.endswith("_total"), f"{family} is no counter"
    return samples


class Page(dict):
    """What parse() gave, to be asked: page("reports_total", outcome="stored") is the sum of what fits."""

    def __init__(self, text):
        super().__init__(parse(text))

    def __call__(self, name, **labels):
        wanted = set(labels.items())
        found = [value for (n, l), value in self.items() if n == "hailan_" + name and wanted <= l]
        assert found, f"no {name}{labels}"
        return sum(found)
