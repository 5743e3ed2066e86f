"""The audit: measures, judges and sums up a corpus."""

import sys

from ttsprep.core.package import CallablePackage

sys.modules[__name__].__class__ = CallablePackage
