#!/usr/bin/env bash
# Sets up what the tests need and runs them. Closes with one line: N passed, N failed.
#
#   ./test.sh          all of them, then what depends on the instruction set again as on lesser processors
#   ./test.sh --fast   without whole trainings, processes and packages: what to run while writing code
#
# Further arguments go to the test programs: ./test.sh --fast -class '*.TapeTests'
set -uo pipefail
cd "$(dirname "$0")"

fast=
if [ "${1-}" = --fast ]; then
    fast=yes
    shift
fi

# GPT-2's published vocabulary, against which the tokenizer is compared.
bash tests/fetch-gpt2-vocabulary.sh || exit 1

# What NativeAOT links with.
if [ -z "$fast" ] && [ "$(uname)" = Linux ] && ! { { command -v clang || command -v gcc; } && [ -e /usr/include/zlib.h ]; } >/dev/null; then
    apt-get update -qq && apt-get install -y -qq gcc libc6-dev zlib1g-dev || exit 1
fi

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
    if [ -z "$summary" ]; then
        # No test of that project was asked for; or the runner itself crashed, which is a failure too.
        if [ "$status" -eq 0 ] && grep -q 'Total: 0' "$log"; then rm -f "$log"; return; fi
        rm -f "$log"
        failed=$((failed + 1))
        return
    fi
    rm -f "$log"
    total=$(sed -E 's/.*Total: ([0-9]+).*/\1/' <<<"$summary")
    bad=$(($(sed -E 's/.*Errors: ([0-9]+), Failed: ([0-9]+).*/\1 + \2/' <<<"$summary")))
    skipped=$(sed -E 's/.*Skipped: ([0-9]+).*/\1/' <<<"$summary")
    [ "$status" -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
    passed=$((passed + total - bad - skipped))
    failed=$((failed + bad))
}

for project in tests/*/*.csproj; do
    run "$(basename "$project" .csproj)" ${fast:+-trait- Lane=Full} "$@"
done

# What depends on the instruction set again on lesser processors, as .NET's own switches imitate them: kernels, operations, and models
# against PyTorch's numbers. Tokenizers, data, formats and the tool compute the same everywhere.
if [ -z "$fast" ] && [ $# -eq 0 ]; then
    for switch in EnableAVX512 EnableAVX2 EnableHWIntrinsic; do
        if [ "$switch" = EnableAVX512 ] && ! grep -qw avx512f /proc/cpuinfo 2>/dev/null; then
            continue # nothing to switch off: it would be the first run once more
        fi
        echo "With DOTNET_$switch=0:"
        export "DOTNET_$switch=0"
        run Idiolect.Tests -filter '/*/Idiolect.Tests.Kernels*' -filter '/*/Idiolect.Tests.Tensors' -filter '/*/*/(*GoldenTests)|(*GradientTests)'
        unset "DOTNET_$switch"
    done
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
