//! Rules of the house, as tests: see `tests/it/`.
