#!/bin/busybox sh
# shellcheck shell=dash
# The whole initrd: loads the disk driver, mounts the root disk, hands over to systemd.
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs devices /dev
for module in /modules/*.ko; do /bin/busybox insmod "$module"; done
tries=0
while [ ! -b /dev/vda ] && [ $tries -lt 100 ]; do
  /bin/busybox usleep 50000
  tries=$((tries + 1))
done
/bin/busybox mount -t ext4 -o rw,noatime /dev/vda /root || exec /bin/busybox sh
/bin/busybox umount /proc
/bin/busybox mount --move /dev /root/dev
exec /bin/busybox switch_root /root /sbin/init
