"""What is served beside the head: prediction sets, abstention, the gate for the unknown, the tree of classes.

`PARTS` maps the parts of a `Trust`, as they are named in a model file, to their classes.
"""

PARTS = {
    "abstention": "foveal.trust.abstention:Abstention",
    "arrangement": "foveal.trust.arrangement:ArrangementGate",
    "evidence": "foveal.trust.evidence:EvidenceIndex",
    "gate": "foveal.trust.gate:UnknownGate",
    "sets": "foveal.trust.sets:PredictionSets",
    "tree": "foveal.trust.tree:ClassTree",
}
