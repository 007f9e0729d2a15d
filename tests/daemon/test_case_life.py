# SPDX-License-Identifier: BSD-2-Clause
"""The life of a case over SMS: everybody with a plain phone, from the report to the green light."""

import concurrent.futures
import contextlib
import random
import re
import threading

import psycopg2.errors
import pytest

import hailan_testing as ht
import texts

GRID = "+8613904330011"       # 柳春梅, 天图社区 building 3
COMMUNITY = "+8613904330021"  # 池美兰
NEIGHBOUR = "+8613904330022"  # 于海波, 六道河社区
STREET = "+8613904330031"     # contrib/demo/offices.csv from here on
FARM = "+8613904330041"
HOUSING = "+8613904330042"    # reads Korean
URBAN = "+8613904330043"
CITY = "+8613904330051"


def offices(town):
    ht.ctl("-d", town.cluster.conninfo_for(), "import", "staff", ht.SOURCE / "contrib/demo/offices.csv", check=True)


@pytest.fixture(scope="module")
def office(town):
    """The town with somebody in every office."""
    offices(town)
    return town


class Phone:
    """A telephone that writes, and reads what came since it wrote last."""

    def __init__(self, town, number):
        self.town, self.number = town, number
        self.seen = len(town.smsc.received(number))

    def write(self, text):
        self.town.smsc.text(self.number, text)
        return self

    def read(self, pattern=""):
        """The next message that fits; those before it are passed over."""
        message = self.town.smsc.expect(self.number, pattern, since=self.seen, timeout=60)
        self.seen = message["n"] + 1
        assert len(message["parts"]) == 1 and texts.units(message["text"]) <= 70, message["text"]
        return message["text"]

    def say(self, text, pattern=""):
        return self.write(text).read(pattern)


def state(town, number):
    return town.cluster.value('select state from hailan."case" where number = %s', number)


def light(town, number):
    return town.cluster.value("select light from hailan.case_now where number = %s", number)


def events(town, number):
    return [r["action"] for r in town.rows(
        "select action from hailan.case_event where case_number = %s and action <> 'look' order by id", number)]


def green(town, number, street):
    code = re.search(r"\b(\d{4})（|：(\d{4})", street.say(f"评{number} 满意", r"4位数"))
    street.say(code.group(1) or code.group(2), r"已完成")


