"""What a trained model says of itself."""

from dataclasses import replace
from pathlib import Path

import tiny

from habitat.io.config.data_files import read_legend
from habitat.io.model.model_file import read_model
from habitat.pipeline.steps.train import Trained


def test_the_cross_validation_names_the_classes_that_were_left_out(tmp_path):
    legend = read_legend("border-zone", Path())
    model = read_model(tiny.write_tiny_model(tmp_path / "m.json"))
    validation = replace(model.cross_validation, left_out=((4, 3), (12, 0)))
    trained = Trained("model", model, validation, legend)
    larch, paddy = (entry.name for entry in legend.classes if entry.code in {4, 12})
    assert f"4 {larch} (3 px), 12 {paddy} (0 px)" in trained.text()
    assert trained.accuracy["model model"]["left_out"][0] == {
        "code": 4, "class": larch, "pixels": 3,
    }  # fmt: skip
    assert "left out" not in replace(trained, validation=model.cross_validation).text()
