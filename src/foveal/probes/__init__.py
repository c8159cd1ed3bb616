"""How a head is learnt. `PROBES` maps a name to a function that fits a `Problem` along a path of strengths."""

PROBES = {
    "logistic": "foveal.probes.logistic:fit_path",
    "ridge": "foveal.probes.ridge:fit_path",
    "means": "foveal.probes.means:fit_path",
}
