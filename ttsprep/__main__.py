"""The command line as ``python -m ttsprep``, for an interpreter whose scripts are not on the PATH."""

import sys

from ttsprep.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
