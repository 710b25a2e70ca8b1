
# === Mounts: the file systems that the kernel shows, and those below the server's directories ===
#
# All of it is read from the kernel's list. A file system that is not this machine's own may be dead, and whoever asks it for
# anything waits for ever.

# read_mounts [FILE]: MOUNTS, lines "major:minor type source outside target"; a later one hides an earlier one. `outside` is the
# option that puts a part of the file system (log, journal, real-time section) on another device, or -. REMOTE: whether one of them
# may be dead.
read_mounts() {
  MOUNTS='' REMOTE=no
  while read -r _ _ mounts_device _ mounts_target mounts_rest; do
    mounts_rest=${mounts_rest#*" - "}
    mounts_type=${mounts_rest%% *} mounts_source=${mounts_rest#* }
    mounts_outside=-
    case ,${mounts_rest##* }, in
      *,logdev=*) mounts_outside=logdev ;;
      *,rtdev=*) mounts_outside=rtdev ;;
      *,journal_dev=* | *,journal_path=*) mounts_outside=journal_dev ;;
      *,jdev=*) mounts_outside=jdev ;;
    esac
    MOUNTS="$MOUNTS$mounts_device $mounts_type ${mounts_source%% *} $mounts_outside $mounts_target$NL"
    ! is_remote "$mounts_type" || REMOTE=yes
  done 2>/dev/null <"${1:-$PROC/self/mountinfo}"
}

# Whether a file system of type $1 answers only as long as somebody else does: a server, or a process.
is_remote() {
  case $1 in
    nfs | nfs[0-9] | cifs | smb* | fuse* | ceph | 9p | afs | lustre | gfs2 | ocfs2 | autofs | virtiofs | prl_fs | vboxsf) return 0 ;;
  esac
  return 1
}

# A mount point as it is, in R: the kernel writes a blank in it as \040, a tab as \011, a backslash as \134. A line's end stays
# as it is written: no path that we know has one.
unblank() {
  R=$1
  case $1 in
    *\\*) ;;
    *) return 0 ;;
  esac
  unblank_rest=$1 R=
  while :; do
    R=$R${unblank_rest%%\\*}
    case $unblank_rest in
      *\\*) unblank_rest=${unblank_rest#*\\} ;;
      *) return 0 ;;
    esac
    case $unblank_rest in
      040*) R="$R " ;;
      011*) R=$R$TAB ;;
      134*) R="$R\\" ;;
      *)
        R="$R\\"
        continue
        ;;
    esac
    unblank_rest=${unblank_rest#???}
  done
}

# find_mount PATH: MOUNT (its target), MOUNT_DEVICE, MOUNT_TYPE, MOUNT_SOURCE, MOUNT_OUTSIDE.
find_mount() {
  MOUNT='' MOUNT_DEVICE='' MOUNT_TYPE='' MOUNT_SOURCE='' MOUNT_OUTSIDE=-
  while read -r find_mount_device find_mount_type find_mount_source find_mount_outside find_mount_target; do
    [ -n "$find_mount_target" ] || continue
    unblank "$find_mount_target"
    case $1/ in
      "${R%/}"/*)
        [ ${#R} -ge ${#MOUNT} ] || continue
        MOUNT=$R MOUNT_DEVICE=$find_mount_device MOUNT_TYPE=$find_mount_type
        MOUNT_SOURCE=$find_mount_source MOUNT_OUTSIDE=$find_mount_outside
        ;;
    esac
  done <<END
$MOUNTS
END
}

# MOUNTS_BELOW: lines "role mount<TAB>path". PATH is mounted below one of DIRECTORIES and is another file system than the
# directory's own; MOUNT is where we find that file system, or ? where we do not.
# UNTOUCHED: lines; those mounts that are asked for nothing, because they may be dead. No snapshot contains one.
#
# The server may see mounts that nobody else sees (BindPaths= of its unit), so its own list is read as well.
find_mounts_below() {
  MOUNTS_BELOW='' UNTOUCHED='' below_count=0
  below_all "$MOUNTS" below
  below_pid=
  [ -z "$DBMS" ] || { property_of_dbms MainPID && below_pid=$R; }
  case $below_pid in '' | 0 | *[!0-9]*) return 0 ;; esac
  below_own=$MOUNTS below_remote=$REMOTE
  read_mounts "$PROC/$below_pid/mountinfo"
  below_theirs=$MOUNTS MOUNTS=$below_own REMOTE=$below_remote
  [ "$below_theirs" = "$below_own" ] || below_all "$below_theirs" at
}

# below_all LIST below|at: `at` counts a mount at the directory itself, too.
below_all() {
  below_rest=$DIRECTORIES
  while [ -n "$below_rest" ]; do
    below_line=${below_rest%%"$NL"*}
    below_rest=${below_rest#*"$NL"}
    below_role=${below_line%% *} below_path=${below_line#* }
    [ -n "$below_path" ] || continue
    find_mount "$below_path"
    below_device=$MOUNT_DEVICE
    below_directory "$1" "$2"
  done
}

below_directory() {
  while read -r below_number _ _ _ below_target; do
    [ -n "$below_target" ] || continue
    unblank "$below_target"
    case $R in
      "${below_path%/}"/?*) ;;
      "$below_path") [ "$2" = at ] || continue ;;
      *) continue ;;
    esac
    # The same file system once more: what goes for the directory's own goes for it.
    [ "$below_number" = "$below_device" ] || below_add "$R"
  done <<END
$1
END
}

# One mount at path $1, of device below_number. What has a line's end in its name is said to be there, and no more; so are very many.
below_add() {
  case $MOUNTS_BELOW in *"$TAB$1$NL"*) return 0 ;; esac
  [ "$below_count" -lt 50 ] || return 0
  below_count=$((below_count + 1)) below_mount=$1
  case $1 in *\\012*) below_mount='?' ;; esac
  [ "$below_count" -lt 50 ] || below_mount='?'
  if [ "$below_mount" != '?' ]; then
    find_mount "$1"
    [ "$MOUNT" = "$1" ] && [ "$MOUNT_DEVICE" = "$below_number" ] || below_elsewhere
  fi
  MOUNTS_BELOW="$MOUNTS_BELOW$below_role $below_mount$TAB$1$NL"
  [ "$below_mount" != '?' ] || return 0
  case $MOUNT_TYPE:$MOUNT_DEVICE in
    btrfs:* | zfs:*) return 0 ;;
    *:0:*) ;;
    *) is_remote "$MOUNT_TYPE" || return 0 ;;
  esac
  UNTOUCHED="$UNTOUCHED$below_mount$NL"
}

# Where we have the device of a mount that we do not see where the server does: below_mount, and what find_mount knows of it.
below_elsewhere() {
  below_mount='?'
  while read -r below_other _ _ _ below_target; do
    [ "$below_other" = "$below_number" ] && [ -n "$below_target" ] || continue
    unblank "$below_target"
    case $R in *\\012*) continue ;; esac
    below_mount=$R
    break
  done <<END
$MOUNTS
END
  [ "$below_mount" = '?' ] || find_mount "$below_mount"
}

is_untouched() {
  case "$NL$UNTOUCHED" in *"$NL$1$NL"*) return 0 ;; esac
  return 1
}
