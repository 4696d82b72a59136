"""The whole graph as text, beside the code: a change of it shows in review.

`PYTHONPATH=tests python tests/pipeline/test_graph.py` writes the text anew.
"""

from __future__ import annotations

from pathlib import Path

from support.study import STUDY

from frs_pipeline.definitions import build_definitions

GOLDEN = Path(__file__).with_name("graph.txt")


def described() -> str:
    """A line a fact: groups, assets with what they are made from, and their checks."""
    defs = build_definitions(STUDY)
    graph = defs.resolve_asset_graph()
    lines = []
    for node in sorted(graph.asset_nodes, key=lambda node: (node.group_name or "", node.key.path)):
        kinds = " ".join(sorted(node.kinds))
        zone = node.tags["frs/zone"]
        lines.append(f"{node.group_name}  {node.key.to_user_string()}  [{kinds}] {zone}")
        lines += [f"    < {key.to_user_string()}" for key in sorted(node.parent_keys, key=lambda key: key.path)]
        for key in sorted(node.check_keys, key=lambda key: key.name):
            spec = graph.get_check_spec(key)
            lines.append(f"    ? {key.name}{' (blocking)' if spec.blocking else ''}")
    for schedule in defs.schedules or ():
        lines.append(f"schedule  {schedule.name}: {schedule.cron_schedule} {schedule.execution_timezone}")
    lines += [f"sensor  {sensor.name}" for sensor in sorted(defs.sensors or (), key=lambda sensor: sensor.name)]
    return "\n".join(lines) + "\n"


def test_the_graph_is_the_one_that_was_reviewed() -> None:
    assert described() == GOLDEN.read_text(encoding="utf-8")


if __name__ == "__main__":
    GOLDEN.write_text(described(), encoding="utf-8")
