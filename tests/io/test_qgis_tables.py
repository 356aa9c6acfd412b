import xml.etree.ElementTree as ET

import pytest

from habitat.io.release.qgis_tables import table_qml


def parsed(name):
    return ET.fromstring(table_qml(name).split("\n", 1)[1])


@pytest.mark.parametrize("name", ["cells", "habitat", "occupancy"])
def test_a_table_style_has_a_hatched_rule_for_not_observed(name):
    root = parsed(name)
    rule = next(r for r in root.iter("rule") if r.get("label") == "not observed")
    symbol = root.find(f".//symbol[@name='{rule.get('symbol')}']")
    styles = [o.get("value") for o in symbol.iterfind(".//Option[@name='style']")]
    assert styles == ["solid", "b_diagonal"]
    assert rule.get("filter").endswith("IS NULL")


@pytest.mark.parametrize("value", [-1.0, -0.2, -0.05, -0.02, 0.0, 0.02, 0.1, 0.15, 0.2, 1.0])
def test_every_change_falls_in_exactly_one_class(value):
    rules = [r.get("filter") for r in parsed("habitat").iter("rule")]
    classes = [f for f in rules if ">" in f or "<" in f]
    assert len(classes) == 7
    assert sum(_holds(f, value) for f in classes) == 1


def _holds(condition, value):
    for term in condition.split(" AND "):
        _, sign, bound = term.rsplit(" ", 2)
        if not (value > float(bound) if sign == ">" else value <= float(bound)):
            return False
    return True


def test_burns_are_shown_by_confidence():
    renderer = parsed("burns").find("renderer-v2")
    assert renderer.get("attr") == "burn_confidence"
    assert [c.get("value") for c in renderer.iter("category")] == ["A", "B", "C"]


def test_any_other_table_is_shown_too():
    assert [r.get("filter") for r in parsed("places").iter("rule")] == ["ELSE"]
