"""The fenced blocks of a page."""

import re
from pathlib import Path


def blocks(page: Path, *languages: str) -> list[str]:
    """Return the contents of a page's fenced blocks in some languages, in order."""
    pattern = r"^( *)```(\w*)\n(.*?)^\1```$"
    found = re.findall(pattern, page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [text for _, language, text in found if language in languages]
