# SPDX-License-Identifier: BSD-2-Clause
"""Memory stays flat, however many messages go through. Without sanitizers: they keep what is freed."""

import time

import pytest

import hailan_testing as ht

COUNT = 1_000_000 if ht.NIGHTLY else 20_000
PIECES = 10
TEXTS = [
    "天图社区3号楼楼道灯坏了", "天图社区5号楼垃圾没人拉", "下水道堵了 河西社区四号楼", "하수도막혓어요냄새나서못살겟어요", "楼道里煤气味特别大 我害怕",
    "这条小道杂草太多，能清理一下就好了", "嗯那个你们看着办吧", "谢谢，灯修好了", "천도사회구역 3동 2단원 앞 맨홀뚜껑이 없어졌습니다",
]
# What a process may grow by between the first tenth, when its caches are warm, and the end.
ROOM_KIB = 3 * 1024


@pytest.mark.skipif(not (ht.FAST / "sbin/hailand").exists(), reason="HAILAN_FAST names no build without sanitizers")
def test_flat(make_town):
    town = make_town(build=ht.FAST, smsc_settings={"window": 500, "receipt": "tlv", "remember": 1000}, log_level="warning",
                     link_options="submit_window = 100")
    town.start()
    seen = []
    for piece in range(PIECES):
        count = COUNT // PIECES
        town.smsc.do("burst", count=count, first=f"+8617{piece}00000000", texts=TEXTS, number=False,
                     wait=count / 100 * ht.SLOW + 60, timeout=count / 100 * ht.SLOW + 120)
        ht.until("the clerk", lambda: town.waiting() == 0, timeout=count / 100 + 60, step=0.2, shown=town.waiting)
        ht.until("an empty outbox", lambda: town.cluster.value("select count(*) from hailan.outbox_waiting where not_before <= now()") == 0,
                 timeout=count / 50 + 60, step=0.2, shown=lambda: town.cluster.value("select count(*) from hailan.outbox_waiting"))
        time.sleep(0.5)
        seen.append(town.daemon.rss())
        print(f"after {(piece + 1) * count}: {seen[-1]} KiB", flush=True)      # pytest -s shows it
    assert town.cluster.value("select count(*) from hailan.inbox") == COUNT
    for role in seen[0]:
        line = [s.get(role) for s in seen]
        assert None not in line, f"{role} was started anew: {line}"
        assert line[-1] - line[1] < ROOM_KIB, f"{role} grows: {line} KiB"
