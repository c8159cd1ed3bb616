"""How the literature calls the families of networks, and the paper each comes from."""

from __future__ import annotations

import re

_FAMILIES: tuple[tuple[str, str, str], ...] = (
    (
        "alexnet",
        "AlexNet",
        "Krizhevsky, One weird trick for parallelizing CNNs, arXiv:1404.5997",
    ),
    (
        "vgg",
        "VGG",
        "Simonyan & Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, arXiv:1409.1556",
    ),
    ("googlenet", "GoogLeNet", "Szegedy et al., Going Deeper with Convolutions, arXiv:1409.4842"),
    (
        "inception_v3",
        "Inception v3",
        "Szegedy et al., Rethinking the Inception Architecture for Computer Vision, arXiv:1512.00567",
    ),
    ("inception_v4|inception_resnet_v2", "Inception v4", "Szegedy et al., Inception-v4, arXiv:1602.07261"),
    ("resnetv2", "ResNet v2", "He et al., Identity Mappings in Deep Residual Networks, arXiv:1603.05027"),
    ("wide_resnet", "Wide ResNet", "Zagoruyko & Komodakis, Wide Residual Networks, arXiv:1605.07146"),
    ("resnext", "ResNeXt", "Xie et al., Aggregated Residual Transformations for Deep Networks, arXiv:1611.05431"),
    ("resnest", "ResNeSt", "Zhang et al., ResNeSt: Split-Attention Networks, arXiv:2004.08955"),
    ("res2net|res2next", "Res2Net", "Gao et al., Res2Net, arXiv:1904.01169"),
    ("resnet", "ResNet", "He et al., Deep Residual Learning for Image Recognition, arXiv:1512.03385"),
    ("densenet", "DenseNet", "Huang et al., Densely Connected Convolutional Networks, arXiv:1608.06993"),
    ("squeezenet", "SqueezeNet", "Iandola et al., SqueezeNet, arXiv:1602.07360"),
    (
        "xception",
        "Xception",
        "Chollet, Xception, arXiv:1610.02357",
    ),
    ("mobilenet_?v2", "MobileNetV2", "Sandler et al., MobileNetV2, arXiv:1801.04381"),
    ("(tf_)?mobilenet_?v3", "MobileNetV3", "Howard et al., Searching for MobileNetV3, arXiv:1905.02244"),
    ("mobilenet_?v4", "MobileNetV4", "Qin et al., MobileNetV4, arXiv:2404.10518"),
    ("(tf_)?efficientnet_?v2", "EfficientNetV2", "Tan & Le, EfficientNetV2, arXiv:2104.00298"),
    (
        "(tf_)?efficientnet",
        "EfficientNet",
        "Tan & Le, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, arXiv:1905.11946",
    ),
    ("mnasnet", "MnasNet", "Tan et al., MnasNet, arXiv:1807.11626"),
    ("shufflenet_v2", "ShuffleNet V2", "Ma et al., ShuffleNet V2, arXiv:1807.11164"),
    ("ghostnet", "GhostNet", "Han et al., GhostNet, arXiv:1911.11907"),
    ("regnet", "RegNet", "Radosavovic et al., Designing Network Design Spaces, arXiv:2003.13678"),
    ("(dm_)?nfnet", "NFNet", "Brock et al., High-Performance Large-Scale Image Recognition, arXiv:2102.06171"),
    ("repvgg", "RepVGG", "Ding et al., RepVGG: Making VGG-style ConvNets Great Again, arXiv:2101.03697"),
    ("convnextv2", "ConvNeXt V2", "Woo et al., ConvNeXt V2, arXiv:2301.00808"),
    ("convnext", "ConvNeXt", "Liu et al., A ConvNet for the 2020s, arXiv:2201.03545"),
    ("hrnet", "HRNet", "Wang et al., Deep High-Resolution Representation Learning, arXiv:1908.07919"),
    ("mixer", "MLP-Mixer", "Tolstikhin et al., MLP-Mixer: An all-MLP Architecture for Vision, arXiv:2105.01601"),
    ("deit3", "DeiT III", "Touvron et al., DeiT III: Revenge of the ViT, arXiv:2204.07118"),
    ("deit", "DeiT", "Touvron et al., Training data-efficient image transformers, arXiv:2012.12877"),
    ("vit_.*dinov2", "ViT (DINOv2)", "Oquab et al., DINOv2, arXiv:2304.07193"),
    ("vit_.*siglip", "ViT (SigLIP)", "Zhai et al., Sigmoid Loss for Language Image Pre-Training, arXiv:2303.15343"),
    ("vit_.*clip", "ViT (CLIP)", "Radford et al., Learning Transferable Visual Models, arXiv:2103.00020"),
    ("flexivit", "FlexiViT", "Beyer et al., FlexiViT: One Model for All Patch Sizes, arXiv:2212.08013"),
    ("vit_", "Vision Transformer", "Dosovitskiy et al., An Image is Worth 16x16 Words, arXiv:2010.11929"),
    ("beitv2", "BEiT v2", "Peng et al., BEiT v2, arXiv:2208.06366"),
    ("beit_", "BEiT", "Bao et al., BEiT: BERT Pre-Training of Image Transformers, arXiv:2106.08254"),
    ("eva02", "EVA-02", "Fang et al., EVA-02: A Visual Representation for Neon Genesis, arXiv:2303.11331"),
    ("swin_?v2", "Swin V2", "Liu et al., Swin Transformer V2, arXiv:2111.09883"),
    ("swin_", "Swin", "Liu et al., Swin Transformer, arXiv:2103.14030"),
    ("maxvit", "MaxViT", "Tu et al., MaxViT: Multi-Axis Vision Transformer, arXiv:2204.01697"),
    ("coatnet", "CoAtNet", "Dai et al., CoAtNet, arXiv:2106.04803"),
    ("levit", "LeViT", "Graham et al., LeViT, arXiv:2104.01136"),
    ("mobilevit", "MobileViT", "Mehta & Rastegari, MobileViT, arXiv:2110.02178"),
    ("fastvit", "FastViT", "Vasu et al., FastViT, arXiv:2303.14189"),
    ("pvt_v2", "PVT v2", "Wang et al., PVT v2, arXiv:2106.13797"),
)


def title_and_paper(architecture: str) -> tuple[str, str]:
    """Title and paper of an architecture; its own name and "" where its family is not in the table.

    Args:
        architecture: As a library calls it, such as "vgg16_bn", whose title is "VGG (vgg16_bn)".
    """
    for pattern, title, paper in _FAMILIES:
        if re.match(pattern, architecture):
            return (title if title.lower() == architecture else f"{title} ({architecture})"), paper
    return architecture, ""
