# SPDX-License-Identifier: BSD-2-Clause
"""hailanctl stats: figures of a month as table, JSON, CSV and a page; what they count is tests/sql/stats*.sql."""

import csv
import io
import json
import os
import pty
import subprocess
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

import hailan_testing as ht

# Four cases of November, of which three are taken in time and two done on time.
STORY = """
insert into hailan.category (code, kind, name_zh, name_ko) values ('odd', 'case', '<怪>, "&"', '기타');
create function pg_temp.go(p_number int8, p_category text, p_filed timestamptz, p_taken interval, p_done interval) returns void language plpgsql as $$
declare
    v_unit int4 := (select id from hailan.unit where name_zh = '农业农村局');
    s record;
begin
    insert into hailan."case" (number, city, filed_at, unit_id, place_id, category, channel, phone, language, text)
    values (p_number, 222405, p_filed, v_unit, (select id from hailan.unit where code = '222405001005'), p_category, 'sms', '+8613700000001', 'zh', '有人把死猪堆在空地上');
    for s in select * from (values (0, 'filed', null, 'filed', interval '0'), (1, 'accept', 'filed', 'received', p_taken), (2, 'done', 'received', 'done_claimed', p_done)) v (n, action, was, became, after) where after is not null loop
        insert into hailan.case_event (id, city, case_number, at, unit_id, from_state, to_state, action, channel)
        values (hailan.make_id(p_filed + s.after, nextval('hailan.event_seq')), 222405, p_number, p_filed + s.after, v_unit, s.was::hailan.case_state, s.became::hailan.case_state, s.action, 'sms');
    end loop;
end $$;
select pg_temp.go(20020, 'carcass', '2026-11-02 08:00+08', '2 hours', '1 day');
select pg_temp.go(20033, 'carcass', '2026-11-03 08:00+08', '3 hours', '2 days');
select pg_temp.go(20046, 'odd', '2026-11-04 08:00+08', '4 hours', '5 days');
select pg_temp.go(20059, 'odd', '2026-11-05 08:00+08', null, null);
"""
MONTH = ("--month", "2026-11")


@pytest.fixture(scope="module")
def town(cluster):
    cluster.value("select 1")
    with cluster.connect() as connection, connection.cursor() as cursor:
        cursor.execute(STORY)
    return cluster


def stats(town, *arguments, check=True):
    return ht.ctl("-d", town.conninfo_for(), "stats", *arguments, check=check)


def on_a_terminal(town, *arguments):
    ours, theirs = pty.openpty()
    process = subprocess.Popen([str(ht.HAILANCTL), "-d", town.conninfo_for(), "stats", *arguments], stdout=theirs, stderr=subprocess.PIPE)
    os.close(theirs)
    text = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        text += piece
    os.close(ours)
    assert process.wait(60) == 0, process.stderr.read()
    return text.decode()


def test_the_month_as_lines(town):
    text = stats(town, *MONTH).stdout
    lines = {line[:24].strip(): line[24:].split() for line in text.splitlines()[3:]}
    assert text.startswith("龙井市, 2026-11-01 00:00 to 2026-12-01 00:00")
    assert lines["requests"] == ["4"]
    assert lines["received in time"] == ["75.0", "%", "3", "of", "4"]
    assert lines["finished on time"] == ["50.0", "%", "2", "of", "4"]
    assert lines["finished within 3 days"] == ["66.7", "%", "2", "of", "3"]
    assert lines["reporter says solved"] == ["—", "0", "of", "0"], "a share of nothing is no number"
    assert "█" not in text, "pictures are for terminals"


def test_pictures_on_a_terminal(town):
    text = on_a_terminal(town, *MONTH)
    on_time = next(line for line in text.splitlines() if line.startswith("finished on time"))
    assert on_time.endswith("██████████··········")
    course = on_a_terminal(town, "--from", "2026-10", "--to", "2026-12", "--by", "month")
    assert any(line.split() == ["ON", "TIME", "·▅"] for line in course.splitlines()), course


