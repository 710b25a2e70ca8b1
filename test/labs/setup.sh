#!/bin/sh
# Makes this machine ready for the tests, the demo and the bench: node_modules as the lock file says, and the Debian
# packages of the lab. Changes nothing when all is there. The guest image is built later, by the first who opens the lab.
# With `modules` as its argument it stops after node_modules: all that the simulation needs.
# Everything is said on stderr: stdout belongs to the command that comes after.
set -eu

cd "$(dirname "$0")/../.."
# Programs of an administrator are not on everybody's path.
PATH=$PATH:/usr/sbin:/sbin
lab=${STILLSHOT_LAB:-.lab}

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# Compares what npm noted in node_modules with the lock file; optional packages of other platforms may be missing.
modules_in_step() {
  [ -f node_modules/.package-lock.json ] || return 1
  node -e '
    const { readFileSync } = require("node:fs")
    const read = (path) => JSON.parse(readFileSync(path, "utf8")).packages
    const installed = read("node_modules/.package-lock.json")
    const inStep = Object.entries(read("package-lock.json")).every(([path, wanted]) =>
      path === "" || (installed[path] ? installed[path].version === wanted.version : wanted.optional === true))
    process.exit(inStep ? 0 : 1)'
}

install_modules() {
  say 'installing node_modules as package-lock.json says (npm ci)'
  npm ci --no-audit --no-fund --loglevel=error >&2 || fail 'npm ci failed; its own words stand above'
}

check_node() {
  version=$(node_modules/.bin/node --version 2>/dev/null) || version=none
  major=${version#v}
  major=${major%%.*}
  case $major in
    '' | *[!0-9]*) fail 'node_modules/.bin/node does not run: npm must be allowed to run the install script of "node"' ;;
  esac
  [ "$major" -ge 24 ] || fail "node_modules/.bin/node is $version, but 24 or newer is needed: remove node_modules and repeat"
}

# Prints the packages whose programs are missing. Programs are asked for, not packages: they may come from elsewhere.
missing_packages() {
  while read -r package program; do
    case $program in
      /*) # A path; its pattern is to be expanded.
        # shellcheck disable=SC2086
        set -- $program
        [ -e "$1" ] || echo "$package"
        ;;
      *) command -v "$program" > /dev/null || echo "$package" ;;
    esac
  done << 'END'
qemu-system-x86 qemu-system-x86_64
qemu-utils qemu-img
qemu-system-common qemu-storage-daemon
iproute2 ip
mmdebstrap mmdebstrap
debian-archive-keyring /usr/share/keyrings/debian-archive-keyring.gpg
e2fsprogs mkfs.ext4
mount mount
passwd useradd
libvirt-daemon libvirtd
libvirt-daemon-driver-qemu /usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so
libvirt-clients virsh
openssh-client ssh
openssh-server sshd
mariadb-client mariadb
busybox busybox
dash dash
golang-go go
golang-github-vmware-govmomi-dev /usr/share/gocode/src/github.com/vmware/govmomi
shellcheck shellcheck
restic restic
age age
rclone rclone
END
}

install_packages() { # PACKAGES…
  command -v apt-get > /dev/null || fail "missing on this machine: $*; the lab installs them on Debian and Ubuntu only"
  [ "$(uname -m)" = x86_64 ] || fail "the lab's guest is x86_64; this machine is $(uname -m)"
  as_root=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo > /dev/null || fail "missing: $*; run this as root, or install sudo"
    as_root=sudo
  fi
  say "installing Debian packages: $*"
  log=$lab/setup-packages.log
  {
    # A third party's repository that does not answer must not stop us; the installation says what is missing.
    $as_root apt-get update -q || :
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
      -o DPkg::Lock::Timeout=300 "$@"
  } > "$log" 2>&1 || { tail -n 15 "$log" >&2; fail "apt-get install failed; the whole log is $log"; }
}

mkdir -p "$lab"
# One at a time: two installations at once would meet in node_modules.
exec 9> "$lab/setup.lock"
flock 9

modules_in_step || install_modules
check_node
[ "${1-}" != modules ] || exit 0
packages=$(missing_packages)
# shellcheck disable=SC2086  # a list of names
[ -z "$packages" ] || install_packages $packages
still=$(missing_packages)
[ -z "$still" ] || fail "still missing after the installation: $(echo "$still" | tr '\n' ' ')"
