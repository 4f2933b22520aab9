"""How the repository's real parts are obtained and started, on a developer's machine."""
