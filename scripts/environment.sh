#!/bin/sh
# Make .venv from uv.lock: `environment.sh run` what serving needs, `environment.sh test` everything.
# uv is taken from PATH when new enough, else installed by pip into .uv/ (uv sync would remove it from .venv).
set -eu
cd "$(dirname "$0")/.."
wanted="${1:-run}"

python=""
for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 python; do
    if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$(command -v "$candidate")
        break
    fi
done
if [ -z "$python" ]; then
    echo "需要 Python 3.11 或更新的版本；装好后重试，或用 PYTHON=/路径/python 指定。" >&2
    echo "Python 3.11 or newer is needed: install it, or name it with PYTHON=/path/to/python." >&2
    exit 1
fi

new_enough() { # uv 0.8 knows this lock file
    "$1" --version 2>/dev/null | "$python" -c '
import re, sys
found = re.search(r"uv (\d+)\.(\d+)", sys.stdin.read())
sys.exit(not found or tuple(map(int, found.groups())) < (0, 8))'
}

uv=$(command -v uv || true)
if [ -z "$uv" ] || ! new_enough "$uv"; then
    uv=.uv/bin/uv
    if ! new_enough "$uv"; then
        echo "安装 uv · installing uv …"
        rm -rf .uv
        if "$python" -m venv .uv >/dev/null 2>&1; then
            .uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.8'
        elif rm -rf .uv && "$python" -m pip --version >/dev/null 2>&1; then # Debian without python3-venv
            "$python" -m pip install --quiet --disable-pip-version-check --target .uv 'uv>=0.8'
        else
            echo "$python 缺少 venv 和 pip。Debian、Ubuntu：apt install python3-venv" >&2
            echo "$python has neither venv nor pip. On Debian or Ubuntu: apt install python3-venv" >&2
            exit 1
        fi
    fi
fi

export UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}" UV_NATIVE_TLS="${UV_NATIVE_TLS:-1}" # an office may have its own authority
export UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-180}"
[ "$wanted" = run ] && extent="--no-dev --inexact" || extent=""

# A mirror: uv's own setting, or what pip is configured to use, which uv does not read.
mirror="${UV_DEFAULT_INDEX:-${UV_INDEX_URL:-${PIP_INDEX_URL:-$("$python" -m pip config get global.index-url 2>/dev/null || true)}}}"

echo "安装依赖 · installing what uv.lock names …"
if [ -z "$mirror" ]; then
    # shellcheck disable=SC2086
    "$uv" sync --locked --quiet --python "$python" $extent
else
    # The lock names files of pypi.org; the same files, held to the same hashes, are taken from the mirror.
    echo "  $mirror"
    mkdir -p var
    # shellcheck disable=SC2086
    env -u UV_DEFAULT_INDEX -u UV_INDEX_URL "$uv" export --frozen --quiet --no-emit-project \
        ${extent%--inexact} --python "$python" >var/requirements.txt
    [ -x .venv/bin/python ] || "$uv" venv --quiet --python "$python" .venv
    "$uv" pip install --quiet --python .venv/bin/python --default-index "$mirror" --require-hashes -r var/requirements.txt
    "$uv" pip install --quiet --python .venv/bin/python --default-index "$mirror" --no-deps --editable .
fi
