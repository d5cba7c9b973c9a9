# The first process of a job behind the boundary of a user: root, in namespaces of its own. It makes a root folder that has what is
# listed here and nothing else, and runs the job in it as the user. Its arguments:
#
#   EMPTY WORK OBJECTS HOME UID GID NETWORK [HIDDEN…] -- COMMAND…
#
# EMPTY is an empty folder. WORK and OBJECTS become /srv/work and /srv/objects; HIDDEN are folders that are empty for the job.
# COMMAND… becomes the user, and then the job. Exit 125: the boundary could not be set up.
set -eE
trap 'exit 125' ERR
umask 022
job_path=$PATH PATH=/usr/sbin:/usr/bin:/sbin:/bin
empty=$1 work=$2 objects=$3 home=$4 uid=$5 gid=$6 network=$7
shift 7

# What the caller has open is not for the job.
for descriptor in /proc/self/fd/*; do
  descriptor=${descriptor##*/}
  if [ "$descriptor" -gt 2 ]; then eval "exec $descriptor>&-"; fi
done
# A script opens the pipe of its output again, by /dev/stderr.
for descriptor in 1 2; do
  if [ -p "/proc/self/fd/$descriptor" ]; then chown "$uid:$gid" "/proc/self/fd/$descriptor"; fi
done
# Where memory runs out, the kernel ends the job before anything else.
echo 1000 2>/dev/null >/proc/self/oom_score_adj || :

restrict() { # OPTIONS TARGET: as the kernel requires the options that a mount already has, stricter ones are tried, too
  mount -o "remount,bind,$1" "$2" 2>/dev/null || mount -o "remount,bind,$1,noexec" "$2"
}
mount -t tmpfs -o size=2g,nr_inodes=256k,mode=755,nosuid,nodev tmpfs "$empty"
cd "$empty"
mkdir dev dev/pts proc run srv srv/work srv/objects var var/lib var/cache
mkdir -m 1777 tmp dev/shm
mkdir -m 700 ".$home"
chown "$uid:$gid" ".$home"
ln -s /tmp var/tmp
ln -s /run var/run

# The programs of this machine, their settings, and the databases of packages that builds ask. All of it is read-only.
for folder in usr bin sbin lib lib32 lib64 libx32 etc opt var/lib/rpm var/lib/dpkg; do
  if [ -L "/$folder" ]; then
    ln -s "$(readlink "/$folder")" "$folder"
  elif [ -d "/$folder" ]; then
    mkdir "$folder"
    mount --rbind "/$folder" "$folder"
  fi
done
mounted() { # FOLDER: it and the mounts below it
  local place
  while read -r _ _ _ _ place _; do
    place=$(printf '%b' "${place//\\/\\0}")
    case $place in "$1" | "$1"/*) printf '%s\0' "$place" ;; esac
  done </proc/self/mountinfo
}
here=$(pwd -P)
for folder in usr bin sbin lib lib32 lib64 libx32 etc opt var/lib/rpm var/lib/dpkg; do
  while IFS= read -r -d '' place; do restrict ro,nosuid,nodev "$place"; done < <(mounted "$here/$folder")
done
while [ "$1" != -- ]; do
  if [ -d ".$1" ]; then mount -t tmpfs -o size=4k,mode=755,ro,nosuid,nodev,noexec tmpfs ".$1"; fi
  shift
done
shift

for device in null zero full random urandom; do
  : >"dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,nosuid,noexec devpts dev/pts 2>/dev/null || :
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for number in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${number%:*}" "dev/${number#*:}"; done
mount -t proc -o nosuid,nodev,noexec proc proc
mount --bind "$work" srv/work
restrict rw,nosuid,nodev srv/work
mount --bind "$objects" srv/objects
restrict ro,nosuid,nodev,noexec srv/objects
if [ "$network" = yes ]; then
  # Names are looked up by a file that may be in /run.
  resolver=$(readlink -f /etc/resolv.conf) || resolver=
  case $resolver in
  /run/*)
    mkdir -p ".${resolver%/*}"
    cp "$resolver" ".$resolver"
    ;;
  esac
else
  ip link set lo up
fi

mkdir .old
pivot_root . .old
cd /srv/work
umount -l /.old
rmdir /.old
trap - ERR
set +eE
unset PWD OLDPWD SHLVL _
limit() { # OPTION VALUE: a lower one that is there stays
  local now
  now=$(ulimit -H "$1")
  if [ "$now" = unlimited ] || [ "$now" -gt "$2" ]; then ulimit "$1" "$2"; fi
}
limit -u 2048
limit -f 16777216
limit -c 0
PATH=$job_path
"$@"
code=$?
# 125 says that the boundary could not be set up.
if [ "$code" = 125 ]; then code=1; fi
exit "$code"
