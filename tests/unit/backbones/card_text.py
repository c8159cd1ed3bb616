"""A card that is right in every field, for tests that spoil one."""

GOOD = """\
name = "tiny.test"
short_name = "tiny"
title = "Tiny"
paper = "none"
trained_on = "nothing"
parameters = 12
macs = 34
published_top1 = 5

[licence]
spdx = "MIT"

[weights]
builder = ""
package = ""
file = "network.onnx"
sha256 = "00"

[preprocess]
size_wh = [32, 16]
mode = "crop"
crop_share = 0.9
pad_value = 128
mean = [0.5, 0.5, 0.5]
std = [0.5, 0.5, 0.5]

[outputs]
tap_1 = 31
tap_2 = 32
embedding = 8
logits = 1000

[onnx]
layout = "NHWC"
"""
