"""Why a photo got its answer: maps, evidence, what the network sees; and how good an explanation is.

`EXPLAINERS` are the kinds of maps, without those by gradients (`foveal.training`);
what such a function takes and gives is `foveal.explainers.subject.Explainer`.
"""

EXPLAINERS = {
    "cam": "foveal.explainers.class_map:class_map",
    "occlusion": "foveal.explainers.occlusion:occlusion",
    "rise": "foveal.explainers.rise:rise",
}
