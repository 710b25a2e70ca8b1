#!/bin/sh
# fetch-kernel.sh ROOT TARGET: unpacks the guest's kernel package into TARGET.
# It is unpacked, not installed: its postinst would build an initramfs, which takes longer than all the rest. The
# guest's own apt fetches it, so that the host may be another Debian or an Ubuntu.
set -eu
root=$1
target=$2
kernel=$(chroot "$root" apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: //p')
[ -n "$kernel" ] || { echo 'linux-image-cloud-amd64 names no kernel' >&2; exit 1; }
# shellcheck disable=SC2016  # the inner shell replaces it
chroot "$root" sh -c 'cd /var/cache/apt/archives && apt-get -o APT::Sandbox::User=root download -q "$0"' "$kernel"
set -- "$root/var/cache/apt/archives/${kernel}"_*.deb
# The newest when the cache holds several builds of it.
while [ $# -gt 1 ]; do shift; done
mkdir -p "$target"
dpkg -x "$1" "$target"
