"""What mkdocs does differently here, so that the pages read on a code host and in the built site alike."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pymdownx.slugs import slugify

LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<target>[^)\s#]+)(?:#[^)\s]*)?\)")
EXAMPLES = re.compile(r"<p>((?:(?:ganzoo|torchrun) [^\n]*\n?)+)</p>")


def on_config(config: Any) -> Any:
    """Headings get the anchors that code hosts give them."""
    config.mdx_configs.setdefault("toc", {})["slugify"] = slugify(case="lower")
    return config


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """A link to a file that is there but not in the site becomes its text, with the file's name to point at.

    A page without sections has the room of their list, and the first one that of the pages beside it: there are none.
    """
    sections = re.search(r"^(## |::: )", markdown, re.M)
    page.meta["hide"] = ["navigation"] if page.is_homepage else [] if sections else ["toc"]
    top, docs = Path(config.config_file_path).parent, Path(config.docs_dir)
    held = {(docs / file.src_uri).resolve() for file in files if file.inclusion.is_included()}

    def told(link: re.Match[str]) -> str:
        if re.match(r"[a-z]+:", link["target"]):
            return link[0]
        place = (docs / page.file.src_uri).parent.joinpath(link["target"]).resolve()
        if place in held or not place.exists():  # a dead link is for mkdocs to find
            return link[0]
        return f'<span title="{place.relative_to(top)}, in the repository">{link["text"]}</span>'

    return LINK.sub(told, markdown)


def on_page_content(html: str, **rest: Any) -> str:
    """Examples in the help of commands keep their lines: mkdocs-click makes a paragraph of them."""
    return EXAMPLES.sub(r'<div class="highlight"><pre><code>\1</code></pre></div>', html)