def test_dead_livestock(make_town):
    """The story of the newspaper: told at half past ten, sent on within the hour, done the next day."""
    town = make_town()
    offices(town)
    town.rows("select hailan.simulation_mark()")
    town.daemon.start("--simulate", "2026-11-24T02:30:00Z")
    town.smsc.bound()
    grid, community, street, farm = (Phone(town, n) for n in (GRID, COMMUNITY, STREET, FARM))

    number = texts.number_in(grid.say("天图社区3号楼后面空地上堆着死猪，臭得很"))
    assert light(town, number) == "red"
    notice = community.read(str(number))
    assert f"收{number}" in notice, f"what is to be answered: {notice}"
    assert "接收" in community.say(f"收{number}")
    assert light(town, number) == "yellow"
    community.say(f"转{number} 农业局 社区处理不了", "农业农村局")
    assert re.search("转给农业农村局", grid.read(str(number))), "row 31: told to which department"
    assert f"收{number}" in farm.read(str(number))
    assert light(town, number) == "red", "red until the department takes it"
    farm.say(f"收 {number}", "接收")
    moved = town.cluster.value("select extract(epoch from e.at - k.filed_at) from hailan.case_event e"
                               " join hailan.\"case\" k on k.number = e.case_number where e.action = 'transfer' and k.number = %s", number)
    assert 0 <= moved < 3600

    town.handled()
    town.daemon.stop()
    town.daemon.start("--simulate", "2026-11-25T01:15:00Z")
    town.smsc.bound()
    farm.say(f"好了{number} 征得村民理解，场地清理干净了", "待核实")
    assert light(town, number) == "blue"
    assert re.search("1.*2", grid.read("清理干净")), "whoever reported is asked"
    assert "核实" in community.read(str(number))
    assert grid.say("1", "谢谢")
    assert light(town, number) == "blue", "a yes alone is not green"
    community.say(f"核实{number} 现场干净了")
    assert f"评{number}" in street.read(str(number))
    assert light(town, number) == "blue", "row 46: not before the street has evaluated"
    green(town, number, street)
    assert light(town, number) == "green"
    assert "办结" in grid.read(str(number))
    assert events(town, number) == ["filed", "accept", "transfer", "accept", "done", "solved", "report", "evaluate"]
    for at, wanted in (("2026-11-24 10:29+08", None), ("2026-11-24 11:29+08", "yellow"), ("2026-11-25 09:14+08", "yellow"), ("2026-11-25 12:00+08", "green")):
        assert town.cluster.value("select hailan.case_light_at(%s, %s)", number, at) == wanted, at
    assert town.cluster.value("select date(closed_at at time zone 'Asia/Shanghai')::text from hailan.case_life where number = %s", number) == "2026-11-25"
    shown = town.daemon.json("case", str(number))
    assert (shown["outcome"], shown["result"], shown["reporter_says"]) == ("solved", "征得村民理解，场地清理干净了", "yes")
    assert [e["by"] for e in shown["events"]][1:] == ["天图社区 池美兰", "天图社区 池美兰", "农业农村局 裴国栋", "农业农村局 裴国栋",
                                                      "柳春梅", "天图社区 池美兰", "安民街道 辛丽娟"]
    assert "grade" in town.daemon.ctl("case", str(number)).stdout
    town.daemon.stop()
    town.daemon.check_log()


def test_back_to_work(office):
    """The resident says that it is not solved, the community sends back once more, then it is."""
    resident, community, street, urban = (Phone(office, n) for n in (ht.phone(), COMMUNITY, STREET, URBAN))
    number = texts.number_in(resident.say("天图社区3号楼楼道里堆着建筑垃圾没人管"))
    community.say(f"{number}收", "接收")
    community.say(f"转 城管 {number}", "城市管理行政执法局")
    urban.read(str(number))
    urban.say(f"好了{number} 拉走了", "待核实")  # taken and done in one text
    resident.read("请回1")
    assert str(number) in resident.say("2")
    assert "没解决" in urban.read("重办")
    assert state(office, number) == "rework" and light(office, number) == "yellow"
    urban.say(f"办结 {number} 又拉了一车", "待核实")
    community.read(f"核实{number}")
    community.say(f"重办{number} 还有半车")
    assert "半车" in urban.read(str(number))
    urban.say(f"{number} 完成", "待核实")
    resident.read("请回1")
    community.say(f"核实{number}")
    street.read(str(number))
    green(office, number, street)
    assert office.cluster.value('select rounds from hailan."case" where number = %s', number) == 2


def test_the_same_again_reopens(office):
    resident, community, street = (Phone(office, n) for n in (ht.phone(), COMMUNITY, STREET))
    number = texts.number_in(resident.say("天图社区3号楼院里的花坛全是杂草没人管 绿化太差了"))
    community.say(f"收{number}", "接收")
    community.say(f"好了{number} 除了草")
    community.say(f"核实{number}")
    street.read(str(number))
    green(office, number, street)
    resident.read("办结")
    assert "办结" in resident.say("花坛杂草的事修好了没有？", str(number))
    assert "重办" in resident.say("天图社区3号楼院里的花坛又全是杂草没人管 绿化太差了", str(number))
    assert state(office, number) == "rework"
    assert len(office.cases(resident.number)) == 1, "the same trouble is the same case"


