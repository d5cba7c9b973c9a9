#!/bin/sh
# An acceptance test: the packages of a snapshot install with the real dnf, for each dist into an empty root, and have the
# snapshot's version. What they require comes from
#   * the snapshot,
#   * the file DIST.repo beside this script, such as el9.repo, if there is one,
#   * or else the repositories of this machine, if it is of that dist,
#   * and the repositories of RELENG_EXTRA_REPOS: folders and addresses, separated by spaces. dnf replaces `$releasever` and
#     `$basearch` in them. The signatures of their packages are not checked; for that, write DIST.repo.
# Packages for `local`, a machine without packages of rpm such as Debian, are installed by rpm without their requirements, unless
# RELENG_EXTRA_REPOS is set.
#
# Given: RELENG_SNAPSHOT (its folder), RELENG_NAME, RELENG_VERSION (X.Y.Z), RELENG_SERIES (X.0), RELENG_DISTS (separated by
# spaces), RELENG_REPO_FILE (with a section NAME-snapshot-DIST for each dist), HOME and TMPDIR (an own folder).
set -eu

fail() { echo "install: $*" >&2; exit 1; }

here=$(dirname "$0")
machine=$(uname -m)
own_dist=$(rpm --eval '%{?dist}')
printf '[main]\n' >"$TMPDIR/dnf.conf" # nothing of this machine's configuration

# The names of the packages in files.
names() { rpm -qp --nosignature --qf '%{NAME}\n' "$@"; }

# The sections of a `.repo` file for the repositories of RELENG_EXTRA_REPOS.
extra_repositories() {
  set -f # an address may have a `?`
  number=0
  for repository in ${RELENG_EXTRA_REPOS:-}; do
    number=$((number + 1))
    case $repository in
      /*) address="file://$repository" ;;
      http://* | https://* | file://*) address=$repository ;;
      *) fail "RELENG_EXTRA_REPOS has \`$repository\`, which is neither a whole path nor an address" ;;
    esac
    printf '[extra-%s]\nname=extra-%s\nbaseurl=%s\ngpgcheck=0\n\n' "$number" "$number" "$address"
  done
  set +f
}

# Installs packages by name with dnf.
install_with_dnf() {
  repositories="$place/repositories"
  mkdir "$repositories"
  section="$RELENG_NAME-snapshot-$dist"
  # The sections of the other dists would be asked, too.
  sed -n "/^\[$section\]/,/^\$/p" "$RELENG_REPO_FILE" >"$repositories/snapshot.repo"
  if [ -f "$here/$dist.repo" ]; then
    cp "$here/$dist.repo" "$repositories/"
  elif [ ".$dist" = "$own_dist" ]; then
    cp /etc/yum.repos.d/*.repo "$repositories/" 2>/dev/null || :
  fi
  extra_repositories >"$repositories/extra.repo"
  number=$(printf %s "$dist" | tr -cd 0-9)
  dnf -q -y --config="$TMPDIR/dnf.conf" --installroot="$place/root" --releasever="${number:-0}" --forcearch="$machine" \
    --setopt=reposdir="$repositories" --setopt=cachedir="$place/cache" --setopt=persistdir="$place/state" \
    --setopt=logdir="$place/log" --setopt=plugins=0 --setopt=skip_if_unavailable=0 install "$@" ||
    fail "dnf cannot install $* for $dist; if a requirement is missing, name its repository in RELENG_EXTRA_REPOS, or write it into $here/$dist.repo"
}

installed=0
for dist in $RELENG_DISTS; do
  place="$TMPDIR/$dist"
  mkdir -p "$place/root" "$place/log"
  set --
  for file in "$RELENG_SNAPSHOT/rpm/$dist/noarch"/*.rpm "$RELENG_SNAPSHOT/rpm/$dist/$machine"/*.rpm; do
    [ ! -f "$file" ] || set -- "$@" "$file"
  done
  [ $# -gt 0 ] || fail "the snapshot has no package for $dist on $machine"
  packages=$(names "$@")
  if [ "$dist" = local ] && [ -z "${RELENG_EXTRA_REPOS:-}" ]; then
    rpm --root "$place/root" --nosignature --nodeps --noscripts --install "$@" || fail "rpm cannot install $*"
  else
    # shellcheck disable=SC2086 # names of packages have no blanks
    install_with_dnf $packages
  fi
  for name in $packages; do
    version=$(rpm --root "$place/root" -q --qf '%{VERSION}' "$name") || fail "$name was not installed for $dist"
    [ "$version" = "$RELENG_VERSION" ] || fail "$name $version was installed for $dist, not $RELENG_VERSION"
    installed=$((installed + 1))
    echo "$dist: $name $version"
  done
done
[ "$installed" -gt 0 ] || fail "the snapshot has no packages: make it with \`dist --rpm\`"
