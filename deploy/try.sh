#!/usr/bin/env bash
# Builds the image and asks the container what it is for, run as in compose.yaml; ENGINE=docker for docker.
set -euo pipefail
cd "$(dirname "$0")/.."
engine=${ENGINE:-podman} token=$(openssl rand -hex 24) site=http://127.0.0.1:${PORT:-8765}

BUILDAH_FORMAT=docker "$engine" build -f deploy/Containerfile -t mien-tried .
container=$("$engine" run -d -p "${site#http://}:8000" -e "MIEN_TOKEN=$token" --read-only --tmpfs /tmp:size=600m \
    --memory 6g --pids-limit 4096 --cap-drop ALL --security-opt no-new-privileges mien-tried)
trap '"$engine" logs "$container"; "$engine" rm -f "$container" > /dev/null' EXIT

ask() { curl -sS --fail -m 60 -H "Authorization: Bearer $token" "$@"; }
inside() { "$engine" exec "$container" "$@"; }

for _ in $(seq 120); do
    if curl -sf -m 5 "$site/healthz"; then break; fi
    sleep 0.5
done
test "$(curl -s -o /dev/null -w '%{http_code}' "$site/v1/model")" = 401
ask --data-binary @examples/astronaut.png "$site/v1/images" | grep '"emotion":"happiness"' > /dev/null
ask --data-binary @examples/heads.mp4 "$site/v1/videos?fps=2" | grep '"end_s"' > /dev/null
ask "$site/v1/model" | grep '"why_not":""' > /dev/null # the page can read pictures in its tab
test "$(inside id -u)" = 10001
if inside touch /usr/mien; then exit 1; fi
inside python -c "from urllib.request import urlopen; urlopen('http://localhost:8000/healthz', timeout=3)"
"$engine" stop -t 5 "$container" > /dev/null
test "$("$engine" inspect -f '{{.State.ExitCode}}' "$container")" = 130 # not ended by force
echo "the container does what it is for"
