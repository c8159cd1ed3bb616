"""One function a verb: the only place where the parts are put together."""
