"""Training: the samples, the spatial cross-validation of the candidates, the choice, the model."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import sklearn

from habitat.algorithms.cross_validation import cross_validate
from habitat.algorithms.fitting import fit
from habitat.algorithms.training_table import TrainingSettings, TrainingTable
from habitat.domain.bands import DN_SCALE
from habitat.domain.errors import InputError
from habitat.domain.legend import Legend
from habitat.domain.model import (
    CrossValidation,
    FeatureSet,
    ModelSet,
    Variant,
    legend_sha256,
)


def train(
    table: TrainingTable,
    variants: Sequence[FeatureSet],
    legend: Legend,
    settings: TrainingSettings,
) -> tuple[ModelSet, CrossValidation]:
    """Return a model, chosen by spatial cross-validation of the first variant.

    The other variants are trained with the algorithm and the temperature of the first. The
    result does not depend on the order of the rows, and is the same to the byte each time.

    Parameters
    ----------
    table : TrainingTable
        The samples.
    variants : sequence of FeatureSet
        What each variant sees, the best first; a row is used where all of its features are there.
    legend : Legend
        Of the codes.
    settings : TrainingSettings
        How to train.

    Returns
    -------
    ModelSet, CrossValidation
        The model holds the cross-validation too.

    Raises
    ------
    InputError
        With counts: no complete row, one class only, too few samples of a class, fewer blocks
        than folds, a code that the legend lacks, a feature that the table lacks.
    """
    _check_settings(settings)
    table = table.take(np.lexsort((table.code, table.x_m, -table.y_m)))
    tables = [_usable(table, features, legend, settings) for features in variants]
    validation = replace(cross_validate(tables[0], settings), left_out=settings.left_out)
    best = validation.of_chosen()
    fitted = [fit(best.algorithm, part.features, part.code, seed=settings.seed) for part in tables]
    model = ModelSet(
        legend_name=legend.name,
        legend_codes=legend.codes,
        legend_sha256=legend_sha256(legend),
        bands=variants[0].bands,
        dn_scale=DN_SCALE,
        variants=tuple(
            Variant(features, replace(classifier, temperature=best.temperature), part.code.size)
            for features, classifier, part in zip(variants, fitted, tables, strict=True)
        ),
        description=settings.description,
        simulated=settings.simulated,
        seed=settings.seed,
        versions=(("numpy", np.__version__), ("scikit-learn", sklearn.__version__)),
        cross_validation=validation,
    )
    return model, validation


def _check_settings(settings: TrainingSettings) -> None:
    if not settings.candidates or not set(settings.candidates) <= {"mlp", "forest"}:
        raise InputError(f"candidates: expected mlp, forest or both, got {settings.candidates}")
    if settings.folds < 2:
        raise InputError(f"folds: expected 2 or more, got {settings.folds}")


def _usable(
    table: TrainingTable, features: FeatureSet, legend: Legend, settings: TrainingSettings
) -> TrainingTable:
    """Return the complete rows of a variant with its features in order, or refuse."""
    missing = [name for name in features.names if name not in table.names]
    if missing:
        raise InputError(
            f"training table: expected features {list(features.names)}, got {list(table.names)}; "
            f"{missing} missing"
        )
    columns = [table.names.index(name) for name in features.names]
    values = table.features[:, columns]
    complete = np.isfinite(values).all(axis=1)
    if not complete.any():
        seen = {n: int(np.isfinite(values[:, i]).sum()) for i, n in enumerate(features.names)}
        raise InputError(
            f"training table: expected samples with all features, got {table.code.size} samples "
            f"and none complete; observed samples per feature: {seen}"
        )
    part = replace(table, names=features.names, features=values).take(np.flatnonzero(complete))
    _check_classes(part, table, legend, settings)
    return part


def _check_classes(
    part: TrainingTable, whole: TrainingTable, legend: Legend, settings: TrainingSettings
) -> None:
    unknown = sorted(set(np.unique(whole.code).tolist()) - set(legend.codes))
    if unknown:
        raise InputError(
            f"training samples: expected codes {list(legend.codes)} of legend {legend.name!r}, "
            f"got {unknown} too"
        )
    counts = {int(c): int((part.code == c).sum()) for c in np.unique(whole.code)}
    if len(counts) < 2:
        raise InputError(f"training samples: expected two classes or more, got {counts}")
    few = {code: n for code, n in counts.items() if n < settings.min_per_class}
    if few:
        raise InputError(
            f"training samples: expected at least {settings.min_per_class} complete samples of "
            f"each class, got {few} (all classes: {counts}); add samples, or leave the class out"
        )
