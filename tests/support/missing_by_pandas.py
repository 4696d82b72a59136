"""What a collection lacks, counted again by plain pandas from the bare files: nothing of the program is used here."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

# Who fills in what, at which of the ledger's occasions.
PAPERS = {
    "participant_first": ("participants", ("rådslagning",)),
    "participant_followup": ("participants", ("opfølgning",)),
    "initiator": ("initiator", ("rådslagning", "opfølgning")),
    "coordinator": ("coordinator", ("rådslagning", "opfølgning")),
}
_SYSTEM = 14


def forms_by_conference(folder: Path) -> pd.DataFrame:
    """Return a row per conference of the ledger, with its occasion and the number of good forms of each questionnaire."""
    ledger = pd.read_csv(folder / "kontering.csv", sep=";", dtype=str).set_index("raadslagningsnummer")
    counted = ledger[["dato", "anledning"]].copy()
    for name, (_, occasions) in PAPERS.items():
        good = _good(folder / name, ledger, occasions)
        counted[name] = good.groupby("raadsnr").size().reindex(ledger.index, fill_value=0).astype(int)
    return counted


def lacking(counted: pd.DataFrame) -> dict[str, set[str]]:
    """Return whose forms are missing, by number; only conferences that lack somebody's."""
    lacks: dict[str, set[str]] = {}
    for name, (who, occasions) in PAPERS.items():
        here = counted[counted["anledning"].isin(occasions) & (counted[name] == 0)]
        for number in here.index:
            lacks.setdefault(number, set()).add(who)
    return lacks


def _good(place: Path, ledger: pd.DataFrame, occasions: tuple[str, ...]) -> pd.DataFrame:
    """Forms keyed twice alike, of a conference of the right occasion, with answers that the paper has, each once."""
    forms = pd.read_csv(place / "dataset.csv", sep=";", encoding="cp1252", dtype=str, keep_default_na=False)
    labels = pd.read_csv(
        place / "labels.csv", sep=";", encoding="cp1252", dtype=str, header=None, names=["column", "code", "label"]
    )
    asked = list(forms.columns[_SYSTEM + 2 :])
    fits = (forms["raadsnr"] == forms["raadsnr2"]) & forms["raadsnr"].map(ledger["anledning"]).isin(occasions)
    for column in asked:
        codes = set(labels.loc[labels["column"] == column, "code"])
        fits &= forms[column].isin({"", *codes})
    good = forms[fits].sort_values("created", kind="stable")
    # Only what is alike is gone through, group by group: most forms are like no other.
    again = good.duplicated(["raadsnr", *asked], keep=False)
    kept: list[int] = good.index[~again].tolist()
    for _, alike in good[again].groupby(["raadsnr", *asked], sort=False):
        last = None
        for row, created in zip(alike.index, pd.to_datetime(alike["created"]), strict=True):
            answers = (alike.loc[row, asked] != "").any()
            if answers and last is not None and created - last <= pd.Timedelta(minutes=10):
                continue
            last = created
            kept.append(row)
    return good.loc[sorted(kept)]
