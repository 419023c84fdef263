"""The starter's recipe: each part at a size that takes a moment. `make starter-quick` runs the whole."""

import json
import random
import sys
from pathlib import Path

import numpy as np
import pytest

TRAINING = Path(__file__).parents[2] / "models" / "training"


@pytest.fixture(autouse=True)
def _scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripts import each other by their plain names, as when one of them is run."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(TRAINING))
    yield
    for name in set(sys.modules) - before:
        if str(TRAINING) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def pictures(count: int) -> np.ndarray:
    """Smooth random pictures (n, 256, 256, 3): something with principal components."""
    rng = np.random.default_rng(1)
    small = rng.integers(0, 255, (count, 64, 64, 3), np.uint8)
    return small.repeat(4, axis=1).repeat(4, axis=2)


def test_training_scenes_never_show_a_held_out_combination_and_the_held_out_ones_always_do():
    import render
    import scenes

    assert not any(scenes.held_out(spec) for spec, _ in render.specs("train", 0, 60, 4))
    assert all(scenes.held_out(spec) for spec, _ in render.specs("held", 0, 10, 4))
    assert scenes.held_out(scenes.Spec(thing="castle", time="night"))
    assert scenes.held_out(scenes.Spec(thing="pyramid", time="night"))  # the painter puts it into the desert


def test_the_painter_shows_what_a_scene_asks_for():
    import scenes

    rng = random.Random(2)
    for _ in range(200):
        spec = scenes.draw(rng)
        scene = scenes.scene_of(spec)
        for kind in ("place", "time", "weather", "season"):
            assert getattr(spec, kind) in ("", getattr(scene, kind)), spec
        assert not spec.thing or scene.has(spec.thing)
        assert not spec.colour or scene.colour(spec.thing) == spec.colour


def test_captions_are_of_both_languages_and_vary():
    import scenes

    rng = random.Random(3)
    spec = scenes.Spec("lake", "sunset", "fog", "autumn", "", "boat", "red", 2)
    captions = {scenes.caption(spec, rng) for _ in range(60)}
    assert len(captions) > 50
    assert any("boat" in caption and "red" in caption for caption in captions)
    assert any("barco" in caption and "vermelho" in caption for caption in captions)


def test_every_label_is_one_that_the_probe_knows():
    import probe
    import scenes

    rng = random.Random(5)
    rows = [{"labels": scenes.labels(scenes.draw(rng))} for _ in range(300)]
    found = probe.answers(rows)
    for name, values in probe.VALUES.items():
        assert (found[name] >= 0).sum() > 10, name
        assert len(set(found[name].tolist())) > min(len(values), 5) - 1


def test_the_encoder_is_as_good_as_principal_components_and_mirrors_with_the_picture():
    import torch

    import autoencoder
    from recipe import QUICK

    shown = pictures(8)
    vae = autoencoder.build(QUICK)
    autoencoder.solve_encoder(vae, shown)
    latents = autoencoder.encode(vae, shown)
    assert latents.shape == (8, 20, 16, 16)
    assert float(latents.square().mean()) == pytest.approx(0.25, abs=0.01)
    with torch.no_grad():
        slow = vae.encode(autoencoder._batch(shown[:2], "cpu")).latents
    assert torch.allclose(slow, latents[:2], atol=1e-4)

    patches = torch.from_numpy(
        shown.reshape(8, 16, 16, 16, 16, 3).transpose(0, 1, 3, 2, 4, 5).reshape(-1, 768) / 255.0
    ).float()
    patches -= patches.mean(0)
    directions, _ = autoencoder._principal(patches)
    best = (patches - patches @ directions[:, :20] @ directions[:, :20].T).square().mean()
    rows = latents.permute(0, 2, 3, 1).reshape(-1, 20)
    rows = torch.cat([rows, torch.ones(len(rows), 1)], 1)
    ours = (patches - rows @ torch.linalg.lstsq(rows, patches).solution).square().mean()
    assert float(ours) < 1.01 * float(best)


def test_the_tokenizer_spells_out_what_it_never_saw(tmp_path: Path):
    import text
    from recipe import QUICK, TOKENS, Run

    (tmp_path / "pictures").mkdir()
    rows = [{"captions": ["a red boat on a lake", "um barco vermelho, pôr do sol"]}] * 20
    (tmp_path / "pictures" / "train-000.json").write_text(json.dumps(rows), encoding="utf-8")
    tokenizer = text.train_tokenizer(Run(QUICK, tmp_path))
    assert (
        tokenizer.decode(tokenizer("a red boat").input_ids, skip_special_tokens=True).strip() == "a red boat"
    )
    known, unknown = (len(tokenizer(word).input_ids) for word in ("barco", "xylophon"))
    assert known < unknown
    assert tokenizer.unk_token_id not in tokenizer("夢 ẞ 🚀").input_ids[1:-1]
    assert tuple(text.tokens(tokenizer, ["", "a boat " * 100]).shape) == (2, TOKENS)


