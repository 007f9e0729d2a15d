# SPDX-License-Identifier: BSD-2-Clause
"""The life of a wish over SMS: told, published, offered, claimed, done; everybody with a plain phone."""

import re

import pytest

import hailan_testing as ht
import texts
from test_case_life import CITY, COMMUNITY, GRID, NEIGHBOUR, Phone, offices

ELDER = "+8613804330002"                       # 姜秀兰, 天图社区 building 5
ALLY = "+8613704330031"                        # 石磊 of the 人民检察院
KOREAN, YOUNG = "+8613704330032", "+8613704330033"  # 표성철, 邱小雨
VOLUNTEERS = 4474                              # row 58


def allies(town):
    file = town.folder / "allies.csv"
    file.write_text("community,unit,organisation\n222405001005,,人民检察院\n")
    ht.ctl("-d", town.cluster.conninfo_for(), "import", "allies", file, check=True)


def at(town, when):
    """The daemon from this moment on; what was said before has gone out."""
    if town.daemon.process:
        town.settled()
        town.daemon.stop()
    town.daemon.start("--simulate", when)
    town.smsc.bound()


@pytest.fixture
def hall(make_town, request):
    """A town by day, whatever the hour of the test is."""
    town = make_town(**getattr(request, "param", {}))
    offices(town)
    allies(town)
    town.rows("select hailan.simulation_mark()")
    town.daemon.start("--simulate", "2026-11-24T02:00:00Z")
    town.smsc.bound()
    yield town
    town.daemon.stop()
    town.daemon.check_log()
    assert town.smsc.complaints() == []


def wish(town, number):
    return town.rows("select * from hailan.wish_now where number = %s", number)[0]


def claims(town, number):
    """Last digits and state of each claim, in the order of arrival."""
    return [f"{r['phone'][-2:]} {r['state']}" for r in town.rows(
        "select phone, state::text from hailan.wish_claim where number = %s order by id", number)]


def events(town, number):
    return [r[0] for r in town.rows("select action from hailan.wish_event where wish_number = %s order by id", number)]


def test_the_path(hall):
    """Rows 49 to 64: an elder's sigh, noted by the community, published, cleared by an ally's young people."""
    grid, community, elder, ally, korean, young = (Phone(hall, n) for n in (GRID, COMMUNITY, ELDER, ALLY, KOREAN, YOUNG))
    number = texts.number_in(community.say("代愿 13804330002 这条小道杂草太多，能清理一下就好了"))
    assert str(number) in elder.read("心愿已记下")
    assert wish(hall, number)["entered_by"] is not None
    assert "还没发布" in ally.say(f"接{number}"), "row 57: not before it is published"
    assert hall.cluster.value("select taken from hailan.wish_now where number = %s", number) == 0

    assert "不归您" in grid.say(f"发布{number} 2人"), "a grid worker does not publish"
    assert re.search("已发布.*11月28日周六9:00.*2人.*工具", community.say(f"发布{number} 2人 周六9点 自备工具"))
    assert "已发布" in elder.read(str(number))
    offer = ally.read("共建")
    assert f"接{number}" in offer and "杂草" in offer and "退订" in offer, offer
    hall.settled()
    assert not [t for n in (KOREAN, YOUNG) for t in hall.smsc.texts(n)], "row 52: only the ally"

    assert re.search("2人", ally.say("我去 带1人 自带镰刀", str(number))), "a bare word, two of them"
    assert re.search(r"石某某\(尾号0031\)等2人", elder.read(str(number))), "whom to expect, masked"
    assert "13704330031" in community.read("人够了"), "the community can ring them"
    assert wish(hall, number)["state"] == "full"

    assert texts.hangul(korean.say(f"신청{number}", "대기")) > 5, "the next one waits, and is told so in Korean"
    assert "候补第2位" in young.say(f"{number}我去")
    ally.say(f"退{number}", "不来了")
    assert "正在另找" in elder.read(str(number))
    assert wish(hall, number)["state"] == "full", "both places are held"
    assert "1명" in korean.read("자리가 났습니다"), "who waited moves up, and confirms it"
    young.read("留给您")
    assert "등록됨" in korean.say("1")
    young.say("接", "算您1人")
    assert claims(hall, number)[1:] == ["31 dropped", "32 in", "33 in"]
    elder.read("邱某某")
    assert "人已经够了" not in "".join(hall.smsc.texts(KOREAN))

    at(hall, "2026-11-27T01:30:00Z")
    assert "지참" in korean.read("잊지 마세요") and "别忘了：11月28日周六9:00" in young.read("别忘了"), "the day before"
    assert re.search("표OO|표某某", elder.read("来帮您的")), "and the wisher hears it again"
    at(hall, "2026-11-28T03:00:00Z")
    assert "2人，2小时" in community.say(f"完成{number} 2人 2小时 杂草全清了", "已记完成")
    assert "杂草全清了" in elder.read("办好了")
    korean.read("고맙습니다")
    young.read("谢谢您来帮忙")
    done = hall.rows("select came, minutes, result from hailan.wish_event where wish_number = %s and action = 'done'", number)[0]
    assert (done["came"], done["minutes"], done["result"]) == (2, 120, "杂草全清了")
    community.say(f"归档{number}", "已完成")
    assert wish(hall, number)["state"] == "archived"
    assert "已经结束" in ally.say(f"接 {number}"), "too late"
    shown = hall.daemon.json("case", str(number))
    assert (shown["people"], shown["came"], shown["result"], shown["when"]) == (2, 2, "杂草全清了", "11月28日周六9:00")
    assert [(c["name"], c["state"]) for c in shown["claims"]] == [("石磊", "off"), ("石磊", "dropped"), ("표성철", "came"), ("邱小雨", "came"), ("石磊", "off")]
    assert shown["state"] == "archived" and [e["action"] for e in shown["events"]][:3] == ["told", "publish", "wave"]


