"""Trains the encoder and its heads from a pack: `python -m services.enricher.training.train PACK RUN --steps 12000`.

Started again with the same RUN folder it goes on where it stopped, so a long run may be cut in slices (--minutes) and
moved between machines. The same seed gives the same losses on the same kind of machine. On a processor with bfloat16
products, and on a GPU, the products are in bfloat16 and the weights in float32.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from services.enricher.training.checkpoint import LAYERS
from services.enricher.training.losses import losses
from services.enricher.training.network import Network
from services.enricher.training.sampler import Sampler, Window, collate, open_pack
from services.enricher.training.saved import load_parts, save_parts
from services.enricher.training.start import WORDS, encoder_weights, read_packed, unpacked

_LOGGED_EVERY, _SAVED_EVERY_SECONDS = 50, 600.0


@dataclass(frozen=True)
class Plan:
    """What decides the outcome of a run."""

    steps: int
    seed: int = 1
    batch_tokens: int = 2048
    rate: float = 2e-4
    """Of the highest layer; each layer below has `layer_decay` of the next one's."""
    head_rate: float = 8e-4
    layer_decay: float = 0.9
    warm_up: int = 300
    frozen: int = 3
    """Layers from below that don't change; the word embeddings never do."""
    hidden: float = 0.08
    """The share of tokens whose words are hidden: a name is then told from what stands around it."""
    head_decay: float = 0.3
    """Weight decay of the heads that read whole texts, which have few of them to learn from."""
    half: bool = True
    """Products in bfloat16."""

    def rate_at(self, step: int) -> float:
        """The share of the rates at a step: up in a line, then down to 2 %."""
        return min((step + 1) / self.warm_up, max(1 - step / self.steps, 0.02))


class Trainer:
    """A network in training: float32 weights, what the optimiser remembers, and where the sampler is."""

    def __init__(self, pack: Path, plan: Plan, device: str) -> None:
        torch.manual_seed(plan.seed)
        self.plan, self.device = plan, device
        self.kind = torch.bfloat16 if plan.half else torch.float32
        weights = unpacked(read_packed(pack / "weights.safetensors"))
        self.words = torch.from_numpy(weights[WORDS]).to(device, self.kind)
        self.network = Network()
        self.network.encoder.load(encoder_weights(weights, range(LAYERS)))
        for layer in self.network.encoder.layers[: plan.frozen]:
            layer.requires_grad_(False)
        self.network.encoder.norm.requires_grad_(False)
        self.network.to(device)
        self.masters = {name: value.detach().clone() for name, value in self.network.named_parameters() if value.requires_grad}
        self.network.to(self.kind)
        self.optimiser = torch.optim.AdamW(self._groups(), betas=(0.9, 0.98), eps=1e-7, fused=True)
        self.rates = [group["lr"] for group in self.optimiser.param_groups]
        self.meanings = torch.from_numpy(np.load(pack / "meaning.npy").astype(np.float32)).to(device)
        self.sampler = Sampler(open_pack(pack), plan.seed, plan.batch_tokens)
        self.step = 0

    def _groups(self) -> list[dict[str, object]]:
        groups = []
        for name, value in self.masters.items():
            rate = self.plan.head_rate
            if name.startswith("encoder.layers."):
                rate = self.plan.rate * self.plan.layer_decay ** (LAYERS - 1 - int(name.split(".")[2]))
            decay = self.plan.head_decay if name.startswith(("sentiment.", "topics.")) else 0.01
            groups.append({"params": [value], "lr": rate, "weight_decay": decay if value.ndim > 1 else 0.0})
        return groups

    def train(self, windows: Sequence[Window]) -> dict[str, tuple[float, int]]:
        """One step on a batch of the sampler's windows; the parts of its loss."""
        batch = collate(self.sampler.pack, windows)
        ids = torch.from_numpy(batch.ids).to(self.device)
        torch.manual_seed(self.plan.seed * 1_000_003 + self.step)  # what is dropped doesn't depend on where a run was resumed
        is_shown = (torch.rand(ids.shape, device=self.device) >= self.plan.hidden) | (ids <= 2)
        answers = self.network.train()(self.words[ids] * is_shown[..., None], ids != 1)
        found = losses(answers, batch, self.meanings)
        found.total.backward()
        live = dict(self.network.named_parameters())
        for name, master in self.masters.items():
            gradient = live[name].grad
            master.grad = torch.zeros_like(master) if gradient is None else gradient.float()
            live[name].grad = None
        torch.nn.utils.clip_grad_norm_(list(self.masters.values()), 1.0)
        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * self.plan.rate_at(self.step)
        self.optimiser.step()
        with torch.no_grad():
            for name, master in self.masters.items():
                live[name].copy_(master)
        self.step += 1
        return found.parts

    def save(self, folder: Path) -> None:
        """Writes all that is needed to go on."""
        save_parts(
            folder,
            {
                "step": self.step,
                "sampler": self.sampler.state,
                "weights": self.masters,
                "optimiser": self.optimiser.state_dict(),
            },
        )

    def begin_from(self, trained: Path) -> None:
        """Takes over the weights that another run wrote; the heads too."""
        from safetensors.torch import load_file

        live = dict(self.network.named_parameters())
        with torch.no_grad():
            for name, value in load_file(trained).items():
                live[name].copy_(value)
                if name in self.masters:
                    self.masters[name].copy_(value)

    def resume(self, folder: Path) -> None:
        """Goes on from what was saved, when anything was."""
        saved = load_parts(folder)
        if saved is None:
            return
        self.step, self.sampler.state = saved["step"], saved["sampler"]
        self.optimiser.load_state_dict(saved["optimiser"])
        live = dict(self.network.named_parameters())
        with torch.no_grad():
            for name, master in self.masters.items():
                master.copy_(saved["weights"][name])
                live[name].copy_(master)

    def write(self, path: Path) -> None:
        """Writes what was trained in half precision, for export."""
        from safetensors.torch import save_file

        save_file({name: value.half().cpu().contiguous() for name, value in self.masters.items()}, path)


