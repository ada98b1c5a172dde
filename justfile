# What contributors run; `.ci/run` is what has to pass.

_default:
    @just --list --unsorted

# serve on http://127.0.0.1:8080, with data in ./praxis-data
run *arguments:
    cargo run --release --locked -- {{ arguments }}

# the tests on SQLite (and on PostgreSQL, where PRAXIS_TEST_POSTGRES_URL is set)
test *arguments:
    cargo test --locked {{ arguments }}

# the tests on both databases; PRAXIS_TEST_POSTGRES_URL names a database for tests only, and a role that may create schemas
test-pg *arguments:
    @: "${PRAXIS_TEST_POSTGRES_URL:?is not set; for instance postgres://postgres@127.0.0.1/postgres}"
    cargo test --locked {{ arguments }}

# write the document to openapi/, in both versions and notations
openapi:
    cargo build --quiet --locked
    openapi/write "${CARGO_TARGET_DIR:-target}/debug/praxis"

# everything that CI checks; what is missing on this machine is named, not installed
check:
    .ci/run --no-install

# the load test: builds, makes the data, measures, writes the table
bench *arguments:
    bench/run {{ arguments }}
