"""Scripts of shell completion: those of click, which add no space after what goes on, such as "generator."."""

from __future__ import annotations

from click import shell_completion

BASH_ADDS = "COMPREPLY+=($value)"
BASH = f"{BASH_ADDS}\n            [[ $value == *[=./] ]] && compopt -o nospace"
ZSH_ADDS = "compadd -U -V unsorted -a completions"
ZSH = """local -a unfinished=(${(M)completions:#*[=.\\/]})
        completions=(${completions:#*[=.\\/]})
        (( $#unfinished )) && compadd -U -S '' -V unsorted -a unfinished
        (( $#completions )) && compadd -U -V unsorted -a completions"""


class Bash(shell_completion.BashComplete):
    """Completion in bash."""

    source_template = shell_completion.BashComplete.source_template.replace(BASH_ADDS, BASH)


class Zsh(shell_completion.ZshComplete):
    """Completion in zsh."""

    source_template = shell_completion.ZshComplete.source_template.replace(ZSH_ADDS, ZSH)


def register() -> None:
    """Let click use these scripts; fish needs no other one."""
    for shell in (Bash, Zsh):
        shell_completion.add_completion_class(shell)
