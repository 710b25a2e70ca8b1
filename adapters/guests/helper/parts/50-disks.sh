
# === Disks: from a path to its file system, and down to the disks that a snapshot would have to contain ===
#
# From sysfs and udev's own records: they are there without lsblk, and say the same through partitions, LVM, MD, LUKS and
# multipath (each a block device with `slaves`).

# Adds the mount of path $1 to TARGETS (lines) once.
add_target() {
  find_mount "$1"
  [ -n "$MOUNT" ] || return 0
  case "$NL$TARGETS" in *"$NL$MOUNT$NL"*) return 0 ;; esac
  TARGETS="$TARGETS$MOUNT$NL"
}

# Every file system under DIRECTORIES and below them, and the root's and our memory's, which every snapshot has to bring back.
know_targets() {
  TARGETS=
  read_mounts
  add_target /
  real_directory "$MEMORY"
  MEMORY_REAL=$R
  add_target "$R"
  MEMORY_MOUNT=$MOUNT
  while read -r _ know_targets; do
    [ -z "$know_targets" ] || add_target "$know_targets"
  done <<END
$DIRECTORIES
END
  find_mounts_below
  targets_rest=$MOUNTS_BELOW
  while [ -n "$targets_rest" ]; do
    targets_line=${targets_rest%%"$NL"*}
    targets_rest=${targets_rest#*"$NL"}
    targets_line=${targets_line#* }
    targets_line=${targets_line%%"$TAB"*}
    case "?$NL$TARGETS" in *"$NL$targets_line$NL"* | "$targets_line$NL"*) continue ;; esac
    TARGETS="$TARGETS$targets_line$NL"
  done
}

# Whether the journal of ext4 device $1 may be another device: its superblock says so, not its options. The kernel calls a
# journal DEVICE-INODE, and one that is a device of its own only DEVICE (fs/jbd2/journal.c).
journal_is_outside() {
  journal_devices=0
  set +f
  for journal_name in "$PROC"/fs/jbd2/*; do
    journal_name=${journal_name##*/}
    case $journal_name in
      '*') continue ;;
      "$1"-[0-9]*) set -f && return 1 ;;
    esac
    case ${journal_name#dm-} in *-[0-9]*) ;; *) journal_devices=$((journal_devices + 1)) ;; esac
  done
  set -f
  [ "$journal_devices" -gt 0 ]
}

# Block devices directly under the file system that find_mount found, in R; UNRESOLVED when they cannot be known.
devices_of_mount() {
  R='' UNRESOLVED=''
  case $MOUNT_TYPE in
    btrfs)
      # Its own device number is made up; sysfs lists the devices of each file system.
      devices_source=$(readlink -f -- "$MOUNT_SOURCE")
      set +f
      for devices_member in "$SYS"/fs/btrfs/*/devices/"${devices_source##*/}"; do
        [ ! -e "$devices_member" ] || R=$(cd "${devices_member%/*}" && printf '%s ' *)
      done
      set -f
      ;;
    zfs)
      for devices_member in $(timeout -s KILL 10 zpool status -LP "${MOUNT_SOURCE%%/*}" 2>/dev/null); do
        case $devices_member in /dev/*) R="$R ${devices_member##*/}" ;; esac
      done
      ;;
    *)
      real_directory "$SYS/dev/block/$MOUNT_DEVICE"
      R=${R##*/}
      case $MOUNT_TYPE in ext[34]) ! journal_is_outside "$R" || MOUNT_OUTSIDE=journal_dev ;; esac
      ;;
  esac
  [ -n "$R" ] || UNRESOLVED=$MOUNT_TYPE
  [ "$MOUNT_OUTSIDE" = - ] || UNRESOLVED=$MOUNT_TYPE:$MOUNT_OUTSIDE
}

# disks_under DEVICE…: disks in DISKS (words); a layer that is not understood in UNRESOLVED.
disks_under() {
  DISKS=
  while [ $# -gt 0 ]; do
    disks_name=$1
    shift
    real_directory "$SYS/class/block/$disks_name"
    # DRBD shows its own disk below it, but not the one of the other machine.
    if [ -z "$R" ] || [ "${disks_name#drbd}" != "$disks_name" ]; then
      UNRESOLVED=$disks_name
    elif [ -e "$R/partition" ]; then
      R=${R%/*}
      set -- "$@" "${R##*/}"
    else
      disks_slaves=$(cd "$R/slaves" 2>/dev/null && set +f && printf '%s ' *)
      # shellcheck disable=SC2086 # kernel names
      case $disks_slaves in
        '' | '* ') disks_bottom "$disks_name" ;;
        *) set -- "$@" $disks_slaves ;;
      esac
    fi
  done
}

# A disk, by its path in sysfs in R: one that the guest itself reaches over a network (iSCSI, Fibre Channel, NVMe over
# fabrics) is none of the hypervisor's, whose snapshot cannot contain it.
disks_bottom() {
  case $R in
    */session[0-9]* | */rport-*)
      UNRESOLVED=$1
      return 0
      ;;
  esac
  case $1 in
    nvme*) nvme_is_local "$R" || {
      UNRESOLVED=$1
      return 0
    } ;;
  esac
  case $1 in
    sd[a-z]* | vd[a-z]* | hd[a-z]* | xvd[a-z]* | nvme[0-9]* | dasd[a-z]* | mmcblk[0-9]*)
      contains "$DISKS" "$1" || DISKS="$DISKS $1"
      ;;
    *) UNRESOLVED=$1 ;;
  esac
}

