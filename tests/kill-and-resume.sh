#!/usr/bin/env bash
# Kills a training run N times (100 unless told) at random moments and resumes it; fails if a checkpoint is lost or a byte of the end differs.
set -euo pipefail
cd "$(dirname "$0")/.."
dotnet build -c Release tests/Idiolect.Tests -v quiet -nologo
IDIOLECT_KILLS="${1:-100}" dotnet artifacts/bin/Idiolect.Tests/release/Idiolect.Tests.dll \
    -noColor -showLiveOutput -method '*Killed_runs_lose_no_checkpoint*'
