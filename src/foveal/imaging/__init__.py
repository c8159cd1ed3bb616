"""From the bytes of a photo to the network's input: decode, turn upright, cut, resize."""
