# Format, lint and test as CI does.
ci:
    .ci/run

# The main job: real calls to the built-in sample bot.
run *ARGS:
    cargo run --release -- run {{ARGS}}

# Accept changed snapshots after reading them.
snapshots:
    INSTA_UPDATE=always cargo test

# goldencall's own measurement error, alone and with 50 calls at once.
calibrate:
    cargo run --release -- calibrate --calls 100
    cargo run --release -- calibrate --calls 100 --jobs 50

# Every table of docs/accuracy.md.
bench:
    cargo bench
