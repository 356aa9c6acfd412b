"""Faults of a document name the nearest right key, also in nested models and unions."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from habitat.domain.errors import ConfigError
from habitat.io.config.yaml_file import parse_yaml
from habitat.io.config.yaml_model import validate


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Back(Part):
    as_of: int = Field(le=0)


class Days(Part):
    ends: Literal["as_of"]
    days: int


class SeasonOf(Part):
    season_year: int | Back


class Scenes(Part):
    step: Literal["scenes"]
    period: str | Days | SeasonOf
    bands: list[str] = []


class Composite(Part):
    step: Literal["composite"]
    scenes: str  # a key with the name of another step
    year: Annotated[int, Field(ge=2015)] | Back | None = None


class Whole(Part):
    steps: list[Annotated[Scenes | Composite, Field(discriminator="step")]]
    windows: dict[str, list[Back]] = {}


def faults(text):
    with pytest.raises(ConfigError) as caught:
        validate(parse_yaml(text, "f"), Whole)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("step: scenes, period: x, bandz: []",
         ["steps.0.scenes: unknown key 'bandz'; did you mean 'bands'?"]),
        ("step: scenes, period: {ends: as_of, dayz: 3}",
         ["steps.0.scenes.period: the key 'days' is missing",
          "steps.0.scenes.period: unknown key 'dayz'; did you mean 'days'?"]),
        ("step: scenes, period: {season_year: {as_off: 0}}",
         ["steps.0.scenes.period.season_year: the key 'as_of' is missing",
          "steps.0.scenes.period.season_year: unknown key 'as_off'; did you mean 'as_of'?"]),
        ("step: scenes, period: 7",
         ["steps.0.scenes.period: Input should be a valid string; got 7"]),
        ("step: composite, scenes: s, year: 1999",
         ["steps.0.composite.year: Input should be greater than or equal to 2015; got 1999"]),
        ("step: composite, scenes: s, year: {as_of: 1}",
         ["steps.0.composite.year.as_of: Input should be less than or equal to 0; got 1"]),
        ("step: scene, period: x", ["steps.0: unknown step 'scene'; did you mean 'scenes'?"]),
        ("stepp: scenes, period: x",
         ["steps.0: the key 'step' is missing; is 'stepp' meant to be it?"]),
    ],
)  # fmt: skip
def test_only_what_was_meant_is_spoken_of(step, expected):
    assert faults(f"steps: [{{{step}}}]") == [f"f:1: {line}" for line in expected]


def test_keys_in_mappings_of_lists_are_found():
    assert faults("steps: []\nwindows: {spring: [{as_off: 0}]}") == [
        "f:2: windows.spring.0: the key 'as_of' is missing",
        "f:2: windows.spring.0: unknown key 'as_off'; did you mean 'as_of'?",
    ]


def test_a_key_without_a_like_is_told_what_there_is():
    (fault,) = faults("steps: [{step: composite, scenes: s, q: 1}]")
    assert fault.endswith("unknown key 'q'; known here: scenes, step, year")
