# SPDX-License-Identifier: BSD-2-Clause
"""hailanctl try: what would be understood and why; from a database and from files the same."""

import json

import pytest

import hailan_testing as ht

TEXTS = [
    ("天图社区三号楼二单元门口的井盖没了", "case", "manhole", ("3", "2")),
    ("楼道里煤气味特别大 我害怕", "case", None, (None, None)),
    ("这条小道杂草太多，能清理一下就好了", "wish", None, (None, None)),
    ("谢谢你们", "thanks", None, (None, None)),
    ("하수도막혓어요냄새나서못살겟어요", "case", None, (None, None)),
]


def understood(*arguments):
    return json.loads(ht.ctl("try", "--json", *arguments, check=True).stdout)


@pytest.mark.parametrize("text, kind, category, place", TEXTS, ids=lambda v: str(v)[:12])
def test_database_and_files_agree(cluster, text, kind, category, place):
    stored = understood("-d", cluster.conninfo_for(), text)
    files = understood("--data", str(ht.SOURCE / "sql/data"), text)
    assert stored["kind"] == kind
    if category:
        assert stored["category"]["code"] == category
    assert (stored["address"]["building"], stored["address"]["entrance"]) == place
    for answer in stored, files:
        for hit in answer["hits"]:
            raw = text.encode()[hit["at"]:]
            assert raw.startswith(hit["text"].encode())
        for varying in "hits", "place", "responsible", "told", "address":
            answer.pop(varying)
        for c in answer["category"], answer["second"]:
            if c:
                c.pop("department")
    assert stored == files


def test_urgent_and_language(cluster):
    gas = understood("-d", cluster.conninfo_for(), "楼道里煤气味特别大")
    assert gas["urgent"] is True and gas["reply"] == "zh"
    assert understood("-d", cluster.conninfo_for(), "가로등이 고장났어요")["reply"] == "ko"


def test_people_see_why(cluster):
    text = ht.ctl("-d", cluster.conninfo_for(), "try", "马葫芦盖坏了", "天图社区3号楼", check=True).stdout
    assert "manhole" in text and "building 3" in text and "马葫芦" in text
    assert any(line.split()[:2] == ["WEIGHT", "CATEGORY"] for line in text.splitlines())


def test_where_and_who(cluster):
    for kind in "units", "staff", "households", "residents":
        ht.ctl("-d", cluster.conninfo_for(), "import", kind, ht.SOURCE / f"contrib/demo/{kind}.csv", check=True)
    said = understood("-d", cluster.conninfo_for(), "天图社区3号楼2单元楼道灯坏了")
    assert said["place"]["level"] == "grid"
    assert said["responsible"]["level"] == "department"
    assert said["told"]["level"] == "grid"
    unsaid = understood("-d", cluster.conninfo_for(), "楼道灯坏了")
    assert unsaid["place"] is None and unsaid["responsible"]["level"] == "department"
    home = understood("-d", cluster.conninfo_for(), "--phone", "138 0433 0001", "楼道灯坏了")
    assert home["place"] == said["place"] and home["told"] == said["told"]
    thanks = understood("-d", cluster.conninfo_for(), "谢谢")
    assert (thanks["place"], thanks["responsible"], thanks["told"]) == (None, None, None)


def test_another_schema_is_told(cluster):
    cluster.rows("update hailan.schema_migration set number = number + 1000 where number = 1")
    try:
        done = ht.ctl("-d", cluster.conninfo_for(), "try", "谢谢")
        assert done.returncode == 78 and "install the newer program" in done.stderr
    finally:
        cluster.rows("update hailan.schema_migration set number = 1 where number = 1001")
