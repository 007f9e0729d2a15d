# SPDX-License-Identifier: BSD-2-Clause
"""A text becomes a case: what the sender, the grid worker and the database get of it."""

import itertools
import json
import re
import time

import pytest

import hailan_testing as ht
import texts
from conftest import VOLUNTEERS, WORKER_TIANTU_1, WORKER_TIANTU_2, WORKERS

LIGHT = "天图社区3号楼楼道灯坏了"


def case_json(town, number):
    """hailanctl's view of one case, as an object."""
    shown = town.daemon.json("case", str(number))
    return shown[0] if isinstance(shown, list) else shown


def test_light_in_the_stairwell(town):
    phone = ht.phone()
    town.smsc.text(phone, LIGHT)
    rows = town.inbox(phone)
    assert len(rows) == 1, "acknowledged, but there is not one row in inbox"
    assert bytes(rows[0]["raw"]) == LIGHT.encode("utf-16-be"), "the raw bytes must be kept"
    assert rows[0]["destination"] == "12345"

    reply = town.smsc.expect(phone)
    number = texts.check_reply(reply)
    case = town.one_case(phone)
    assert case["number"] == number
    assert case["category"] == "streetlight"
    assert (case["building"], case["entrance"], case["room"]) == ("3", None, None)
    assert case["language"] == "zh" and not case["urgent"]
    assert case["message_id"] == rows[0]["id"]
    assert town.unit(case["unit_id"])["name_zh"] == "住房和城乡建设局", "the department of the category"
    assert town.unit(case["place_id"])["code"] == "222405001005-01", "the grid that building 3 is in"
    assert town.cluster.value('select light from hailan.case_state_light s join hailan."case" c on s.state = c.state'
                              " where c.number = %s", number) == "red"

    notice = town.smsc.expect(WORKER_TIANTU_1, str(number))
    assert texts.in_chinese(notice["text"]) and len(notice["parts"]) == 1, notice["text"]
    assert "3" in notice["text"], f"says nothing of building 3: {notice['text']!r}"
    for other in set(WORKERS) - {WORKER_TIANTU_1}:
        assert not [t for t in town.smsc.texts(other) if str(number) in t], f"{other} has nothing to do with it"

    events = town.rows("select * from hailan.case_event where case_number = %s order by id", number)
    assert events, "a case without its event"


def test_hailanctl_shows_the_case(town):
    phone = ht.phone()
    town.smsc.text(phone, "天图社区3号楼的楼道灯又坏了")
    number = texts.check_reply(town.smsc.expect(phone))
    shown = json.dumps(case_json(town, number), ensure_ascii=False)
    for what in (str(number), "streetlight", "red", "天图"):
        assert what in shown, f"{what} is missing in {shown}"
    assert town.daemon.ctl("case", str(number)).stdout.strip(), "nothing for people"
    assert town.daemon.ctl("case", str(number + 1), check=False).returncode != 0, "a number that cannot be one"
    assert str(number) in json.dumps(town.daemon.json("case"))
    inbox = json.dumps(town.daemon.json("inbox"), ensure_ascii=False)
    assert str(town.inbox(phone)[0]["id"]) in inbox
    outbox = json.dumps(town.daemon.json("outbox"), ensure_ascii=False)
    assert str(town.outbox(phone)[0]["id"]) in outbox
    status = json.dumps(town.daemon.status())
    for role in ("channel:sms", "clerk:1", "timekeeper:1"):
        assert role in status, f"{role} is missing in {status}"


def test_row_before_the_acknowledgement(town):
    phone = ht.phone()
    with town.cluster.locked("hailan.inbox"):
        sent = town.smsc.send(phone, "三合镇桥头路灯不亮", to="12345")
        ht.until("the row to wait for the table", lambda: town.rows(
            "select 1 from pg_stat_activity where usename = 'hailan_sms' and wait_event_type = 'Lock'"))
        time.sleep(0.5)
        entry = next(e for e in town.smsc.do("acked", **{"from": phone})["ledger"] if e["id"] == sent["ids"][0])
        assert entry["state"] != "acked", "acknowledged before it could be in inbox"
    ht.until("its acknowledgement", lambda: town.smsc.do("acked", **{"from": phone})["ledger"][0]["state"] == "acked")
    assert len(town.inbox(phone)) == 1
    assert texts.check_reply(town.smsc.expect(phone))


