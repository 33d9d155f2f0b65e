"""One shape for all that reads: called with a session, awaited with an asynchronous one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, overload

from sqlalchemy.orm import Session, scoped_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Reading(Protocol[P, T_co]):
    """A function that reads by a session of either kind, its first argument."""

    __doc__: str | None
    __name__: str

    @overload
    def __call__(
        self,
        session: AsyncSession | async_scoped_session[Any],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Coroutine[Any, Any, T_co]: ...

    @overload
    def __call__(
        self, session: Session | scoped_session[Any], /, *args: P.args, **kwargs: P.kwargs
    ) -> T_co: ...


def reading(function: Callable[Concatenate[Session, P], T]) -> Reading[P, T]:
    """Let a function that reads by a session be awaited with an asynchronous one.

    Scoped sessions of both kinds will do, too.
    """

    @wraps(function)
    def read(session: Any, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        own = session() if hasattr(session, "registry") else session
        if isinstance(own, Session):
            return function(own, *args, **kwargs)
        if hasattr(own, "run_sync"):
            return own.run_sync(function, *args, **kwargs)
        raise TypeError(
            f"{function.__name__}() reads by a session, which comes first, not by {session!r}."
        )

    return read
