"""Which of several records of one view is used."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from habitat.domain.scene import SceneItem, resolve_duplicates

ITEM = SceneItem(
    item_id="a",
    acquired=datetime(2024, 4, 1, 2, 30, tzinfo=UTC),
    mission="S2A",
    datatake="GS2A_1",
    mgrs_tile="52TFN",
    baseline="05.10",
    bounds=(0.0, 0.0, 100.0, 100.0),
    assets={},
    checksum="c",
)


def _ids(items):
    return [item.item_id for item in items]


def test_the_newest_baseline_of_a_view_is_used_and_the_other_is_on_record():
    old, new = replace(ITEM, item_id="old", baseline="02.14"), replace(ITEM, item_id="new")
    kept, refused = resolve_duplicates([new, old])
    assert _ids(kept) == ["new"]
    assert [(scene.item_id, scene.reason) for scene in refused] == [("old", "superseded by new")]


def test_the_same_record_twice_is_used_once():
    kept, refused = resolve_duplicates([ITEM, replace(ITEM, item_id="b")])
    assert _ids(kept) == ["b"]
    assert _ids(refused) == ["a"]


def test_both_halves_of_a_split_tile_are_used():
    other = replace(ITEM, item_id="b", bounds=(50.0, 0.0, 150.0, 100.0))
    kept, refused = resolve_duplicates([other, ITEM])
    assert _ids(kept) == ["a", "b"]
    assert refused == []


def test_other_tiles_missions_and_days_are_other_views():
    others = [
        replace(ITEM, item_id="b", mgrs_tile="52TFP"),
        replace(ITEM, item_id="c", mission="S2B"),
        replace(ITEM, item_id="d", datatake="GS2A_2"),
    ]
    kept, refused = resolve_duplicates([ITEM, *others])
    assert len(kept) == 4
    assert refused == []


def test_records_of_unknown_views_are_never_duplicates():
    kept, _ = resolve_duplicates(
        [replace(ITEM, datatake=""), replace(ITEM, datatake="", item_id="b")]
    )
    assert len(kept) == 2


items = st.lists(
    st.builds(
        lambda i, take, base, box: replace(
            ITEM, item_id=f"i{i}", datatake=take, baseline=base, bounds=(box, 0.0, box + 1, 1.0)
        ),
        st.integers(0, 50),
        st.sampled_from(["", "t1", "t2"]),
        st.sampled_from(["", "02.14", "05.10"]),
        st.sampled_from([0.0, 10.0]),
    ),
    unique_by=lambda item: item.item_id,
    max_size=8,
)


@given(items, st.randoms())
def test_the_order_of_the_records_does_not_matter_and_none_is_lost(records, random):
    kept, refused = resolve_duplicates(records)
    assert sorted([*_ids(kept), *_ids(refused)]) == sorted(_ids(records))
    shuffled = list(records)
    random.shuffle(shuffled)
    assert resolve_duplicates(shuffled) == (kept, refused)
