
# === archive PROFILE PART, unpack PROFILE ID ===
#
# Only what the profile names is read. It is written into a folder that root alone can enter, never where it came from:
# folders of the application belong to others, who can put a link to anywhere in the way of what root writes.

archive_verb() {
  expect_words $# 2
  case $2 in files | configuration) ;; *) usage 'a part is files or configuration' ;; esac
  stream_begin "$1" backup
  is_gnu_tar || refuse tar-missing 'GNU tar is not there: another one loses attributes'
  case $2 in
    files) archive_named=$BACKUP_FILES archive_known='' ;;
    *) archive_named=$BACKUP_CONFIGURATION archive_known=$CONFIGURATION ;;
  esac
  links "$archive_named"
  [ -z "$R" ] || refuse path-is-link "the archive would hold the link alone: ${R%"$NL"}"
  there "$archive_known$archive_named"
  archive_paths=$R
  [ -n "$archive_paths" ] || [ -n "$PATHS" ] || refuse nothing-there "none of the paths of $2 is there"
  [ -z "$PATHS" ] || archive_only "$archive_known$archive_named"
  set -- --create --file=- --directory=/ --numeric-owner --acls --xattrs '--xattrs-include=*' --sparse --anchored --no-wildcards
  while IFS= read -r archive_path; do
    [ -z "$archive_path" ] || set -- "$@" "--exclude=${archive_path#/}"
  done <<END
$BACKUP_EXCLUDE
END
  [ -n "$archive_paths" ] || set -- "$@" --files-from=/dev/null
  set -- "$@" --
  while IFS= read -r archive_path; do
    [ -z "$archive_path" ] || set -- "$@" "${archive_path#/}"
  done <<END
$archive_paths
END
  packed tar "$@"
  exit
}

# Of the paths in $1 and what lies below them, what the caller names alone. What is not there is no refusal: the archive is then an
# empty one, which says that.
archive_only() {
  archive_paths=''
  while IFS= read -r archive_path; do
    [ -n "$archive_path" ] || continue
    is_place "$archive_path" && path_under "$1" "$archive_path" || refuse path-not-allowed "$archive_path is not under a path of the profile"
    ! is_there "$archive_path" || archive_paths="$archive_paths$archive_path$NL"
  done <<END
$PATHS
END
}

# The caller names the paths; each must lie under one of the profile's.
unpack_verb() {
  expect_words $# 2
  expect_id "$2"
  stream_begin "$1" restore
  is_gnu_tar || refuse tar-missing 'GNU tar is not there: another one loses attributes'
  [ -n "$PATHS" ] || usage 'which paths?'
  unpack_into=$MEMORY/restored/$2
  safe_directory "$MEMORY/restored" && safe_directory "$unpack_into" || refuse state-unsafe "$unpack_into cannot be made"
  set -- --extract --file=- "--directory=$unpack_into" --numeric-owner --same-owner --same-permissions \
    --acls --xattrs '--xattrs-include=*' --no-wildcards --
  while IFS= read -r unpack_path; do
    [ -n "$unpack_path" ] || continue
    is_place "$unpack_path" && unpack_allowed "$unpack_path" || refuse path-not-allowed "$unpack_path is not under a path of the profile"
    set -- "$@" "${unpack_path#/}"
  done <<END
$PATHS
END
  timeout -s TERM "$LONGEST" tar "$@" <&5
  exit
}

unpack_allowed() {
  path_under "$BACKUP_FILES$CONFIGURATION$BACKUP_CONFIGURATION" "$1"
}

# path_under ROOTS PATH: whether it is one of them, or below one.
path_under() {
  while IFS= read -r path_root; do
    [ -n "$path_root" ] || continue
    case $2/ in "$path_root"/*) return 0 ;; esac
  done <<END
$1
END
  return 1
}
