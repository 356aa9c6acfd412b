from habitat.pipeline.ops import GlobalOp, TileOp
from habitat.pipeline.stages import needed_for, plan_stages


def tile(result, needs=(), uses=(), halo_px=0, scenes=()):
    return TileOp(
        result, lambda _: {}, None, needs=needs, uses=uses, halo_px=halo_px, scenes=scenes
    )


def merge(result, partials, uses=()):
    return GlobalOp(result, lambda _: None, None, partials=partials, uses=uses)


def names(stages):
    return [[op.result for op in stage.tile_ops] for stage in stages]


def test_steps_between_two_merges_run_back_to_back():
    ops = [
        tile("a"),
        tile("b", ["a"]),
        tile("p", ["b"]),
        merge("m", ["p"]),
        tile("c", ["a"], ["m"]),
    ]
    stages = plan_stages(ops, ["c"])
    assert names(stages) == [["a", "b", "p"], ["c"]]
    assert [op.result for op in stages[0].global_ops] == ["m"]


def test_only_what_a_later_stage_a_merge_or_the_release_reads_is_stored():
    ops = [
        tile("a"),
        tile("b", ["a"]),
        tile("p", ["b"]),
        merge("m", ["p"]),
        tile("c", ["a"], ["m"]),
    ]
    stages = plan_stages(ops, ["c"])
    assert stages[0].stored == ("a", "p")
    assert stages[1].stored == ("c",)
    assert stages[1].loaded == ("a",)


def test_looking_past_the_tile_waits_for_the_neighbours():
    stages = plan_stages([tile("a"), tile("b", ["a"], halo_px=3)], ["b"])
    assert names(stages) == [["a"], ["b"]]


def test_an_independent_operation_joins_the_earliest_stage():
    ops = [tile("a"), tile("p", ["a"]), merge("m", ["p"]), tile("c", [], ["m"]), tile("d", ["a"])]
    assert names(plan_stages(ops, ["c", "d"])) == [["a", "p", "d"], ["c"]]


def test_a_stage_reads_the_scenes_of_one_set():
    ops = [
        tile("a", scenes=("before",)),
        tile("b", scenes=("after",)),
        tile("c", scenes=("before",)),
        tile("d", ["a", "b"]),
    ]
    assert names(plan_stages(ops, ["d", "c"])) == [["a", "c"], ["b", "d"]]


def test_a_goal_needs_only_what_leads_to_it():
    ops = [tile("a"), tile("b"), tile("p", ["a"]), merge("m", ["p"]), tile("c", ["b"], ["m"])]
    assert [op.result for op in needed_for(ops, ["m"])] == ["a", "p", "m"]


def test_no_operations_make_no_stages():
    assert plan_stages([], []) == []
