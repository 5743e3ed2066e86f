"""Discriminators learn to tell, and what they tell pulls the output."""

import pytest

torch = pytest.importorskip("torch")

from ttsprep.codec.training.adversary import (  # noqa: E402
    Discriminator,
    OnePeriod,
    discriminator_loss,
    generator_losses,
    split_real_fake,
)
from ttsprep.codec.training.config import PERIODS, STFT_SIZES, LossConfig  # noqa: E402
from ttsprep.codec.training.losses import mel_bank, reconstruction, spectrum  # noqa: E402


def test_the_multi_period_discriminator_is_the_published_one():
    """Of HiFi-GAN: 41.1 million weights (and as many lengths as channels, for weight norm)."""
    periods = [OnePeriod(period) for period in PERIODS]
    kernels = sum(m.weight.numel() for p in periods for m in p.modules() if isinstance(m, torch.nn.Conv2d))
    assert kernels == 5 * (5 * (32 + 32 * 128 + 128 * 512 + 512 * 1024 + 1024 * 1024) + 3 * 1024)
    for period, one in zip(PERIODS, periods, strict=True):
        with torch.no_grad():
            *features, verdict = one(torch.randn(1, 1000))
        assert len(features) == 5
        assert verdict.shape[3] == period


def test_one_period_sees_every_sample_of_its_column_and_no_other():
    one = OnePeriod(3, width=1)
    samples = torch.randn(1, 3 * 81, requires_grad=True)
    one(samples)[-1][0, 0, :, 1].sum().backward()
    seen = samples.grad[0].view(-1, 3) != 0
    assert seen[:, 1].all()
    assert not seen[:, [0, 2]].any()


def test_it_learns_to_tell_noise_from_tones():
    torch.manual_seed(0)
    discriminator = Discriminator((256,), 4, (2, 3), 2)
    optimiser = torch.optim.AdamW(discriminator.parameters(), lr=3e-3)
    time = torch.arange(2048) / 8000
    tones = torch.sin(2 * torch.pi * (200 + 300 * torch.rand(8, 1)) * time) * 1.4
    for _ in range(25):
        real, fake = split_real_fake(discriminator(torch.cat([tones, torch.randn(8, 2048)])))
        loss = discriminator_loss(real, fake)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 1
    noise = torch.randn(8, 2048, requires_grad=True)
    real, fake = split_real_fake(discriminator(torch.cat([tones, noise])))
    adversarial, features = generator_losses(real, fake)
    assert adversarial.item() > 0
    (pull,) = torch.autograd.grad(adversarial + features, noise)
    assert float(pull.abs().max()) > 0
    same = generator_losses(*split_real_fake(discriminator(torch.cat([tones, tones]))))[1]
    assert same.item() == 0 < features.item()


def test_spectra_are_those_of_torch():
    samples = torch.randn(2, 1003)
    for size in (32, 128, 512):
        hann = torch.hann_window(size)
        window = hann / hann.square().sum().sqrt()
        wanted = torch.stft(samples, size, size // 4, window=window, center=True, return_complex=True)
        assert torch.equal(spectrum(samples, size), torch.view_as_real(wanted))
    with pytest.raises(ValueError, match="no spectrum of 2048"):
        spectrum(samples, 2048)


def test_mel_sizes_change_the_mel_term_alone():
    torch.manual_seed(0)
    output, target = torch.randn(2, 4000), torch.randn(2, 4000)
    usual = reconstruction(output, target, 8000, LossConfig())
    more = reconstruction(output, target, 8000, LossConfig(mel_sizes=(32, 2048)))
    assert float(usual["complex"]) == float(more["complex"])
    parts = []
    for size in (32, 2048):
        filters = mel_bank(size, 8000, max(10, size * 80 // 1024))
        a, b = ((spectrum(x, size).square().sum(-1).transpose(1, 2) @ filters + 1e-5).log() for x in (output, target))
        parts.append(float((a - b).abs().mean()))
    assert float(more["mel"]) == pytest.approx(sum(parts) / 2, rel=1e-5)
    assert float(reconstruction(output, target, 8000, LossConfig(mel_sizes=STFT_SIZES))["total"]) == float(
        usual["total"]
    )
