#!/usr/bin/env bash
# Makes .venv where it is missing, then runs a moto server on a free loopback port until it is stopped.
#
#   tests/conformance/serve.sh            prints  export AWS_ENDPOINT_URL=http://127.0.0.1:PORT  and serves
#   tests/conformance/serve.sh --venv     makes .venv only
set -euo pipefail
cd "$(dirname "$0")/../.."

requirements=tests/conformance/requirements.txt
mark=.venv/.requirements

if ! cmp -s "$requirements" "$mark"; then
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
        || { echo "moto needs Python 3.10 or later; python3 is $(python3 --version)" >&2; exit 1; }
    rm -rf .venv
    # A Python without ensurepip (Debian's, until python3-venv is installed) can borrow its own pip.
    python3 -m venv .venv 2>/dev/null || python3 -m venv --clear --without-pip .venv
    if [ -x .venv/bin/pip ]; then pip=(.venv/bin/pip); else pip=(python3 -m pip --python .venv/bin/python); fi
    "${pip[@]}" --disable-pip-version-check --no-input install --quiet -r "$requirements" >&2
    cp "$requirements" "$mark"
fi
[ "${1:-}" != --venv ] || exit 0

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
echo "export AWS_ENDPOINT_URL=http://127.0.0.1:$port AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing AWS_REGION=us-east-1"
# Without the variable moto knows no AWS-managed policy, and attaching one is an error.
exec env MOTO_IAM_LOAD_MANAGED_POLICIES=true .venv/bin/moto_server --host 127.0.0.1 --port "$port"
