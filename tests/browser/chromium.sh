#!/bin/sh
# Makes sure that there is a Chromium for the browser tests: the machine's own, Debian's, or Playwright's.
set -eu
python=${PYTHON:-python3}

if command -v chromium >/dev/null 2>&1; then
    exit 0
fi

# Debian's. Ubuntu's package of that name only points to a snap, which a test's folders are closed to.
if command -v apt-get >/dev/null 2>&1 && grep -qx 'ID=debian' /etc/os-release 2>/dev/null; then
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        as_root=sudo
        if ! command -v sudo >/dev/null 2>&1; then
            echo "The browser tests need Chromium, and installing it needs root: apt-get install chromium fonts-dejavu-core" >&2
            exit 1
        fi
    fi
    echo "== Installing Debian's Chromium for the browser tests"
    log=$(mktemp)
    install() {
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@" >"$log" 2>&1
    }
    if install update -q && install install -q -y --no-install-recommends chromium fonts-dejavu-core; then
        rm -f "$log"
        exit 0
    fi
    tail -n 20 "$log" >&2
    echo "Chromium could not be installed (the end of apt-get's words stands above). By hand: apt-get install chromium fonts-dejavu-core" >&2
    exit 1
fi

# Elsewhere: Playwright's own, once.
if "$python" - <<'PYTHON'
import sys
from pathlib import Path
from playwright.sync_api import sync_playwright

with sync_playwright() as playwright:
    sys.exit(not Path(playwright.chromium.executable_path).is_file())
PYTHON
then
    exit 0
fi
echo "== Fetching a Chromium for the browser tests"
if ! "$python" -m playwright install chromium; then
    echo "No Chromium. Install one that is called 'chromium' and found on PATH, then try again." >&2
    exit 1
fi
