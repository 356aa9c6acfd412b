"""Spatial cross-validation of the candidate algorithms, and the choice between them."""

import logging
from collections.abc import Sequence

import numpy as np

from habitat.algorithms.calibration import calibration_error, fit_temperature
from habitat.algorithms.classifier import predict_raw
from habitat.algorithms.fitting import N_TREES_CROSS_VALIDATION, fit
from habitat.algorithms.training_table import TrainingSettings, TrainingTable
from habitat.domain.errors import InputError
from habitat.domain.model import (
    PROBABILITY_FLOOR,
    CandidateReport,
    ClassReport,
    CrossValidation,
)

#: The forest is chosen only if its accuracy is better by more than this: it costs about
#: fifty times more per pixel.
FOREST_MARGIN = 0.005
_N_BOOTSTRAP = 1_000
_INTERVAL = (
    "95 % percentile interval of a bootstrap of the blocks of the training samples; it is not an "
    "accuracy of the map, for which the samples would have to be a probability sample"
)
_LOG = logging.getLogger(__name__)


def cross_validate(table: TrainingTable, settings: TrainingSettings) -> CrossValidation:
    """Return the cross-validation of each candidate over spatial blocks, and the choice.

    Whole blocks are held out, because neighbours resemble each other and a random split would
    flatter (Roberts et al. 2017, doi:10.1111/ecog.02881).

    Parameters
    ----------
    table : TrainingTable
        Complete rows.
    settings : TrainingSettings
        How.

    Raises
    ------
    InputError
        If there are fewer blocks than folds, or a fold leaves one class to train on.
    """
    n_blocks = np.unique(table.block).size
    if n_blocks < settings.folds:
        raise InputError(
            f"training samples: expected at least {settings.folds} blocks of {settings.block_m} m "
            f"for {settings.folds} folds, got {n_blocks} with {table.code.size} samples; sample a "
            "larger area, or set a smaller block_m or fewer folds"
        )
    fold = block_folds(table.block, table.code, folds=settings.folds)
    reports = tuple(_report(a, table, fold, settings) for a in settings.candidates)
    chosen, reason = _choose(reports)
    _LOG.info("%s", reason)
    return CrossValidation(
        candidates=reports,
        chosen=chosen,
        reason=reason,
        interval=_INTERVAL,
        folds=settings.folds,
        n_blocks=n_blocks,
        block_m=settings.block_m,
        n_samples=table.code.size,
    )


def block_folds(block: np.ndarray, code: np.ndarray, *, folds: int) -> np.ndarray:
    """Return the fold of each sample: whole blocks, classes spread as evenly as they allow.

    The largest block first, each to the fold in which it evens the shares of the classes most.

    Parameters
    ----------
    block, code : numpy.ndarray
        int64 and uint8 ``(n,)``.
    folds : int
        Number of folds.

    Returns
    -------
    numpy.ndarray
        int64 ``(n,)``, 0 to ``folds - 1``.
    """
    blocks, block_row = np.unique(block, return_inverse=True)
    classes, class_row = np.unique(code, return_inverse=True)
    counts = np.zeros((blocks.size, classes.size))
    np.add.at(counts, (block_row, class_row), 1.0)
    shares = counts / counts.sum(axis=0)
    filled = np.zeros((folds, classes.size))
    fold_of_block = np.empty(blocks.size, dtype=np.int64)
    for row in np.argsort(-counts.sum(axis=1), kind="stable"):
        # The sum of squares over all folds grows by this; the first of equals is the emptiest.
        growth = ((2 * filled + shares[row]) * shares[row]).sum(axis=1)
        best = int(np.lexsort((filled.sum(axis=1), growth))[0])
        fold_of_block[row] = best
        filled[best] += shares[row]
    return fold_of_block[block_row]


