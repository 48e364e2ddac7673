"""Afterword: puts the parts together and decides nothing."""

import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal, ParamSpec

from starlette.applications import Starlette

from afterword import inline, settings
from afterword.adder import Adder
from afterword.background import Tasks, by_hand
from afterword.discovery import Target, locate
from afterword.errors import AlreadyAttached, AlreadyStarted, NoApplication
from afterword.events import Listeners, Tell
from afterword.handoff.engine import Engine
from afterword.handoff.known import faults
from afterword.jobs.reference import Reference
from afterword.launch import Launch
from afterword.parts import Parts
from afterword.stores.store import Store
from afterword.tasks.fidelity import describe
from afterword.tasks.task import durable
from afterword.telemetry.logs import Logs
from afterword.witness import Witness

P = ParamSpec("P")


class Afterword:
    """Background tasks for one application: `Afterword(app)` below `app = FastAPI()`.

    Nothing is opened or started here: a runner imports the same module. The store opens when the application starts, or when
    a job is first added, and closes when the application stops. `handoff` names engines that run jobs instead of our own
    runners: those of the queue of that name, and of tasks that are `via` it.

    Raises one SettingsError for all faults in the arguments and the environment, NoApplication for what is
    none, and AlreadyStarted or AlreadyAttached when this application cannot be given an afterword (any more).
    """

    def __init__(
        self,
        app: Starlette | None = None,
        *,
        store: str | None = None,
        application: str | None = None,
        worker: bool | Literal["handoff"] | None = None,
        handoff: Mapping[str, Engine] | None = None,
        runners: int | None = None,
        concurrency: int | None = None,
        drain: float | None = None,
        max_queued: int | None = None,
        max_arguments: int | None = None,
        keep: float | None = None,
    ) -> None:
        given = {
            "store": store,
            "application": application,
            "worker": worker,
            "runners": runners,
            "concurrency": concurrency,
            "drain": drain,
            "max_queued": max_queued,
            "max_arguments": max_arguments,
            "keep": keep,
        }
        self.handoff: Mapping[str, Engine] = dict(handoff or {})
        self.settings = settings.read(given, faults=faults(self.handoff))
        caller = sys._getframe(1)
        self._module: str = caller.f_globals.get("__name__", "__main__")
        self._function = caller.f_code.co_name
        self._listeners = Listeners([Logs()])
        self._app: Starlette | None = None
        self._target: Target | None = None
        self._parts = Parts(self.settings, self.handoff, self._located, self._listeners.tell)
        if app is not None:
            self._attach(app)

    async def add(self, function: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs) -> Reference:
        """Have `function(*args, **kwargs)` run by a runner. It is on disk when this returns; a StoreError says that it is not.

        With store="inline", or with @task(durable=False), it has been run when this returns, and what it raises comes through.
        """
        way = self._parts.way()
        if isinstance(way, Adder) and durable(function):
            job = way.job(way.bind(function, args, kwargs))
            (added,) = await way.add([job])
            return Reference(added.id)
        prepare = inline.plain if isinstance(way, Adder) else way
        return Reference(await inline.run(prepare(function, args, kwargs)))

    def add_now(self, function: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs) -> Reference:
        """`add` for where nothing can be awaited: threads, scripts, shells. On an event loop it would block it; use `add`."""
        way = self._parts.way()
        if isinstance(way, Adder) and durable(function):
            job = way.job(way.bind(function, args, kwargs))
            (added,) = way.add([job]).result()
            return Reference(added.id)
        prepare = inline.plain if isinstance(way, Adder) else way
        return Reference(inline.run_now(prepare(function, args, kwargs)))

    @asynccontextmanager
    async def batch(self) -> AsyncIterator[Tasks]:
        """Add many at once: `async with afterword.batch() as tasks: tasks.add_task(...)`. They are written down in one
        transaction when the block ends, all or none, and run in any order. Where the block raises, none is."""
        tasks = by_hand(self._parts.way(), chained=False)
        yield tasks
        await tasks()

    @property
    def store(self) -> Store | None:
        """Where the jobs rest, opened; None inline."""
        way = self._parts.way()
        return way.store if isinstance(way, Adder) else None

    @property
    def app(self) -> Starlette | None:
        """Whose it is; None until it is attached or started."""
        return self._app

    def listen(self, listener: Tell) -> Tell:
        """Have `listener` called with every event of this process, in whatever thread it happens. Also a decorator."""
        return self._listeners.listen(listener)

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """For those who want to see it: `FastAPI(lifespan=Afterword().lifespan)`, or inside a lifespan of their own."""
        self._join(app)
        async with self._store_open(), self._worker_kept():
            yield

    def _attach(self, app: Starlette) -> None:
        if not isinstance(app, Starlette):
            raise NoApplication(got=describe(type(app)))
        if app.middleware_stack is not None:
            raise AlreadyStarted
        self._adopt(app)
        app.add_middleware(Witness, self._parts.way)
        own = app.router.lifespan_context

        @asynccontextmanager
        async def around(app: Any) -> AsyncIterator[Any]:
            # The worker begins after the application's own start and ends before its own end, the store the other way round.
            async with self._store_open(), own(app) as state, self._worker_kept():
                yield state

        app.router.lifespan_context = around

    def _join(self, app: Starlette) -> None:
        """Like `_attach`, but the application is starting already: its middlewares are built."""
        if self._app is app and isinstance(app.middleware_stack, Witness):
            return  # It starts for the second time.
        self._adopt(app)
        app.middleware_stack = Witness(app.middleware_stack or app.build_middleware_stack(), self._parts.way)

    def _adopt(self, app: Starlette) -> None:
        if getattr(app.state, "afterword", None) is not None:
            raise AlreadyAttached
        app.state.afterword = self
        self._app = app

    @asynccontextmanager
    async def _store_open(self) -> AsyncIterator[None]:
        self._parts.start()  # A store that cannot be opened is told here.
        try:
            yield
        finally:
            await self._parts.close()

    @asynccontextmanager
    async def _worker_kept(self) -> AsyncIterator[None]:
        kept = self._parts.kept()
        if kept is None:
            yield
            return
        from afterword.worker.keeper import patience  # Here, as all of what keeps a worker.

        kept.start()
        try:
            yield
        finally:
            await kept.stop(patience(sys.argv))

    def launch(self) -> Launch:
        """What a worker of this application is told. Raises StoreNotShared where no other process can reach its jobs."""
        return self._parts.launch()

    def _located(self) -> Target:
        if self._target is None:
            self._target = locate(self._application(), self.settings.application, self._module, self._function)
        return self._target

    def _application(self) -> object:
        if self._app:
            return self._app
        # Not attached yet, if ever. The application beside it is the one whose worker is to run the jobs.
        module = sys.modules.get(self._module)
        beside = [value for value in vars(module).values() if isinstance(value, Starlette)] if module else []
        return beside[0] if beside else self
