# The everyday commands; `just` lists them.

default:
    @just --list

# Build the program for use.
build:
    cargo build --release --locked

# All tests of all crates, and the examples in the documentation.
test:
    cargo test --workspace --locked

# Formatting and lints, as CI has them.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Everything that must hold before a change is taken.
ci:
    .ci/run

# All benchmarks; results as a table and as JSON lines.
bench:
    cargo bench --locked --bench journal
    cargo bench --locked --bench crawl
    cargo bench --locked --bench scheduler

# A million jobs over one submit stream: what both sides hold in memory.
submit *arguments:
    cargo bench --locked --bench submit -- {{arguments}}

# Resolutions a second, beside the real tools: `just resolve-bench npm large`. Documents: `GLEANER_DOCUMENTS`; uv: `GLEANER_UV`.
resolve-bench *arguments:
    cargo bench --locked --bench resolve -- {{arguments}}

# Made-up roots, answered by us and by the real tools on loopback: a thousand for cargo, three hundred for each other.
# What is not installed is skipped with a word; `GLEANER_SEED` begins elsewhere, `GLEANER_UV` names uv.
differential:
    GLEANER_DIFFERENTIAL=1000 cargo test --locked -p gleaner-resolvers --test cargo differential -- --nocapture
    GLEANER_ROOTS=300 cargo test --locked -p gleaner-resolvers --test npm made_up_roots_agree -- --ignored --nocapture
    GLEANER_DIFFERENTIAL=300 cargo test --locked -p gleaner-resolvers --test pypi uv_says -- --nocapture

# The recorded registries on loopback until Ctrl-C: `just replay --latency 20`.
replay *arguments:
    cargo run --release --locked -- replay tests/fixtures/registries {{arguments}}

# Crawl three recorded packages end to end.
demo:
    cargo run --release --locked -- refresh --replay tests/fixtures/registries pkg:cargo/serde pkg:npm/express pkg:pypi/flask

# Paid requests while free and bulk work has every slot of two workers: who starts when, what the displaced work repeats.
demo-priority *arguments:
    cargo bench --locked --bench priority -- {{arguments}}

# Write docs/metrics.md anew from the list in the sources.
metrics-page:
    GLEANER_BLESS=1 cargo test --locked --bin gleaner the_page_says_what_the_list_says

# So many histories of the whole scheduler in virtual time; a seed that fails is printed and can be lived again.
simulate count="10000" *arguments:
    cargo run --locked -p gleaner-simulation --bin gleaner-simulation -- --seeds 0..{{count}} {{arguments}}

# A day of a fleet in virtual time, ten times its load, and contention: a table each, and the curves in target/fleet.
fleet *arguments:
    cargo run --locked -p gleaner-simulation --bin gleaner-fleet -- {{arguments}}
