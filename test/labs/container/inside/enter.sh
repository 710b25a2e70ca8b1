#!/bin/sh
# enter.sh: the first process of a native guest. Runs in name spaces of its own (mounts, processes, names, IPC, control groups,
# time; the network is its holder's), makes the guest's world below a folder, and becomes the init of the guest's own image.
#
# Environment: FOLDER (the guest's), LOOKS (vm or container), UUID, VDA and VDB (major:minor of the disks), SERIAL_A and SERIAL_B.
# Says `pid N`, its number outside, on standard output when all is ready; begins the guest when standard input ends.
set -eu

root=$FOLDER/root
real=$FOLDER/sysfs
here=$(cd "$(dirname "$0")" && pwd)
# Still the outer processes: here is the number that others know this shell by.
read -r pid _ </proc/self/stat

mount --make-rprivate /

# --- the devices, first of all: the root file system is mounted from one, by the name that the guest is to see

device() { mknod -m "$1" "/dev/$2" "$3" "$4" "$5"; }

mkdir -p "$root" "$real"
mount -t tmpfs -o mode=755,size=64M dev /dev
device 666 null c 1 3
device 666 zero c 1 5
device 666 full c 1 7
device 666 random c 1 8
device 666 urandom c 1 9
device 666 tty c 5 0
mkdir /dev/pts /dev/shm /dev/mqueue /dev/hugepages
mount -t devpts -o newinstance,mode=620,gid=5,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t mqueue mqueue /dev/mqueue
ln -s pts/ptmx /dev/ptmx
ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
ln -s fd/1 /dev/stdout
ln -s fd/2 /dev/stderr
# What init says on its console stands in the guest's journal. No file system of this machine may be seen in the guest, not
# even by one file: its agent would freeze that, too.
device 600 console c 1 3

disk() { # NAME MAJOR:MINOR SERIAL
  device 660 "$1" b "${2%:*}" "${2#*:}"
  mkdir -p /dev/disk/by-id
  ln -s "../../$1" "/dev/disk/by-id/virtio-$3"
}
disk vda "$VDA" "$SERIAL_A"
disk vdb "$VDB" "$SERIAL_B"

# --- its file systems

mount -t ext4 -o rw,noatime /dev/vda "$root"
# Init would do that; but it leaves disks alone in what it takes for a container, and that cannot be hidden from it.
mount -t ext4 -o rw,noatime /dev/vdb "$root/srv/data"
mount --move /dev "$root/dev"
mount -t tmpfs -o mode=755,size=128M,nosuid,nodev tmpfs "$root/run"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
mount -t sysfs sysfs "$real"
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$root/sys/fs/cgroup"

# Nothing of this machine is to be changed from inside, and each boot is one of its own.
for path in sys sysrq-trigger irq bus; do
  [ -e "$root/proc/$path" ] || continue
  mount --bind "$root/proc/$path" "$root/proc/$path"
  mount -o remount,bind,ro,nosuid,nodev,noexec "$root/proc/$path"
done
mkdir -p "$root/run/lab"
cat /proc/sys/kernel/random/uuid >"$root/run/lab/boot-id"
mount --bind "$root/run/lab/boot-id" "$root/proc/sys/kernel/random/boot_id"
echo 'root=/dev/vda rw quiet' >"$root/run/lab/cmdline"
mount --bind "$root/run/lab/cmdline" "$root/proc/cmdline"

# shellcheck source=/dev/null # beside this file
. "$here/looks-$LOOKS.sh"

# --- what of its services cannot be as it is

units=$root/run/systemd/system
mkdir -p "$units/multi-user.target.wants"
# The network is arranged from outside; the agent's channel is a socket.
ln -s /dev/null "$units/systemd-networkd.service"
ln -s /dev/null "$units/console-getty.service"
cat >"$units/qemu-guest-agent.service" <<'END'
[Unit]
Description=QEMU Guest Agent
[Service]
ExecStart=-/usr/sbin/qemu-ga --method=unix-listen --path=/run/lab/agent.sock
Restart=always
RestartSec=0
END
[ "$LOOKS" = container ] || ln -s ../qemu-guest-agent.service "$units/multi-user.target.wants/qemu-guest-agent.service"

echo "pid $pid"
read -r _ || :

cd "$root"
pivot_root . mnt
umount -l /mnt
# The clock, the modules and the devices of this machine are not the guest's to change.
# shellcheck disable=SC2154 # the looks say it
exec setpriv --bounding-set=-sys_time,-sys_module,-mknod,-sys_rawio,-syslog,-wake_alarm \
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb "$container_variable" \
  /sbin/init </dev/null >/dev/null 2>&1
