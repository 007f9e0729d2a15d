# SPDX-License-Identifier: BSD-2-Clause
"""Grid workers check in by text: at a door, at a point, with something found there."""

import json
import re

import hailan_testing as ht
from conftest import WORKER_TIANTU_1, WORKER_TIANTU_2

HOMES = {"3-2-501", "5-1-202", "4-1-102"}  # of the elderly (contrib/demo)


def say(town, phone, text, pattern):
    seen = len(town.smsc.received(phone))
    town.smsc.text(phone, text)
    return town.smsc.expect(phone, pattern, since=seen, timeout=60)["text"]


def short(town):
    return {v["home"]: v for v in town.daemon.json("visits")}


def test_a_visit_by_text(town):
    assert HOMES <= set(short(town))
    assert say(town, WORKER_TIANTU_1, "巡访 3号楼2单元501 老人身体好，灯正常", "巡访") == "已记3号楼2单元501巡访，本月第1次，还差1次。"
    assert short(town)["3-2-501"]["made"] == 1
    # as they write: no space, numerals in words, with dashes; another word
    for text in ("巡访三号楼二单元五零一", "走访3-2-501 都好", "入户 ３号楼２单元５０１室"):
        assert "501巡访，本月第1次" in say(town, WORKER_TIANTU_1, text, "巡访"), text
    # in Korean, to whom reads Korean
    assert re.match(r"5동 1단원 202호 순방 기록, 이달 1번째, 1번 더 필요", say(town, WORKER_TIANTU_2, "순방 5동 1단원 202호 건강함", "순방"))
    assert "巡访点" in say(town, WORKER_TIANTU_1, "巡访 3号楼9单元901", "没有找到")
    rows = town.rows("select v.*, h.room, p.name from hailan.visit v left join hailan.household h on h.id = v.household_id join hailan.person p on p.id = v.person_id order by v.id")
    assert [(r["name"], r["room"]) for r in rows] == [("柳春梅", "501")] * 4 + [("허명옥", "202"), ("柳春梅", None)]
    assert all(r["message_id"] for r in rows)
    assert town.rows('select * from hailan."case"') == [], "all was well there"
    assert town.cluster.value("select checked_at is not null from hailan.household where building = '3' and room = '501'")


def test_a_line_for_the_map(town):
    for text in ("签到 42.7712,129.4258 市场门口", "签到 42.7731，129.4301"):
        assert "巡访点" in say(town, WORKER_TIANTU_1, text, "巡访点")
    track = town.daemon.json("track", "柳春梅")
    assert [t["at"] for t in track] == sorted(t["at"] for t in track) and track[-1]["latitude"] == 42.7731
    shape = json.loads(town.daemon.ctl("track", WORKER_TIANTU_1, "--geojson").stdout)
    assert shape["features"][-1]["geometry"] == {"type": "LineString", "coordinates": [[129.4258, 42.7712], [129.4301, 42.7731]]}
    assert len(shape["features"]) == len(track) + 1
    assert town.cluster.value("select count(*) from hailan.track_look") == 2
    nobody = town.daemon.ctl("track", "某某", check=False)
    assert nobody.returncode == 1 and "no member of staff" in nobody.stderr


def test_a_case_found_on_a_visit(town):
    said = say(town, WORKER_TIANTU_1, "巡访 3号楼2单元501 楼道里堆满建筑垃圾", "编号")
    number = int(re.search(r"\d{5,}", said)[0])
    ht.until("the visit", lambda: town.rows("select * from hailan.visit where case_number = %s", number), timeout=60)
    case = town.rows('select * from hailan."case" where number = %s', number)[0]
    assert (case["category"], case["building"]) == ("constr_waste", "3"), case
    assert case["entered_by"] and town.unit(case["place_id"])["code"] == "222405001005-01", "where it lies is his grid"
    shown = town.daemon.json("case", str(number))
    shown = shown[0] if isinstance(shown, list) else shown
    assert shown["visit"]["by"] == "柳春梅" and shown["visit"]["point"] == "3号楼2单元501"


def test_a_resident_cannot_visit(town):
    before = town.cluster.value("select count(*) from hailan.visit")
    phone = ht.phone()
    town.smsc.text(phone, "巡访 3号楼2单元501 楼道灯坏了")
    assert "编号" in town.smsc.expect(phone, "编号", timeout=60)["text"]
    assert town.cluster.value("select count(*) from hailan.visit") == before


def test_rules_and_files(town):
    file = town.folder / "visits.csv"
    file.write_text("flag,visits\ncommuter,1\n")
    town.daemon.ctl("import", "visits", file)
    assert short(town)["3-2-601"]["wanted"] == 1
    stale = {v["home"] for v in town.daemon.json("visits", "--stale", "--unit", "222405001005")}
    assert "3-1-101" in stale and "3-2-501" not in stale
    refused = town.daemon.ctl("visits", "--unit", "nowhere", check=False)
    assert refused.returncode == 1 and "there is no unit nowhere" in refused.stderr
    assert town.daemon.ctl("visits", "--month", "2026-13", check=False).returncode == 64
    assert town.daemon.json("visits", "--missed") == []
