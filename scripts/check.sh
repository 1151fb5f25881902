#!/bin/sh
# `make check`: every gate, each even when an earlier one failed; the exit code says whether all passed.
cd "$(dirname "$0")/.." || exit 1
export PATH="$PWD/.venv/bin:$PATH" MINXIN_VAR="$PWD/var/check"
unset MINXIN_DATABASE_URL MINXIN_PRODUCTION MINXIN_DEBUG MINXIN_OPEN_FILING MINXIN_SURFACES
failed=""

gate() {
    name=$1
    shift
    if output=$("$@" 2>&1); then
        echo "ok      $name"
    else
        echo "$output"
        echo "FAILED  $name: $*"
        failed="$failed $name"
    fi
}

deployment() { # as a production would start: https, secrets given, nothing open
    MINXIN_PRODUCTION=1 MINXIN_HOSTS=minxin.example MINXIN_TRUSTED_PROXIES=1 \
        MINXIN_SECRET_KEY=$(python -c 'import secrets; print(secrets.token_hex(32))') \
        MINXIN_MASTER_KEY=$(python -c 'import secrets; print(secrets.token_hex(32))') \
        minxin check --deploy --fail-level WARNING
}

gate format ruff format --check .
gate lint ruff check .
gate types mypy
gate contracts lint-imports
gate templates djlint --lint --quiet minxin
gate migrations minxin makemigrations --check --dry-run
gate deployment deployment
gate house pytest -q --no-header tests/test_house.py
[ -z "$failed" ] || { echo "FAILED:$failed"; exit 1; }
echo "all passed"