def test_waves(hall):
    """The ally for an hour, then the community; an answer ends it; who refused offers gets none."""
    community, elder, ally, korean, young = (Phone(hall, n) for n in (COMMUNITY, ELDER, ALLY, KOREAN, YOUNG))
    young.say("退订", "不再给您发|以后不再")
    number = texts.number_in(elder.say("要是有人帮我擦擦玻璃就好了"))
    community.say(f"{number} 发布 明天下午2点 3人", "11月25日周三14:00")
    ally.read("共建")
    at(hall, "2026-11-24T03:05:00Z")
    assert f"신청{number}" in korean.read(str(number)), "an hour later the volunteers of the community, in their language"
    assert "谢谢" in ally.say("不去"), "a no is an answer"
    assert korean.say("네", "등록됨")
    assert wish(hall, number)["state"] == "claimed"
    at(hall, "2026-11-24T06:00:00Z")
    assert f"接{number}" in young.say("列表", "2人"), "who refuses offers may still look"
    assert "退+编号" in young.say("帮助")
    hall.settled()
    assert not [t for t in hall.smsc.texts(YOUNG) if f"心愿{number}" in t], "opted out: no campaign, ever"
    assert hall.cluster.value("select count(*) from hailan.wish_offer where number = %s", number) == 2


def test_nobody_comes(hall):
    """The place that is held is lost in silence; who does not turn up is replaced; words that are not allowed."""
    community, elder, ally, korean, city = (Phone(hall, n) for n in (COMMUNITY, ELDER, ALLY, KOREAN, CITY))
    number = texts.number_in(elder.say("想有人陪着说说话"))
    community.say(f"发布{number}", "1人")
    ally.say("接", "算您1人")
    korean.say(f"신청 {number}", "대기 1")
    assert "자리가 났습니다" in (ally.say(f"{number}去不了", "不来了") and korean.read())
    hall.rows("update hailan.ask set expires_at = %s where number = %s and kind = 'place'", "2026-11-24 10:00+08", number)
    assert "답장이 없어" in korean.read(str(number))
    assert wish(hall, number)["state"] == "published"
    ally.say(f"接{number}", "算您1人")
    assert "不归您" in Phone(hall, NEIGHBOUR).say(f"没来{number}")
    assert community.say(f"没来{number} 石磊", "已发布")
    assert claims(hall, number) == ["31 dropped", "32 lapsed", "31 absent"]
    assert "写上原因" in city.say(f"退{number}")
    city.say(f"退{number} 已有人照看", "已取消")
    assert "已有人照看" in elder.read("办不了")
    assert wish(hall, number)["state"] == "withdrawn"
    stranger = Phone(hall, ht.phone())
    assert "志愿者" in stranger.say(f"接{number}")
    again = texts.number_in(elder.say("谁能帮我把旧沙发抬下楼就好了"))
    assert "已取消" in elder.say(f"撤回{again}", str(again))
    assert events(hall, again)[-1] == "withdraw"


