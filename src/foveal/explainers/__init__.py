"""Why a photo got its answer: maps, evidence, what the network sees; and how good an explanation is.

`EXPLAINERS` are the kinds of maps; what such a function takes and gives is `foveal.explainers.subject.Explainer`.
Those in `foveal.training` take gradients, and need the extra `train`.
"""

EXPLAINERS = {
    "cam": "foveal.explainers.class_map:class_map",
    "occlusion": "foveal.explainers.occlusion:occlusion",
    "rise": "foveal.explainers.rise:rise",
    "gradcam": "foveal.training.gradients:gradcam",
    "integrated-gradients": "foveal.training.gradients:integrated_gradients",
}
