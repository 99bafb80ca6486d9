// SPDX-License-Identifier: MIT
// The scripts of this repository, for hosts and boards.
[
    ("scripts/addresses.wast", include_str!("addresses.wast")),
    ("scripts/compact_imports.wast", include_str!("compact_imports.wast")),
    ("scripts/ends.wast", include_str!("ends.wast")),
    ("scripts/floats.wast", include_str!("floats.wast")),
    ("scripts/joined.wast", include_str!("joined.wast")),
    ("scripts/legacy_exceptions.wast", include_str!("legacy_exceptions.wast")),
    ("scripts/memories.wast", include_str!("memories.wast")),
    ("scripts/shared.wast", include_str!("shared.wast")),
    ("scripts/table64.wast", include_str!("table64.wast")),
]
