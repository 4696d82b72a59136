"""Why a figure has no interval, in words."""

from __future__ import annotations

from collections.abc import Mapping

from frs_pipeline.language import Text
from frs_pipeline.stats.clustered import Reason

REASONS: Mapping[Reason, Text] = {
    "no_forms": Text("ingen skemaer tæller med", "no form counts"),
    "one_cluster": Text("alle skemaerne hører sammen", "all forms belong together"),
    "no_pairs": Text("ingen to skemaer er forskellige i begge svar", "no two forms differ in both answers"),
    "perfect": Text("alle par af skemaer peger samme vej", "all pairs of forms point the same way"),
    "few_pairs": Text("for få skemaer er forskellige i begge svar", "too few forms differ in both answers"),
    "no_spread": Text("svarene varierer for lidt", "answers vary too little"),
    "one_side": Text("den ene side har intet interval", "one side has none"),
    "whole": Text("det er alle skemaerne", "it is all forms"),
    "no_method": Text("der er ingen metode til det", "there is no method for it"),
}