def test_muon_makes_an_update_of_even_strength():
    import torch

    import muon

    torch.manual_seed(0)
    for shape in ((40, 90), (90, 40)):
        values = torch.linalg.svdvals(
            muon.orthogonal(torch.randn(shape) @ torch.diag(torch.logspace(0, -1, shape[1])))
        )
        assert values.min() > 0.3
        assert values.max() < 1.3


def test_the_denoiser_learns_and_goes_on_from_its_checkpoint(tmp_path: Path):
    import torch
    import transformers
    from torch.nn import functional

    import denoiser
    from recipe import QUICK, Run

    torch.manual_seed(0)
    text = transformers.CLIPTextModel(
        transformers.CLIPTextConfig(vocab_size=50, hidden_size=128, intermediate_size=64, num_hidden_layers=1,
                                    num_attention_heads=2, max_position_embeddings=8, bos_token_id=0,
                                    eos_token_id=1)
    )  # fmt: skip
    training = denoiser.Training(Run(QUICK, tmp_path), denoiser.build(QUICK), text)
    clean, noise = torch.randn(2, 4, 20, 16, 16)
    times, words = torch.tensor([100, 300, 500, 900]), torch.ones(4, 8, dtype=torch.long)
    kept, noised = denoiser.noise_levels(times)
    assert torch.allclose(kept**2 + noised**2, torch.ones_like(kept))

    def loss() -> torch.Tensor:
        told = training.text(words).last_hidden_state
        answer = training.unet(kept * clean + noised * noise, times, told).sample
        return functional.mse_loss(answer, kept * noise - noised * clean)

    first = loss()
    training.set_rate(1.0)
    for _ in range(4):
        loss().backward()
        training.update(1)
        training.follow()
    training.samples = 16
    training.save(tmp_path / "denoiser.pt")
    assert loss().item() < 0.95 * first.item()
    other = denoiser.Training(Run(QUICK, tmp_path), denoiser.build(QUICK), text)
    other.load(tmp_path / "denoiser.pt")
    assert other.samples == 16
    assert all(torch.equal(a, b) for a, b in zip(training.averages, other.averages, strict=True))
    other.average()
    assert torch.equal(other.parameters()[0], training.averages[0])


def test_a_step_of_the_student_goes_where_the_noise_schedule_says():
    import torch

    import distil

    clean, noise = torch.randn(2, 3, 12, 4, 4)
    first, last = torch.tensor([999, 499, 124]), torch.tensor([874, 374, -1])
    here, there = distil.levels(first), distil.levels(last)
    truth = here[0] * noise - here[1] * clean
    moved = distil.move(here[0] * clean + here[1] * noise, truth, here, there)
    assert torch.allclose(moved, there[0] * clean + there[1] * noise, atol=1e-4)
    assert torch.allclose(moved[2], clean[2], atol=1e-4)
    assert distil.grid(8).tolist() == [999, 874, 749, 624, 499, 374, 249, 124, -1]


def test_the_distance_of_features_is_nothing_to_itself_and_grows_with_a_shift():
    import evaluate

    one = np.random.default_rng(0).normal(size=(400, 8))
    assert evaluate.frechet(one, one) == pytest.approx(0, abs=1e-6)
    assert evaluate.frechet(one, one + 1) == pytest.approx(8, abs=1e-6)


def test_the_probe_tells_a_wrong_answer_from_a_right_one():
    import torch

    import evaluate
    import probe
    import scenes

    torch.manual_seed(0)
    judge = probe.Probe().eval()
    shown = pictures(6)
    found, features = probe.read(judge, shown)
    assert features.shape == (6, probe.FEATURES)
    rows = [{"labels": {"place": scenes.PLACES[index]}} for index in found["place"].tolist()]
    assert evaluate.accuracy(judge, shown, rows)["place"] == (1.0, 6)
    wrong = [{"labels": {"place": scenes.PLACES[(index + 1) % 26]}} for index in found["place"].tolist()]
    assert evaluate.accuracy(judge, shown, wrong)["place"] == (0.0, 6)


def test_a_finished_model_is_begun_with_anew_and_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    import make
    from recipe import QUICK, Run

    model, run = TRAINING.parent / "starter", Run(QUICK, tmp_path / "work")
    (run.path("pictures/x")).write_text("kept")
    run.path("latents.npy").write_text("of another encoder")
    run.path("denoiser.log").write_text("5 s, 8 samples, loss 1, end\n")
    assert not make.begun(run)
    make.begin_with(run, model)
    assert run.path("pictures/x").is_file()
    assert not run.path("latents.npy").exists()
    assert not run.path("denoiser.log").exists()
    assert (run.path("unet_start") / "config.json").is_file()
    assert make.begun(run)
    run.path("denoiser.log").write_text("5 s, 8 samples, loss 1\n")
    assert make.begun(run)
    run.path("denoiser.log").write_text("5 s, 8 samples, loss 1\n9 s, 16 samples, loss 1, end\n")
    assert not make.begun(run)
