"""Classifiers of other libraries, read as data and written as one ONNX network; nothing in their files is executed."""
