# SPDX-License-Identifier: BSD-2-Clause
"""The numbers for Prometheus: what they count, that they outlive processes, and that no client does harm."""

import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

import hailan_testing as ht
from exposition import Page, parse

LATE = 60


def listen(port):
    return f'metrics {{ listen = "127.0.0.1:{port}" }}'


def get(port, path="/metrics", method="GET", timeout=LATE):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return answer, answer.read().decode()


def page(port):
    answer, text = get(port)
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Page(text)


def until_page(port, what, condition):
    def ask():
        try:
            found = page(port)
        except (OSError, urllib.error.URLError):
            return None
        return found if condition(found) else None

    return ht.until(what, ask, timeout=LATE, step=0.2)


@pytest.fixture(scope="module")
def port():
    return ht.free_port()


@pytest.fixture(scope="module")
def town(make_module_town, port):
    town = make_module_town(extra=listen(port)).start()
    until_page(port, "the page", lambda p: p("role_up", role="clerk:1") == 1 and p("role_up", role="metrics:1") == 1)
    return town


def test_what_a_report_counts(town, port):
    before = page(port)
    for i in range(5):
        town.smsc.text(f"+861370000010{i}", f"天图社区{i + 1}号楼楼道灯坏了")
    town.handled()
    def settled(p):
        """Numbers that belong together are read one after the other: they agree when nothing moves."""
        return (p("messages_sent_total", role="channel:sms", outcome="ok") - before("messages_sent_total", role="channel:sms", outcome="ok") >= 5
                and p("reports_total", outcome="stored") - before("reports_total", outcome="stored") == 5
                and p("messages_filed_total", verdict="case") == 5
                and p("report_stored_seconds_count") == p("reports_total", outcome="stored") + p("reports_total", outcome="duplicate")
                and p("message_filed_seconds_count") == p("messages_filed_total")
                and p("report_commit_seconds_count") == p("report_batches_total") >= 1
                and p("message_response_seconds_count") == p("messages_sent_total", outcome="ok")
                and p("link_up", role="channel:sms", link="a") == 1 and p("intake_open", role="channel:sms") == 1 and p("alarms", role="channel:sms") == 0
                and p("clerk_lanes", role="clerk:1") == 64)

    now = until_page(port, "numbers that agree", settled)
    assert {role for (name, labels) in now for key, role in labels if key == "role"} == {"supervisor:1", "clerk:1", "timekeeper:1", "channel:sms", "metrics:1"}
    assert now("build_info") == 1 and now("scrapes_total") >= 2


def test_the_manual_knows_every_number(town, port):
    answer, text = get(port)
    manual = (ht.SOURCE / "daemon/hailand.8").read_text()
    for name in re.findall("# HELP (\\S+) ", text):
        assert f".It Li {name}\n" in manual, name


def test_the_queues_and_the_database(town, port):
    rows = town.rows("select light, count(*) from hailan.case_now where light <> 'green' group by 1")
    now = until_page(port, "the queues", lambda p: p("cases_open") == sum(row[1] for row in rows))
    assert all(now("cases_open", light=row[0]) == row[1] for row in rows)
    assert now("inbox_waiting") == now("inbox_stuck") == now("timers_overdue") == 0
    assert now("outbox_waiting", channel="sms") >= 0
    assert now("database_up", role="clerk:1") == now("database_up", role="channel:sms") == now("database_up", role="timekeeper:1") == 1


def test_counters_outlive_a_process(town, port):
    before = until_page(port, "some", lambda p: p("messages_filed_total") >= 1)
    town.daemon.kill_children("clerk:1")
    town.daemon.kill_children("metrics:1")
    after = until_page(port, "both are back", lambda p: p("role_restarts_total", role="clerk:1") == 1 and p("role_up", role="clerk:1") == 1)
    assert after("messages_filed_total") == before("messages_filed_total")
    assert after("reports_total") == before("reports_total")
    town.smsc.text("+8613700000109", "文化社区井盖丢了")
    until_page(port, "counts on", lambda p: p("messages_filed_total") == before("messages_filed_total") + 1)


@pytest.mark.parametrize("path, method, code", [("/", "GET", 404), ("/metrics/x", "GET", 404), ("/metrics", "POST", None), ("/metrics", "DELETE", None)])
def test_only_one_page(town, port, path, method, code):
    with pytest.raises((urllib.error.HTTPError, OSError)) as error:
        get(port, path, method)
    if code:
        assert error.value.code == code


def test_head(town, port):
    answer, text = get(port, method="HEAD")
    assert answer.status == 200 and text == ""


def exporter(town):
    return next(pid for pid, role in town.daemon.children().items() if role == "metrics:1")


def connect(port):
    s = socket.create_connection(("127.0.0.1", port), timeout=LATE)
    s.settimeout(LATE)
    return s


def ended(s):
    """Read until the other side has ended it."""
    text = b""
    try:
        while piece := s.recv(65536):
            text += piece
    except ConnectionResetError:
        pass
    return text