def test_json_holds_null_for_a_share_of_nothing(town):
    (row,) = json.loads(stats(town, *MONTH, "--json").stdout)
    assert row["figures"]["on_time_share"] == 0.5 and row["figures"]["satisfied_share"] is None
    assert row["shares"]["received_share"] == {"part": 3, "whole": 4, "text": "75.0 %"}
    names = {figure["name"] for figure in json.loads(stats(town, "--formulas", "--json").stdout)}
    assert set(row["figures"]) == names


def test_by_unit_category_and_month(town):
    units = json.loads(stats(town, *MONTH, "--by", "unit", "--json").stdout)
    assert [(unit["name"], unit["figures"]["requests"]) for unit in units] == [("龙井市", 4), ("农业农村局", 4)]
    table = stats(town, *MONTH, "--by", "category").stdout.splitlines()
    assert "50.0 % of 2" not in table[1] and len(table) == 3
    area = json.loads(stats(town, *MONTH, "--by", "unit", "--unit", "安民街道", "--area", "--json").stdout)
    assert [unit["figures"]["requests"] for unit in area] == [4, 4]
    months = json.loads(stats(town, "--by", "month", "--from", "2026-10", "--to", "2027-01", "--json").stdout)
    assert [(month["key"], month["figures"]["requests"]) for month in months] == [("2026-10", 0), ("2026-11", 4), ("2026-12", 0)]


def test_csv_is_read_by_others(town):
    done = stats(town, *MONTH, "--by", "category", "--csv")
    assert done.stdout.startswith("\ufeff")
    rows = {row["key"]: row for row in csv.DictReader(io.StringIO(done.stdout.lstrip("\ufeff"), newline=""))}
    assert rows["odd"]["name"] == '<怪>, "&"'
    assert rows["carcass"]["on_time_share"] == "100.0 %" and rows["carcass"]["on_time_share_of"] == "2"
    assert rows["odd"]["satisfied_share"] == "—"


@pytest.mark.parametrize("arguments, words", [
    (("--by", "colour"), "unit|category|month|channel"),
    (("--by", "mont"), "unit|category|month|channel"),
    (("--month", "2026-13"), "2026-13"),
    (("--from", "yesterdayish"), "yesterdayish"),
    (("--from", "2026-12", "--to", "2026-11"), "ends"),
    (("--month", "2026-11", "--to", "2026-12"), "by itself"),
    (("--csv", "--html", "-"), "one of"),
    (("--html", "-", "--by", "unit"), "every --by"),
])
def test_what_is_no_period_is_refused(town, arguments, words):
    done = stats(town, *arguments, check=False)
    assert done.returncode == 64 and words in done.stderr


def test_no_such_unit(town):
    done = stats(town, "--unit", "nowhere", check=False)
    assert done.returncode == 1 and "there is no unit nowhere" in done.stderr


class Page(HTMLParser):
    """Everything is closed again, and nothing is fetched or run."""

    VOID = {"meta", "br", "hr", "img", "link", "input"}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.texts, self.tags = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        assert tag not in ("script", "link", "img", "iframe", "object")
        for name, value in attributes:
            assert not name.startswith("on") and name not in ("src", "href"), (tag, name, value)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize("language, words", [(None, "按时办结率"), ("ko", "기한내 처리율"), ("en", "finished on time")])
def test_one_page_of_html(town, tmp_path, language, words):
    path = tmp_path / "月报.html"
    stats(town, *MONTH, "--html", str(path), *(("--language", language) if language else ()))
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert words in page.texts and "龙井市" in "".join(page.texts)
    assert '<怪>, "&"' in page.texts, "a name is a name and no markup"
    assert page.texts.count("50.0 %") >= 2
    for piece in text.split("<svg")[1:]:
        ET.fromstring("<svg" + piece.split("</svg>")[0] + "</svg>")
    assert page.tags.count("circle") >= 3, "November's shares are points in the picture"
    assert list(tmp_path.iterdir()) == [path]


def test_a_page_that_cannot_be_written(town, tmp_path):
    done = stats(town, *MONTH, "--html", str(tmp_path / "no" / "page.html"), check=False)
    assert done.returncode == 73 and "cannot write" in done.stderr
