# The commands of CONTRIBUTING.md. Install just with `pip install rust-just`, then run `just` to list them.

bin := ".venv/bin"

# List the commands
default:
    @just --list

# Create .venv and install ganzoo with all that its tests need
install:
    python3 -m venv .venv
    {{bin}}/pip install -e '.[test]'

# Check style, format, the layers of imports and docstrings against signatures
lint:
    {{bin}}/ruff check .
    {{bin}}/ruff format --check .
    {{bin}}/lint-imports
    {{bin}}/pydoclint --config pyproject.toml ganzoo plugins

# Check types
types:
    {{bin}}/mypy

# Run the tests: `just test -m 'not slow'`, `just test -n 0 tests/training`
[positional-arguments]
test *args:
    {{bin}}/python -m pytest "$@"

# Build the documentation into site/
docs:
    {{bin}}/mkdocs build --strict

# Remove each guard in turn and check that its test fails: `just guards --only PART`
[positional-arguments]
guards *args:
    {{bin}}/python benchmarks/guards.py "$@"

# Write constraints.txt: the versions in .venv, without CUDA libraries, which follow from torch's
constraints:
    sed -n '/^#/p' constraints.txt > constraints.new
    {{bin}}/pip freeze --exclude-editable --exclude pip | grep -v '^nvidia\|^cuda\|^triton' >> constraints.new
    mv constraints.new constraints.txt
