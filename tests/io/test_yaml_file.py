import json
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from habitat.domain.errors import ConfigError
from habitat.io.config.yaml_file import MAX_BYTES, load_yaml, parse_yaml
from habitat.io.config.yaml_model import validate


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("12:30", "12:30"),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1e-3", 1e-3),
        ("-2.5E3", -2500.0),
        (".5", 0.5),
        ("-3", -3),
        ("0", 0),
        ("2024-06-01", "2024-06-01"),
        ("2024-06-01/2024-09-15", "2024-06-01/2024-09-15"),
        ("~", None),
        ("null", None),
        ("'1'", "1"),
        ("${HOME}", "${HOME}"),
        ("~user", "~user"),
        ("e5", "e5"),
        (".", "."),
        ("=", "="),
    ],
)
def test_a_plain_scalar_is_what_it_looks_like(text, value):
    got = parse_yaml(f"a: {text}", "f").data["a"]
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "f:3: 'a' is already set on line 1"),
        ("a:\n  b: 1\n  'b': 2", "f:3: 'b' is already set on line 2"),
        ("1: a\n'1': b", "f:2: '1' is already set on line 1"),
        ("a: &x 1", "f:1: anchors"),
        ("a: 1\nb: *a", "f:2: anchors"),
        ("a: !!python/object/apply:os.system [ls]", "f:1: the tag"),
        ("a: !!int 3", "f:1: the tag"),
        ("a: !local 3", "f:1: the tag"),
        ("a: .nan", "f:1: expected a finite number"),
        ("a: nan", "f:1: expected a finite number"),
        ("\na: -.inf", "f:2: expected a finite number"),
        ("a: 1e999", "f:1: expected a finite number"),
        ("a: " + "9" * 100_000, "f:1: expected a finite number of at most 40"),
        ("true: 1", "f:1: expected a key"),
        ("? [a]\n: 1", "f:1: expected a key"),
        ("a: 1\n---\nb: 2", "f:2: not valid YAML: expected a single document"),
        ("a: [1, 2", "f:1: not valid YAML"),
        ("a:\n\t- b", "f:2: not valid YAML"),
        ("ok: 1\na: \x07", "f:2: the character U[+]0007"),
    ],
)
def test_what_is_ambiguous_or_dangerous_is_refused_with_its_line(text, message):
    with pytest.raises(ConfigError, match=message):
        parse_yaml(text, "f")


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 10_000, "- " * 10_000, "a:\n" + " " * 60])
def test_depth_is_bounded(text):
    if text.endswith(" "):
        text = "".join(" " * i + f"k{i}:\n" for i in range(60))
    with pytest.raises(ConfigError, match="at most 50 levels"):
        parse_yaml(text, "f")


def test_size_is_bounded(tmp_path):
    with pytest.raises(ConfigError, match="at most 1000000 bytes"):
        parse_yaml("a" * (MAX_BYTES + 1), "f")
    path = tmp_path / "big.yaml"
    path.write_bytes(b"#" * (MAX_BYTES + 10))
    with pytest.raises(ConfigError, match="at most 1000000 bytes"):
        load_yaml(path)


def test_a_file_must_exist_and_be_utf8(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml: expected a readable file"):
        load_yaml(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="expected a readable file"):
        load_yaml(tmp_path)
    path = tmp_path / "cp1251.yaml"
    path.write_bytes("a: 1\nb: лес".encode("cp1251"))
    with pytest.raises(ConfigError, match="x:2: expected UTF-8"):
        load_yaml(path, name="x")


def test_each_key_and_item_has_its_line():
    document = parse_yaml("name: x\n\nsteps:\n  - step: a\n    n: 1\n  - step: b\n", "f.yaml")
    assert document.line(("steps", 1, "step")) == 6
    assert document.where(("steps", 0, "n")) == "f.yaml:5"
    assert document.line(("steps", 0, "union tag", "n")) == 5
    assert document.line(("steps", 0, "missing")) == 4
    assert document.line(()) == 1


json_like = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(max_codepoint=0xFFFF, categories=("L", "N", "P", "Zs"))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab-", min_size=1), inner),
    max_leaves=20,
)


@given(json_like)
def test_json_is_read_as_json_reads_it(data):
    assert parse_yaml(json.dumps(data), "f").data == data


@given(st.text(max_size=200))
def test_any_text_gives_data_or_one_config_error(text):
    message = "f:"
    try:
        parse_yaml(text, "f")
    except ConfigError as error:
        message = str(error)
    assert message.startswith("f:")


class Fetch(BaseModel):
    model_config = ConfigDict(extra="forbid")
    step: Literal["fetch"]
    bands: tuple[str, ...]


class Composite(BaseModel):
    model_config = ConfigDict(extra="forbid")
    step: Literal["composite"]
    method: str = "median"
    min_valid: Annotated[int, Field(ge=1)] = 3


class Pipeline(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    steps: list[Annotated[Fetch | Composite, Field(discriminator="step")]]


def _faults(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        validate(parse_yaml(text, "p.yaml"), Pipeline)
    return str(caught.value).split("\n")


def test_all_faults_are_shown_at_once_with_line_and_nearest_key():
    faults = _faults(
        "nmae: x\nsteps:\n  - step: composite\n    metod: medoid\n    min_valid: '3'\n"
        "  - {step: fetch, bands: [1]}\n"
    )
    assert [fault.split(" ")[0] for fault in faults] == [
        "p.yaml:1:",
        "p.yaml:1:",
        "p.yaml:4:",
        "p.yaml:5:",
        "p.yaml:6:",
    ]
    assert any("unknown key 'nmae'; did you mean 'name'?" in fault for fault in faults)
    assert any("the key 'name' is missing" in fault for fault in faults)
    assert "unknown key 'metod'; did you mean 'method'?" in faults[2]
    assert "got '3'" in faults[3]


def test_a_bool_is_no_number_and_a_list_may_be_a_tuple():
    assert "min_valid" in _faults("name: x\nsteps: [{step: composite, min_valid: true}]")[0]
    found = validate(parse_yaml("name: x\nsteps: [{step: fetch, bands: [B04]}]", "f"), Pipeline)
    assert found.steps[0].bands == ("B04",)


def test_a_key_far_from_all_is_answered_with_what_is_known():
    faults = _faults("name: x\nsteps: [{step: fetch, bands: [B04], zzz: 1}]")
    assert "known here: bands, step" in faults[0]


def test_the_shipped_data_files_load():
    data = Path(__file__).parents[2] / "habitat" / "data"
    for path in data.rglob("*.yaml"):
        assert load_yaml(path).data["name"]