def test_second_text_is_added(office):
    resident = Phone(office, ht.phone())
    number = texts.number_in(resident.say("天图社区3号楼下水道堵了"))
    assert "补充" in resident.say("下水道的脏水都流到门口了", str(number))
    assert len(office.cases(resident.number)) == 1
    added = office.cluster.value("select reason from hailan.case_event where case_number = %s and action = 'added_text'", number)
    assert added == "下水道的脏水都流到门口了"


def test_several_questions(office):
    resident, community = Phone(office, ht.phone()), Phone(office, COMMUNITY)
    one = texts.number_in(resident.say("天图社区3号楼墙上贴满小广告"))
    two = texts.number_in(resident.say("天图社区3号楼邻居吵架打起来了 纠纷没人调解"))
    for number in (one, two):
        community.say(f"收{number}", "接收")
        community.say(f"好了{number} 办了", str(number))
        resident.read("请回1")
    assert re.search(f"{one}.*{two}", resident.say("1")), "two questions: asked which"
    resident.say(f"{two} 1", "谢谢")
    resident.say("是", "谢谢")  # only one is left
    office.handled()
    assert {r[0] for r in office.rows("select reporter_says from hailan.case_life where number in (%s, %s)", one, two)} == {"yes"}
    resident.write("好的")
    office.silent(resident.number, since=resident.seen)


def test_what_is_not_allowed_is_answered(office):
    resident, neighbour, grid, housing = (Phone(office, n) for n in (ht.phone(), NEIGHBOUR, GRID, HOUSING))
    number = texts.number_in(resident.say("天图社区3号楼车棚塌了一角"))
    assert "不归您" in neighbour.say(f"收{number}", str(number))
    assert "现在是" in grid.say(f"评{number}", str(number)) or state(office, number) == "filed"
    assert texts.hangul(housing.say(f"평가{number} 만족", str(number))) > 3, "in the sender's language"
    assert "写错" in grid.say(f"收{number + 1}", str(number + 1))
    assert state(office, number) == "filed"
    assert resident.say(f"收{number}")  # a resident's text is no command
    assert state(office, number) == "filed"


def test_korean_office(office):
    resident, community, housing = (Phone(office, n) for n in (ht.phone(), COMMUNITY, HOUSING))
    number = texts.number_in(resident.say("천도사회구역 3동 하수도가 막혔습니다"))
    community.say(f"收{number}", "接收")
    community.say(f"转{number}")  # no name: the department of the category
    assert texts.hangul(resident.read(str(number))) > 5, "the resident is told in Korean"
    assert f"접수{number}" in housing.read(str(number))
    housing.say(f"접수 {number}", "완료")
    city = Phone(office, CITY)
    housing.say(f"연기{number} 2일 부품대기")
    assert f"准{number}" in city.read(str(number))
    city.say(f"准{number}")
    assert "2일" in housing.read("승인")
    housing.say(f"완료 {number} 뚫었음", "확인대기")
    assert texts.hangul(resident.read("1")) > 5
    resident.say("네", "고맙")
    assert office.cluster.value("select reporter_says from hailan.case_life where number = %s", number) == "yes"


def test_filed_for_a_resident(office):
    grid, elder = Phone(office, GRID), Phone(office, ht.phone())
    number = texts.number_in(grid.say(f"代报 {elder.number[3:]} 天图社区3号楼2单元501暖气不热"))
    assert texts.number_in(elder.read(str(number))) == number
    case = office.one_case(elder.number)
    worker = office.cluster.value("select person_id from hailan.phone where number = %s", GRID)
    assert (case["entered_by"], case["category"]) == (worker, "heating")
    wish = texts.number_in(grid.say(f"代愿 {elder.number[3:]} 想有人陪着说说话"))
    assert [(w["number"], w["entered_by"]) for w in office.wishes(elder.number)] == [(wish, worker)]


def test_list_and_help(office):
    grid = Phone(office, GRID)
    assert "代报" in grid.say("帮助", "收/")
    assert re.search(r"\d{5}", grid.say("我的"))


