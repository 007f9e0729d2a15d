# SPDX-License-Identifier: BSD-2-Clause
"""Phone menus with a PBX that speaks FastAGI by script: what is said is recorded, becomes a case to be written down,
is written down by staff, and only then understood."""

import json
import pathlib
import socket

import pytest

import agi
import hailan_testing as ht
from conftest import WORKER_TIANTU_1, Town, template

ELDER = "+8613804330001"  # contrib/demo: 许贞淑, Korean, 天图社区 3-2-501
COMMUNITY = "+8613904330021"  # of 天图社区, Chinese


@pytest.fixture(scope="module")
def cluster(folder):
    c = ht.Cluster(folder / "pg", template=template("town"))
    try:
        c.add_channel("phone", "hailan_phone")
        yield c
    finally:
        c.stop()


@pytest.fixture(scope="module")
def town(folder, cluster):
    port = ht.free_port()
    t = Town(folder, cluster, link_options='source = "12345"', extra=agi.settings(port, folder, 'sweep_age = "1s" look_wait = "20s" number_wait = "20s"'))
    t.port, t.recordings = port, folder / "recordings"
    try:
        t.start()
        ht.until("the phone channel", lambda: takes(port), 60)
        yield t
        t.daemon.stop()
        t.daemon.check_log()
    finally:
        t.stop()


