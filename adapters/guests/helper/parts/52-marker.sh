
# === Marker: a file on each covered file system that says which hold was the last one ===
#
# After a restore it shows which restore point this is. It lies outside the data directory, in a directory that only root
# can enter: a file system's own root may belong to the database's user, who could put a link in its place.

# marker_directory MOUNT: where its marker lies, in R; empty where there is no place outside the server's directories.
marker_directory() {
  R=${1%/}/.stillshot
  if [ "$1" = "$MEMORY_MOUNT" ]; then
    R=$MEMORY_REAL
    return 0
  fi
  while read -r _ marker_data; do
    [ -n "$marker_data" ] || continue
    case $1/ in "$marker_data"/*) R='' ;; esac
  done <<END
$DIRECTORIES
END
}

marker_path() {
  marker_directory "$1"
  if [ "$R" = "$MEMORY_REAL" ]; then
    MARKER_NAME=stillshot-marker
  else
    MARKER_NAME=marker
  fi
  MARKER_DIRECTORY=$R
}

# Before the stop: makes the directories. MARKS: lines "name<TAB>mount<TAB>directory", MARK_TEXT: what is written.
prepare_markers() {
  MARK_TEXT="$HOLD $BOOT $(date -u +%Y-%m-%dT%H:%M:%SZ)"
  MARKS=
  prepare_rest=$TARGETS
  while [ -n "$prepare_rest" ]; do
    prepare_mount=${prepare_rest%%"$NL"*}
    prepare_rest=${prepare_rest#*"$NL"}
    marker_path "$prepare_mount"
    # A folder of root's that others can write, moved here by whoever may move it, would not do.
    [ -z "$MARKER_DIRECTORY" ] || { safe_directory "$MARKER_DIRECTORY" && owned_alone "$MARKER_DIRECTORY"; } || MARKER_DIRECTORY=''
    MARKS="$MARKS$MARKER_NAME$TAB$prepare_mount$TAB$MARKER_DIRECTORY$NL"
  done
}

# After the stop: builtins only. Going into the directory pins it; only then is it looked at and written to.
write_markers() {
  MARKS_JSON=
  marks_rest=$MARKS
  while [ -n "$marks_rest" ]; do
    marks_line=${marks_rest%%"$NL"*}
    marks_rest=${marks_rest#*"$NL"}
    marks_name=${marks_line%%"$TAB"*} marks_directory=${marks_line##*"$TAB"}
    marks_line=${marks_line#*"$TAB"}
    quote "${marks_line%"$TAB"*}"
    MARKS_JSON="$MARKS_JSON,{\"mount\":$R"
    quote "$marks_directory${marks_directory:+/$marks_name}"
    MARKS_JSON="$MARKS_JSON,\"path\":$R"
    if write_marker; then
      MARKS_JSON="$MARKS_JSON,\"written\":true}"
    else
      MARKS_JSON="$MARKS_JSON,\"written\":false}"
    fi
  done
  cd /
  MARKS_JSON="[${MARKS_JSON#,}]"
}

# Goes into the folder $1 for markers: false when it is not root's own, or was reached through a link.
enter_markers() {
  # shellcheck disable=SC3067 # see 14-state.sh
  [ -n "$1" ] && cd -P -- "$1" 2>/dev/null && [ "$PWD" = "$1" ] && [ -O . ]
}

write_marker() {
  enter_markers "$marks_directory" && [ ! -L "$marks_name" ] || return 1
  printf '%s\n' "$MARK_TEXT" 2>/dev/null >"$marks_name"
}

# Markers as they are now, in R.
read_markers() {
  read_markers=
  while IFS= read -r read_markers_mount; do
    [ -n "$read_markers_mount" ] || continue
    marker_path "$read_markers_mount"
    read_markers_path=$MARKER_DIRECTORY${MARKER_DIRECTORY:+/$MARKER_NAME} read_markers_text=''
    # shellcheck disable=SC3067 # see 14-state.sh
    ! enter_markers "$MARKER_DIRECTORY" || [ ! -f "$MARKER_NAME" ] || [ ! -O "$MARKER_NAME" ] || [ -L "$MARKER_NAME" ] ||
      read -r read_markers_text <"$MARKER_NAME"
    cd /
    quote "$read_markers_mount"
    read_markers="$read_markers,{\"mount\":$R"
    quote "$read_markers_path"
    read_markers="$read_markers,\"path\":$R"
    quote_or_null "$read_markers_text"
    read_markers="$read_markers,\"content\":$R}"
  done <<END
$TARGETS
END
  R="[${read_markers#,}]"
}