# The controller, or each of the controllers below a shared name, says how it is reached. Old kernels do not say.
nvme_is_local() {
  set +f
  for nvme_transport in "$1/device/transport" "$1"/device/nvme[0-9]*/transport; do
    [ -f "$nvme_transport" ] && read -r nvme_transport <"$nvme_transport" || continue
    case $nvme_transport in pcie | apple-nvme) ;; *) set -f && return 1 ;; esac
  done
  set -f
}

# One disk as the hypervisor's side can know it again, in R.
disk_json() {
  disk_name=$1
  real_directory "$SYS/class/block/$1"
  disk_path=$R disk_serial='' disk_links='' disk_number='' disk_size=0
  read -r disk_number 2>/dev/null <"$disk_path/dev"
  read -r disk_size 2>/dev/null <"$disk_path/size"
  while IFS= read -r disk_line; do
    case $disk_line in
      S:disk/by-id/*) disk_links="$disk_links${disk_line#S:disk/by-id/}$NL" ;;
      E:ID_SCSI_SERIAL=*) disk_serial=${disk_line#*=} ;;
      E:ID_SERIAL_SHORT=*) disk_serial=${disk_serial:-${disk_line#*=}} ;;
    esac
  done 2>/dev/null <"$UDEV/b$disk_number"
  # virtio keeps it on the disk, NVMe on its controller, SCSI in a page of vital data (four bytes, then text).
  [ -n "$disk_serial" ] || read -r disk_serial 2>/dev/null <"$disk_path/serial" || :
  [ -n "$disk_serial" ] || read -r disk_serial 2>/dev/null <"$disk_path/device/serial" || :
  [ -n "$disk_serial" ] || disk_serial=$(tail -c +5 "$disk_path/device/vpd_pg80" 2>/dev/null | tr -cd '[:graph:]')
  disk_place
  number_or_null "$disk_size"
  [ "$R" != null ] || R=0
  disk_json=$((R * 512))
  quote_or_null "$disk_serial"
  disk_json="\"serial\":$R,\"sizeBytes\":$disk_json"
  json_list "$disk_links"
  R="{\"name\":\"$disk_name\",$disk_json,\"byId\":$R,\"bus\":$disk_bus,\"unit\":$disk_unit}"
}

# Bus and position on it: SCSI host:channel:target:lun, of which some hypervisors count the target and some the lun.
disk_place() {
  disk_bus=null disk_unit=null
  real_directory "$disk_path/device"
  disk_address=${R##*/}
  case $disk_name:$disk_path in
    nvme*)
      disk_bus='"nvme"' disk_unit=${disk_name#nvme}
      disk_unit=${disk_unit%%n*}
      ;;
    vd*)
      disk_bus='"virtio"'
      disk_unit=$(virtio_order "$disk_name")
      ;;
    xvd*) disk_bus='"xen"' ;;
    *:*/usb[0-9]*) disk_bus='"usb"' ;;
    *:*/ata[0-9]*) disk_bus='"ide"' && disk_scsi_unit ;;
    sd*) disk_bus='"scsi"' && disk_scsi_unit ;;
  esac
  case $disk_unit in *[!0-9]* | '') disk_unit=null ;; esac
}

disk_scsi_unit() {
  disk_unit=${disk_address##*:}
  disk_address=${disk_address%:*}
  [ "$disk_unit" != 0 ] || disk_unit=${disk_address##*:}
}

# The rank of virtio disk $1 among its like by their places on the PCI bus.
virtio_order() {
  virtio_rank=0
  set +f
  for virtio_disk in "$SYS"/block/vd*; do
    real_directory "$virtio_disk/device"
    printf '%s %s\n' "$R" "${virtio_disk##*/}"
  done | sort | while read -r _ virtio_disk; do
    [ "$virtio_disk" != "$1" ] || printf '%s' "$virtio_rank"
    virtio_rank=$((virtio_rank + 1))
  done
  set -f
}

# TARGETS as the protocol's file systems, in R.
file_systems() {
  file_systems=
  while IFS= read -r file_systems_target; do
    [ -n "$file_systems_target" ] || continue
    find_mount "$file_systems_target"
    file_systems_one
  done <<END
$TARGETS
END
  R="[${file_systems#,}]"
}

file_systems_one() {
  devices_of_mount
  # shellcheck disable=SC2086 # kernel names
  disks_under $R
  [ -n "$DISKS" ] || UNRESOLVED=${UNRESOLVED:-$MOUNT_TYPE}
  file_systems_disks=
  for file_systems_disk in $DISKS; do
    disk_json "$file_systems_disk"
    file_systems_disks="$file_systems_disks,$R"
  done
  quote "$MOUNT"
  file_systems="$file_systems,{\"target\":$R"
  quote "$MOUNT_SOURCE"
  file_systems="$file_systems,\"source\":$R"
  quote "$MOUNT_TYPE"
  file_systems="$file_systems,\"type\":$R,\"disks\":[${file_systems_disks#,}]"
  quote_or_null "$UNRESOLVED"
  file_systems="$file_systems,\"unresolved\":$R"
  # A name with blanks in the first column cannot hide the numbers: they are counted from the last line's percent sign.
  file_systems_free=
  is_untouched "$MOUNT" || file_systems_free=$(timeout -s KILL 10 df -P -k -- "$MOUNT" 2>/dev/null)
  file_systems_free=${file_systems_free##*"$NL"}
  file_systems_free=${file_systems_free%%%*}
  file_systems_free=${file_systems_free% *}
  while :; do
    case $file_systems_free in
      *' ') file_systems_free=${file_systems_free% } ;;
      *) break ;;
    esac
  done
  number_or_null "${file_systems_free##* }"
  [ "$R" = null ] || R=$((R * 1024))
  file_systems="$file_systems,\"availableBytes\":$R}"
}
