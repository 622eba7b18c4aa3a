#!/bin/sh
# Makes sure that there is a Chromium for the browser tests: the machine's own, Debian's, or Playwright's.
# Nearly all tests run in its headless shell, at half the cost; where that is missing, the whole browser will do.
set -eu
python=${PYTHON:-python3}
packages="chromium chromium-headless-shell fonts-dejavu-core"

have() {
    command -v "$1" >/dev/null 2>&1
}

if have chromium && have chromium-headless-shell; then
    exit 0
fi

# Debian's. Ubuntu's packages only point to a snap, which can't read a test's folders.
if have apt-get && grep -qx 'ID=debian' /etc/os-release 2>/dev/null; then
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        if have chromium; then
            exit 0 # no password for speed
        fi
        as_root=sudo
        if ! have sudo; then
            echo "The browser tests need Chromium, and installing it needs root: apt-get install $packages" >&2
            exit 1
        fi
    fi
    echo "== Installing Debian's Chromium for the browser tests"
    log=$(mktemp)
    install() {
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@" >"$log" 2>&1
    }
    # shellcheck disable=SC2086 # a list of packages
    if install update -q && install install -q -y --no-install-recommends $packages; then
        rm -f "$log"
        exit 0
    fi
    if have chromium; then
        exit 0
    fi
    tail -n 20 "$log" >&2
    echo "Chromium could not be installed; the last lines of apt-get's output are above. By hand: apt-get install $packages" >&2
    exit 1
fi

if have chromium; then
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
