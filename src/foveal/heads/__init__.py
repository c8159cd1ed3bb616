"""What is learnt and served: arrays and numpy, never scikit-learn.

`HEADS` maps the kind of head named in a model file to its class.
"""

HEADS = {
    "affine": "foveal.heads.affine:AffineHead",
    "linear": "foveal.heads.linear:LinearHead",
    "logits": "foveal.heads.logits:LogitsHead",
    "sigmoid": "foveal.heads.sigmoid:SigmoidHead",
}