def takes(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def zh(call):
    """Chooses Chinese."""
    return call.press("1")


def protocols(town, phone):
    return [json.loads(r["protocol"]) for r in town.rows("select protocol from hailan.inbox where source = %s and flags & 512 <> 0 order by id", phone)]


def kinds(town, phone):
    return [p["call"] for p in protocols(town, phone)]


def test_a_trouble_is_recorded_written_down_and_understood(town):
    call = agi.Call(town.port)
    zh(call).press("1").speak(5)
    call.listen()
    said = call.heard("zh/welcome", "zh/choose", "ko/choose", "zh/root", "zh/report", "zh/recorded", "zh/number_is", "zh/number_repeat", "zh/more")
    case = town.one_case(call.caller, timeout=60)
    digits = [s[-1] for s in said[said.index("zh/number_is"):said.index("zh/number_repeat")] if "digit_" in s]
    assert "".join(digits) == str(case["number"]), "the number was read out"
    assert case["channel"] == "phone" and case["text"] == "（电话录音，待听写）" and case["category"] is None and case["state"] == "filed"
    call.send("200 result=57\n")
    assert call.end() == "end"
    [file] = town.rows("select a.mime, length(a.bytes) as size, l.name from hailan.attachment_link l join hailan.attachment a using (sha256) where l.number = %s",
                       case["number"])
    assert file["mime"] == "audio/x-wav" and file["size"] == 44 + 5 * 16000 and file["name"] == f"call-{call.caller}-{call.uniqueid}-1.wav"
    ht.until("the recording is taken off the disk", lambda: not list(town.recordings.glob("*.wav")), 60)
    # who rang is told by text, staff too
    town.smsc.expect(call.caller, f"编号{case['number']}，您的电话录音已收到", timeout=60)
    # nobody is responsible for an unknown place but the city
    ht.until("the end of the call is kept", lambda: kinds(town, call.caller) == ["report", "none"], 60)
    assert "language:1@" in protocols(town, call.caller)[1]["keys"] and "root:1@" in protocols(town, call.caller)[1]["keys"]


def written(town, number):
    return town.rows("select * from hailan.dictation where number = %s", number)[0]["written_at"]


def test_staff_write_it_down_by_text_and_only_then_it_is_a_matter(town):
    since = len(town.smsc.received(WORKER_TIANTU_1))
    told = len(town.smsc.received(COMMUNITY))
    call = agi.Call(town.port, caller=ELDER, script="report")
    call.speak(4)
    call.listen()
    call.heard("zh/welcome", "ko/report", "ko/recorded")
    call.hang_up()
    case = town.one_case(ELDER, timeout=60)
    town.smsc.expect(COMMUNITY, rf"{case['number']} 电话录音，天图社区3号楼2单元501，来电\{ELDER}", since=told, timeout=60)
    town.smsc.text(WORKER_TIANTU_1, f"录{case['number']} 天图社区3号楼2单元下水道堵了，往外冒水")
    ht.until("it is understood", lambda: town.cases(ELDER)[0]["category"] == "sewer", 60)
    case = town.cases(ELDER)[0]
    assert case["text"] == "天图社区3号楼2单元下水道堵了，往外冒水" and case["building"] == "3" and case["entrance"] == "2"
    assert len(town.cases(ELDER)) == 1 and case["language"] == "ko"
    assert written(town, case["number"]) is not None
    town.smsc.expect(WORKER_TIANTU_1, f"{case['number']}已记下", since=since, timeout=60)
    town.smsc.expect(ELDER, f"번호 {case['number']}. 하수", timeout=60)
    actions = [e["action"] for e in town.rows("select action from hailan.case_event where case_number = %s order by id", case["number"])]
    assert actions == ["filed", "written"]
    # once is enough
    town.smsc.text(WORKER_TIANTU_1, f"录{case['number']} 别的")
    town.smsc.expect(WORKER_TIANTU_1, f"{case['number']}没有要听写的录音", since=since, timeout=60)
    assert town.cases(ELDER)[0]["text"].startswith("天图社区3号楼")


def test_a_wish_is_told_and_written_down_by_hailanctl(town):
    call = agi.Call(town.port)
    zh(call).press("2").speak(4)
    call.hang_up()
    wish = ht.until("the wish", lambda: town.wishes(call.caller), 60)[0]
    assert wish["text"] == "（电话录音，待听写）"
    waiting = town.daemon.json("recordings")
    assert any(r["number"] == wish["number"] and r["kind"] == "wish" and r["phone"] == call.caller for r in waiting), waiting
    town.daemon.ctl("write", str(wish["number"]), "想学包饺子，", "星期天")
    ht.until("it is written down", lambda: town.wishes(call.caller)[0]["text"] == "想学包饺子， 星期天", 60)
    assert not any(r["number"] == wish["number"] for r in town.daemon.json("recordings"))


def test_nobody_speaks_and_is_rung_back(town):
    call = agi.Call(town.port)
    zh(call)
    call.listen()
    call.hang_up()
    case = town.one_case(call.caller, timeout=60)
    assert case["text"] == "（来电未说完，请回电话）"
    assert kinds(town, call.caller) == ["callback"]
    assert "language:1@" in protocols(town, call.caller)[0]["keys"]
    assert protocols(town, call.caller)[0]["hung_up"] is True


def test_hanging_up_while_speaking_keeps_what_was_said(town):
    call = agi.Call(town.port)
    zh(call).press("1")
    path = call.recorder()
    agi.sound(path + ".wav", 3.2)
    call.send("HANGUP\n")
    call.send("200 result=-1 (hangup) endpos=25600\n")
    case = town.one_case(call.caller, timeout=60)
    assert case["text"] == "（电话录音，待听写）"
    ht.until("the end of the call is kept", lambda: kinds(town, call.caller) == ["report", "none"], 60)
    assert protocols(town, call.caller)[0]["speech_ms"] == 3200


def test_silence_on_the_recording_is_a_call_back_at_the_second_time(town):
    call = agi.Call(town.port)
    zh(call).press("1").speak(3, loud=False, end="0 (timeout)")
    call.speak(3, loud=False, end="0 (timeout)")
    call.listen()
    call.heard("zh/report", "zh/not_heard", "zh/recorded")
    call.hang_up()
    assert town.one_case(call.caller, timeout=60)["text"] == "（来电未说完，请回电话）"
    ht.until("the end of the call is kept", lambda: kinds(town, call.caller) == ["callback", "none"], 60)


def test_a_star_begins_the_recording_anew(town):
    call = agi.Call(town.port)
    zh(call).press("1")
    first = pathlib.Path(call.speak(3, end="42 (dtmf)"))
    second = pathlib.Path(call.speak(4))
    assert first != second
    call.listen()
    call.hang_up()
    case = town.one_case(call.caller, timeout=60)
    assert not first.exists()
    assert [f["name"] for f in town.rows("select name from hailan.attachment_link where number = %s", case["number"])] == [second.name]


def test_wrong_keys_and_silence_have_limits_of_their_own(town):
    call = agi.Call(town.port)
    zh(call).press("8").silence().press("7").silence()
    call.listen()
    call.heard("zh/root", "zh/wrong", "zh/root", "zh/silence", "zh/root", "zh/wrong", "zh/silence", "zh/root")
    call.send("200 result=54\n")
    call.speak(3)
    call.heard("zh/lost")
    assert call.end() == "end"
    assert town.one_case(call.caller, timeout=60)["text"] == "（电话录音，待听写）"


def test_the_language_is_asked_once_and_can_be_changed(town):
    call = agi.Call(town.port)
    call.press("2").press("1").speak(3)
    call.listen()
    call.heard("ko/choose", "ko/root", "ko/report", "ko/recorded")
    call.hang_up()
    town.one_case(call.caller, timeout=60)
    town.smsc.expect(call.caller, "전화 록음을 받았습니다", timeout=60)
    again = agi.Call(town.port, caller=call.caller)
    again.press("4")
    again.listen()
    said = again.heard("ko/root", "zh/language_changed", "zh/root")
    assert "zh/choose" not in said
    again.hang_up()
    ht.until("it is remembered", lambda: town.rows("select language from hailan.contact where number = %s", call.caller)[0]["language"] == "zh", 60)


def test_cases_are_told_by_their_lights(town):
    who = ht.phone()
    town.smsc.text(who, "天图社区5号楼路灯不亮")
    case = town.one_case(who, timeout=60)
    call = agi.Call(town.port, caller=who)
    call.press("3")
    call.listen()
    said = call.heard("zh/case_about", "zh/category_streetlight", "zh/case_number", "zh/light_red", "zh/after")
    assert "".join(s[-1] for s in said if "digit_" in s) == str(case["number"])
    # by number: mistyped, somebody else's, unknown
    call.send("200 result=49\n")
    for key in str(case["number"] + 1) + "#":
        call.press(key)
    call.listen()
    call.heard("zh/enter_number", "zh/number_wrong", "zh/enter_number")
    call.send(f"200 result={ord('1')}\n")
    for key in str(13 * 10007) [1:] + "#":
        call.press(key)
    call.listen()
    call.hang_up()
    other = agi.Call(town.port)
    zh(other).press("3").press("1")
    for key in str(case["number"]) + "#":
        other.press(key)
    other.listen()
    said = other.heard("zh/cases_none", "zh/enter_number", "zh/case_number", "zh/light_red")
    assert not any("category" in s for s in said), "who asks for another's case hears its light alone"
    other.hang_up()
    ht.until("no call-back for who was served", lambda: kinds(town, other.caller) == ["none"], 60)


def test_an_elder_needs_no_menu(town):
    call = agi.Call(town.port, caller=ELDER)
    assert call.end() == "person"
    said = call.heard("zh/welcome", "ko/person")
    assert not any("root" in s or "choose" in s for s in said)


def test_a_person_is_reached_and_the_call_is_no_missed_one(town):
    call = agi.Call(town.port)
    zh(call).press("0")
    assert call.end() == "person"
    ht.until("it is kept", lambda: kinds(town, call.caller) == ["none"], 60)


def test_the_question_whether_it_is_solved_is_answered_by_a_key(town):
    who = ht.phone()
    town.smsc.text(who, "天图社区3号楼垃圾没人清理")
    case = town.one_case(who, timeout=60)
    town.smsc.text(WORKER_TIANTU_1, f"收{case['number']}")
    ht.until("taken", lambda: town.cases(who)[0]["state"] == "received", 60)
    town.smsc.text(WORKER_TIANTU_1, f"好了{case['number']} 清完了")
    ht.until("done", lambda: town.cases(who)[0]["state"] == "done_claimed", 60)
    call = agi.Call(town.port, caller=who)
    call.press("2")
    call.listen()
    call.heard("zh/case_about", "zh/case_number", "zh/ask_solved", "zh/ask_keys", "zh/thanks_no", "zh/root")
    call.hang_up()
    ht.until("it is reworked", lambda: town.cases(who)[0]["state"] == "rework", 60)
    assert kinds(town, who) == ["answer", "none"]


def test_bytes_come_one_by_one(town):
    call = agi.Call(town.port, piece=1)
    zh(call).press("1").speak(3)
    call.listen()
    call.hang_up()
    town.one_case(call.caller, timeout=60)


def test_a_withheld_number_is_heard_too(town):
    call = agi.Call(town.port, caller="")
    zh(call).press("1").speak(3)
    call.listen()
    call.heard("zh/recorded")
    call.hang_up()
    ht.until("the case", lambda: town.cases("anonymous"), 60)


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.0\r\n\r\n", b"\0" * 100, b"agi_uniqueid: 1\n" * 300, b"x" * 5000, b"agi_network: yes\n\n"],
                         ids=["http", "zeros", "endless", "long", "no call"])
def test_garbage_is_hung_up_on(town, garbage):
    with socket.create_connection(("127.0.0.1", town.port), timeout=60) as s:
        s.sendall(garbage)
        try:
            assert s.recv(100) == b""
        except ConnectionResetError:
            pass


def test_answers_that_make_no_sense(town):
    call = agi.Call(town.port)
    call.listen()
    call.send("510 Invalid or unknown command\n")
    with pytest.raises(agi.Gone):
        while True:
            call.next()
            call.send("511 Command Not Permitted on a dead channel or intercept routine\n")
    assert town.one_case(call.caller, timeout=60)["text"] == "（来电未说完，请回电话）"


def test_many_calls_at_once(town):
    calls = [agi.Call(town.port) for _ in range(40)]
    for call in calls:
        zh(call).press("1")
    for call in calls:
        call.speak(2.5)
    for call in calls:
        call.listen()
        call.heard("zh/recorded", "zh/number_is")
        call.hang_up()
    for call in calls:
        town.one_case(call.caller, timeout=60)
