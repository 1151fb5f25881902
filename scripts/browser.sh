#!/bin/sh
# Find a Chromium and a Chinese font for the browser tests, or get them; the path goes to var/browser.
set -eu
cd "$(dirname "$0")/.."
mkdir -p var

if [ "${MINXIN_NO_BROWSER:-0}" = 1 ]; then
    echo "MINXIN_NO_BROWSER=1：跳过浏览器测试 · THE BROWSER TESTS ARE SKIPPED" >&2
    exit 0
fi

found() {
    for name in "${MINXIN_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable "$PWD/var/chromium/run"; do
        if [ -n "$name" ] && path=$(command -v "$name") && "$path" --version >/dev/null 2>&1; then
            "$path" --version 2>/dev/null | head -n 1
            echo "$path" >var/browser
            return 0
        fi
    done
    return 1
}

fonts() { [ -d var/chromium/usr/share/fonts ] || { command -v fc-list >/dev/null && [ -n "$(fc-list :lang=zh family)" ]; }; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

from_debian() { # installed for everybody
    command -v apt-get >/dev/null || return 1
    as_root true 2>/dev/null || return 1
    echo "安装浏览器与字体 · installing Debian's chromium and fonts-noto-cjk …"
    as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            chromium fontconfig fonts-noto-cjk >/dev/null
}

unpacked() { # an ordinary user: the same packages, with what they need and the machine lacks, unpacked under var/
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
    echo "下载浏览器到 var/chromium · unpacking Debian's chromium under var/chromium …"
    home="$PWD/var/chromium"
    rm -rf "$home"
    mkdir -p "$home/apt/state/lists/partial" "$home/apt/cache/archives/partial"
    apt() {
        apt-get -qq -y -o Dir::State="$home/apt/state" -o Dir::Cache="$home/apt/cache" -o Debug::NoLocking=true \
            -o Dir::State::status="${MINXIN_DPKG_STATUS:-/var/lib/dpkg/status}" -o APT::Install-Recommends=false \
            -o APT::Sandbox::User="$(id -un)" "$@"
    }
    apt update && apt --download-only install chromium fontconfig fonts-noto-cjk >/dev/null || return 1
    for package in "$home"/apt/cache/archives/*.deb; do dpkg-deb -x "$package" "$home"; done
    rm -rf "$home/apt"
    libraries=$(find "$home/usr/lib" "$home/lib" -name '*.so*' -exec dirname {} + 2>/dev/null | sort -u | paste -sd: -)
    cat >"$home/fonts.conf" <<FONTS
<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir>$home/usr/share/fonts</dir><dir>/usr/share/fonts</dir><cachedir>$home/fontcache</cachedir></fontconfig>
FONTS
    cat >"$home/run" <<RUN
#!/bin/sh
LD_LIBRARY_PATH="$libraries" FONTCONFIG_FILE="$home/fonts.conf" exec "$home/usr/lib/chromium/chromium" --no-sandbox "\$@"
RUN
    chmod +x "$home/run"
}

own_of_playwright() {
    echo "下载 Playwright 自带的浏览器 · downloading Playwright's own browser …"
    PLAYWRIGHT_BROWSERS_PATH="$PWD/var/chromium/playwright" .venv/bin/playwright install chromium >/dev/null || return 1
    MINXIN_CHROMIUM=$(find "$PWD/var/chromium/playwright" -type f \( -name chrome -o -name headless_shell \) | head -n 1)
}

if found && fonts; then exit 0; fi
from_debian || unpacked || own_of_playwright || true
if found; then
    fonts || echo "没有中文字体，截图会显示方框 · no Chinese font: pictures will show boxes (fonts-noto-cjk)" >&2
    exit 0
fi
cat >&2 <<'HELP'
浏览器测试需要 Chromium 与中文字体。请管理员执行：apt install chromium fonts-noto-cjk
或用 MINXIN_CHROMIUM=/路径/chrome 指定；MINXIN_NO_BROWSER=1 make test 跳过浏览器测试。
The browser tests need a Chromium and a Chinese font. Ask an administrator for: apt install chromium fonts-noto-cjk
or name one with MINXIN_CHROMIUM=/path/to/chrome; MINXIN_NO_BROWSER=1 make test leaves the browser tests out.
HELP
exit 1