def test_reply_says_who_has_it_and_what_comes_next(town):
    phone = ht.phone()
    town.smsc.text(phone, "河西社区4号楼下水道堵了 往上返水")
    reply = town.smsc.expect(phone)["text"]
    case = town.one_case(phone)
    assert case["category"] == "sewer"
    holder = town.unit(case["unit_id"])
    assert holder["name_zh"] in reply, f"{reply!r} does not name {holder['name_zh']}"
    town.smsc.expect("+8613904330014", str(case["number"]))


def test_korean_with_an_address(town):
    phone = ht.phone()
    town.smsc.text(phone, "천도사회구역 3동 2단원 앞 맨홀뚜껑이 없어졌습니다. 밤에 로인들이 빠질가봐 걱정입니다")
    number = texts.check_reply(town.smsc.expect(phone), korean=True)
    case = town.one_case(phone)
    assert (case["number"], case["category"], case["language"]) == (number, "manhole", "ko")
    assert (case["building"], case["entrance"]) == ("3", "2")
    notice = town.smsc.expect(WORKER_TIANTU_1, str(number))
    assert texts.han(notice["text"]) > 3, "the worker reads Chinese"


def test_korean_light(town):
    """The story's first text, in Korean."""
    phone = ht.phone()
    town.smsc.text(phone, "천도사회구역 3동 복도등이 고장났습니다")
    number = texts.check_reply(town.smsc.expect(phone), korean=True)
    case = town.one_case(phone)
    assert (case["category"], case["building"], case["language"]) == ("streetlight", "3", "ko")
    town.smsc.expect(WORKER_TIANTU_1, str(number))


def test_old_lady_known_by_her_phone(town):
    """No address, no spaces, typing errors: the household of the phone tells where."""
    phone = "+8613804330001"
    town.smsc.text(phone, "하수도막혓어요냄새나서못살겟어요")
    number = texts.check_reply(town.smsc.expect(phone), korean=True)
    case = town.one_case(phone)
    assert (case["category"], case["building"], case["entrance"], case["room"]) == ("sewer", "3", "2", "501")
    assert case["person_id"] is not None
    town.smsc.expect(WORKER_TIANTU_1, str(number))


def test_language_of_the_phone_wins_over_a_mixed_text(town):
    """She is known to read Korean and writes in both."""
    phone = "+8613804330005"
    town.smsc.text(phone, "下水道堵了 하수도 막힘 六道河社区6号楼")
    texts.check_reply(town.smsc.expect(phone), korean=True)
    assert town.one_case(phone)["category"] == "sewer"


def test_notice_in_the_worker_s_language(town):
    phone = ht.phone()
    town.smsc.text(phone, "天图社区5号楼的垃圾没人拉")
    number = texts.check_reply(town.smsc.expect(phone))
    notice = town.smsc.expect(WORKER_TIANTU_2, str(number))
    assert texts.hangul(notice["text"]) > 3, f"허명옥 reads Korean: {notice['text']!r}"
    assert not [t for t in town.smsc.texts(WORKER_TIANTU_1) if str(number) in t]


def test_full_width_and_chinese_numerals(town):
    for text, building, entrance, room in (
        ("天图社区３号楼２单元５０１室 水管爆了", "3", "2", "501"),
        ("天图社区三号楼二单元五零一 水管漏水", "3", "2", "501"),
        ("天图社区3-2-601暖气不热", "3", "2", "601"),
    ):
        phone = ht.phone()
        town.smsc.text(phone, text)
        case = town.one_case(phone)
        assert (case["building"], case["entrance"], case["room"]) == (building, entrance, room), text


def test_danger(town):
    phone = "+8613804330002"
    town.smsc.text(phone, "楼道里煤气味特别大 我害怕")
    reply = town.smsc.expect(phone)
    texts.check_reply(reply)
    assert re.search(r"11[09]", reply["text"]), f"no emergency number: {reply['text']!r}"
    case = town.one_case(phone)
    assert case["urgent"] and case["category"] == "gas" and case["building"] == "5"
    out = town.rows("select priority from hailan.outbox where id in (select id from hailan.outbox"
                    " where destination in (%s, %s) and body like %s)", phone, WORKER_TIANTU_2, f"%{case['number']}%")
    assert out and all(r["priority"] == 0 for r in out), "danger goes first"
    notice = town.smsc.expect(WORKER_TIANTU_2, str(case["number"]))
    assert notice["text"].startswith("급함"), notice["text"]
    assert "가스" in notice["text"] or "燃气" in notice["text"], notice["text"]


def test_danger_in_korean(town):
    phone = ht.phone()
    town.smsc.text(phone, "천도사회구역 3동 복도에 불이 났습니다 빨리 와주세요")
    reply = town.smsc.expect(phone)
    texts.check_reply(reply, korean=True)
    assert "119" in reply["text"], reply["text"]
    assert town.one_case(phone)["urgent"]


