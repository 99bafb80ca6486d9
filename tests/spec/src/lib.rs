// SPDX-License-Identifier: MIT
//! The specification's test suite, run on WRT: see `tests/`. A member of its own, because the suite's data take long to
//! compile.