@pytest.mark.parametrize("hall", [{"clerks": 2, "smsc_settings": {"window": 5000}, "channel_options": "connections = 1"}], indirect=True)
def test_four_thousand_at_once(hall):
    """Row 58: all volunteers of the town answer one wish with three places at once. Two clerks."""
    town = hall
    town.rows("with v as (insert into hailan.person (name, language) select '志愿' || n, case n %% 4 when 0 then 'ko' else 'zh' end"
              " from generate_series(0, %s) n order by n returning id), n as (select id, row_number() over (order by id) - 1 as n from v),"
              " p as (insert into hailan.phone (number, person_id) select '+86150' || lpad(n::text, 8, '0'), id from n)"
              " insert into hailan.volunteer (person_id, organisation) select id, '志愿者队' from n", VOLUNTEERS - 1)
    elder, community = Phone(town, ELDER), Phone(town, COMMUNITY)
    number = texts.number_in(elder.say("要是有人帮我收收白菜就好了"))
    town.policy("wish_wave", 0)
    community.say(f"发布{number} 3人", "3人")
    town.smsc.do("burst", count=VOLUNTEERS, first="+8615000000000", text=f"接{number}", number=False, wait=120 * ht.SLOW, timeout=150 * ht.SLOW)
    ht.until("every claim to be decided", lambda: town.cluster.value(
        "select count(*) from hailan.wish_claim where number = %s and state <> 'asked'", number) == VOLUNTEERS, timeout=120 * ht.SLOW)
    order = town.rows("select c.phone, c.state::text from hailan.wish_claim c join hailan.inbox i on i.id = c.message_id"
                      " where c.number = %s order by i.id", number)
    states = [r["state"] for r in order]
    assert states == ["in"] * 3 + ["waiting"] * 5 + ["late"] * (VOLUNTEERS - 8), "in the order of arrival"
    assert (wish(town, number)["taken"], wish(town, number)["state"]) == (3, "full")
    ht.until("every answer", lambda: town.cluster.value(
        "select count(distinct destination) from hailan.outbox where destination like '+86150%%' and template like 'claim%%'") == VOLUNTEERS)
    town.settled()
    took = town.rows("select extract(epoch from max(i.received_at) - min(i.received_at)) as came, extract(epoch from max(c.decided_at) - min(i.received_at)) as decided"
                     " from hailan.wish_claim c join hailan.inbox i on i.id = c.message_id where c.number = %s", number)[0]
    print(f"{VOLUNTEERS} claims came in {took['came']:.2f} s, the last was decided after {took['decided']:.2f} s")
    wanted = {"in": "claim_in", "waiting": "claim_waiting", "late": "claim_late"}
    said = {r[0]: (r[1], r[2]) for r in town.rows("select destination, template, language from hailan.outbox where template like 'claim%%'")}
    assert said == {r["phone"]: (wanted[r["state"]], "ko" if int(r["phone"][6:]) % 4 == 0 else "zh") for r in order}
    assert town.cluster.value("select count(*) from hailan.outbox where template like 'claim%%'") == VOLUNTEERS, "one answer each"
    for r in order[:9]:
        assert str(number) in town.smsc.expect(r["phone"])["text"]
    assert events(town, number).count("claim") == 3


def test_the_manual_tells_the_tables(hall):
    """hailan-wishes(7): every state, every way, everybody who may, all settings."""
    page = (ht.SOURCE / "sql/hailan-wishes.7").read_text()
    assert set(re.findall(r"^\.It (\w+) Ta (.*) Ta (.*)$", page, re.M)) == {
        tuple(r) for r in hall.rows("select state, name_zh, name_ko from hailan.wish_state")}
    ways, rights, action = set(), set(), None
    for line in page.splitlines():
        if found := re.match(r"\.It Cm (\w+)", line):
            action = found.group(1)
        elif found := re.match(r"\.Dl (.*) -> (.*)", line):
            ways |= {(action, f, f if found.group(2) == "the same" else t)
                     for f in found.group(1).split(", ") for t in found.group(2).split(" or ")}
        elif found := re.match(r"May: (.*)\.$", line):
            for relation, *levels in (part.split() for part in found.group(1).split("; ")):
                rights |= {(action, int(level), relation) for level in levels or ["0"]}
    assert ways == {tuple(r) for r in hall.rows("select action, from_state, to_state from hailan.wish_transition")}
    assert rights == {tuple(r) for r in hall.rows("select action, level, relation from hailan.wish_right")}
    diagram = page[page.index(".Bd -literal"):page.index(".Ed")]
    assert {s for s in re.findall(r"[a-z]+", diagram)} >= {r[0] for r in hall.rows("select state from hailan.wish_state")}
    settings = set(re.findall(r"^\.It Li (\w+)", page[page.index(".Sh SETTINGS"):], re.M))
    assert settings == {r[0] for r in hall.rows("select key from hailan.setting where key like 'wish%%' or key = 'campaigns_week'")}
