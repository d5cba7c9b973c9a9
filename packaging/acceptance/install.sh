#!/bin/sh
# An acceptance test: the packages of a snapshot install with the real dnf, for each dist into an empty root, from the
# snapshot alone, and have the snapshot's version. A package that needs others to run needs their repositories here, too.
#
# Given: RELENG_SNAPSHOT (its folder), RELENG_NAME, RELENG_VERSION (X.Y.Z), RELENG_SERIES (X.0), RELENG_DISTS (separated by
# spaces), RELENG_REPO_FILE (with a section NAME-snapshot-DIST for each dist), HOME and TMPDIR (an own folder).
set -eu

fail() { echo "install: $*" >&2; exit 1; }

machine=$(uname -m)
repositories="$TMPDIR/repositories"
mkdir "$repositories"
cp "$RELENG_REPO_FILE" "$repositories/snapshot.repo"
printf '[main]\n' >"$TMPDIR/dnf.conf" # nothing of this machine's configuration

installed=0
for dist in $RELENG_DISTS; do
  set --
  for file in "$RELENG_SNAPSHOT/rpm/$dist/noarch"/*.rpm "$RELENG_SNAPSHOT/rpm/$dist/$machine"/*.rpm; do
    [ ! -f "$file" ] || set -- "$@" "$(rpm -qp --nosignature --qf '%{NAME}' "$file")"
  done
  [ $# -gt 0 ] || fail "the snapshot has no package for $dist on $machine"
  place="$TMPDIR/$dist"
  number=$(printf %s "$dist" | tr -cd 0-9)
  mkdir -p "$place/root" "$place/log"
  dnf -q -y --config="$TMPDIR/dnf.conf" --installroot="$place/root" --releasever="${number:-0}" --forcearch="$machine" \
    --setopt=reposdir="$repositories" --setopt=cachedir="$place/cache" --setopt=persistdir="$place/state" \
    --setopt=logdir="$place/log" --setopt=plugins=0 --setopt=skip_if_unavailable=0 \
    --disablerepo='*' --enablerepo="$RELENG_NAME-snapshot-$dist" install "$@" || fail "dnf cannot install $* for $dist"
  for name; do
    version=$(rpm --root "$place/root" -q --qf '%{VERSION}' "$name") || fail "$name was not installed for $dist"
    [ "$version" = "$RELENG_VERSION" ] || fail "$name $version was installed for $dist, not $RELENG_VERSION"
    installed=$((installed + 1))
    echo "$dist: $name $version"
  done
done
[ "$installed" -gt 0 ] || fail "the snapshot has no dist"