def run(trainer: Trainer, folder: Path, minutes: float) -> Iterator[dict[str, object]]:
    """Trains until the plan's last step or for so many minutes; yields a line for the log every 50 steps."""
    begun = saved = time.monotonic()
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0])
    tokens, since = 0, begun
    batches = trainer.sampler.batches()
    while trainer.step < trainer.plan.steps and time.monotonic() - begun < minutes * 60:
        windows = next(batches)
        for name, (loss, count) in trainer.train(windows).items():
            sums[name][0] += loss
            sums[name][1] += count
        tokens += sum(window.tokens for window in windows)
        if time.monotonic() - saved > _SAVED_EVERY_SECONDS:
            trainer.save(folder)
            saved = time.monotonic()
        if trainer.step % _LOGGED_EVERY == 0:
            now = time.monotonic()
            yield {
                "step": trainer.step,
                "tokens/s": round(tokens / (now - since)),
                **{name: round(total / max(count, 1), 4) for name, (total, count) in sums.items()},
            }
            sums.clear()
            tokens, since = 0, now


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path, help="folder written by services.enricher.training.pack")
    parser.add_argument("run", type=Path, help="folder of checkpoints and the log; goes on when there are any")
    parser.add_argument("--steps", type=int, required=True, help="of the whole run: the rates fall towards it")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so many, to be resumed")
    parser.add_argument("--begin-from", type=Path, help="trained.safetensors of another run, instead of the base model")
    parser.add_argument("--rate", type=float, default=Plan.rate, help="of the highest layer (%(default)s)")
    parser.add_argument("--frozen", type=int, default=Plan.frozen, help="layers from below that don't change (%(default)s)")
    parser.add_argument("--head-decay", type=float, default=Plan.head_decay, help="of what reads whole texts (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    plan = Plan(
        steps=options.steps,
        seed=options.seed,
        rate=options.rate,
        frozen=options.frozen,
        head_decay=options.head_decay,
        half=options.device != "cpu" or torch.cpu._is_avx512_bf16_supported(),
    )
    trainer = Trainer(options.pack, plan, options.device)
    if options.begin_from:
        trainer.begin_from(options.begin_from)
    trainer.resume(options.run)
    options.run.mkdir(parents=True, exist_ok=True)
    (options.run / "plan.json").write_text(json.dumps(asdict(plan)))
    with (options.run / "log.jsonl").open("a") as log:
        for line in run(trainer, options.run, options.minutes):
            print(json.dumps(line), file=log, flush=True)
            print(json.dumps(line), flush=True)
    trainer.save(options.run)
    trainer.write(options.run / "trained.safetensors")


if __name__ == "__main__":
    main()
