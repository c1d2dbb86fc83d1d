#!/usr/bin/env bash
# Sets up what the tests need and runs all of them. Closes with one line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")"

# GPT-2's published vocabulary, against which the tokenizer is compared.
bash tests/fetch-gpt2-vocabulary.sh || exit 1

dotnet build -c Release Idiolect.slnx -v quiet -nologo || exit 1

passed=0 failed=0

# Runs a test program and adds up what it says of itself.
run() {
    local name=$1 log summary status total bad skipped
    shift
    log=$(mktemp)
    "artifacts/bin/$name/release/$name" -noColor "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    summary=$(grep -E 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+' "$log" | tail -n 1)
    rm -f "$log"
    if [ -z "$summary" ]; then
        # The runner itself crashed: that is a failure too.
        failed=$((failed + 1))
        return
    fi
    total=$(sed -E 's/.*Total: ([0-9]+).*/\1/' <<<"$summary")
    bad=$(($(sed -E 's/.*Errors: ([0-9]+), Failed: ([0-9]+).*/\1 + \2/' <<<"$summary")))
    skipped=$(sed -E 's/.*Skipped: ([0-9]+).*/\1/' <<<"$summary")
    [ "$status" -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
    passed=$((passed + total - bad - skipped))
    failed=$((failed + bad))
}

for project in tests/*/*.csproj; do
    run "$(basename "$project" .csproj)" "$@"
done

# The library again on lesser processors, as .NET's own switches imitate them.
if [ $# -eq 0 ]; then
    for switch in EnableAVX512 EnableAVX2 EnableHWIntrinsic; do
        excluded=()
        if [ "$switch" = EnableAVX512 ] && ! grep -qw avx512f /proc/cpuinfo 2>/dev/null; then
            continue # nothing to switch off: it would be the first run once more
        fi
        if [ "$switch" = EnableHWIntrinsic ]; then
            # Whole trainings, a lane at a time: minutes, for paths that shorter tests take too.
            for class in SampleTests TranslationTrainingTests MaskedTrainingTests; do
                excluded+=(-class- "*.$class")
            done
        fi
        echo "With DOTNET_$switch=0:"
        export "DOTNET_$switch=0"
        run Idiolect.Tests "${excluded[@]}"
        unset "DOTNET_$switch"
    done
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
