# SPDX-License-Identifier: BSD-2-Clause
"""Who is responsible, by rules that an administrator imports."""

import hailan_testing as ht
import texts


def holder(town, text):
    phone = ht.phone()
    town.smsc.text(phone, text)
    texts.check_reply(town.smsc.expect(phone, timeout=60))
    return town.unit(town.one_case(phone)["unit_id"])["name_zh"]


def test_estates_without_a_property_company(town):
    """天图小区 has none, 六道河花园 has one; what is not known of a building leaves the rule out."""
    usual = holder(town, "天图社区3号楼楼道灯坏了")
    file = town.folder / "routing.csv"
    file.write_text("category,has_property,level\nstreetlight,no,street\n")
    assert town.daemon.ctl("import", "routing", file).stdout == "1 routing imported\n"
    ht.until("the new rule", lambda: holder(town, "天图社区3号楼楼道灯坏了") == "安民", timeout=60, step=0.5)
    assert holder(town, "六道河社区6号楼楼道灯坏了") == usual
    assert holder(town, "天图社区9号楼楼道灯坏了") == usual
