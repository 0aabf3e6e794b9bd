"""Reach a server over HTTP: does it answer at all, and another try after passing trouble."""

import time
from collections.abc import Callable
from http.client import HTTPException
from threading import Thread
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from huggingface_hub.utils import httpx

from probecast.errors import ProbecastError

REACH_SECONDS = 10.0  # for a first sign of life, so that a machine without network fails soon
SILENCE_SECONDS = 20.0  # without a byte before a connection counts as lost
WAITS = (1.0, 2.0, 4.0)  # seconds before each further try
PASSING = (408, 429, 500, 502, 503, 504)  # HTTP states that another try may mend

ERRORS = (OSError, HTTPException, httpx.HTTPError)

Result = TypeVar("Result")


def check_reachable(url: str) -> None:
    """Raise OSError unless some HTTP answer, be it an error, comes within REACH_SECONDS.

    The request goes through the proxy of the environment, as later ones do. It runs in a
    thread of its own because no timeout covers name resolution or a host with many
    addresses that all stay silent.
    """
    failures: list[Exception] = []

    def knock() -> None:
        try:
            urlopen(Request(url, method="HEAD"), timeout=REACH_SECONDS).close()
        except HTTPError:
            pass  # an answer
        except (OSError, HTTPException, ValueError) as error:
            failures.append(error)

    thread = Thread(target=knock, daemon=True)
    thread.start()
    thread.join(REACH_SECONDS)
    if thread.is_alive():
        raise TimeoutError(f"no answer within {REACH_SECONDS:.0f} s")
    if failures:
        raise OSError(str(failures[0])) from failures[0]


def retry(action: Callable[..., Result], *values: Any, **named: Any) -> Result:
    """Return ``action(*values, **named)``, tried again after each of WAITS on ERRORS.

    An HTTP state that says "no" for good (not in PASSING) is raised at once. The Hub's own client
    resumes a file that breaks off and waits on 408 and 429, but gives up at once on a file's 5xx
    state and on any trouble with a dataset's commit.
    """
    for wait in WAITS:
        try:
            return action(*values, **named)
        except ERRORS as error:
            if http_status(error) not in (None, *PASSING):
                raise
        time.sleep(wait)
    return action(*values, **named)


def http_status(error: BaseException | None) -> int | None:
    """Return the HTTP state that an error, or an error behind it, carries."""
    while error is not None:
        if isinstance(error, HTTPError):
            return error.code
        if (response := getattr(error, "response", None)) is not None:
            return response.status_code
        error = error.__cause__
    return None


def not_fetched(dataset: str, what: str, reason: object, remedy: str = "") -> ProbecastError:
    """Return the error that tells the user how to get at ``what`` after all."""
    reason = " ".join(str(reason).split())  # clients' messages have line breaks
    return ProbecastError(
        f"dataset {dataset!r}: {what} cannot be fetched ({reason}). Check the network or the "
        f"proxy (HTTPS_PROXY), {remedy}or name a local copy with `mirror:` under `datasets: "
        f"{dataset}:` in the study file."
    )
