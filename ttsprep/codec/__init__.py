"""A neural codec of our own: speech in, codebook indices out, and back.

Only this package (and checks that run a model) imports torch; importing ``ttsprep.codec`` itself does not.
"""
