"""What is known of each pretrained network, and how its network file is made.

`BUILDERS` are the functions that write a network file from published weights. Adding a backbone is one card in
`cards/` and, for a new architecture, one builder and one line here.
"""

BUILDERS = {
    "efficientnet_lite": "foveal.backbones.efficientnet_lite:build",
}
