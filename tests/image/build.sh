#!/usr/bin/env bash
# Builds the unchanged Dockerfile without a container engine, as root, with buildah: tests/image/build.sh TAG
# Where the base image is not in local storage and cannot be pulled, a stand-in is made from Debian's own packages
# under the same name, labelled org.riskstrat.stand-in. What the network here needs (a certificate bundle, a package
# index) goes into the stand-in, never into the Dockerfile.
set -euo pipefail
cd "$(dirname "$0")/../.."
TAG=${1:?usage: tests/image/build.sh TAG}
BASE=docker.io/library/python:3.11-slim-bookworm
export STORAGE_DRIVER=${STORAGE_DRIVER:-vfs} BUILDAH_ISOLATION=${BUILDAH_ISOLATION:-chroot}

say() { echo "[image] $*" >&2; }

make_stand_in() {
  local work container
  work=$(mktemp -d /var/tmp/riskstrat-base.XXXXXX)
  # shellcheck disable=SC2064  # the folder of now, whatever the variable holds at the end
  trap "rm -rf '$work'" EXIT
  say "debootstrap: a Debian 12 with Python 3.11 (about a minute)"
  debootstrap --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates bookworm "$work/tree" >"$work/log" \
    || { tail -20 "$work/log" >&2; exit 1; }
  # As in the official image: `python` and `pip` on the path, free to install.
  rm -f "$work"/tree/usr/lib/python3.11/EXTERNALLY-MANAGED "$work"/tree/var/cache/apt/archives/*.deb
  ln -s /usr/bin/python3 "$work/tree/usr/local/bin/python"
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$work/tree" / >/dev/null
  buildah config --label org.riskstrat.stand-in=true --cmd python "$container"
  if [ -n "${SSL_CERT_FILE:-}" ]; then
    buildah copy --quiet "$container" "$SSL_CERT_FILE" /etc/ssl/certs/ca-certificates.crt >/dev/null
    buildah config --env SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
      --env PIP_CERT=/etc/ssl/certs/ca-certificates.crt "$container"
  fi
  if [ -n "${PIP_INDEX_URL:-}" ]; then buildah config --env "PIP_INDEX_URL=$PIP_INDEX_URL" "$container"; fi
  buildah commit --quiet --rm "$container" "$BASE" >/dev/null
}

for tool in buildah debootstrap; do
  command -v "$tool" >/dev/null || { say "$tool is missing (Debian: apt-get install buildah debootstrap)"; exit 1; }
done
if buildah inspect --type image "$BASE" >/dev/null 2>&1; then
  say "base $BASE: in local storage already"
elif [ -z "${RISKSTRAT_TEST_STAND_IN:-}" ] && timeout 120 buildah pull --quiet "$BASE" >/dev/null 2>&1; then
  say "base $BASE: pulled"
else
  say "base $BASE: cannot be pulled here, a stand-in is made"
  make_stand_in
fi
say "building $TAG"
buildah rmi "$TAG" >/dev/null 2>&1 || true
# The other format, OCI, knows no health check.
buildah bud --pull-never --format docker --file Dockerfile --tag "$TAG" . >&2
say "built $TAG in $SECONDS s"
