
# === Profile: what must stand still, in the order in which it stops ===
#
# /etc/stillshot/profiles/NAME, written by `stillshot guest install` and read line by line, never sourced. Whoever can
# write it chooses what root stops and starts: so it and its directory must be root's, and nobody else's to write.

# COMPONENTS: lines "kind wanted stopSeconds startSeconds". ALLOWED: words. BACKUP_FILES, BACKUP_EXCLUDE and
# BACKUP_CONFIGURATION: one path a line. Refuses what it does not understand.
load_profile() {
  PROFILE=$1 COMPONENTS='' DEFAULTS_FILE='' DATABASE_USER='' PAGE=''
  ALLOWED='' BACKUP_FILES='' BACKUP_EXCLUDE='' BACKUP_CONFIGURATION=''
  load_profile_file=$PROFILES/$1
  [ -f "$load_profile_file" ] && [ ! -L "$load_profile_file" ] || refuse unknown-profile "there is no profile $1 in $PROFILES"
  owned_alone "$PROFILES" "$load_profile_file" || refuse profile-unsafe "$load_profile_file: $R"
  load_profile_lines=0
  while read -r load_profile_key load_profile_rest; do
    load_profile_lines=$((load_profile_lines + 1))
    if [ "$load_profile_lines" -eq 1 ]; then
      [ "$load_profile_key $load_profile_rest" = 'stillshot-profile 1' ] || refuse profile-invalid "profile $1 is of another version"
      continue
    fi
    profile_line "$load_profile_key" "$load_profile_rest" || refuse profile-invalid "profile $1, line $load_profile_lines is not understood"
  done <"$load_profile_file"
  [ -n "$COMPONENTS" ] || refuse profile-invalid "profile $1 names no component"
}

profile_line() {
  case $2 in *[!A-Za-z0-9@._:/\ -]*) return 1 ;; esac
  case $1 in
    name) [ "$2" = "$PROFILE" ] ;;
    component)
      # shellcheck disable=SC2086 # the words were looked at above
      set -- $2
      [ $# -eq 4 ] && is_unit "$2" && is_between "$3" 1 3600 && is_between "$4" 1 3600 || return 1
      case $1 in
        dbms) case $COMPONENTS in *dbms*) return 1 ;; esac ;;
        unit) [ "$2" != auto ] || return 1 ;;
        role) case $2 in cron | web | php) ;; *) return 1 ;; esac ;;
        *) return 1 ;;
      esac
      COMPONENTS="$COMPONENTS$1 $2 $3 $4$NL"
      ;;
    defaults-file)
      # Who can exchange the file chooses what root's client does.
      is_path "$2" && owned_alone "${2%/*}/" "$2" || return 1
      DEFAULTS_FILE=$2
      ;;
    database-user)
      is_name "$2" || return 1
      DATABASE_USER=$2
      ;;
    page)
      case $2 in auto | http://[A-Za-z0-9]* | https://[A-Za-z0-9]*) PAGE=$2 ;; *) return 1 ;; esac
      ;;
    allow)
      case $2 in backup | restore) ALLOWED="$ALLOWED $2" ;; *) return 1 ;; esac
      ;;
    files | exclude | configuration)
      is_place "$2" || return 1
      case $1 in
        files) BACKUP_FILES="$BACKUP_FILES$2$NL" ;;
        exclude) BACKUP_EXCLUDE="$BACKUP_EXCLUDE$2$NL" ;;
        configuration) BACKUP_CONFIGURATION="$BACKUP_CONFIGURATION$2$NL" ;;
      esac
      ;;
    *) return 1 ;;
  esac
}

# True when every path is the owner's and neither group nor others may write it; else why not in R.
owned_alone() {
  owned_alone=$(stat -c '%u %a' "$@" 2>/dev/null) || {
    R='cannot be looked at'
    return 1
  }
  while read -r owned_alone_user owned_alone_mode; do
    R="belongs to user $owned_alone_user"
    [ "$owned_alone_user" = "$OWNER" ] || return 1
    R="can be written by others (mode $owned_alone_mode)"
    case $owned_alone_mode in *[2367] | *[2367]?) return 1 ;; esac
  done <<END
$owned_alone
END
}
