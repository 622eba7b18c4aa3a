#!/bin/sh
# Makes sure that there is a Chromium for the browser tests: the machine's own, Debian's, or Playwright's.
set -eu
python=${PYTHON:-python3}

# The headless shell is half the work of the whole browser, see `launch` in conftest.py. Where Debian's package of it
# can't be installed without a password, the whole browser will do.
if command -v chromium-headless-shell >/dev/null 2>&1; then
    exit 0
fi
if command -v chromium >/dev/null 2>&1 && [ "$(id -u)" -ne 0 ]; then
    exit 0
fi

# Debian's. Ubuntu's Chromium packages only point to a snap, which can't read a test's folders.
if command -v apt-get >/dev/null 2>&1 && grep -qx 'ID=debian' /etc/os-release 2>/dev/null; then
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        as_root=sudo
        if ! command -v sudo >/dev/null 2>&1; then
            echo "The browser tests need Chromium, and installing it needs root: apt-get install chromium-headless-shell fonts-dejavu-core" >&2
            exit 1
        fi
    fi
    echo "== Installing Debian's Chromium for the browser tests"
    log=$(mktemp)
    install() {
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@" >"$log" 2>&1
    }
    if install update -q && install install -q -y --no-install-recommends chromium-headless-shell fonts-dejavu-core; then
        rm -f "$log"
        exit 0
    fi
    if command -v chromium >/dev/null 2>&1; then
        exit 0
    fi
    tail -n 20 "$log" >&2
    echo "Chromium could not be installed (the end of apt-get's words stands above). By hand: apt-get install chromium-headless-shell fonts-dejavu-core" >&2
    exit 1
fi

if command -v chromium >/dev/null 2>&1; then
    exit 0
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
