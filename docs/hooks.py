"""What mkdocs does differently here, so that the pages read on a code host and in the built site alike."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any

from pymdownx.slugs import slugify

LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<target>[^)\s#]+)(?:#[^)\s]*)?\)")
EXAMPLES = re.compile(r"<p>((?:(?:ganzoo|torchrun) [^\n]*\n?)+)</p>")


def on_config(config: Any) -> Any:
    """Headings get the anchors that code hosts give them."""
    config.mdx_configs.setdefault("toc", {})["slugify"] = slugify(case="lower")
    return config


def on_page_markdown(markdown: str, page: Any, config: Any, **rest: Any) -> str:
    """A link out of docs/, which the site does not hold, becomes its text, with the file's name to point at.

    Nor does it hold the packages in docs/examples/, which are no pages.
    A page without sections has the room of their list, and the first one that of the pages beside it: there are none.
    """
    sections = re.search(r"^(## |::: )", markdown, re.M)
    page.meta["hide"] = ["navigation"] if page.is_homepage else [] if sections else ["toc"]
    here = PurePosixPath(page.file.src_uri).parent
    top = Path(config.config_file_path).parent

    def told(link: re.Match[str]) -> str:
        target = link["target"]
        docs = Path(config.docs_dir)
        place = (docs / here / target).resolve()
        if "://" in target or (place.is_relative_to(docs) and not place.is_relative_to(docs / "examples")):
            return link[0]
        return f'<span title="{place.relative_to(top)}, in the repository">{link["text"]}</span>'

    return LINK.sub(told, markdown)


def on_page_content(html: str, **rest: Any) -> str:
    """Examples in the help of commands keep their lines: mkdocs-click makes a paragraph of them."""
    return EXAMPLES.sub(r'<div class="highlight"><pre><code>\1</code></pre></div>', html)