def test_hostile_requests(town, port):
    pid = exporter(town)
    for request in (b"GET /metrics HTTP/1.1\r\nX: " + b"a" * 100000 + b"\r\n\r\n", b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
                    b"X: y\r\n" * 20000, b"\0" * 50000, b"\r\n" * 5000, b"GET\r\n\r\n", b"POST /metrics HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
                    b"POST /metrics HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000000, b"GET /metrics HTTP/9.9\r\n\r\n", b"\xff\xfe\xfd"):
        with connect(port) as s:
            try:
                s.sendall(request)
                s.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            assert b"hailan_build_info" not in ended(s) or b"HTTP/9.9" in request
    page(port)
    assert exporter(town) == pid, "it has not ended meanwhile"


def test_a_slow_client_is_ended(town, port):
    with connect(port) as s:
        s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: ")
        begin = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() < begin + LATE:
                s.sendall(b"a")
                time.sleep(0.25)
                s.setblocking(False)
                try:
                    if s.recv(10) == b"":
                        raise ConnectionResetError
                except BlockingIOError:
                    pass
                s.settimeout(LATE)
        assert time.monotonic() < begin + LATE, "a byte now and then does not keep a connection"
    page(port)


def test_many_connections(town, port):
    pid = exporter(town)
    crowd = [connect(port) for _ in range(60)]
    try:
        until_page(port, "an answer beside sixty that say nothing", lambda p: True)
        files = len(os.listdir(f"/proc/{pid}/fd"))
        assert files < 64, f"{files} files are open"
        assert all(ended(s) == b"" or True for s in crowd), "all are ended in the end"
    finally:
        for s in crowd:
            s.close()
    assert exporter(town) == pid


def test_another_address_by_reload(town, port):
    other = ht.free_port()
    text = town.daemon.config.read_text()
    filed = page(port)("messages_filed_total")
    town.daemon.config.write_text(text.replace(f":{port}", f":{other}"))
    town.daemon.ctl("reload")
    now = until_page(other, "the new address", lambda p: p("role_up", role="metrics:1") == 1)
    assert now("messages_filed_total") >= filed
    town.daemon.config.write_text(re.sub(r"metrics \{.*\}", "", text))
    town.daemon.ctl("reload")
    ht.until("it is gone", lambda: "metrics:1" not in town.daemon.children().values(), timeout=LATE)
    with pytest.raises(OSError):
        get(other)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        town.daemon.allowed_errors.append("cannot listen on")
        town.daemon.config.write_text(text.replace(f":{port}", f":{taken.getsockname()[1]}"))
        town.daemon.ctl("reload")
        ht.until("the address is taken", lambda: "cannot listen on" in town.daemon.log(), timeout=LATE)
        town.smsc.text("+8613700000119", "三号楼楼道灯坏了")
        town.handled()
    town.daemon.config.write_text(text)
    town.daemon.ctl("reload")
    until_page(port, "the first again", lambda p: p("messages_filed_total") >= filed)


def test_when_the_database_is_away(town, port):
    town.daemon.allowed_errors.append(".")
    town.cluster.stop()
    try:
        until_page(port, "it is away for all", lambda p: all(p("database_up", role=role) == 0 for role in ("clerk:1", "channel:sms", "timekeeper:1")))
    finally:
        town.cluster.start()
    until_page(port, "and back", lambda p: all(p("database_up", role=role) == 1 for role in ("clerk:1", "channel:sms", "timekeeper:1")))


@pytest.mark.parametrize("text, fine", [
    ("127.0.0.1:9464", True), ("9464", True), ("[::1]:9464", True), ("0.0.0.0:9464", True), ("", True),
    ("127.0.0.1", False), ("localhost:9464", False), ("127.0.0.1:0", False), ("127.0.0.1:65536", False), ("::1:9464", False), ("1.2.3:80", False),
    ("127.0.0.1:94x", False), (":9464", False), ("[127.0.0.1]:80", False), ("[::1]", False), ("999999", False),
])
def test_the_setting_is_checked(tmp_path, text, fine):
    config = tmp_path / "hailand.conf"
    config.write_text(f'metrics {{\n\tlisten = "{text}"\n}}\n')
    done = subprocess.run([ht.BUILD / "sbin/hailand", "-t", "-f", config], capture_output=True, text=True, timeout=60)
    assert done.returncode == (0 if fine else 78), done.stdout
    if not fine:
        assert f"{config}:2: " in done.stdout and "expected an address and a port like 127.0.0.1:9464" in done.stdout


def test_by_hand_there_is_nothing_to_show(tmp_path):
    config = tmp_path / "hailand.conf"
    config.write_text(f'metrics {{ listen = "{ht.free_port()}" }}\n')
    done = subprocess.run([ht.BUILD / "sbin/hailand", "--role", "metrics:1", "-f", config], capture_output=True, text=True, timeout=60)
    assert done.returncode == 69 and "no metrics without a supervisor" in done.stderr


@pytest.mark.parametrize("wrong", [
    "a 1", "# TYPE a counter\na 1\n", "# HELP a b\n# TYPE a gauge\na{x=1} 1\n", '# HELP a b\n# TYPE a gauge\na{x="\\d"} 1\n',
    "# HELP a b\n# TYPE a gauge\na 1\na 1\n", "# HELP a b\n# TYPE a gauge\n# HELP a c\na 1\n", "# HELP a b\n# TYPE a counter\na 1\n",
    '# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n',
    '# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n',
    "# HELP a b\n# TYPE a gauge\na 1\n# HELP c b\n# TYPE c gauge\nc 1\na{x=\"1\"} 1\n",
])
def test_the_reader_is_strict(wrong):
    with pytest.raises(AssertionError):
        parse(wrong)
