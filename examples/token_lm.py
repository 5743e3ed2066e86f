"""A small language model of speech: reads a text, goes on in audio tokens.

    ttsprep encode CORPUS --format flat --out codes
    python examples/token_lm.py codes --steps 200

It trains on `<text> audio_start <codes> audio_end`, where the text is UTF-8 bytes behind the ids of the codes, and
prints the loss on audio tokens in nats; a model that has learned nothing is at log(size).
"""

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as f


class SpeechLM(nn.Module):
    """A decoder-only transformer."""

    def __init__(self, size: int, context: int, width: int = 128, layers: int = 2) -> None:
        super().__init__()
        self.tokens = nn.Embedding(size, width)
        self.places = nn.Embedding(context, width)
        nn.init.normal_(self.tokens.weight, std=0.02)
        nn.init.normal_(self.places.weight, std=0.02)
        layer = nn.TransformerEncoderLayer(
            width, 4, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False)

    def forward(self, ids: Tensor) -> Tensor:
        """Return the logits of the next id after each of `ids`, shape (batch, places)."""
        places = torch.arange(ids.shape[1], device=ids.device)
        mask = nn.Transformer.generate_square_subsequent_mask(len(places), device=ids.device)
        hidden = self.blocks(self.tokens(ids) + self.places(places), mask=mask, is_causal=True)
        return hidden @ self.tokens.weight.T


def read(folder: Path, vocabulary: dict) -> list[list[int]]:
    """Return the sequence of each clip."""
    special, text_first = vocabulary["special"], vocabulary["size"]
    sequences = []
    for path in sorted(folder.glob("codes-*.jsonl")):
        with path.open(encoding="utf-8") as file:
            for row in map(json.loads, file):
                text = [text_first + byte for byte in row["text"].encode()]
                sequences.append([*text, special["audio_start"], *row["audio_codes"], special["audio_end"]])
    return sequences


def batches(sequences: list[list[int]], size: int, context: int, pad: int) -> Iterator[Tensor]:
    """Yield sequences in a random order, cut at the context, shape (size, up to context + 1), without end."""
    while True:
        order = torch.randperm(max(size, len(sequences))) % len(sequences)
        for chosen in order.split(size):
            rows = [torch.tensor(sequences[i][: context + 1]) for i in chosen.tolist()]
            yield nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=pad)


def loss_of(model: SpeechLM, batch: Tensor, vocabulary: dict) -> Tensor:
    """Return the mean loss on audio tokens; text and padding are given, not predicted."""
    given, wanted = batch[:, :-1], batch[:, 1:]
    special = vocabulary["special"]
    spoken = (wanted < vocabulary["size"]) & (wanted != special["pad"]) & (wanted != special["audio_start"])
    return f.cross_entropy(model(given)[spoken], wanted[spoken])


def main() -> None:
    """Train, and print how the loss falls."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("codes", type=Path)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--out", type=Path, help="where the weights go")
    given = parser.parse_args()
    vocabulary = json.loads((given.codes / "vocabulary.json").read_text(encoding="utf-8"))
    if vocabulary["format"] != "flat":
        parser.error(f"{given.codes} holds {vocabulary['format']}; encode it with --format flat")
    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = SpeechLM(vocabulary["size"] + 256, given.context).to(device)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    source = batches(read(given.codes, vocabulary), given.batch, given.context, vocabulary["special"]["pad"])
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f} M parameters; log(size) is "
          f"{math.log(vocabulary['size'] + 256):.2f}")  # fmt: skip
    for step, batch in zip(range(given.steps), source, strict=False):
        loss = loss_of(model, batch.to(device), vocabulary)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 10 == 0 or step == given.steps - 1:
            print(f"step {step} loss {loss.item():.3f}", flush=True)
    if given.out:
        torch.save(model.state_dict(), given.out)


if __name__ == "__main__":
    main()
