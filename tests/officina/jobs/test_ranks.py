from __future__ import annotations

import json
import subprocess
import sys

from officina.documents import command_line
from officina.jobs.ranks import environments

RANKS = [sys.executable, "-m", "officina.jobs.ranks"]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RANKS, *words], capture_output=True, text=True, check=False, timeout=60)


def test_each_rank_runs_once_with_its_own_numbers() -> None:
    done = run(
        "--type", "pytorch", "--nodes", "2", "--processes", "2",
        "echo $RANK $LOCAL_RANK $NODE_RANK $WORLD_SIZE",
    )  # fmt: skip
    assert done.returncode == 0
    assert sorted(done.stdout.splitlines()) == [
        "[rank 0] 0 0 0 4", "[rank 1] 1 1 0 4", "[rank 2] 2 0 1 4", "[rank 3] 3 1 1 4",
    ]  # fmt: skip


def test_the_first_that_fails_ends_the_others_and_gives_the_code() -> None:
    done = run("--type", "mpi", "--processes", "2",
               "if [ $OMPI_COMM_WORLD_RANK = 1 ]; then exit 7; else sleep 30; fi")  # fmt: skip
    assert done.returncode == 7
    assert "rank 1 ended with code 7" in done.stdout


def test_ranks_reach_each_other_on_the_master_port() -> None:
    script = (
        "import os,socket,time\n"
        "at=(os.environ['MASTER_ADDR'],int(os.environ['MASTER_PORT']))\n"
        "if os.environ['RANK']=='0':\n"
        "    s=socket.create_server(at); c,_=s.accept(); print(c.recv(9).decode())\n"
        "else:\n"
        "    for _ in range(100):\n"
        "        try: c=socket.create_connection(at); break\n"
        "        except OSError: time.sleep(.1)\n"
        "    c.sendall(b'hello')\n"
    )
    done = run("--type", "pytorch", "--processes", "2", f'{sys.executable} -c "{script}"')
    assert "[rank 0] hello" in done.stdout


def test_tensorflow_workers_know_the_cluster() -> None:
    found = [json.loads(each["TF_CONFIG"]) for each in environments("tensorflow", 2, 1, 1)]
    assert [each["task"] for each in found] == [
        {"type": "worker", "index": 0}, {"type": "worker", "index": 1}, {"type": "ps", "index": 0},
    ]  # fmt: skip
    assert found[0]["cluster"] == found[2]["cluster"]


def test_a_distributed_command_is_wrapped_and_its_quotes_survive() -> None:
    document = {
        "command": "echo 'it is' $RANK ${{inputs.x}}",
        "inputs": {"x": {"jobInputType": "literal", "value": "a b"}},
        "distribution": {"type": "pytorch", "process_count_per_instance": 2},
        "resources": {"instance_count": 1},
    }
    line = command_line(document, {}, {}).replace("python -m", f"{sys.executable} -m")
    done = subprocess.run(["/bin/bash", "-c", line], capture_output=True, text=True, check=True)
    assert sorted(done.stdout.splitlines()) == ["[rank 0] it is 0 a b", "[rank 1] it is 1 a b"]
