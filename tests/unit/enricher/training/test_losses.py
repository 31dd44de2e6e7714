"""Every part of the loss counts only where something is known."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

torch = pytest.importorskip("torch")

from services.enricher.training.annotated import UNKNOWN  # noqa: E402
from services.enricher.training.examples import LABELS  # noqa: E402
from services.enricher.training.losses import Losses, losses  # noqa: E402
from services.enricher.training.network import Answers  # noqa: E402
from services.enricher.training.sampler import Batch  # noqa: E402
from services.enricher.training.sources import SIB_CHOICES  # noqa: E402

WINDOWS, TOKENS, HIDDEN = 2, 5, 8
OUT, PER, MISC = (LABELS.index(label) for label in ("O", "B-PER", "B-MISC"))
MEANINGS = torch.nn.functional.normalize(torch.randn(4, HIDDEN, generator=torch.Generator().manual_seed(3)), dim=-1)


def unknown() -> Batch:
    """A batch of two windows about which nothing is known; the second is a token shorter."""

    def row() -> npt.NDArray[np.int64]:
        return np.full((WINDOWS, TOKENS), UNKNOWN, np.int64)

    def single() -> npt.NDArray[np.int64]:
        return np.full(WINDOWS, UNKNOWN, np.int64)

    def no() -> npt.NDArray[np.bool_]:
        return np.zeros(WINDOWS, np.bool_)

    return Batch(
        ids=np.array([[0, 7, 8, 9, 2], [0, 7, 8, 2, 1]]),
        entities=row(),
        prefixes=row(),
        stances=row(),
        has_misc=no(),
        sentiment=single(),
        is_news=no(),
        stance=single(),
        topics=single(),
        is_choice=no(),
        meaning=single(),
    )


def answers(seed: int = 1) -> Answers:
    random = torch.Generator().manual_seed(seed)
    shapes = {"entities": (TOKENS, 9), "prefixes": (TOKENS, 4), "stances": (TOKENS, 3), "sentiment": (2, 3), "topics": (17,)}
    drawn = {name: torch.randn(WINDOWS, *shape, generator=random, requires_grad=True) for name, shape in shapes.items()}
    meaning = torch.nn.functional.normalize(torch.randn(WINDOWS, HIDDEN, generator=random), dim=-1).requires_grad_()
    return Answers(**drawn, meaning=meaning)


def entities(labels: list[int], has_misc: bool, of: Answers | None = None) -> Losses:
    """The losses when the first window has these labels from its second token on."""
    batch = unknown()
    batch.entities[0, 1 : 1 + len(labels)] = labels
    batch.has_misc[:] = has_misc
    return losses(of or answers(), batch, MEANINGS)


def shifted(of: Answers, label: int, by: float) -> Answers:
    """The answers with one label's logit higher at all tokens."""
    changed = of.entities.detach().clone()
    changed[..., label] += by
    return replace(of, entities=changed)


def test_where_nothing_is_known_nothing_is_lost() -> None:
    found = losses(answers(), unknown(), MEANINGS)
    assert (found.total.item(), found.parts) == (0.0, {})


def test_a_token_without_a_label_has_no_slope() -> None:
    given = answers()
    entities([OUT, PER], True, given).total.backward()
    touched = given.entities.grad.abs().sum(-1) > 0
    assert touched.tolist() == [[False, True, True, False, False], [False] * TOKENS]


def test_where_other_names_are_marked_all_nine_labels_compete() -> None:
    given = answers()
    (loss, count) = entities([PER, OUT], True, given).parts["entities"]
    expected = torch.nn.functional.cross_entropy(
        given.entities[0, 1:3], torch.tensor([PER, OUT]), reduction="sum", label_smoothing=0.03
    )
    assert loss == pytest.approx(expected.item(), abs=1e-5)
    assert count == 2


def test_where_other_names_arent_marked_they_are_as_good_as_none() -> None:
    given = answers()
    swapped = given.entities.detach().clone()
    swapped[..., [OUT, MISC]] = swapped[..., [MISC, OUT]]
    before, after = (entities([OUT, PER], False, of).parts["entities"][0] for of in (given, replace(given, entities=swapped)))
    assert before == pytest.approx(after, abs=1e-5)
    marked = [entities([OUT, PER], True, of).parts["entities"][0] for of in (given, replace(given, entities=swapped))]
    assert abs(marked[0] - marked[1]) > 0.01


def test_a_sure_other_name_costs_nothing_where_it_may_be_one() -> None:
    sure = shifted(answers(), MISC, 50.0)
    assert entities([OUT], False, sure).parts["entities"][0] < 3.0  # of smoothing only
    assert entities([OUT], True, sure).parts["entities"][0] > 40.0


def test_a_marked_other_name_counts_even_there() -> None:
    given = answers()
    assert entities([MISC], False, given).parts == entities([MISC], True, given).parts


def test_the_stance_of_a_text_is_towards_what_is_read_as_an_actor() -> None:
    given = answers()
    read = torch.zeros(WINDOWS, TOKENS, 9)
    read[:, :, PER] = 9.0  # special tokens and padding too
    batch = unknown()
    batch.stance[1] = 2
    found = losses(replace(given, entities=read), batch, MEANINGS)
    assert found.parts["stances"][1] == 2  # the two words of the second window
    read[:, :, OUT] = 10.0
    assert "stances" not in losses(replace(given, entities=read), batch, MEANINGS).parts


@pytest.mark.parametrize(("is_news", "domain"), [(True, 0), (False, 1)])
def test_news_and_tweets_have_answers_of_their_own(is_news: bool, domain: int) -> None:
    given, batch = answers(), unknown()
    batch.sentiment[0], batch.is_news[0] = 1, is_news
    losses(given, batch, MEANINGS).total.backward()
    assert (given.sentiment.grad[0].abs().sum(-1) > 0).tolist() == [domain == 0, domain == 1]


def test_a_choice_says_nothing_about_topics_that_werent_to_be_chosen() -> None:
    given, batch = answers(), unknown()
    batch.topics[0], batch.is_choice[0] = 1 << SIB_CHOICES["sports"], True
    batch.topics[1] = 1 << SIB_CHOICES["sports"]
    losses(given, batch, MEANINGS).total.backward()
    touched = given.topics.grad.abs() > 0
    assert touched[0].nonzero().flatten().tolist() == sorted(SIB_CHOICES.values())
    assert touched[1].all()


def test_a_text_that_means_what_it_should_costs_least() -> None:
    batch = unknown()
    batch.meaning[:] = [0, 3]
    right, wrong = (replace(answers(), meaning=MEANINGS[places]) for places in ([0, 3], [3, 0]))
    costs = [losses(of, batch, MEANINGS).parts["meaning"] for of in (right, wrong)]
    assert costs[0][0] < 0.1 < 5 < costs[1][0]
    assert costs[0][1] == costs[1][1] == 2
