"""Stages are run over texts whose language is known."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from services.enricher.stage import Draft, Model
from services.enricher.training.corpora import Labelled
from services.enricher.training.running import answers


@dataclass
class Shouting:
    """A stage that writes a title in capitals and notes how many texts it was given at once."""

    name: str = "shouting"
    model: Model = field(default=Model("shouting", "1"))
    sizes: list[int] = field(default_factory=list)

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        self.sizes.append(len(drafts))
        return [replace(draft, title=(draft.title or "").upper()) for draft in drafts]


def test_every_text_comes_back_with_what_the_stages_made_of_it() -> None:
    texts = [Labelled("cs", f"Text {number}", title=f"ž{number}") for number in range(150)]
    stage = Shouting()
    found = list(answers([stage], iter(texts)))
    assert [item for item, _ in found] == texts
    assert [draft.title for _, draft in found] == [f"Ž{number}" for number in range(150)]
    assert all(draft.text == item.text and draft.language and draft.language.tag == "cs" for item, draft in found)
    assert sum(stage.sizes) == 150
    assert max(stage.sizes) < 150