def _report(
    algorithm: str, table: TrainingTable, fold: np.ndarray, settings: TrainingSettings
) -> CandidateReport:
    codes, truth = np.unique(table.code, return_inverse=True)
    log_p = np.full((codes.size, truth.size), np.log(PROBABILITY_FLOOR))
    for number in range(settings.folds):
        held = np.flatnonzero(fold == number)
        _predict_fold(algorithm, table, held, settings, codes=codes, log_p=log_p)
    shown = log_p.argmax(axis=0)
    correct = shown == truth
    before = calibration_error(_confidence(log_p, 1.0), correct)
    temperature = fit_temperature(log_p, truth)
    after = calibration_error(_confidence(log_p, temperature), correct)
    if after > before:  # wrong labels weigh on the log loss more than on the shares
        temperature, after = 1.0, before
    lo, hi = block_interval(correct, table.block, seed=settings.seed)
    return CandidateReport(
        algorithm=algorithm,
        accuracy=float(correct.mean()),
        accuracy_lo=lo,
        accuracy_hi=hi,
        classes=tuple(_class_report(int(c), shown == i, truth == i) for i, c in enumerate(codes)),
        temperature=temperature,
        calibration_error_before=before,
        calibration_error_after=after,
    )


def _predict_fold(
    algorithm: str,
    table: TrainingTable,
    held: np.ndarray,
    settings: TrainingSettings,
    *,
    codes: np.ndarray,
    log_p: np.ndarray,
) -> None:
    """Train without the held-out rows and write the log of their probabilities."""
    rest = np.ones(table.code.size, dtype=bool)
    rest[held] = False
    train_codes = table.code[rest]
    if np.unique(train_codes).size < 2:
        spread = {int(c): int(np.unique(table.block[table.code == c]).size) for c in codes}
        raise InputError(
            "training samples: expected classes spread over blocks, so that two or more remain "
            f"when a fold is held out; blocks per class: {spread}; set a smaller block_m"
        )
    classifier = fit(
        algorithm,
        table.features[rest],
        train_codes,
        seed=settings.seed,
        n_trees=N_TREES_CROSS_VALIDATION,
    )
    raw = predict_raw(classifier, np.ascontiguousarray(table.features[held].T))
    rows = np.searchsorted(codes, classifier.codes)
    floor = PROBABILITY_FLOOR if algorithm == "forest" else 1e-30
    log_p[np.ix_(rows, held)] = np.log(np.maximum(raw.astype(np.float64), floor))


def _confidence(log_p: np.ndarray, temperature: float) -> np.ndarray:
    scaled = (log_p - log_p.max(axis=0)) / temperature
    return np.asarray(1.0 / np.exp(scaled).sum(axis=0))


def _class_report(code: int, shown: np.ndarray, truth: np.ndarray) -> ClassReport:
    hits, n_shown, n = (int(a.sum()) for a in (shown & truth, shown, truth))
    return ClassReport(
        code=code,
        n=n,
        precision=hits / n_shown if n_shown else None,
        recall=hits / n if n else None,
        f1=2 * hits / (n_shown + n) if n_shown + n else None,
    )


def block_interval(correct: np.ndarray, block: np.ndarray, *, seed: int) -> tuple[float, float]:
    """Return the 95 % percentile interval of the share correct, blocks drawn with replacement.

    Parameters
    ----------
    correct : numpy.ndarray
        bool ``(n,)``.
    block : numpy.ndarray
        int64 ``(n,)``.
    seed : int
        Of the 1,000 draws.

    Returns
    -------
    float, float
        Lower and upper bound, share in [0, 1].
    """
    row = np.unique(block, return_inverse=True)[1]
    size = np.bincount(row)
    hits = np.bincount(row, weights=correct)
    n = size.size
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=_N_BOOTSTRAP)
    share = (draws * hits).sum(axis=1) / (draws * size).sum(axis=1)
    lo, hi = np.quantile(share, [0.025, 0.975])
    return float(lo), float(hi)


def _choose(reports: Sequence[CandidateReport]) -> tuple[str, str]:
    by_name = {report.algorithm: report for report in reports}
    shown = {name: f"{100 * report.accuracy:.1f} %" for name, report in by_name.items()}
    if len(by_name) == 1:
        (name,) = by_name
        return name, f"{name} was the only candidate ({shown[name]} right on held-out blocks)."
    if by_name["forest"].accuracy - by_name["mlp"].accuracy > FOREST_MARGIN:
        return "forest", (
            f"The forest ({shown['forest']}) is better than the perceptron ({shown['mlp']}) by "
            f"more than {100 * FOREST_MARGIN:g} points on held-out blocks."
        )
    return "mlp", (
        f"The forest ({shown['forest']}) is not better than the perceptron ({shown['mlp']}) by "
        f"more than {100 * FOREST_MARGIN:g} points on held-out blocks, and the perceptron is "
        "much faster."
    )
