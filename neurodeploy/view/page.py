"""A page's connection: commands in, frames out, at the pace that the person chose."""

from __future__ import annotations

import asyncio
import time
from typing import Literal

import msgspec
from fastapi import WebSocket, WebSocketDisconnect

from neurodeploy.errors import NeurodeployError
from neurodeploy.serve.sessions import Sessions
from neurodeploy.view.frames import Hello, State, Wrong, encoded
from neurodeploy.view.player import Player

LONGEST_COMMAND = 1000
"""Characters."""

STEPS_PER_S = 8.0
FASTEST = 60.0


Does = Literal[
    "play", "pause", "step", "restart", "drop", "put back", "speed", "threshold", "silence", "noise"
]


class Command(msgspec.Struct, forbid_unknown_fields=True):
    """What a person does; ``value`` is a speed, a threshold or a probability."""

    do: Does
    layer: int = 0
    neuron: int = 0
    value: float = 0.0


class Page:
    """What one page plays.

    Parameters
    ----------
    socket : WebSocket
        Accepted.
    player : Player
    sessions : Sessions
        Whose threads run the steps.
    steps_per_s : float
        At first.
    """

    def __init__(
        self, socket: WebSocket, player: Player, sessions: Sessions, steps_per_s: float
    ) -> None:
        self._socket, self._player, self._sessions = socket, player, sessions
        self._playing, self._steps_per_s = False, steps_per_s

    async def run(self, greeting: Hello) -> None:
        """Play until the page goes."""
        await self._socket.send_text(encoded(greeting))
        await self._say()
        due = time.monotonic()
        receiving = asyncio.ensure_future(self._socket.receive_text())
        try:
            while True:
                wait = max(0.0, due - time.monotonic()) if self._playing else None
                done, _ = await asyncio.wait({receiving}, timeout=wait)
                if done:
                    await self._take(receiving.result())
                    receiving = asyncio.ensure_future(self._socket.receive_text())
                elif self._playing:
                    due = max(due + 1 / self._steps_per_s, time.monotonic())
                    await self._step()
        except WebSocketDisconnect:
            return
        finally:
            receiving.cancel()

    async def _take(self, text: str) -> None:
        try:
            if len(text) > LONGEST_COMMAND:
                raise msgspec.ValidationError(f"more than {LONGEST_COMMAND} characters")
            command = msgspec.json.decode(text, type=Command)
            stepped = command.do == "step"
            if stepped:
                self._playing = False
                await self._step()
            else:
                await self._sessions.work(lambda: self._do(command))
        except (NeurodeployError, msgspec.DecodeError) as error:
            await self._socket.send_text(encoded(Wrong(str(error))))
        await self._say()

    def _do(self, command: Command) -> None:
        player = self._player
        match command.do:
            case "play" | "pause":
                self._playing = command.do == "play" and not player.ended
            case "restart":
                player.restart()
            case "drop":
                player.drop = True
            case "put back":
                player.put_back()
            case "speed":
                self._steps_per_s = min(max(command.value, 1.0), FASTEST)
            case "threshold":
                player.threshold(command.layer, round(command.value))
            case "silence":
                player.silence(command.layer, command.neuron)
            case "noise":
                player.set_noise(command.value)

    async def _step(self) -> None:
        player = self._player
        before = (player.waiting, player.ended, player.session.pending, player.drop)
        try:
            frame = await self._sessions.work(player.step)
        except NeurodeployError as error:
            self._playing = False
            await self._socket.send_text(encoded(Wrong(str(error))))
            await self._say()
            return
        if player.ended:
            self._playing = False
        if frame is not None:
            await self._socket.send_text(encoded(frame))
        if before != (player.waiting, player.ended, player.session.pending, player.drop):
            await self._say()

    async def _say(self) -> None:
        player = self._player
        wanted = player.session.wanted
        state = State(
            playing=self._playing,
            steps_per_s=self._steps_per_s,
            noise=player.noise,
            thresholds=dict(wanted.thresholds),
            silenced=sorted(wanted.silenced),
            pending=player.session.pending,
            drop=player.drop,
            waiting=player.waiting,
            ended=player.ended,
        )
        await self._socket.send_text(encoded(state))
