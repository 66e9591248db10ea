"""`python -m daemon` is `acuse`."""

import sys

from daemon.cli import main

sys.exit(main())
