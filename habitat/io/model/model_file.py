"""Models on disk: one JSON file with the arrays inside; nothing in it can name code.

::

    {"format": "habitat-model", "format_version": 1, "content_sha256": "…", "model": {…}}

An array is ``{"dtype", "shape", "sha256", "data"}``: little-endian, in C order, deflated, base64.
``content_sha256`` is that of the model as canonical JSON without the ``data``, so it does not
depend on the compression. Reading checks everything that the kernels take for granted.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from habitat.domain.bands import DN_SCALE
from habitat.domain.errors import ModelError
from habitat.domain.legend import Legend
from habitat.domain.model import (
    CandidateReport,
    Classifier,
    ClassReport,
    CrossValidation,
    FeatureSet,
    ForestModel,
    MlpModel,
    ModelSet,
    Variant,
    legend_sha256,
)
from habitat.io.durable import atomic_write_bytes
from habitat.io.model.model_check import check_model
from habitat.io.model.model_json import (
    array_in,
    array_out,
    each,
    number,
    read_json,
    refuse,
    take,
    tuple_of,
)

FORMAT = "habitat-model"
FORMAT_VERSION = 1
MAX_VARIANTS = 8
_ALGORITHMS: dict[str, type[Classifier]] = {"forest": ForestModel, "mlp": MlpModel}
_ARRAYS: dict[str, dict[str, tuple[str, int]]] = {
    "forest": {
        "feature": ("<i2", 1),
        "threshold": ("<f4", 1),
        "child": ("<i4", 1),
        "roots": ("<i4", 1),
        "leaf_counts": ("<u4", 2),
    },
    "mlp": {"w1": ("<f4", 2), "b1": ("<f4", 1), "w2": ("<f4", 2), "b2": ("<f4", 1)},
}


def write_model(path: Path, model: ModelSet) -> None:
    """Write a model; the same bytes for the same model.

    Parameters
    ----------
    path : Path
        ``<name>.json``; replaced as a whole or not at all.
    model : ModelSet
        What to write.

    Raises
    ------
    ModelError
        If the model would be refused when read.
    ResourceError
        If the disk does not take it.
    """
    check_model(model)
    body = _model_out(model)
    document = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "content_sha256": _digest(body),
        "model": body,
    }
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    atomic_write_bytes(path, text.encode() + b"\n")


def model_sha256(model: ModelSet) -> str:
    """Return the digest of a model's content, the same as in its file."""
    return _digest(_model_out(model))


def read_model(path: Path, *, sha256: str | None = None) -> ModelSet:
    """Read a model and check all of it.

    Parameters
    ----------
    path : Path
        A file of :func:`write_model`.
    sha256 : str, optional
        The content digest that it must have.

    Raises
    ------
    ModelError
        If it is too large, not such a file, damaged or tampered with; a pickle is named as such
        and never loaded.
    """
    try:
        return _read(read_json(path), sha256)
    except ModelError as error:
        raise ModelError(
            f"model {path}: {error}. Train it again with `habitat train`, or fetch it again."
        ) from error


def check_fits(
    model: ModelSet,
    *,
    legend: Legend,
    bands: Sequence[str],
    feature_names: Sequence[str],
    dn_scale: int = DN_SCALE,
) -> None:
    """Refuse a model that was made for other data.

    Parameters
    ----------
    model : ModelSet
        What to use.
    legend : Legend
        Of the layer to be made: name, codes and class names must be the model's.
    bands : sequence of str
        Bands of the composites; they may have more than the model needs.
    feature_names : sequence of str
        Features that can be computed; at least one variant must find all of its own.
    dn_scale : int
        Digital number of reflectance 1.

    Raises
    ------
    ModelError
        Says what was expected and what came.
    """
    if (model.legend_name, model.legend_codes) != (legend.name, legend.codes):
        refuse(
            f"model: expected legend {model.legend_name!r} with codes {list(model.legend_codes)}, "
            f"got {legend.name!r} with {list(legend.codes)}"
        )
    if model.legend_sha256 != legend_sha256(legend):
        refuse(
            f"model: expected the class names of legend {legend.name!r} it was trained with "
            f"(digest {model.legend_sha256[:12]}), got others ({legend_sha256(legend)[:12]})"
        )
    if missing := [band for band in model.bands if band not in bands]:
        refuse(f"model: expected bands {list(model.bands)}, got {list(bands)}; {missing} missing")
    if model.dn_scale != dn_scale:
        refuse(f"model: expected {model.dn_scale} DN per reflectance, got {dn_scale}")
    if not any(set(v.features.names) <= set(feature_names) for v in model.variants):
        refuse(
            f"model: expected features {[list(v.features.names) for v in model.variants]} (one of "
            f"these lists), got {list(feature_names)}"
        )


# --- writing ------------------------------------------------------------------------------------


def _model_out(model: ModelSet) -> dict[str, Any]:
    body = {f.name: getattr(model, f.name) for f in fields(model)}
    body["variants"] = [
        {
            "features": asdict(variant.features),
            "classifier": _classifier_out(variant.classifier),
            "n_samples": variant.n_samples,
        }
        for variant in model.variants
    ]
    body["versions"] = dict(model.versions)
    body["cross_validation"] = asdict(model.cross_validation)
    return body


