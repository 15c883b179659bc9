# What a person types; the gate types the same.
default:
    @just --list --unsorted

# Every test. `just test -p remedy` for one crate.
test *args:
    scripts/test.sh {{args}}

# The show.
demo *args:
    scripts/demo.sh {{args}}

# Fill in the last two blocks of the casebook pages.
casebook:
    UPDATE_CASEBOOK=1 cargo nextest run -p diagnosis casebook

# Write docs/openapi.
openapi:
    UPDATE_OPENAPI=1 cargo nextest run --workspace --all-features openapi

# The contract against running services.
integration *args:
    scripts/test_integration.sh {{args}}

# Every number that we claim.
bench:
    scripts/bench.sh

# The claims about safety, as often as they are claimed.
numbers:
    scripts/numbers.sh

# What has to hold before a change lands.
ci:
    .ci/run
