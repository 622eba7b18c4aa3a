"""`python -m cyberun_widget.local`."""

from __future__ import annotations

import sys

from cyberun_widget.local.process.command import main

sys.exit(main())
