# SPDX-License-Identifier: BSD-2-Clause
"""A short life of each role and of hailanctl under valgrind: nothing is read that was never written, and nothing is left.
Nightly, because it is twenty times slower; the sanitizers of the usual build do not see what is uninitialised."""

import contextlib
import os
import shutil
import signal
import subprocess

import pytest

import hailan_testing as ht

VALGRIND = shutil.which("valgrind")
COMMAND = [VALGRIND, "-q", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect",
           "--child-silent-after-fork=yes", f"--suppressions={ht.SOURCE}/tests/valgrind.supp"]
LONG = "我反映一个事就是我们这个楼后面那个道啊坑坑洼洼的一下雨就存水老人都没法走你们能不能给修一修我们是龙池社区的在七号楼后面那条道" * 2
TEXTS = [
    "天图社区3号楼楼道灯坏了", "하수도막혓어요냄새나서못살겟어요", "楼道里煤气味特别大 我害怕", "这条小道杂草太多，能清理一下就好了", "嗯那个你们看着办吧",
    "谢谢，灯修好了", "楼道灯的事修好了没有？", "退订", "", "１２３４５", "help", "천도사회구역 3동 2단원 앞 맨홀뚜껑이 없어졌습니다", "📵" * 40,
]
# a length that lies, a body cut short, a header longer than its text, a receipt for nobody
BROKEN = ["0000001000000005", "000000210000000500000000000000010001013133383132333435363738000101", "0000002f0000000500000000000000020001013133380001013132333435004000000008000b0500030102010304054e00"]
WAIT = 300

pytestmark = pytest.mark.skipif(not (ht.NIGHTLY and VALGRIND and (ht.FAST / "sbin/hailand").exists()),
                                reason="nightly, with valgrind and a build without sanitizers (HAILAN_FAST)")


@pytest.fixture(scope="module")
def town(make_module_town):
    return make_module_town(build=ht.FAST).start()


@pytest.fixture
def by_hand(make_town):
    """A town whose roles are started one by one, each under valgrind."""
    # valgrind keeps some descriptors and does not let anybody change the hard limit
    limit = int(subprocess.run([VALGRIND, "-q", "/bin/sh", "-c", "ulimit -Hn"], capture_output=True, text=True, check=True).stdout)
    town = make_town(build=ht.FAST, top=f"open_files = {limit}")
    running = {}

    def start(role):
        log = open(town.folder / f"{role.replace(':', '-')}.valgrind", "wb")
        running[role] = subprocess.Popen([*COMMAND, str(ht.FAST / "sbin/hailand"), "-f", str(town.daemon.config), "--role", role],
                                         stdout=log, stderr=log)
        log.close()

    def bound():
        ht.until("the link", lambda: all(p.poll() is None for p in running.values()) and town.smsc.do("links")["links"][0]["bound"]
                 or ended(), timeout=WAIT)

    def ended():
        for role, p in running.items():
            assert p.poll() is None, f"{role} ended: {said(role)[-3000:]}"

    def said(role):
        return (town.folder / f"{role.replace(':', '-')}.valgrind").read_text(errors="replace")

    def end(role):
        process = running.pop(role)
        process.send_signal(signal.SIGTERM)
        code = process.wait(WAIT)
        found = "\n".join(line for line in said(role).splitlines() if line.startswith("=="))
        assert code == 0 and not found, f"{role} ended with {code}\n{found[:20000]}\n{said(role)[-2000:]}"
    yield town, start, end, bound
    for process in running.values():
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait(WAIT)


def talk(town):
    phones = [ht.phone() for _ in TEXTS]
    for phone, text in zip(phones, TEXTS):
        town.smsc.do("send", **{"from": phone, "text": text, "wait": WAIT}, timeout=WAIT)
    for mode in ("udh8", "udh16", "sar", "payload"):
        town.smsc.do("send", **{"from": phones[0], "text": mode + LONG, "mode": mode, "wait": WAIT}, timeout=WAIT)
    for coding in ("gsm7", "latin1", "utf16le", "gb18030", "cp949"):
        town.smsc.do("send", **{"from": phones[1], "text": "Lampe", "coding": coding, "wait": WAIT}, timeout=WAIT)
    for pdu in BROKEN:
        town.smsc.do("deliver_raw", pdu=pdu, wait=0.5)
    town.smsc.do("wait", bound=1, timeout=WAIT)
    town.smsc.expect(phones[0])
    sent = town.smsc.received(phones[0])[0]["message_ids"][0]
    town.smsc.do("receipt", message_id=sent, receipt_id="123456789")    # nobody knows it
    town.smsc.do("receipt", message_id=sent, state="UNDELIV")
    town.smsc.do("burst", count=300, first="+8617700000000", texts=TEXTS[:6], wait=WAIT, timeout=WAIT)
    town.post(phones[0], "长" * 200)
    ht.until("the clerk", lambda: town.waiting() == 0, timeout=WAIT)
    ht.until("an empty outbox", lambda: not town.cluster.value("select count(*) from hailan.outbox_waiting where not_before <= now()"), timeout=WAIT)
    return phones


def test_roles(by_hand):
    town, start, end, bound = by_hand
    for role in ("channel:sms", "clerk:1", "timekeeper:1"):
        start(role)
    bound()
    talk(town)
    town.cluster.restart()      # the database goes and comes back
    town.smsc.do("send", **{"from": ht.phone(), "text": TEXTS[0], "wait": WAIT}, timeout=WAIT)
    town.smsc.do("cut")
    bound()
    ht.until("the clerk", lambda: town.waiting() == 0, timeout=WAIT)
    for role in ("clerk:1", "timekeeper:1", "channel:sms"):
        end(role)


@pytest.mark.parametrize("arguments", [
    ["case"], ["inbox"], ["inbox", "--stuck"], ["outbox"], ["status"], ["try", TEXTS[0]], ["try", TEXTS[1], "--phone", "13804330001"],
    ["import", "--columns"], ["import", "staff", "contrib/demo/staff.csv", "--dry-run"], ["migrate", "--dry-run"], ["help"], ["help", "case"],
    ["nonsense"], ["case", "--nonsense"], ["case", "20008"], ["case", "--phone", "x"]], ids=" ".join)
@pytest.mark.parametrize("json", [[], ["--json"]], ids=["people", "json"])
def test_hailanctl(town, arguments, json):
    env = {k: v for k, v in os.environ.items() if k != "HAILAN_DATABASE"}
    done = subprocess.run([*COMMAND, str(ht.HAILANCTL).replace(str(ht.BUILD), str(ht.FAST)), arguments[0], "-f", str(town.daemon.config), *arguments[1:], *json],
                          capture_output=True, text=True, timeout=WAIT, env=env, cwd=ht.SOURCE)
    assert done.returncode != 9 and "==" not in done.stderr, done.stderr


@pytest.mark.parametrize("arguments", [["-t"], ["--print-options"], ["--help"], ["-t", "-f", "/nonexistent"], ["--role", "clerk:99"], ["-x"]], ids=" ".join)
def test_hailand(town, arguments):
    done = subprocess.run([*COMMAND, str(ht.FAST / "sbin/hailand"), "-f", str(town.daemon.config), *arguments],
                          capture_output=True, text=True, timeout=WAIT)
    assert done.returncode != 9 and "==" not in done.stderr, done.stderr
