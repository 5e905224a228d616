"""Confine a job's view of the disk and the network, with what this kernel really offers.

Landlock needs no privilege and holds even for root; namespaces are added where the kernel lets
us. The shim prepares a `Confinement` and its forked child calls `enter()` before the job's first
instruction. Whatever could not be had is said in the returned text, which ends up on the run
page.

What holds: no file outside the job's folders and the system's can be opened, a read-only input
cannot be written, no process outside can be signalled or inspected. What does not: Landlock (ABI
7) leaves `connect()` to a unix socket *by path* and `chmod` alone, so folders with sockets are
named in `hidden` and covered by an empty mount.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct

CREATE_RULESET, ADD_RULE, RESTRICT_SELF, CAPSET = (
    444,
    445,
    446,
    126 if os.uname().machine == "x86_64" else 91,
)
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
MAKE_CHAR, MAKE_BLOCK = 1 << 6, 1 << 11
FILE_ONLY = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
READ = EXECUTE | READ_FILE | READ_DIR
NET_BIND_TCP, NET_CONNECT_TCP = 1 << 0, 1 << 1
SCOPE_ABSTRACT_UNIX, SCOPE_SIGNAL = 1 << 0, 1 << 1

PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
MS_REC, MS_PRIVATE, MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 0x4000, 1 << 18, 1, 2, 4, 8
# A job that runs as root keeps the powers over its own files (chown, dac_override, fowner,
# fsetid, kill, setgid, setuid) and loses those over the machine: mount, ptrace, raw disks, kernel
# modules, opening files by handle.
KEPT_CAPABILITIES = sum(1 << number for number in (0, 1, 3, 4, 5, 6, 7))

SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/opt",
    "/proc",
    "/sys",
    "/nix/store",
    "/snap",
)
SECRETS_IN_ETC = {
    "shadow",
    "shadow-",
    "gshadow",
    "gshadow-",
    "ssh",
    "sudoers",
    "sudoers.d",
    "kubernetes",
    "private",
}
DEVICES = (
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/shm",
    "/dev/dri",
    "/dev/kfd",
    "/dev/mqueue",
)

_libc = ctypes.CDLL(None, use_errno=True)


def abi() -> int:
    """Return the Landlock ABI of this kernel, 0 when it has none or it is switched off."""
    version = int(_libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), 1))
    return max(0, version)


class Policy:
    """What a job may touch: folders or files, absolute. A missing path is ignored."""

    # Neither a dataclass nor a NamedTuple: their imports would double the shim's start time.
    def __init__(
        self,
        *,
        readonly: tuple[str, ...] = (),
        writable: tuple[str, ...] = (),
        hidden: tuple[str, ...] = (),
        network: bool = True,
    ) -> None:
        self.readonly = readonly
        self.writable = writable
        self.hidden = hidden
        self.network = network


class Confinement:
    """A ruleset that waits to be entered."""

    def __init__(self, policy: Policy, version: int, ruleset: int | None) -> None:
        self.policy = policy
        self.version = version
        self.ruleset = ruleset

    def enter(self) -> str:
        """Confine this single-threaded process for good and return in words what holds."""
        network, mounts = self._enter_namespaces()
        if not (self.policy.network or network or (self.ruleset is not None and self.version >= 4)):
            raise OSError("it must reach no network, and this machine has no way to see to that")
        if os.geteuid() == 0:
            _drop_capabilities()
        _check(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
        if self.ruleset is not None:
            _check(_libc.syscall(RESTRICT_SELF, self.ruleset, 0), "landlock_restrict_self")
            os.close(self.ruleset)
        return self._words(network, mounts)

    def close(self) -> None:
        """Drop the ruleset in the parent, which stays free."""
        if self.ruleset is not None:
            os.close(self.ruleset)

    def _enter_namespaces(self) -> tuple[bool, bool]:
        covered = [path for path in self.policy.hidden if os.path.isdir(path)]
        flags = (CLONE_NEWNS if covered else 0) | (0 if self.policy.network else CLONE_NEWNET)
        if not flags or not _unshare(flags):
            return False, False
        if flags & CLONE_NEWNET:
            _raise_loopback()
        return bool(flags & CLONE_NEWNET), bool(covered) and all([_cover(path) for path in covered])

    def _words(self, network_namespace: bool, mounts: bool) -> str:
        if self.ruleset is None:
            files = "none: kernel lacks Landlock"
        else:
            files = f"landlock abi {self.version}: files confined"
        if self.policy.network:
            network = "network open"
        elif network_namespace:
            network = "network off"
        else:
            network = "TCP off, UDP open (no network namespace here)"
        hidden = ""
        if self.policy.hidden:
            hidden = (
                "; sockets hidden"
                if mounts
                else "; sockets reachable by path (no mount namespace here)"
            )
        return f"{files}; {network}{hidden}"


def prepare(policy: Policy) -> Confinement:
    """Build the ruleset for `policy`; cheap (1-2 ms) and free of effect until `enter()`."""
    version = abi()
    if version == 0:
        return Confinement(policy, 0, None)
    handled = (1 << 13) - 1
    handled |= REFER if version >= 2 else 0
    handled |= TRUNCATE if version >= 3 else 0
    handled |= IOCTL_DEV if version >= 5 else 0
    network = NET_BIND_TCP | NET_CONNECT_TCP if version >= 4 and not policy.network else 0
    scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL if version >= 6 else 0
    size = 8 if version < 4 else 16 if version < 6 else 24
    attributes = struct.pack("=QQQ", handled, network, scoped)[:size]
    ruleset = _check(
        _libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(size), 0),
        "landlock_create_ruleset",
    )
    write = handled & ~(MAKE_CHAR | MAKE_BLOCK | IOCTL_DEV)
    for path in [*SYSTEM, *_readable_etc(), *_name_service_files(), *policy.readonly]:
        _allow(ruleset, path, READ & handled)
    for path in [*DEVICES, *_graphics_devices()]:
        _allow(ruleset, path, handled & ~(MAKE_CHAR | MAKE_BLOCK | EXECUTE))
    for path in policy.writable:
        _allow(ruleset, path, write)
    return Confinement(policy, version, ruleset)


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):
            access &= FILE_ONLY
        rule = struct.pack("=Qi", access, handle)
        _check(_libc.syscall(ADD_RULE, ruleset, 1, rule, 0), f"landlock rule for {path}")
    finally:
        os.close(handle)


def _readable_etc() -> list[str]:
    # Landlock only ever adds rights, so "all of /etc but the secrets" has to be spelled entry by
    # entry.
    found = []
    for folder in ("/etc", "/etc/ssl"):
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        skipped = SECRETS_IN_ETC | ({"ssl"} if folder == "/etc" else set())
        found += [f"{folder}/{name}" for name in names if name not in skipped]
    return found


def _name_service_files() -> list[str]:
    # resolv.conf is often a link into /run, which is not readable as a whole.
    return [os.path.realpath(path) for path in ("/etc/resolv.conf", "/etc/hosts", "/etc/localtime")]


def _graphics_devices() -> list[str]:
    try:
        return [f"/dev/{name}" for name in os.listdir("/dev") if name.startswith("nvidia")]
    except OSError:
        return []


def _unshare(flags: int) -> bool:
    if os.geteuid() == 0 and _libc.unshare(flags) == 0:
        return _private_mounts(flags)
    # A half-made user namespace (AppArmor allows the first step and refuses the second) leaves a
    # process without an identity, so a child that is thrown away tries it first.
    probe = os.fork()
    if probe == 0:
        os._exit(0 if _own_user_namespace(flags) else 1)
    if os.waitpid(probe, 0)[1] != 0:
        return False
    return _own_user_namespace(flags)


def _own_user_namespace(flags: int) -> bool:
    user, group = os.geteuid(), os.getegid()
    if _libc.unshare(CLONE_NEWUSER | flags) != 0:
        return False
    try:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    except OSError:
        return False
    return _private_mounts(flags)


def _private_mounts(flags: int) -> bool:
    if not flags & CLONE_NEWNS:
        return True
    return bool(_libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) == 0)


def _cover(path: str) -> bool:
    flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC
    return bool(_libc.mount(b"none", os.fsencode(path), b"tmpfs", flags, b"size=4k,mode=555") == 0)


def _raise_loopback() -> None:
    import fcntl

    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            fcntl.ioctl(
                probe.fileno(), 0x8914, struct.pack("16sH14s", b"lo", 1, b"")
            )  # SIOCSIFFLAGS, IFF_UP
    except OSError:
        pass  # a job without loopback still runs; only its own local servers would notice


def _drop_capabilities() -> None:
    for number in range(64):
        if (
            not KEPT_CAPABILITIES >> number & 1
            and _libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0
        ):
            break  # past the last capability this kernel knows
    low = KEPT_CAPABILITIES & 0xFFFFFFFF
    header = struct.pack("=Ii", 0x20080522, 0)
    _libc.syscall(CAPSET, header, struct.pack("=6I", low, low, 0, 0, 0, 0))


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {errno.errorcode.get(number, number)}")
    return int(result)
