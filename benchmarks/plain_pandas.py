"""The peer: the same 81 tables from the same exports by plain pandas, with no checks, no lineage, no Dagster.

Usage: python plain_pandas.py RAW_DELIVERY OUT_FOLDER. Reads the questionnaires and the catalogue as bare YAML.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

STUDY = Path(__file__).resolve().parent.parent / "studies" / "familieraadslagning"


def load_yaml(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def read_forms(raw: Path, questionnaire: Any, scales: Any) -> pd.DataFrame:
    forms = pd.read_csv(raw / questionnaire["instrument"] / "dataset.csv", sep=";", encoding="cp1252")
    forms = forms[forms["raadsnr"].notna() & (forms["raadsnr"] == forms["raadsnr2"])]
    ledger = pd.read_csv(raw / "kontering.csv", sep=";")
    forms = forms.merge(ledger, left_on="raadsnr", right_on="raadslagningsnummer")
    sources = [question["source"] for question in questionnaire["questions"]]
    created = pd.to_datetime(forms["created"])
    repeated = created.sort_values().groupby([forms[c].fillna(-1) for c in ["raadsnr", *sources]]).diff()
    forms = forms[~(repeated.reindex(forms.index) <= pd.Timedelta(minutes=10))]
    answers = {}
    sound = pd.Series(True, index=forms.index)
    for question in questionnaire["questions"]:
        labels = {answer["code"]: answer["label"] for answer in scales[question["scale"]]}
        sound &= forms[question["source"]].isna() | forms[question["source"]].isin(list(labels))
        answers[question["name"]] = pd.Categorical(forms[question["source"]].map(labels), list(labels.values()), ordered=True)
    return pd.DataFrame(answers, index=forms.index).assign(occasion=forms["anledning"])[sound]


def axis(table: Any, forms: pd.DataFrame, name: str) -> pd.Series:
    column = forms[name]
    if name in table.get("collapse", {}):
        merged = {old: new for new, members in table["collapse"][name].items() for old in members}
        column = pd.Categorical(column.map(merged), list(table["collapse"][name]), ordered=True)
    elif name in table.get("leave_out", {}):
        column = column.cat.remove_categories(table["leave_out"][name])
    column = pd.Series(column, index=forms.index)
    return column.cat.reorder_categories(column.cat.categories[::-1]) if name in table.get("reverse", []) else column


def gamma(counts: np.ndarray) -> tuple[float, float, float, float]:
    rows, columns = counts.shape
    same, other = np.zeros_like(counts), np.zeros_like(counts)
    for i in range(rows):
        for j in range(columns):
            same[i, j] = counts[:i, :j].sum() + counts[i + 1 :, j + 1 :].sum()
            other[i, j] = counts[:i, j + 1 :].sum() + counts[i + 1 :, :j].sum()
    p, q = (counts * same).sum(), (counts * other).sum()
    if p + q == 0:
        return (math.nan,) * 4
    value = (p - q) / (p + q)
    ase1 = 4 / (p + q) ** 2 * math.sqrt((counts * (q * same - p * other).astype(float) ** 2).sum())
    ase0 = 2 / (p + q) * math.sqrt((counts * (same - other).astype(float) ** 2).sum() - (p - q) ** 2 / counts.sum())
    return value, ase1, value / ase0, math.erfc(abs(value / ase0) / math.sqrt(2))


def cross(row: pd.Series, column: pd.Series) -> pd.DataFrame:
    return pd.crosstab(row, column).reindex(index=list(row.cat.categories), columns=list(column.cat.categories), fill_value=0)


def make(table: Any, forms: pd.DataFrame) -> pd.DataFrame:
    if table.get("occasion") == "followup":
        forms = forms[forms["occasion"] == "opfølgning"]
    if "variable" in table:
        counts = axis(table, forms, table["variable"]).value_counts(sort=False)
        shares = 100 * counts / counts.sum()
        return pd.DataFrame(
            {"count": counts, "percent": 100 * counts / len(forms), "valid": shares, "cumulative": shares.cumsum()}
        )
    if "group" in table:
        forms = forms[forms[table["group"]].notna()]
    row, column = axis(table, forms, table["row"]), axis(table, forms, table["column"])
    counts = cross(row, column)
    if not table["kind"].startswith("correlation"):
        base = counts.sum(axis=1) if table.get("percent") == "row" else counts.to_numpy().sum()
        return pd.concat([counts, 100 * counts.div(base, axis=0)], axis=1)
    results = {"Total": gamma(counts.to_numpy())}
    if "group" in table:
        for name, part in forms.groupby(table["group"], observed=True):
            results[str(name)] = gamma(cross(row.loc[part.index], column.loc[part.index]).to_numpy())
    return pd.DataFrame(results, index=["gamma", "ase", "t", "p"])


def main(raw: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    scales = load_yaml(STUDY / "scales.yaml")["scales"]
    instruments = ("participant_first", "participant_followup", "initiator", "coordinator")
    marts = {name: read_forms(raw, load_yaml(STUDY / "questionnaires" / f"{name}.yaml"), scales) for name in instruments}
    for table in load_yaml(STUDY / "tables.yaml")["tables"]:
        forms = marts[table["mart"]]
        if "also" in table:
            forms = pd.concat([forms, marts[table["also"]]], ignore_index=True)
            forms = forms[forms[table["answered"]].notna().all(axis=1)]
        make(table, forms).to_csv(out / f"table_{table['number']:02d}.csv")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
