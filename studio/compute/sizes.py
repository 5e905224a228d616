"""The sizes that a node may have: what it offers a job, and what an hour of it costs.

Names are Azure's, so that public YAML files are understood. A node of a size is a share of a real
machine: `slots` says how many of its machine's slots one job takes. `hourly` is a figure to compare
by, in the currency of the team's choice; a compute may state its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from officina.errors import StudioError


@dataclass(frozen=True)
class Size:
    """One row of the size table."""

    name: str
    cores: int
    memory: float  # GiB
    hourly: float
    gpus: int = 0
    gpu: str = ""
    disk: int = 0  # GiB
    hint: str = ""

    @property
    def slots(self) -> int:
        """Return how many slots of its machine a job on this size takes: one for each eight cores."""
        return max(1, (self.cores + 4) // 8)

    @property
    def family(self) -> str:
        """Return the family that the name tells: D, E, F, NC and so on."""
        letters = self.name.removeprefix("Standard_")
        return "".join(letter for letter in letters.split("_")[0] if letter.isalpha())[:2]

    @property
    def summary(self) -> str:
        """Return cores, memory and GPUs in a few words."""
        gpu = f", {self.gpus} × {self.gpu}" if self.gpus else ""
        return f"{self.cores} core{'s'[: self.cores > 1]}, {self.memory:g} GiB{gpu}"


SMALL = "Small: trying things out."
GENERAL = "General purpose: a good first choice."
MEMORY = "Memory optimised: wide tables and large models in memory."
COMPUTE = "Compute optimised: many cores for little memory."
GPU = "GPU: deep learning. Jobs wait while no machine with a GPU is attached."
GROUPS = (GENERAL, MEMORY, COMPUTE, GPU, SMALL)
SIZES: dict[str, Size] = {
    size.name.lower(): size
    for size in (
        Size("Standard_A1_v2", 1, 2, 0.043, disk=10, hint=SMALL),
        Size("Standard_A2_v2", 2, 4, 0.091, disk=20, hint=SMALL),
        Size("Standard_DS1_v2", 1, 3.5, 0.073, disk=7, hint=GENERAL),
        Size("Standard_DS2_v2", 2, 7, 0.146, disk=14, hint=GENERAL),
        Size("Standard_DS3_v2", 4, 14, 0.293, disk=28, hint=GENERAL),
        Size("Standard_DS4_v2", 8, 28, 0.585, disk=56, hint=GENERAL),
        Size("Standard_DS5_v2", 16, 56, 1.17, disk=112, hint=GENERAL),
        Size("Standard_DS11_v2", 2, 14, 0.185, disk=28, hint=MEMORY),
        Size("Standard_DS12_v2", 4, 28, 0.371, disk=56, hint=MEMORY),
        Size("Standard_DS13_v2", 8, 56, 0.741, disk=112, hint=MEMORY),
        Size("Standard_DS14_v2", 16, 112, 1.482, disk=224, hint=MEMORY),
        Size("Standard_D1_v2", 1, 3.5, 0.073, disk=50, hint=GENERAL),
        Size("Standard_D2_v2", 2, 7, 0.146, disk=100, hint=GENERAL),
        Size("Standard_D3_v2", 4, 14, 0.293, disk=200, hint=GENERAL),
        Size("Standard_D4_v2", 8, 28, 0.585, disk=400, hint=GENERAL),
        Size("Standard_D11_v2", 2, 14, 0.185, disk=100, hint=MEMORY),
        Size("Standard_D12_v2", 4, 28, 0.371, disk=200, hint=MEMORY),
        Size("Standard_D2s_v3", 2, 8, 0.096, disk=16, hint=GENERAL),
        Size("Standard_D4s_v3", 4, 16, 0.192, disk=32, hint=GENERAL),
        Size("Standard_D8s_v3", 8, 32, 0.384, disk=64, hint=GENERAL),
        Size("Standard_D16s_v3", 16, 64, 0.768, disk=128, hint=GENERAL),
        Size("Standard_E2s_v3", 2, 16, 0.126, disk=32, hint=MEMORY),
        Size("Standard_E4s_v3", 4, 32, 0.252, disk=64, hint=MEMORY),
        Size("Standard_E8s_v3", 8, 64, 0.504, disk=128, hint=MEMORY),
        Size("Standard_F2s_v2", 2, 4, 0.085, disk=16, hint=COMPUTE),
        Size("Standard_F4s_v2", 4, 8, 0.169, disk=32, hint=COMPUTE),
        Size("Standard_F8s_v2", 8, 16, 0.338, disk=64, hint=COMPUTE),
        Size("Standard_F16s_v2", 16, 32, 0.677, disk=128, hint=COMPUTE),
        Size("Standard_NC6", 6, 56, 0.9, 1, "K80", 380, GPU),
        Size("Standard_NC12", 12, 112, 1.8, 2, "K80", 680, GPU),
        Size("Standard_NC6s_v3", 6, 112, 3.06, 1, "V100", 736, GPU),
        Size("Standard_NC12s_v3", 12, 224, 6.12, 2, "V100", 1474, GPU),
        Size("Standard_NC24s_v3", 24, 448, 12.24, 4, "V100", 2948, GPU),
        Size("Standard_NC4as_T4_v3", 4, 28, 0.526, 1, "T4", 180, GPU),
        Size("Standard_NC8as_T4_v3", 8, 56, 0.752, 1, "T4", 360, GPU),
        Size("Standard_NC24ads_A100_v4", 24, 220, 3.673, 1, "A100", 64, GPU),
        Size("Standard_ND40rs_v2", 40, 672, 22.03, 8, "V100", 2948, GPU),
        Size("Standard_ND96asr_v4", 96, 900, 27.2, 8, "A100", 6000, GPU),
    )
}
DEFAULT = "Standard_DS3_v2"


def find_size(name: str) -> Size:
    """Return the size of this name, in any case of letters."""
    size = SIZES.get(name.strip().lower())
    if size is None:
        raise StudioError(
            f"There is no size {name!r}.",
            hint=f"Known: {', '.join(each.name for each in SIZES.values())}.",
            where="size",
        )
    return size
