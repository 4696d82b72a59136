"""How intervals are made, and why a figure has none, in words."""

from __future__ import annotations

from collections.abc import Mapping

from frs_pipeline.language import Text
from frs_pipeline.stats.clustered import FEW_CLUSTERS, Method, Reason
from frs_pipeline.stats.clustered_gamma import FEW_FORMS

# How intervals are made, by `method`.
METHODS: Mapping[Method, Text] = {
    "wilson": Text(
        "Wilsons interval med Students t i stedet for z og det effektive antal skemaer i stedet for deres antal",
        "Wilson's interval, with Student's t in place of z and the effective number of forms in place of their number",
    ),
    "mover": Text(
        "sat sammen af de to andeles Wilson-intervaller og af, hvor meget de følges ad (MOVER)",
        "put together from the Wilson intervals of both shares and from how far they vary together (MOVER)",
    ),
    "linearised": Text("den robuste standardfejl gange Students t", "the robust standard error times Student's t"),
    "cr2": Text(
        f"standardfejlen CR2, fordi der er færre end {FEW_CLUSTERS} klynger, gange Students t med Satterthwaites frihedsgrader",
        f"the standard error CR2, since there are fewer than {FEW_CLUSTERS} clusters, times Student's t with Satterthwaite's "
        "degrees of freedom",
    ),
    "fisher": Text(
        "den robuste standardfejl gange Students t på Fishers skala (z = atanh γ)",
        "the robust standard error times Student's t, on Fisher's scale (z = atanh γ)",
    ),
    "fisher_jackknife": Text(
        f"jackknifens standardfejl, fordi der er færre end {FEW_CLUSTERS} klynger eller {FEW_FORMS} skemaer, gange Students t på "
        "Fishers skala (z = atanh γ)",
        f"the jackknife's standard error, since there are fewer than {FEW_CLUSTERS} clusters or {FEW_FORMS} forms, times "
        "Student's t, on Fisher's scale (z = atanh γ)",
    ),
    "mover_fisher": Text(
        "sat sammen af de to gammaværdiers intervaller og af, hvor meget de følges ad (MOVER)",
        "put together from the intervals of both gammas and from how far they vary together (MOVER)",
    ),
    "noncentral": Text(
        "de værdier, som χ²-testen af tabellen ikke forkaster (den ikke-centrale F-fordeling)",
        "the values that the table's χ² test doesn't reject (the noncentral F distribution)",
    ),
}
# What follows "no interval, because", by `reason`.
REASONS: Mapping[Reason, Text] = {
    "no_forms": Text("ingen skemaer tæller med", "no form counts"),
    "one_cluster": Text("alle skemaer hører sammen", "all forms belong together"),
    "no_pairs": Text("ingen to skemaer er forskellige i begge svar", "no two forms differ in both answers"),
    "perfect": Text("alle par af skemaer peger samme vej", "all pairs of forms point the same way"),
    "few_pairs": Text("for få skemaer er forskellige i begge svar", "too few forms differ in both answers"),
    "no_spread": Text("svarene varierer for lidt", "answers vary too little"),
    "one_side": Text("et af de to tal intet interval har", "one of the two figures has none"),
    "whole": Text("tallet er 100 procent, hvad skemaerne end siger", "the figure is 100 per cent whatever the forms say"),
    "no_method": Text("der ikke er nogen metode til det", "there is no method for it"),
}
