# The index of commands. `just` alone lists them; each is one line you can also type yourself.

_default:
    @just --list --unsorted

# Lab up in the sandbox, then its audit
lab:
    cargo run --release -- provision up scenarios/iam-auditing && cargo run --release -- audit run --exit-zero

# Everything a build machine checks, or the sections named: just check fmt clippy
check *sections:
    bash .ci/test {{ sections }}

# Format the Rust sources
fmt:
    cargo fmt

# Rust tests, without moto: just test user::
test *filter:
    cargo test --locked {{ filter }}

# Rust tests, moto's included
test-moto *filter:
    tests/conformance/serve.sh --venv
    IAMLAB_TEST_MOTO="$PWD/.venv/bin/moto_server" cargo test --locked {{ filter }}

# Accept new snapshots and generated reference documents, after looking at the difference
accept:
    INSTA_UPDATE=always IAMLAB_WRITE_DOCS=1 cargo test --locked
    git diff --stat

# A moto server on a free port; prints the variables that point the AWS CLI and iamlab at it
moto:
    tests/conformance/serve.sh

# The API documentation
doc:
    cargo doc --no-deps --open
