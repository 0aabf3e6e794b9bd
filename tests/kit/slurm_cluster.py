"""A real SLURM of one node, started from Debian's packages and stopped by the processes' ids."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "scancel", "squeue", "sinfo")
# Clients find it here only: SLURM_CONF does not reach the steps of a job.
CONF = Path("/etc/slurm/slurm.conf")
PATIENCE = 60  # seconds

SETTINGS = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge/socket
MpiDefault=none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/jobcomp.txt
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1,batch_sched_delay=0
ReturnToService=2
SlurmdParameters=config_overrides
MinJobAge=300
KillWait=2
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=64000 Gres=gpu:1 State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime=2880 State=UP
PartitionName=gpu Nodes={host} MaxTime=1440 State=UP
"""


def missing() -> str | None:
    """What keeps a SLURM from being started here; None if nothing does."""
    absent = [name for name in PROGRAMS if shutil.which(name, path=_path()) is None]
    if absent:
        return f"not installed: {', '.join(absent)} (Debian: slurmctld slurmd slurm-client munge)"
    if find_spec("snakemake_executor_plugin_slurm") is None:
        return "not installed: snakemake-executor-plugin-slurm"
    if os.geteuid() != 0:
        return "SLURM's daemons are started as root"
    if CONF.exists() and not CONF.is_symlink():
        return f"{CONF} is a cluster's own"
    try:
        socket.gethostbyname(_host())
    except OSError:
        return f"the host's name, {_host()}, has no address (add it to /etc/hosts)"
    return None


class Slurm:
    """What a running SLURM can be asked.

    Args:
        folder: where its settings and records lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def records(self) -> list[dict[str, str]]:
        """Return what SLURM itself noted of every job that has ended."""
        path = self.folder / "jobcomp.txt"
        lines = path.read_text().splitlines() if path.exists() else []
        return [dict(part.split("=", 1) for part in line.split() if "=" in part) for line in lines]

    def running(self, comment: str) -> list[str]:
        """Return the ids of the running jobs that the executor gave this comment."""
        lines = _ask("squeue", "--noheader", "--states", "RUNNING", "--format", "%i %k")
        jobs = (line.split(maxsplit=1) for line in lines.splitlines())
        return [job for job, *said in jobs if said == [comment]]

    def cancel(self, job: str) -> None:
        """Cancel a job, as an administrator would."""
        _ask("scancel", job)


@contextmanager
def one_node() -> Iterator[Slurm]:
    """Start munged, slurmctld and slurmd; stop them at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm-")))
        folder.chmod(0o755)  # munged runs as a user of its own
        _write_settings(folder)
        stack.enter_context(_linked(folder))
        stack.enter_context(_daemon(folder, *_munged(folder)))
        _wait_for(lambda: (folder / "munge/socket").exists(), folder)
        stack.enter_context(_daemon(folder, "slurmctld", "-D", "-f", str(folder / CONF.name)))
        stack.enter_context(_daemon(folder, "slurmd", "-D", "-f", str(folder / CONF.name)))
        _wait_for(lambda: "idle" in _ask("sinfo", "--noheader", "--format", "%t"), folder)
        stack.callback(_ask, "scancel", "--user", "root")
        yield Slurm(folder)


def _write_settings(folder: Path) -> None:
    (folder / CONF.name).write_text(SETTINGS.format(folder=folder, host=_host()))
    (folder / "gres.conf").write_text("Name=gpu File=/dev/null\n")
    for name in ("state", "spool", "munge"):
        (folder / name).mkdir()
    key = folder / "munge/key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    owner = pwd.getpwnam("munge")
    for path in (folder / "munge", key):
        os.chown(path, owner.pw_uid, owner.pw_gid)


@contextmanager
def _linked(folder: Path) -> Iterator[None]:
    """Put the settings where all of SLURM's programs look for them."""
    links = [CONF, CONF.with_name("gres.conf")]
    CONF.parent.mkdir(parents=True, exist_ok=True)
    for link in links:
        link.unlink(missing_ok=True)
        link.symlink_to(folder / link.name)
    try:
        yield
    finally:
        for link in links:
            link.unlink()


def _munged(folder: Path) -> list[str]:
    own = folder / "munge"
    return [
        *("setpriv", "--reuid=munge", "--regid=munge", "--clear-groups"),
        *("munged", "--foreground", f"--key-file={own}/key", f"--socket={own}/socket"),
        *(f"--pid-file={own}/pid", f"--log-file={own}/log", f"--seed-file={own}/seed"),
    ]


@contextmanager
def _daemon(folder: Path, *command: str) -> Iterator[None]:
    """Run a daemon in the foreground, as a child that is ended by its own id."""
    with (folder / "daemons.log").open("a") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=_environment())
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(ready, folder: Path) -> None:
    for _ in range(PATIENCE):
        if ready():
            return
        time.sleep(1)
    raise TimeoutError((folder / "daemons.log").read_text())


def _ask(*command: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=_environment()
    )
    return done.stdout


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": _path()}


def _path() -> str:
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"


def _host() -> str:
    return socket.gethostname().partition(".")[0]
