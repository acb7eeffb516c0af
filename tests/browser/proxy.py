"""A backend that can go away and come back: a TCP proxy in front of it that is switched off and on."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any

from laptop.cloud import HOST, free_port


class Proxy:
    """Passes connections on to a port of this machine while it is on; it refuses and cuts them while it is off."""

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self._target = target_port
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def on(self) -> None:
        self._run(self._start())

    def off(self) -> None:
        self._run(self._stop())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._pass_on, HOST, self.port)

    async def _stop(self) -> None:
        assert self._server
        self._server.close()
        for writer in self._open:
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        their_reader, their_writer = await asyncio.open_connection(HOST, self._target)
        self._open |= {writer, their_writer}
        await asyncio.gather(self._copy(reader, their_writer), self._copy(their_reader, writer))
        self._open -= {writer, their_writer}

    @staticmethod
    async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
            writer.close()
