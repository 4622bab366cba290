#!/usr/bin/env bash
# What heald is made of: known vulnerabilities, licences, and the bill of
# materials in out/sbom.json: supply.sh GOVULNCHECK CYCLONEDX VERSION
set -euo pipefail
cd "$(dirname "$0")/../.."
vulncheck=$(realpath "$1") cyclonedx=$(realpath "$2") version=$3
mkdir -p out

echo "== known vulnerabilities"
# govulncheck says 3 for a vulnerability that heald's code reaches.
status=0
"$vulncheck" ./cmd/heald >out/vulnerabilities.txt 2>&1 || status=$?
if [ $status -ne 0 ] && grep -q 'fetching vulnerabilities' out/vulnerabilities.txt; then
  echo "NOTE: the database of vulnerabilities cannot be reached from here; nothing was compared. Run make supply where it can."
elif [ $status -ne 0 ]; then
  cat out/vulnerabilities.txt
  exit $status
else
  tail -n 3 out/vulnerabilities.txt
fi

echo "== bill of materials and licences"
GOFLAGS=-buildvcs=false "$cyclonedx" app -json -licenses -noserial -main cmd/heald -output out/sbom.json . 2>out/sbom.log || { cat out/sbom.log; exit 1; }
go -C test/tools run ./licences -sbom ../../out/sbom.json -notice ../../NOTICE -version "$version"
