"""Whether a worker stands still by order, and why; its lanes wait here, stay in the group, and lose nothing."""

import asyncio


class Pause:
    """Begun and ended by whoever gives orders, waited for by those who work; begins as told."""

    def __init__(self, reason: str | None = None) -> None:
        self._reason: str | None = None
        self._over = asyncio.Event()
        self._over.set()
        if reason is not None:
            self.begin(reason)

    @property
    def reason(self) -> str | None:
        """Why nothing is taken now; None when something is."""
        return self._reason

    def begin(self, reason: str) -> None:
        """Nothing more is taken."""
        self._reason = reason
        self._over.clear()

    def end(self) -> None:
        """Work goes on."""
        self._reason = None
        self._over.set()

    async def over(self) -> None:
        """Returns when work may go on."""
        await self._over.wait()
