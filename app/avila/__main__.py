"""`python -m avila` is the command `avila`."""

import sys

from avila.cli import main

if __name__ == "__main__":
    sys.exit(main())
