"""The list of licenses is of what is pinned now, and what goes into the functions may be given to anybody."""

from tools.licenses import LISTS, PLACE, ROOT, pinned

PERMISSIVE = ("MIT", "Apache", "BSD", "PSF", "Python Software Foundation", "Public Domain", "ISC")


def section(title: str) -> dict[str, tuple[str, str]]:
    text = PLACE.read_text().partition(f"## {title}\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")][2:]
    return {name: (version, license) for name, version, license in rows}


def test_the_list_contains_every_pinned_package():
    for title, lock, _ in LISTS:
        listed = {name: version for name, (version, _) in section(title).items()}
        assert listed == pinned(ROOT / lock), f"{lock} has changed: run `make licenses`"


def test_the_functions_contain_only_permissive_licenses():
    for name, (_, license) in section(LISTS[0][0]).items():
        assert any(word in license for word in PERMISSIVE), (name, license)
