
# === The page by which somebody sees that the application is there ===
#
# The profile names its address, or `auto`: then an installation of i-doit is looked for, whose login page it is.

# A folder with an installation, in R; empty where there is none.
find_installation() {
  R=
  # shellcheck disable=SC2086 # folders without blanks
  for find_root in $WEB_FOLDERS; do
    for find_below in '' /i-doit /idoit; do
      [ -f "$find_root$find_below/src/config.inc.php" ] || continue
      R=$find_root$find_below
      return 0
    done
  done
}

# Its address, in R; empty where there is none to be asked.
find_page() {
  R=$PAGE
  [ "$PAGE" = auto ] || return 0
  find_installation
  [ -n "$R" ] || return 0
  case $R in
    */i-doit) R=http://127.0.0.1/i-doit/ ;;
    */idoit) R=http://127.0.0.1/idoit/ ;;
    *) R=http://127.0.0.1/ ;;
  esac
}

# page_json: {url, status, error} in R, or null without a page. A page that leads to another one has answered. What asks
# is what there is: nobody else needs to be installed for it.
page_json() {
  find_page
  [ -n "$R" ] || {
    R=null
    return 0
  }
  page_url=$R page_status='' page_error=''
  if command -v curl >/dev/null; then
    page_status=$(timeout -s KILL 15 curl -sk -o /dev/null -m 10 -w '%{http_code}' -- "$page_url" 2>/dev/null)
  elif command -v wget >/dev/null; then
    page_status=$(timeout -s KILL 15 wget -q -S -O /dev/null -T 10 -t 1 --max-redirect=0 --no-check-certificate "$page_url" 2>&1 | sed -n 's/^ *HTTP[^ ]* \([0-9][0-9]*\).*/\1/p' | head -n 1)
  elif command -v php >/dev/null; then
    # shellcheck disable=SC2016 # PHP's variables
    page_status=$(timeout -s KILL 15 php -n -r '$o = ["http" => ["timeout" => 10, "follow_location" => 0, "ignore_errors" => true], "ssl" => ["verify_peer" => false, "verify_peer_name" => false]]; $h = @get_headers($argv[1], false, stream_context_create($o)); echo $h ? explode(" ", $h[0])[1] : "";' -- "$page_url" 2>/dev/null)
  else
    page_error='neither curl, wget nor php is in the guest'
  fi
  case $page_status in
    [1-9][0-9][0-9]) ;;
    *) page_status=null page_error=${page_error:-nobody answered} ;;
  esac
  quote "$page_url"
  page_json="{\"url\":$R,\"status\":$page_status"
  quote_or_null "$page_error"
  R="$page_json,\"error\":$R}"
}
