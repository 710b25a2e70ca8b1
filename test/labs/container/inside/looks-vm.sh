# looks-vm.sh, for enter.sh: the guest sees a machine with virtio disks and a firmware that knows its UUID.
# shellcheck shell=dash
# shellcheck disable=SC2154 # root and real come from enter.sh

# Empty: systemd then looks no further for what may contain it.
# shellcheck disable=SC2034
container_variable=container=

# The classes of this machine, but for the block devices and the firmware's words.
classes=$root/sys/class
mount -t tmpfs -o mode=755 classes "$classes"
for class in "$real"/class/*; do
  name=${class##*/}
  case $name in block | dmi) continue ;; esac
  mkdir "$classes/$name"
  mount --bind "$class" "$classes/$name"
done

mkdir -p "$classes/dmi/id"
echo "$UUID" >"$classes/dmi/id/product_uuid"
chmod 400 "$classes/dmi/id/product_uuid"
echo QEMU >"$classes/dmi/id/sys_vendor"
echo 'Standard PC (i440FX + PIIX, 1996)' >"$classes/dmi/id/product_name"

# The disks as virtio shows them: each on a place of the PCI bus, with its serial.
mkdir -p "$classes/block"
mount -t tmpfs -o mode=755 block "$root/sys/block"
mount -t tmpfs -o mode=755 numbers "$root/sys/dev/block"

shown() { # NAME MAJOR:MINOR SERIAL PLACE
  shown=$classes/block/$1
  mkdir -p "$shown/slaves" "$shown/holders" "$classes/pci/0000:00:0$4.0/virtio$4"
  echo "$2" >"$shown/dev"
  echo "$3" >"$shown/serial"
  cat "$real/dev/block/$2/size" >"$shown/size"
  # lsblk asks the device where there is no udev.
  echo "$3" >"$classes/pci/0000:00:0$4.0/virtio$4/serial"
  ln -s "/sys/class/pci/0000:00:0$4.0/virtio$4" "$shown/device"
  ln -s "/sys/class/block/$1" "$root/sys/block/$1"
  ln -s "/sys/class/block/$1" "$root/sys/dev/block/$2"
}
shown vda "$VDA" "$SERIAL_A" 3
shown vdb "$VDB" "$SERIAL_B" 4

mkdir -p "$root/run/udev/data"
record() { # MAJOR:MINOR SERIAL
  printf 'S:disk/by-id/virtio-%s\nE:ID_SERIAL=%s\n' "$2" "$2" >"$root/run/udev/data/b$1"
}
record "$VDA" "$SERIAL_A"
record "$VDB" "$SERIAL_B"

# Name spaces cannot be hidden from systemd's own look; whoever asks its program hears what the firmware says.
printf '#!/bin/sh\necho qemu\n' >"$root/run/lab/detect-virt"
chmod 755 "$root/run/lab/detect-virt"
mount --bind "$root/run/lab/detect-virt" "$root/usr/bin/systemd-detect-virt"
