# looks-container.sh, for enter.sh: the guest sees the inside of an LXC container: no firmware, no disks of its own, file systems
# that somebody else mounted.
# shellcheck shell=dash
# shellcheck disable=SC2154 # root comes from enter.sh

# shellcheck disable=SC2034
container_variable=container=lxc

rm -rf "$root/dev/vda" "$root/dev/vdb" "$root/dev/disk"
: >"$root/run/lab/fstab"
mount --bind "$root/run/lab/fstab" "$root/etc/fstab"
