"""Write src/foveal/backbones/imagenet_tree.tsv: what the 1,000 ImageNet classes are kinds of, from WordNet 3.0.

    python tools/imagenet_tree.py WORDNET/dict/data.noun

WORDNET is Princeton's database (WordNet-3.0.tar.gz, or the npm package WNdb 3.0). Of a synset with several hypernyms
the first counts, so that a tree comes out. Of groups that hold the same classes the most exact is kept; groups that
hold more than half of them ("whole", "artifact") say nothing and are left out.
"""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "src/foveal/backbones"
HEADER = """\
# What the 1,000 classes of ILSVRC2012 are kinds of: WordNet 3.0, first hypernyms, groups that tell classes apart.
# Written by tools/imagenet_tree.py. A parent stands before its children; "-" = directly below the root.
# wordnet_id\tparent\tname
"""


def read_nouns(path: Path) -> dict[str, tuple[str, str]]:
    """Name and first hypernym ("" for the root) of every noun synset, by its id."""
    found = {}
    for line in path.read_text(encoding="latin-1").splitlines():
        if line.startswith(" "):
            continue
        fields = line.split(" | ")[0].split()
        words = int(fields[3], 16)
        pointers = fields[5 + 2 * words :]
        above = [pointers[at + 1] for at in range(0, len(pointers), 4) if pointers[at] in ("@", "@i")]
        found[f"n{fields[0]}"] = (fields[4].replace("_", " "), f"n{above[0]}" if above else "")
    return found


def main(data_noun: str) -> None:
    """Read the database and write the table."""
    nouns = read_nouns(Path(data_noun))
    rows = (FOLDER / "imagenet1k.tsv").read_text(encoding="utf-8").splitlines()
    classes = [row.split("\t")[1] for row in rows if not row.startswith("#")]
    chains = {}
    for synset in classes:
        chain = [synset]
        while above := nouns[chain[-1]][1]:
            chain.append(above)
        chains[synset] = chain[::-1]
    members: dict[str, set[str]] = {}
    for synset, chain in chains.items():
        for node in chain:
            members.setdefault(node, set()).add(synset)
    kept = {}
    for synset, chain in chains.items():
        parent = "-"
        for at, node in enumerate(chain):
            last_of_its_kind = node == synset or members[chain[at + 1]] != members[node]
            if last_of_its_kind and len(members[node]) <= len(classes) // 2:
                kept.setdefault(node, parent)
                parent = node
    lines = [f"{node}\t{parent}\t{nouns[node][0]}\n" for node, parent in kept.items()]
    (FOLDER / "imagenet_tree.tsv").write_text(HEADER + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
