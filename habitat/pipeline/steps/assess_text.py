"""The accuracy of maps in words: one sentence for each file, all figures for people."""

from collections.abc import Mapping
from typing import Any

_TRUTH = "truth of the SIMULATED landscape"


def forest_statement(found: Mapping[str, Any], against: str) -> str:
    """Return the sentence that a forest map carries."""
    interval = (
        ", every pixel compared"
        if found["overall_lo"] is None
        else f" (95 % {found['overall_lo']:.3f} to {found['overall_hi']:.3f}, bootstrap of "
        f"{found['blocks']} blocks)"
    )
    return (
        f"overall accuracy {found['overall']:.3f}{interval} on {found['n']} pixels "
        f"against {against}"
    )


def forest_lines(title: str, found: Mapping[str, Any], against: str) -> list[str]:
    """Return the figures of a forest map, by season and class."""
    lines = [f"{title}: {forest_statement(found, against)}"]
    for label, key in (("all seasons seen", "all_seasons"), ("fewer seasons", "fewer_seasons")):
        if found[key]["n"]:
            lines.append(f"  {label:18s} {found[key]['overall']:.3f} on {found[key]['n']} pixels")
    lines.append(f"  {'class':36s} {'share':>6s} {'user':>6s} {'prod':>6s} {'F1':>6s} {'area':>7s}")
    for entry in found["classes"].values():
        cells = (entry[k] for k in ("prevalence", "users", "producers", "f1"))
        bias = "–" if entry["area_bias"] is None else f"{entry['area_bias']:+.0%}"
        lines.append(
            f"  {entry['name']:36s} " + " ".join(_cell(value) for value in cells) + f" {bias:>7s}"
        )
    return lines


def _cell(value: float | None) -> str:
    return f"{'–':>6s}" if value is None else f"{value:6.3f}"


def burn_statement(found: Mapping[str, Any]) -> str:
    """Return the sentence that a map of burn scars carries."""
    row = found["all"]
    if row["dice"] is None:
        mapped = "nothing was mapped" if row["commission"] is None else "all mapped burns are false"
        return f"nothing burned in the SIMULATED truth that the looks could show, and {mapped}"
    return (
        f"Dice {row['dice']:.3f}, omission {_cell(row['omission']).strip()}, commission "
        f"{_cell(row['commission']).strip()} where the looks allow a yes or no "
        f"({row['unjudged'] or 0:.0%} of what burned lies where the gap between looks is too long) "
        f"against the {_TRUTH}"
    )


def date_statement(found: Mapping[str, Any]) -> str:
    """Return the sentence that a map of burn dates carries."""
    if not found["dated_px"]:
        return f"not assessed: no burn was mapped where the {_TRUTH} burned"
    return (
        f"median error {found['date_error_median_days']} days on the {found['dated_px']} pixels "
        f"that burned in the {_TRUTH} and on the map"
    )


def window_statement(found: Mapping[str, Any]) -> str:
    """Return the sentence that the first and the last possible day carry."""
    if not found["dated_px"]:
        return date_statement(found)
    return (
        f"{found['date_in_window']:.3f} of {found['dated_px']} pixels burned between the two days, "
        f"by the {_TRUTH}"
    )


def burn_lines(title: str, found: Mapping[str, Any]) -> list[str]:
    """Return the figures of a map of burn scars, by cover and days."""
    lines = [f"{title}: {burn_statement(found)}", f"  dates: {date_statement(found)}"]
    lines.append(f"  windows: {window_statement(found)}")
    lines.append(
        f"  of what was seen: {found['possible_share'] or 0:.1%} possibly burned, "
        f"{found['gap_share'] or 0:.1%} with too long a gap"
    )
    lines.append(
        f"  {'cover':36s} {'Dice':>6s} {'omit':>6s} {'commit':>6s} {'area':>7s} {'no say':>7s} "
        f"{'burned px':>9s}"
    )
    for name, row in found["cover"].items():
        bias = "–" if row["area_bias"] is None else f"{row['area_bias']:+.0%}"
        unjudged = "–" if row["unjudged"] is None else f"{row['unjudged']:.0%}"
        values = " ".join(_cell(row[k]) for k in ("dice", "omission", "commission"))
        lines.append(f"  {name:36s} {values} {bias:>7s} {unjudged:>7s} {row['burned_px']:9d}")
    lines.append(f"  {'days to the first clear look':36s} {'omit':>6s} {'pixels':>8s}")
    for name, row in found["days"].items():
        lines.append(f"  {name:36s} {_cell(row['omission'])} {row['n']:8d}")
    return lines
