"""The Hugging Face Hub: names on it, and what it answers as one line that says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ganzoo.errors import GanzooError, RunError, SetupError
from ganzoo.sharing import place

LOG_IN = "Log in: hf auth login, or set HF_TOKEN."


def api() -> Any:
    """What asks the Hub. A token is taken from HF_TOKEN or from `hf auth login`, and never shown."""
    from huggingface_hub import HfApi

    return HfApi(library_name="ganzoo")


def name_of(text: str) -> tuple[str, str]:
    """OWNER/NAME[@REVISION] -> name and revision, "" for none. Errors: GanzooError."""
    found = place.HUB.fullmatch(text)
    if not found:
        raise GanzooError(f"{text!r} is no name on the Hub: write OWNER/NAME, or OWNER/NAME@REVISION.")
    return found["name"], found["revision"] or ""


@contextmanager
def asking(name: str) -> Iterator[None]:
    """Errors: RunError for what is not there; SetupError for no network, no token, no permission.

    What the Hub says is not passed on: it may repeat what it was asked with.
    """
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise SetupError(f"{name}: its owner decides who may read it. Ask on its page. {LOG_IN}") from error
    except errors.RevisionNotFoundError as error:
        raise RunError(f"{name}: it has no such revision. Leave @REVISION out for the newest.") from error
    except errors.RepositoryNotFoundError as error:
        raise RunError(f"{name}: the Hub has no such model, or it is private and not yours. {LOG_IN}") from error
    except errors.LocalTokenNotFoundError as error:
        raise SetupError(f"{name}: the Hub wants to know who you are. {LOG_IN}") from error
    except errors.OfflineModeIsEnabled as error:
        raise SetupError(f"{name}: HF_HUB_OFFLINE is set, so that nobody is asked. Unset it.") from error
    except errors.HFValidationError as error:
        raise GanzooError(f"{name!r} is no name that the Hub allows: write OWNER/NAME.") from error
    except errors.HfHubHTTPError as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        what = f"{LOG_IN}" if status == 401 else "This token may not do that." if status == 403 else "Try again later."
        raise SetupError(f"{name}: the Hub answered {status or 'with an error'}. {what}") from error
    # httpx's error, or httpx2's in later releases of the Hub's client; a ValueError for an answer that is none
    except (errors.HTTPError, OSError, ValueError) as error:  # type: ignore[attr-defined]
        raise SetupError(
            f"{name}: the Hub was not reached ({type(error).__name__}). Is there a network? A folder that was fetched "
            "before needs none."
        ) from error
