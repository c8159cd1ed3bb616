"""How trust is learnt from out-of-fold predictions; what is learnt is served by `foveal.trust`."""
