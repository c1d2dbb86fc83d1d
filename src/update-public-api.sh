#!/usr/bin/env bash
# Writes the public API of the library and the lab into src/*/PublicAPI.Unshipped.txt, whose differences show in a review what a change
# does to users. A release moves its lines to PublicAPI.Shipped.txt; until then everything is unshipped.
set -euo pipefail
cd "$(dirname "$0")"

for project in Idiolect Idiolect.Lab; do
    echo '#nullable enable' >"$project/PublicAPI.Unshipped.txt"
    [ -f "$project/PublicAPI.Shipped.txt" ] || echo '#nullable enable' >"$project/PublicAPI.Shipped.txt"
    # Everything that is missing is reported, in the words of the file.
    dotnet build -c Release "$project/$project.csproj" --no-dependencies --no-incremental -v quiet -nologo -p:TreatWarningsAsErrors=false -clp:NoSummary |
        sed -nE "s/.*warning RS0016: Symbol '(.*)' is not part of the declared public API.*/\1/p" | LC_ALL=C sort -u >"$project.api"
    cat "$project.api" >>"$project/PublicAPI.Unshipped.txt"
    rm "$project.api"
    echo "$project: $(($(wc -l <"$project/PublicAPI.Unshipped.txt") - 1)) lines"
done
