# SPDX-License-Identifier: BSD-2-Clause
"""What is done stays: hours that both sides confirm, the archive and its search, the running total, the board of
small matters that a community takes itself. By text, with a plain phone."""

import re

import hailan_testing as ht
import texts
from test_case_life import COMMUNITY, STREET, Phone, green
from test_wish_life import ALLY, ELDER, KOREAN, at, hall  # noqa: F401


def hours(town, phone):
    return sum(r["hours"] for r in town.daemon.json("bank", "balance", phone))


def services(town):
    return town.daemon.json("archive", "services")[0]["total"]


def test_the_path_is_kept(hall):  # noqa: F811
    """Rows 54, 61 to 64: who came, with what, how long, how it went; and the hours of those who came."""
    community, elder, ally, korean = (Phone(hall, n) for n in (COMMUNITY, ELDER, ALLY, KOREAN))
    number = texts.number_in(elder.say("这条小道杂草太多，能清理一下就好了"))
    community.say(f"发布{number} 2人 今天下午3点 自备工具", "已发布")
    ally.read("共建")
    ally.say(f"接{number}", str(number))
    korean.say(f"신청{number}", str(number))
    hall.settled()
    at(hall, "2026-11-24T08:30:00Z")
    assert hall.daemon.ctl("archive", "search", "杂草", check=False).returncode == 1, "nothing is done yet"
    community.say(f"完成{number} 2人 110分钟 拔草清道，全部清理完成", "已记完成")
    assert "2小时" in ally.read("时间银行"), "to the nearest half hour"
    korean.read("2시간을 시간은행")
    assert "石某某 2小时" in elder.read("不对请回2")
    assert services(hall) == 1, "counted when it is done"

    ally.say("1", "谢谢")
    assert "另有2小时" in ally.say("余额", "余额")
    elder.say("对", "谢谢")
    ally.read("2小时已存入")
    assert (hours(hall, ALLY), hours(hall, KOREAN)) == (2, 0)
    korean.say("아니요", "확인하고")
    community.read("重新登记")
    assert "1人，每人1小时" in community.say(f"工时{number} 1小时", "双方确认")
    korean.read("1시간을 시간은행")
    korean.say("네", "고맙습니다")
    elder.read("1小时")
    elder.say(f"{number} 1", "谢谢")
    korean.read("1시간 시간은행에 적립")
    assert (hours(hall, ALLY), hours(hall, KOREAN)) == (2, 1)

    for words in (["杂草"], ["拔草清道"], ["草", "检察院"], ["天图社区", "清理"], ["천도", "清道"], ["工具"]):
        found = hall.daemon.json("archive", "search", *words)
        assert [f["number"] for f in found] == [number], words
    assert hall.daemon.ctl("archive", "search", "草杂", check=False).returncode == 1
    assert hall.daemon.ctl("archive", "search", "杂草", "--unit", "没有", check=False).returncode == 1
    entry = hall.daemon.json("archive", str(number))
    assert (entry["people_came"], entry["minutes"], entry["how"]) == (2, 110, "拔草清道 全部清理完成")
    assert {(w["name"], w["hours"]) for w in entry["who_came"]} == {("石磊", 2), ("표성철", 1)}
    assert "石磊" in hall.daemon.ctl("archive", str(number)).stdout
    assert hall.daemon.ctl("archive", "13", check=False).returncode == 1


def test_a_picture_of_the_end(hall):  # noqa: F811
    """Row 62: what is linked to the wish is shown with it."""
    community, elder = Phone(hall, COMMUNITY), Phone(hall, ELDER)
    number = texts.number_in(elder.say("要是有人帮我擦擦玻璃就好了"))
    community.say(f"发布{number} 1人", "已发布")
    community.say(f"完成{number} 擦得很亮", "已记完成")
    hall.rows("insert into hailan.attachment (sha256, mime, bytes) values (sha256('x'), 'image/png', 'x')")
    hall.rows("insert into hailan.attachment_link (sha256, number, at, name) values (sha256('x'), %s, now(), '玻璃.png')", number)
    assert hall.daemon.json("archive", "search", "玻璃")[0]["pictures"] == 1
    assert hall.daemon.json("archive", str(number))["pictures"][0]["name"] == "玻璃.png"


def test_the_board(hall):  # noqa: F811
    """Row 56: small matters, which the community takes with one word."""
    community, street, resident = Phone(hall, COMMUNITY), Phone(hall, STREET), Phone(hall, ht.phone())
    assert "没有待接" in community.say("爱心银行")
    number = texts.number_in(resident.say("天图社区3号楼楼道里贴满了小广告"))
    answer = community.say("爱心银行？", "待接")
    assert f"接单{number}" in answer and "1件" in answer
    board = hall.daemon.json("board", "天图社区", "--bank")
    assert [(b["number"], b["matter"], b["state"]) for b in board] == [(number, "ads", "waiting")]
    assert "接收" in community.say(f"接单{number}")
    assert hall.daemon.json("board", "--bank")[0]["state"] == "taken"
    assert "没有待接" in community.say("　爱心银行 ")
    community.say(f"好了{number} 广告全清了", "待核实")
    community.say(f"核实{number}", "评价")
    street.read(str(number))
    before = services(hall)
    green(hall, number, street)
    assert services(hall) == before + 1, "a service of the community's own"
    assert hall.daemon.json("board", "--bank") == []
    assert hall.daemon.json("board", "--bank", "--all")[0]["state"] == "closed"
    assert hall.daemon.json("archive", "search", "广告全清")[0]["number"] == number
    assert hall.daemon.ctl("board", "--bank", "没有", check=False).returncode == 1
    assert hall.daemon.ctl("board", "--all", check=False).returncode == 64


def test_what_was_counted_before(hall):  # noqa: F811
    """Row 64: 68,000 and more; importing it again adds nothing."""
    file = hall.folder / "services.csv"
    file.write_text("unit,count\n222405000000,68000\n天图社区,12\n")
    for _ in range(2):
        ht.ctl("-d", hall.cluster.conninfo_for(), "import", "services", file, check=True)
        assert services(hall) == 68012
    shown = hall.daemon.ctl("archive", "services", "天图社区").stdout
    assert re.search(r"12", shown) and "SERVICES" in shown
    file.write_text("unit,count\n没有,1\n")
    assert ht.ctl("-d", hall.cluster.conninfo_for(), "import", "services", file, check=False).returncode != 0
