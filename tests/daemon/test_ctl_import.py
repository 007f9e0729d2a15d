# SPDX-License-Identifier: BSD-2-Clause
"""hailanctl import: good and bad files of every kind; all or nothing."""

import json

import pytest

import hailan_testing as ht

UNITS = """code,level,parent,name_zh,name_ko,aliases,phone
222405001005-01,grid,222405001005,天图社区第一网格,천도사회구역 제1격자,一网格|1网格,0433-3222222
222405001005-02,grid,222405001005,天图社区第二网格,,,
"""
STAFF = """name,unit,level,phone,language,duty
柳春梅,222405001005-01,1,139 0433 0011,zh,yes
허명옥,222405001005,2,+86 139 0433 0012,ko,no
"""
VOLUNTEERS = """name,phone,organisation,community,language
石磊,13704330031,人民检察院,222405001005,zh
"""
HOUSEHOLDS = """community,grid,estate,building,entrance,floor,room,flags,property
222405001005,222405001005-01,天图小区,3,2,5,501,elderly|alone,no
222405001005,222405001005-01,天图小区,3,2,5,502,,no
"""
RESIDENTS = """name,phone,language,born,community,building,entrance,room,flags
许贞淑,138 0433 0001|0433-3222222,ko,1944-03-02,222405001005,3,2,501,elderly
许文,13804330001,zh,1970,222405001005,3,2,501,
"""
KEYWORDS = """pattern,category,weight,language
阴阳怪气的井盖,manhole,3,zh
"""
CATEGORIES = """code,kind,name_zh,name_ko,urgent,department
test_category,case,测试类,시험,no,住房和城乡建设局
"""
ROUTING = """category,area,has_property,rural,priority,unit,level
manhole,222405001005,,,5,住房和城乡建设局,
,222405001005,yes,no,,,street
"""

GOOD = [
    ("units", UNITS, "select count(*) from hailan.unit where code like '222405001005-0%%'", 2),
    ("staff", STAFF, "select count(*) from hailan.staff", 2),
    ("volunteers", VOLUNTEERS, "select count(*) from hailan.volunteer", 1),
    ("allies", "community,unit,organisation\n222405001005,,人民检察院\n222405001005,农业农村局,\n",
     "select count(*) from hailan.ally a join hailan.unit u on u.id = a.community_id where u.code = '222405001005'", 2),
    ("households", HOUSEHOLDS, "select count(*) from hailan.household", 2),
    ("residents", RESIDENTS, "select count(*) from hailan.resident", 2),
    ("categories", CATEGORIES, "select count(*) from hailan.category where code = 'test_category'", 1),
    ("keywords", KEYWORDS, "select count(*) from hailan.keyword where pattern like '阴阳怪气%%'", 1),
    ("routing", ROUTING, "select count(*) from hailan.routing r join hailan.unit a on a.id = r.area_id where a.code = '222405001005'", 2),
]


@pytest.fixture(scope="module")
def load(cluster, folder):
    def load(kind, text, *arguments, encoding="utf-8"):
        file = folder / f"{kind}.csv"
        file.write_bytes(text.encode(encoding))
        return ht.ctl("-d", cluster.conninfo_for(), "import", kind, file, *arguments)

    return load


@pytest.fixture(scope="module")
def loaded(cluster, load):
    for kind, text, count, expected in GOOD:
        before = cluster.value(count)
        dry = load(kind, text, "--dry-run")
        assert dry.returncode == 0, dry.stderr
        assert cluster.value(count) == before
        done = load(kind, text)
        assert done.returncode == 0, (kind, done.stderr)
        assert done.stdout == f"{text.count(chr(10)) - 1} {kind} imported\n"
        assert cluster.value(count) - before == expected, kind
    return load


def test_every_kind_twice(cluster, loaded):
    for kind, text, count, expected in GOOD:
        before = cluster.value(count)
        again = loaded(kind, text)
        assert again.returncode == 0, (kind, again.stderr)
        assert cluster.value(count) == before, kind


def test_a_rule_takes_the_place_of_the_one_with_its_conditions(cluster, loaded):
    header = ROUTING.splitlines()[0]
    assert loaded("routing", f"{header}\nmanhole,222405001005,,,7,,community\n").returncode == 0
    rows = cluster.rows("select r.priority, r.unit_id, r.level from hailan.routing r join hailan.unit a on a.id = r.area_id"
                        " where r.category = 'manhole' and a.code = '222405001005'")
    assert [tuple(r) for r in rows] == [(7, None, "community")]
    assert loaded("routing", ROUTING).returncode == 0


def test_a_phone_is_shared(cluster, loaded):
    names = cluster.rows(
        "select p.name from hailan.phone h join hailan.person p on p.id = h.person_id"
        " where h.number = '+8613804330001' order by p.name"
    )
    assert [r[0] for r in names] == ["许文", "许贞淑"]
    assert cluster.value("select count(*) from hailan.phone where number = '+864333222222'") >= 1