def test_danger_overtakes_what_waits(town):
    """The link is slow and a queue stands before it; the answer to danger is not at its end."""
    town.smsc.set(resp_delay=0.4)
    try:
        crowd = [ht.phone() for _ in range(60)]
        for p in crowd:
            town.smsc.send(p, "天图社区5号楼垃圾没人拉")
        ht.until("a queue", lambda: town.cluster.value(
            "select (select count(*) from hailan.outbox_waiting) + (select count(*) from hailan.outbox_in_hand)") > 40)
        phone = ht.phone()
        town.smsc.send(phone, "天图社区3号楼着火了 快来人")
        reply = town.smsc.expect(phone)
        assert "119" in reply["text"]
        served = sum(1 for p in crowd if town.smsc.received(p))
        assert served < len(crowd), "everybody else was served before"
    finally:
        town.smsc.set(resp_delay=0)
    town.handled()


def test_wish_that_is_only_a_sigh(town):
    phone = "+8613804330003"
    before = {v: len(town.smsc.texts(v)) for v in VOLUNTEERS}
    town.smsc.text(phone, "这条小道杂草太多，能清理一下就好了")
    number = texts.check_reply(town.smsc.expect(phone))
    assert [w["number"] for w in town.wishes(phone)] == [number]
    assert not town.cases(phone), "a wish is no case"
    town.handled()
    for v, count in before.items():
        assert len(town.smsc.texts(v)) == count, "a wish must be published before anybody may claim it"


def test_wish_in_korean(town):
    phone = ht.phone()
    town.smsc.text(phone, "누가 전구 좀 갈아주면 좋겠습니다 키가 닿지 않아서")
    number = texts.check_reply(town.smsc.expect(phone), korean=True)
    assert [w["number"] for w in town.wishes(phone)] == [number]


def test_same_text_again(town):
    phone = ht.phone()
    text = "六道河社区6号楼电梯停了"
    town.smsc.text(phone, text)
    town.smsc.expect(phone)
    first = town.one_case(phone)
    for _ in range(3):
        town.smsc.text(phone, text)  # acknowledged
    town.silent(phone, texts=1)
    assert town.one_case(phone)["number"] == first["number"]
    inbox = town.inbox(phone)
    copies = town.cluster.value("select count(*) from hailan.inbox_copy where id = %s", inbox[0]["id"])
    assert len(inbox) == 1 and copies == 3, f"{len(inbox)} rows, {copies} copies counted"


def test_same_text_from_another_phone(town):
    text = "吉明社区夜市油烟直往屋里灌"
    for p in (ht.phone(), ht.phone()):
        town.smsc.text(p, text)
        texts.check_reply(town.smsc.expect(p))
        town.one_case(p)


def test_same_words_in_another_coding_or_number_are_counted_too(town):
    """UCS2 and GB18030: other bytes, the same text within ten minutes: answered once."""
    phone = ht.phone()
    text = "北新社区2号楼2单元水管漏水了"
    town.smsc.text(phone, text)
    town.smsc.expect(phone)
    town.smsc.text(phone, text, coding="gb18030")
    town.silent(phone, texts=1)
    town.one_case(phone)


def test_another_text_is_another_case(town):
    phone = ht.phone()
    numbers = []
    for i, text in enumerate(("铁北社区1号楼停水了", "铁北社区1号楼井盖没了")):
        town.smsc.text(phone, text)
        numbers.append(texts.check_reply(town.smsc.expect(phone, since=i)))
    assert numbers == [c["number"] for c in town.cases(phone)] and numbers[0] != numbers[1]


def test_asking_after_it(town):
    phone = ht.phone()
    town.smsc.text(phone, "龙门社区5号楼门口的井盖坏了")
    number = texts.check_reply(town.smsc.expect(phone))
    town.smsc.text(phone, "井盖的事修好了没有？")
    answer = town.smsc.expect(phone, since=1)
    assert texts.number_in(answer["text"]) == number and len(answer["parts"]) == 1
    town.one_case(phone)
    ht.until("an event", lambda: town.cluster.value(
        "select count(*) from hailan.case_event where case_number = %s", number) == 2)


