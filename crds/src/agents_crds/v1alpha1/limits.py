"""How much of something an object holds, for those as well who never see the object."""

PATH_LIMIT = 100
"""Agents in the path of a run."""
USER_INPUT_LIMIT = 32
"""Messages that a run is told while it goes."""
USER_INPUT_TEXT_LIMIT = 8_192
"""Characters of one of them."""
USER_INPUT_ID_LIMIT = 63
"""Characters of its name."""