def test_merge_tells_every_reporter(office):
    one, two, community = Phone(office, ht.phone()), Phone(office, ht.phone()), Phone(office, COMMUNITY)
    parent = texts.number_in(one.say("天图社区3号楼门口污水管道漏水 臭死了"))
    child = texts.number_in(two.say("天图社区3号楼门口的脏水流了一地 下水道"))
    community.say(f"收{parent}", "接收")
    community.say(f"并{child} {parent}", f"{child}已并入{parent}")
    assert str(parent) in two.read(str(child))
    community.say(f"好了{parent} 疏通了")
    one.read("请回1")
    two.read("请回1")
    two.say("还没弄好", str(child))
    assert state(office, parent) == "rework"


def test_silence_is_no_yes(office):
    resident, community = Phone(office, ht.phone()), Phone(office, COMMUNITY)
    number = texts.number_in(resident.say("天图社区3号楼门口的健身器材旁边垃圾没人拉"))
    community.say(f"收{number}", "接收")
    community.say(f"好了{number} 拉走了", "待核实")
    resident.read("请回1")
    office.rows("update hailan.ask set expires_at = now() - interval '1 second' where number = %s", number)
    ht.until("the timekeeper to note it", lambda: office.cluster.value(
        "select reporter_says from hailan.case_life where number = %s", number) == "silent", timeout=60)
    assert state(office, number) == "done_claimed"
    resident.write("1")  # too late: no error, no answer
    office.silent(resident.number, since=resident.seen)
    assert office.cluster.value("select reporter_says from hailan.case_life where number = %s", number) == "silent"


def test_taken_back(office):
    resident, community = Phone(office, ht.phone()), Phone(office, COMMUNITY)
    number = texts.number_in(resident.say("天图社区3号楼楼上漏水，敲门没人"))
    assert "不再需要" in resident.say(f"撤回{number}", str(number))
    assert f"核实{number}" in community.read(f"{number}反映人")
    assert (state(office, number), light(office, number)) == ("done_claimed", "blue"), "the community looks nevertheless"
    assert office.cluster.value("select outcome from hailan.case_life where number = %s", number) == "withdrawn"


def test_one_of_many_at_once(office):
    """Compare-and-swap: of many who do the same step in the same moment one has done it."""
    resident = Phone(office, ht.phone())
    number = texts.number_in(resident.say("天图社区3号楼楼道灯不亮"))
    office.handled()
    barrier = threading.Barrier(8)

    def accept(i):
        with contextlib.closing(office.cluster.connect()) as c, c.cursor() as cursor:
            barrier.wait(60)
            cursor.execute("select code from hailan.case_step(now(), %s, null, %s, 'accept', 'filed')", (COMMUNITY, number))
            return cursor.fetchone()[0]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(accept, range(8)))
    assert codes == ["ok"] + ["stale"] * 7
    assert events(office, number).count("accept") == 1
    office.handled()


