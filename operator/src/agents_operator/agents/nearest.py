"""Names that were probably meant."""

import difflib
from collections.abc import Iterable

NEAREST = 3
LISTED = 10


def nearest_names(name: str, offered: Iterable[str], *, none: str) -> str:
    """List the names that were probably meant, or else what there is; say `none` when there is nothing."""
    names = sorted(offered)
    if not names:
        return none
    close = difflib.get_close_matches(name, names, n=NEAREST)
    if close:
        return f"did you mean {' or '.join(close)}?"
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"it offers {', '.join(names[:LISTED])}{more}"
