"""What an HTTP header can carry."""


def is_header_value(key: str) -> bool:
    """Tell whether a key can be sent: visible ASCII characters only."""
    return all("!" <= character <= "~" for character in key)


NOT_A_KEY = "it has spaces, line breaks or characters outside ASCII"
"""What is wrong with a key that cannot be sent."""
