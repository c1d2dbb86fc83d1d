#!/usr/bin/env bash
# Sets up what the tests need and runs all of them. Closes with one line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")"

# GPT-2's published vocabulary, against which the tokenizer is compared.
bash tests/fetch-gpt2-vocabulary.sh || exit 1

dotnet build -c Release Idiolect.slnx -v quiet -nologo || exit 1

passed=0 failed=0
for project in tests/*/*.csproj; do
    name=$(basename "$project" .csproj)
    log=$(mktemp)
    "artifacts/bin/$name/release/$name" -noColor "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    summary=$(grep -E 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+' "$log" | tail -n 1)
    rm -f "$log"
    total=$(sed -E 's/.*Total: ([0-9]+).*/\1/' <<<"$summary")
    bad=$(sed -E 's/.*Errors: ([0-9]+), Failed: ([0-9]+).*/\1 + \2/' <<<"$summary")
    skipped=$(sed -E 's/.*Skipped: ([0-9]+).*/\1/' <<<"$summary")
    if [ -z "$summary" ]; then
        # The runner itself crashed: that is a failure too.
        failed=$((failed + 1))
        continue
    fi
    bad=$((bad))
    [ "$status" -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
    passed=$((passed + total - bad - skipped))
    failed=$((failed + bad))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