def test_number_alone_and_mistyped(town):
    phone = ht.phone()
    town.smsc.text(phone, "维新社区1号楼的路灯不亮")
    number = texts.check_reply(town.smsc.expect(phone))
    town.smsc.text(phone, str(number))
    assert texts.number_in(town.smsc.expect(phone, since=1)["text"]) == number
    digits = str(number)
    wrong = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    town.smsc.text(phone, wrong)
    answer = town.smsc.expect(phone, since=2)["text"]
    assert len(town.cases(phone)) <= 2, "a mistyped number made more than a question"
    assert not re.search("维新|路灯", answer), f"tells of a case for a number that is none: {answer!r}"


def test_someone_else_s_number_tells_nothing(town):
    owner, stranger = ht.phone(), ht.phone()
    town.smsc.text(owner, "凤林社区8号楼2单元301漏水")
    number = texts.check_reply(town.smsc.expect(owner))
    town.smsc.text(stranger, str(number))
    town.handled()
    for t in town.smsc.texts(stranger):
        assert not re.search("凤林|301|漏水|号楼", t), f"told to a stranger: {t!r}"


def test_check_digit_catches_slips(town):
    """No single wrong digit and no two neighbours swapped make another valid number."""
    numbers = [r["number"] for r in town.rows('select number from hailan."case" union select number from hailan.wish')]
    assert numbers
    for number in numbers:
        assert number % 13 == 0
        digits = str(number)
        for i, d in itertools.product(range(len(digits)), "0123456789"):
            if digits[i] != d:
                assert int(digits[:i] + d + digits[i + 1:]) % 13, f"{digits}: digit {i} as {d}"
        for i in range(len(digits) - 1):
            if digits[i] != digits[i + 1]:
                swapped = digits[:i] + digits[i + 1] + digits[i] + digits[i + 2:]
                assert int(swapped) % 13, f"{digits} ↔ {swapped}"


def test_staff_texts_are_not_lost(town):
    """A grid worker who finds something files it like everybody."""
    phone = WORKERS[2]
    since = len(town.smsc.received(phone))
    town.smsc.text(phone, "六道河社区6号楼楼道里堆满装修垃圾")
    town.smsc.expect(phone, since=since)
    assert town.one_case(phone)["category"] == "constr_waste"


@pytest.mark.parametrize("text", ["嗯那个 你们看着办吧 我也说不明白了反正就那个样子", "그거 있잖아요 전에 말하던 그거 말임다",
                                  "qwrt zzz 12 blah blah foo"])
def test_what_nobody_can_classify_becomes_a_case_for_a_person(town, text):
    phone = ht.phone()
    town.smsc.text(phone, text)
    texts.number_in(town.smsc.expect(phone)["text"])
    case = town.one_case(phone)
    assert case["category"] is None, f"understood as {case['category']}?"
    assert case["unit_id"] is not None, "nobody has it"


@pytest.mark.parametrize("sender, extra", [("10086", {}), ("95588", {}), ("12306", {}),
                                           ("CMCC", {"ton": 5, "npi": 0, "source_raw": True}),
                                           ("CHINA MOBI", {"ton": 5, "npi": 0, "source_raw": True}),
                                           ("106575000123", {"ton": 0, "npi": 1, "source_raw": True})])
def test_services_are_never_answered(town, sender, extra):
    before = len(town.inbox(sender))
    ledger = town.smsc.text(sender, "天图社区3号楼楼道灯坏了，尊敬的客户您的话费余额不足10元", **extra)
    assert ledger[0]["attempts"] == 1
    town.handled()
    rows = town.inbox(sender)
    assert len(rows) == before + 1, "kept, as everything that comes"
    assert not town.cases(sender) and not town.outbox(sender)
    assert not town.smsc.received(sender)


@pytest.mark.parametrize("text", ["【某某银行】您的验证码是482913，5分钟内有效，请勿告知他人。", "您好，我正在开车，稍后给您回电。",
                                  "【某某商城】全场五折，回复TD退订"])
def test_automatic_texts_are_not_answered(town, text):
    phone = ht.phone()
    town.smsc.text(phone, text)
    town.silent(phone)
    assert not town.cases(phone) and not town.wishes(phone)


@pytest.mark.parametrize("text", ["谢谢，灯修好了，你们辛苦了", "고맙습니다", "。。。", "", "👍"])
def test_no_case_where_there_is_nothing_to_do(town, text):
    phone = ht.phone()
    town.smsc.text(phone, text)
    town.handled()
    assert len(town.inbox(phone)) == 1
    assert not town.cases(phone) and not town.wishes(phone)


@pytest.mark.parametrize("text, again, back, korean", [("TD", "退订", "订阅", False), ("ｔｄ", "拒收", "开通", False),
                                                       ("退订", "T D", "订阅", False), ("수신거부", "수신 거부", "订阅", True)])
