"""Exports: what others ask of an audit in a form of their own, all made of the same answers.

`week` is what people work with; every other module is a document for a receiver outside.
"""