def _classifier_out(classifier: Classifier) -> dict[str, Any]:
    algorithm = _algorithm(classifier)
    out: dict[str, Any] = {
        "algorithm": algorithm,
        "codes": classifier.codes,
        "n_features": classifier.n_features,
        "temperature": float(classifier.temperature),
    }
    for name, (dtype, _) in _ARRAYS[algorithm].items():
        out[name] = array_out(getattr(classifier, name), dtype)
    return out


def _algorithm(classifier: Classifier) -> str:
    return next(name for name, kind in _ALGORITHMS.items() if isinstance(classifier, kind))


def _digest(body: Mapping[str, Any]) -> str:
    plain = json.dumps(_without_data(body), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def _without_data(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {k: _without_data(v) for k, v in node.items() if k != "data"}
    if isinstance(node, list | tuple):
        return [_without_data(v) for v in node]
    return node


# --- reading ------------------------------------------------------------------------------------


def _read(document: dict[str, Any], sha256: str | None) -> ModelSet:
    if document.get("format") != FORMAT or document.get("format_version") != FORMAT_VERSION:
        refuse(
            f"expected format {FORMAT!r} version {FORMAT_VERSION}, got {document.get('format')!r} "
            f"version {document.get('format_version')!r}"
        )
    body = take(document, "model", dict)
    found = _digest(body)
    stated = take(document, "content_sha256", str)
    if found != stated or found != (sha256 or found):
        refuse(f"expected content with sha256 {sha256 or stated}, got {found}")
    if len(take(body, "variants", list)) > MAX_VARIANTS:
        refuse(f"expected at most {MAX_VARIANTS} variants, got {len(body['variants'])}")
    model = _model_in(body)
    check_model(model)
    return model


def _model_in(body: dict[str, Any]) -> ModelSet:
    versions = take(body, "versions", dict)
    return ModelSet(
        legend_name=take(body, "legend_name", str),
        legend_codes=tuple_of(body, "legend_codes", int),
        legend_sha256=take(body, "legend_sha256", str),
        bands=tuple_of(body, "bands", str),
        dn_scale=take(body, "dn_scale", int),
        variants=each(body, "variants", _variant_in),
        description=take(body, "description", str),
        simulated=take(body, "simulated", bool),
        seed=take(body, "seed", int),
        versions=tuple((name, take(versions, name, str)) for name in sorted(versions)),
        cross_validation=_validation_in(take(body, "cross_validation", dict)),
    )


def _variant_in(node: Any) -> Variant:
    features = take(node, "features", dict)
    return Variant(
        features=FeatureSet(
            *(tuple_of(features, k, str) for k in ("names", "seasons", "bands", "indices"))
        ),
        classifier=_classifier_in(take(node, "classifier", dict)),
        n_samples=take(node, "n_samples", int),
    )


def _classifier_in(node: dict[str, Any]) -> Classifier:
    algorithm = take(node, "algorithm", str)
    if algorithm not in _ARRAYS:
        refuse(f"algorithm: expected one of {sorted(_ARRAYS)}, got {algorithm!r}")
    codes, temperature = tuple_of(node, "codes", int), number(node, "temperature")
    arrays = {
        name: array_in(take(node, name, dict), name, dtype, ndim)
        for name, (dtype, ndim) in _ARRAYS[algorithm].items()
    }
    n_features = take(node, "n_features", int)
    if algorithm == "mlp":
        mlp = MlpModel(codes=codes, temperature=temperature, **arrays)
        if mlp.n_features != n_features:
            refuse(f"n_features: expected {mlp.n_features} by w1, got {n_features}")
        return mlp
    counts = arrays["leaf_counts"]
    if not counts.size or not counts.any(axis=1).all():
        refuse("leaf_counts: expected at least one sample in each leaf, got an empty leaf")
    return ForestModel(codes=codes, n_features=n_features, temperature=temperature, **arrays)


def _validation_in(node: dict[str, Any]) -> CrossValidation:
    return CrossValidation(
        candidates=each(node, "candidates", _candidate_in),
        chosen=take(node, "chosen", str),
        reason=take(node, "reason", str),
        interval=take(node, "interval", str),
        **{k: take(node, k, int) for k in ("folds", "n_blocks", "block_m", "n_samples")},
        left_out=each(node, "left_out", _left_out_in) if "left_out" in node else (),
    )


def _left_out_in(node: Any) -> tuple[int, int]:
    code, available = tuple_of({"pair": node}, "pair", int)
    return code, available


def _candidate_in(node: Any) -> CandidateReport:
    numbers = [f.name for f in fields(CandidateReport) if f.name not in ("algorithm", "classes")]
    return CandidateReport(
        algorithm=take(node, "algorithm", str),
        classes=each(node, "classes", _class_in),
        **{name: number(node, name) for name in numbers},
    )


def _class_in(node: Any) -> ClassReport:
    shares = {
        name: None if node.get(name) is None else number(node, name)
        for name in ("precision", "recall", "f1")
    }
    return ClassReport(code=take(node, "code", int), n=take(node, "n", int), **shares)
