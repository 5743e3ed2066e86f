"""The build: selects, processes and exports a corpus."""

import sys

from ttsprep.core.package import CallablePackage

sys.modules[__name__].__class__ = CallablePackage