def test_opt_out(town, text, again, back, korean):
    phone = ht.phone()

    def campaigns():
        rows = town.rows("select campaigns from hailan.contact where number = %s", phone)
        return rows[0]["campaigns"] if rows else None
    town.smsc.text(phone, text)
    told = town.smsc.expect(phone)["text"]
    assert (texts.hangul if korean else texts.han)(told) > 3, told
    assert campaigns() is False
    town.smsc.text(phone, again)
    town.silent(phone, texts=1)  # confirmed once
    assert campaigns() is False
    # A case of his own is still answered: that is service, not advertising.
    town.smsc.text(phone, "土城堡社区2号楼停水了" if not korean else "토성보사회구역 2동 수도물이 안나와요")
    texts.check_reply(town.smsc.expect(phone, since=1), korean=korean)
    assert len(town.cases(phone)) == 1, "opting out is no case"
    town.smsc.text(phone, back)
    ht.until("campaigns again", campaigns)


def test_phone_number_in_the_text_is_masked_in_the_notice(town):
    phone = ht.phone()
    town.smsc.text(phone, "天图社区3号楼101老人家里进水了 我不在家 电话13812345678")
    number = texts.check_reply(town.smsc.expect(phone))
    notice = town.smsc.expect(WORKER_TIANTU_1, str(number))
    assert "13812345678" not in notice["text"]


def test_long_report_in_one_reply(town):
    """However long the names in it, the answer is one part."""
    phone = ht.phone()
    town.smsc.text(phone, "老头沟镇铜佛社区文化小区十二号楼三单元一零二室楼上漏水把我家棚都泡了敲门没人" * 4)
    texts.check_reply(town.smsc.expect(phone))


def test_try_says_what_and_why(town):
    out = town.daemon.ctl("try", LIGHT).stdout
    assert "streetlight" in out and "楼道灯" in out, out
    shown = json.dumps(town.daemon.json("try", "천도사회구역 3동 하수도 막혔어요"), ensure_ascii=False)
    assert "sewer" in shown and "ko" in shown, shown


def test_every_reply_of_the_file(town):
    """One part each, receipts came, no complaint."""
    town.handled()
    for m in town.smsc.do("received")["messages"]:
        assert len(m["parts"]) == 1 and texts.units(m["text"]) <= 70, m["text"]
    assert not town.smsc.do("partial")["partial"]
    assert town.smsc.complaints() == []
    assert town.rows("select * from hailan.inbox_stuck") == []


def test_every_event_is_append_only(town):
    for statement in ("update hailan.case_event set reason = 'x'", "delete from hailan.case_event",
                      "truncate hailan.case_event"):
        with pytest.raises(Exception, match="append|never|event"):
            town.rows(statement)


def test_a_reply_that_lacks_a_template_is_found_at_start(make_town):
    town = make_town()
    name = town.cluster.value("select name from hailan.template where language = 'ko' order by name limit 1")
    town.rows("delete from hailan.template where language = 'ko' and name = %s", name)
    town.daemon.allowed_errors.append("template")
    town.daemon.start()
    line = ht.until("a line that names it", lambda: re.search(rf".*error: .*{name}.*", town.daemon.log()),
                    shown=lambda: town.daemon.log()[-1500:])
    assert "ko" in line.group(0)
    # The channel works nevertheless: what comes in waits for the clerk.
    town.smsc.bound()
    phone = ht.phone()
    town.smsc.text(phone, LIGHT)
    assert town.waiting() == 1
    town.daemon.stop()
    log = town.daemon.log()
    assert "did not end in time" not in log, "a clerk that cannot work has nothing to end"
    assert len(re.findall("error: .*policy not loaded", log)) == 1, "said once, not at each try"


def test_policy_is_taken_up_without_a_restart(town):
    """A keyword that an admin adds counts for the next text."""
    phone = ht.phone()
    town.smsc.text(phone, "咕噜咕噜嘎嘎响得人心慌的那个东西")
    assert town.one_case(phone)["category"] is None
    file = town.folder / "keywords.csv"
    file.write_text("pattern,category,weight,language\n咕噜咕噜嘎嘎响,elevator,4,zh\n")
    town.daemon.ctl("import", "keywords", file)

    def understood():
        p = ht.phone()
        town.smsc.text(p, "咕噜咕噜嘎嘎响得人心慌的那个东西")
        return town.one_case(p)["category"] == "elevator"
    ht.until("the new keyword to count", understood, step=0.3)
