# SPDX-License-Identifier: BSD-2-Clause
"""One conversation as data, to be held with any SMSC.

A step is (do, who, …):
  say       who, text, how     a resident writes; how: a way of sending (below); it must be acknowledged with 0
  hear      who, pattern       the next message to who fits; its named groups are kept, $name stands for them
  read      who, pattern       some message to who, old or new, fits (for those who get notices)
  nothing   who                nobody has written to who since the last hear
Ways of sending: single, udh8, udh16, sar, payload, each with an order of the parts; gb18030, cp949: a coding.
"""

ASKER = "+8615600000001"
KOREAN = "+8613804330001"  # contrib/demo: 3-2-501, Korean
ELDER = "+8613804330002"  # 5-1-202
WISHER = "+8613804330003"
WRITER = "+8615600000002"
ABROAD = "+8615600000003"
QUIET = "+8615600000004"
WORKER_1 = "+8613904330011"
WORKER_2 = "+8613904330012"
SERVICE = "10086"

LONG = (
    "我反映一个事就是我们这个楼后面那个道啊坑坑洼洼的一下雨就存水老人都没法走你们能不能给修一修"
    "我们是龙池社区的在七号楼后面那条道从去年秋天就这样了报了好几回也没有人来看一看孩子上学也得从那儿走"
    "天黑了又没有路灯昨天老张头就在那儿摔了一跤现在还在家里躺着呢求求你们快点派个人来看看吧谢谢了"
)

STEPS = [
    ("say", ASKER, "天图社区3号楼楼道灯坏了"),
    ("hear", ASKER, r"(?P<light>\d{5,})"),
    ("read", WORKER_1, r"$light"),
    ("say", ASKER, "天图社区3号楼楼道灯坏了"),
    ("nothing", ASKER),
    ("say", KOREAN, "하수도막혓어요냄새나서못살겟어요"),
    ("hear", KOREAN, r"(?s)(?P<sewer>\d{5,}).*[가-힣]"),
    ("read", WORKER_1, r"$sewer"),
    ("say", ELDER, "楼道里煤气味特别大 我害怕"),
    ("hear", ELDER, r"(?s)(?=.*11[09])(?=.*?(?P<gas>\d{5,}))"),
    ("read", WORKER_2, r"$gas"),
    ("say", WISHER, "这条小道杂草太多，能清理一下就好了"),
    ("hear", WISHER, r"(?P<wish>\d{5,})"),
    ("say", ASKER, "楼道灯的事修好了没有？"),
    ("hear", ASKER, r"$light"),
    ("say", ASKER, "$light"),
    ("hear", ASKER, r"$light"),
    ("say", WRITER, LONG, {"mode": "udh8", "order": [3, 1, 2]}),
    ("hear", WRITER, r"\d{5,}"),
    ("say", WRITER, LONG.replace("七号楼", "八号楼"), {"mode": "udh16", "order": [2, 3, 1]}),
    ("hear", WRITER, r"\d{5,}"),
    ("say", WRITER, LONG.replace("七号楼", "九号楼"), {"mode": "sar", "order": [3, 2, 1]}),
    ("hear", WRITER, r"\d{5,}"),
    ("say", WRITER, LONG.replace("七号楼", "十号楼"), {"mode": "payload"}),
    ("hear", WRITER, r"\d{5,}"),
    ("say", ABROAD, "룡문사회구역 앞길 가로등이 안켜집니다 똠", {"coding": "cp949"}),
    ("hear", ABROAD, r"(?s)\d{5,}.*[가-힣]"),
    ("say", ABROAD, "龙门社区5号楼井盖丢了", {"coding": "gb18030"}),
    ("hear", ABROAD, r"\d{5,}"),
    ("say", QUIET, "ＴＤ"),
    ("hear", QUIET, r"."),
    ("say", SERVICE, "您的话费余额不足10元，请及时充值。"),
    ("nothing", SERVICE),
]


def hold(smsc, steps=STEPS):
    """smsc has say(who, text, how), messages(who) → the texts that have come, and settle(), which returns when
    everything said has been dealt with. Returns what the groups caught."""
    import re
    import string

    import hailan_testing as ht

    caught, seen = {}, {}

    def filled(text):
        return string.Template(text).safe_substitute(caught)

    for step in steps:
        do, who = step[:2]
        if do == "say":
            smsc.say(who, filled(step[2]), step[3] if len(step) > 3 else {})
        elif do == "nothing":
            smsc.settle()
            new = smsc.messages(who)[seen.get(who, 0):]
            assert not new, f"{step}: came {new}"
        else:
            pattern = re.compile(filled(step[2]))
            since = seen.get(who, 0) if do == "hear" else 0

            def found():
                for i, text in enumerate(smsc.messages(who)):
                    match = pattern.search(text) if i >= since else None
                    if match:
                        return i, match
                return None
            i, match = ht.until(f"{step}", found, shown=lambda: smsc.messages(who)[since:])
            caught.update(match.groupdict())
            if do == "hear":
                seen[who] = i + 1
    return caught