def test_many_hands_and_crooked_clocks(office):
    """Random steps by everybody at once on few cases, by clocks that disagree: the events hang together."""
    resident = ht.phone()
    place = office.cluster.value("select id from hailan.unit where code = '222405001005-01'")
    farm = office.cluster.value("select id from hailan.unit where name_zh = '农业农村局'")
    numbers = []
    for i in range(8):
        number = office.cluster.value("select * from hailan.case_numbers(1)")
        office.rows("insert into hailan.\"case\" (number, city, filed_at, unit_id, place_id, category, channel, phone, language, text)"
                    " values (%s, 222405, now(), %s, %s, 'carcass', 'sms', %s, 'zh', '死猪')", number, farm, place, resident)
        office.rows("insert into hailan.case_event (id, city, case_number, at, unit_id, to_state, action, channel)"
                    " select hailan.make_id(now(), nextval('hailan.event_seq')), 222405, %s, now(), %s, 'filed', 'filed', 'sms'", number, farm)
        numbers.append(number)
    actions = [r[0] for r in office.rows("select action from hailan.case_action order by 1")]
    people = [GRID, COMMUNITY, STREET, FARM, CITY, resident, None]

    def work(seed):
        chance = random.Random(seed)
        done = 0
        with contextlib.closing(office.cluster.connect()) as c, c.cursor() as cursor:
            for _ in range(40):
                action = chance.choice(actions)
                target = {"transfer": farm, "merge": chance.choice(numbers), "extend": 2}.get(action)
                try:
                    cursor.execute("select code from hailan.case_step(now() - %s * interval '1 minute', %s, null, %s, %s, null, %s, '原因', 'sms')",
                                   (chance.random() * 5, chance.choice(people), chance.choice(numbers), action, target))
                    done += cursor.fetchone()[0] == "ok"
                except psycopg2.errors.DeadlockDetected:
                    pass  # the clerk does the same again
        return done
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        done = sum(pool.map(work, range(6)))
    assert done > 0
    assert office.cluster.value("select count(*) from hailan.case_event where case_number = any (%s) and action <> 'filed'", numbers) == done
    assert office.rows("select * from (select e.from_state, lag(e.to_state) over (partition by e.case_number order by e.id) as before"
                       " from hailan.case_event e where e.case_number = any (%s)) x where from_state is distinct from before", numbers) == []
    assert office.rows("select number from hailan.case_now k where k.number = any (%s)"
                       " and k.light is distinct from hailan.case_light_at(k.number, now() + interval '1 hour')", numbers) == []


def test_the_manual_tells_the_tables(office):
    """hailan-cases(7): every state with its light, every way, everybody who may."""
    page = (ht.SOURCE / "sql/hailan-cases.7").read_text()
    states = set(re.findall(r"^\.It (red|yellow|blue|green) Ta (\w+) Ta ", page, re.M))
    assert states == {(r["light"], r["state"]) for r in office.rows("select light::text, state::text from hailan.case_state_light")}
    ways, rights, action = set(), set(), None
    for line in page.splitlines():
        if found := re.match(r"\.It Cm (\w+)", line):
            action = found.group(1)
        elif found := re.match(r"\.Dl (.*) -> (.*)", line):
            ways |= {(action, f, f if found.group(2) == "the same" else found.group(2)) for f in found.group(1).split(", ")}
        elif found := re.match(r"May: (.*)\.$", line):
            for relation, *levels in (part.split() for part in found.group(1).split("; ")):
                rights |= {(action, int(level), relation) for level in levels or ["0"]}
    assert ways == {tuple(r) for r in office.rows("select action, from_state::text, to_state::text from hailan.case_transition")}
    assert rights == {tuple(r) for r in office.rows("select action, level, relation from hailan.case_right")}


def test_the_board(office):
    """hailanctl board: the city and who is below it; a moment in the past."""
    rows = office.daemon.json("board")
    rows = rows[0] if isinstance(rows[0], list) else rows
    city = rows[0]
    cases = office.cluster.value("select count(*) from hailan.case_now where parent_number is null")
    assert city["unit"] == "222405000000" and sum(city[x] for x in ("red", "yellow", "blue", "green")) == cases
    assert "RED" in office.daemon.ctl("board", "安民街道").stdout
    before = office.daemon.json("board", "--at", "2020-01-01 00:00")
    before = before[0] if isinstance(before[0], list) else before
    assert [before[0][x] for x in ("red", "yellow", "blue", "green")] == [0, 0, 0, 0]
    assert office.daemon.ctl("board", "没有这里", check=False).returncode == 1
    assert office.daemon.ctl("board", "--at", "sometime", check=False).returncode not in (0, 1)


def test_the_town_is_in_order(office):
    office.handled()
    assert office.rows("select * from hailan.inbox_stuck") == []
    assert office.rows("select number from hailan.case_now k where k.light is distinct from hailan.case_light_at(k.number, '2100-01-01')") == []