BAD = [
    ("units", "x-1,nonsense,222405001005,名,,,\n", 2, 'level "nonsense" is none of'),
    ("units", "x-1,grid,222405001005,名,,,\nx-2,grid,no-such-unit,名,,,\n", 3, "no-such-unit"),
    ("units", ",grid,222405001005,名,,,\n", 2, "code is empty"),
    ("staff", "某,222405001005,1,10086,zh,yes\n", 2, 'phone "10086"'),
    ("staff", "某,222405001005,1,0433-3222222,zh,yes\n", 2, "landline"),
    ("staff", "某,222405001005,5,13904330099,zh,yes\n", 2, 'level "5"'),
    ("staff", "某,no-such-unit,1,13904330099,zh,yes\n", 2, "no-such-unit"),
    ("volunteers", "某,1370433003,,,zh\n", 2, 'phone "1370433003"'),
    ("volunteers", "某,13704330099,,no-such-unit,zh\n", 2, "no-such-unit"),
    ("allies", "222405001005,,\n", 2, "a unit, an organisation or both"),
    ("allies", "no-such-unit,,院\n", 2, "there is no community or village no-such-unit"),
    ("households", "222405001005,,,3,1,high,999,,no\n", 2, 'floor "high"'),
    ("households", "no-such-unit,,,3,1,1,999,,no\n", 2, "no-such-unit"),
    ("residents", "某,13804330099,ru,1948,222405001005,3,2,501,\n", 2, 'language "ru"'),
    ("residents", "某,13804330099,zh,1948-13-01,222405001005,3,2,501,\n", 2, 'born "1948-13-01"'),
    ("residents", "某,13804330099,zh,1948,222405001005,3,2,9999,\n", 2, "no such household"),
    ("keywords", "词,no_such_category,3,zh\n", 2, "no_such_category"),
    ("keywords", "词,manhole,0,zh\n", 2, 'weight "0"'),
    ("categories", "Code!,case,名,,no,\n", 2, "Code!"),
    ("routing", "no_such,,,,,,community\n", 2, "there is no category no_such"),
    ("routing", "manhole,,,,,,community\nmanhole,no-such-unit,,,,,community\n", 3, "area: there is no unit no-such-unit"),
    ("routing", "manhole,,,,,不存在的局,\n", 2, "unit: there is no unit 不存在的局"),
    ("routing", "manhole,,,,,,\n", 2, "a unit or a level"),
    ("routing", "manhole,,,,,住房和城乡建设局,community\n", 2, "a unit or a level"),
    ("routing", "manhole,,,,,,department\n", 2, 'level "department" is none of'),
    ("routing", "manhole,,perhaps,,,,community\n", 2, 'has_property "perhaps"'),
    ("routing", "manhole,,,,5000,,community\n", 2, 'priority "5000"'),
    ("routing", "manhole,,yes,,1,,community\nmanhole,,yes,,2,,street\n", 3, "the same conditions stand on line 2"),
]


@pytest.mark.parametrize("kind, rows, line, words", BAD, ids=lambda v: str(v)[:20])
def test_bad_rows(cluster, loaded, kind, rows, line, words):
    header = dict((k, t) for k, t, _, _ in GOOD)[kind].splitlines()[0] + "\n"
    count = next(c for k, _, c, _ in GOOD if k == kind)
    tables = ["unit", "staff", "volunteer", "household", "resident", "person", "phone", "keyword", "category", "routing"]
    before = [cluster.value(f"select count(*) from hailan.{t}") for t in tables]
    done = loaded(kind, header + rows)
    assert done.returncode == 1, done.stdout
    assert f"{kind}.csv:{line}: " in done.stderr and words in done.stderr
    assert "nothing was imported" in done.stderr
    assert [cluster.value(f"select count(*) from hailan.{t}") for t in tables] == before, count


def test_all_or_nothing_with_every_reason(cluster, loaded):
    text = "pattern,category,weight,language\n好词一,manhole,3,zh\n,manhole,3,zh\n好词二,manhole,x,fr\n"
    answer = json.loads(loaded("keywords", text, "--json").stdout)
    assert answer["ok"] is False and answer["imported"] == 0
    assert [r["line"] for r in answer["refused"]] == [3, 4, 4]
    assert cluster.value("select count(*) from hailan.keyword where pattern like '好词%%'") == 0


def test_header(loaded):
    done = loaded("keywords", "patern,category,weight\nx,manhole,1\n")
    assert done.returncode == 1
    assert 'keywords.csv:1: there is no column "patern"; the columns of keywords are pattern*' in done.stderr
    done = loaded("keywords", "weight,pattern\n1,x\n")
    assert 'lacks the column "category"' in done.stderr
    assert loaded("keywords", "").returncode == 1
    assert loaded("keywords", "pattern,category,weight\n").returncode == 1


@pytest.mark.parametrize("encoding", ["gb18030", "gb2312", "gbk"])
def test_encodings_and_line_ends(cluster, loaded, encoding):
    pattern = f"编码试验{encoding}"
    text = f'language,"weight",pattern,category\r\nzh,2,"{pattern}",manhole\r\n'
    assert loaded("keywords", text, encoding=encoding).returncode == 65
    done = loaded("keywords", text, "--encoding", encoding.upper(), encoding=encoding)
    assert done.returncode == 0, done.stderr
    assert cluster.value(f"select weight from hailan.keyword where pattern = '{pattern}'") == 2


def test_byte_order_mark(loaded):
    assert loaded("keywords", "pattern,category,weight\n带标记的词,manhole,2\n", encoding="utf-8-sig").returncode == 0


def test_many_rows(cluster, loaded):
    rows = "".join(f"222405001005,,,{b},{e},{f},{f}{r:02},,no\n"
                   for b in range(20, 40) for e in range(1, 5) for f in range(1, 7) for r in range(1, 11))
    done = loaded("households", HOUSEHOLDS.splitlines()[0] + "\n" + rows)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "4800 households imported\n"
