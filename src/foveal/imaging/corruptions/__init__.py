"""What can go wrong with a photo between the scene and the network, at known strengths.

`CORRUPTIONS` are the fifteen of ImageNet-C (Hendrycks and Dietterich, "Benchmarking neural network robustness to common
corruptions and perturbations", ICLR 2019), `CAMERA_FAULTS` what people holding a camera do; `corrupt` applies them.
"""

CORRUPTIONS = {
    "gaussian_noise": "foveal.imaging.corruptions.noise:gaussian_noise",
    "shot_noise": "foveal.imaging.corruptions.noise:shot_noise",
    "impulse_noise": "foveal.imaging.corruptions.noise:impulse_noise",
    "defocus_blur": "foveal.imaging.corruptions.blur:defocus_blur",
    "glass_blur": "foveal.imaging.corruptions.glass:glass_blur",
    "motion_blur": "foveal.imaging.corruptions.motion:motion_blur",
    "zoom_blur": "foveal.imaging.corruptions.blur:zoom_blur",
    "snow": "foveal.imaging.corruptions.weather:snow",
    "frost": "foveal.imaging.corruptions.frost:frost",
    "fog": "foveal.imaging.corruptions.weather:fog",
    "brightness": "foveal.imaging.corruptions.weather:brightness",
    "contrast": "foveal.imaging.corruptions.digital:contrast",
    "elastic_transform": "foveal.imaging.corruptions.elastic:elastic_transform",
    "pixelate": "foveal.imaging.corruptions.digital:pixelate",
    "jpeg_compression": "foveal.imaging.corruptions.digital:jpeg_compression",
}

CAMERA_FAULTS = {
    "rotation": "foveal.imaging.corruptions.camera_aim:rotation",
    "sideways": "foveal.imaging.corruptions.camera_aim:sideways",
    "upside_down": "foveal.imaging.corruptions.camera_aim:upside_down",
    "mirrored": "foveal.imaging.corruptions.camera_aim:mirrored",
    "crop": "foveal.imaging.corruptions.camera_aim:crop",
    "too_far": "foveal.imaging.corruptions.camera_aim:too_far",
    "low_resolution": "foveal.imaging.corruptions.camera_aim:low_resolution",
    "underexposed": "foveal.imaging.corruptions.camera_light:underexposed",
    "overexposed": "foveal.imaging.corruptions.camera_light:overexposed",
    "colour_cast": "foveal.imaging.corruptions.camera_light:colour_cast",
    "greyscale": "foveal.imaging.corruptions.camera_light:greyscale",
}
