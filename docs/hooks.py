"""Hooks of mkdocs, by which pages read alike on a code host and in the built site."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pymdownx.slugs import slugify

LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<target>[^)\s#]+)(?:#[^)\s]*)?\)")
EXAMPLES = re.compile(r"<p>((?:(?:ganzoo|torchrun) [^\n]*\n?)+)</p>")


def on_config(config: Any) -> Any:
    """Give headings the anchors that code hosts give them."""
    config.mdx_configs.setdefault("toc", {})["slugify"] = slugify(case="lower")
    return config


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Replace links to files outside the site by their text, with the file's name as a tooltip.

    Navigation is hidden on the home page, and the table of contents on pages without sections.
    """
    sections = re.search(r"^(## |::: )", markdown, re.M)
    page.meta["hide"] = ["navigation"] if page.is_homepage else [] if sections else ["toc"]
    top, docs = Path(config.config_file_path).parent, Path(config.docs_dir)
    included = {(docs / file.src_uri).resolve() for file in files if file.inclusion.is_included()}

    def replace(link: re.Match[str]) -> str:
        if re.match(r"[a-z]+:", link["target"]):
            return link[0]
        path = (docs / page.file.src_uri).parent.joinpath(link["target"]).resolve()
        if path in included or not path.exists():  # mkdocs reports dead links
            return link[0]
        return f'<span title="{path.relative_to(top)}, in the repository">{link["text"]}</span>'

    return LINK.sub(replace, markdown)


def on_page_content(html: str, **rest: Any) -> str:
    """Keep the lines of examples in the help of commands, of which mkdocs-click makes a paragraph."""
    return EXAMPLES.sub(r'<div class="highlight"><pre><code>\1</code></pre></div>', html)
