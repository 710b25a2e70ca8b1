
# Tenants of i-doit, by its own list; empty where there is none. False when the server did not answer.
inventory_tenants() {
  ask 60 "SELECT table_schema FROM information_schema.columns WHERE table_name = 'isys_mandator' AND column_name = 'isys_mandator__db_name' ORDER BY 1 LIMIT 20" --skip-column-names || return 1
  tenants_schemas=${R%stillshot-end*} INVENTORY_TENANTS=''
  while IFS= read -r tenants_schema; do
    # What the client had to escape, or would end the quotes, is no name of a list that anybody keeps.
    case $tenants_schema in '' | *[\\\`]*) continue ;; esac
    ask 60 "SELECT isys_mandator__title, isys_mandator__db_name FROM \`$tenants_schema\`.isys_mandator ORDER BY 2 LIMIT 1000" --skip-column-names || return 1
    tenants_add "$tenants_schema" "${R%stillshot-end*}"
  done <<END
$tenants_schemas
END
  INVENTORY_TENANTS="[${INVENTORY_TENANTS#,}]"
}

tenants_add() {
  while IFS=$TAB read -r tenants_title tenants_database; do
    [ -n "$tenants_database" ] || continue
    quote "$1"
    INVENTORY_TENANTS="$INVENTORY_TENANTS,{\"listedIn\":$R"
    quote "$tenants_title"
    INVENTORY_TENANTS="$INVENTORY_TENANTS,\"title\":$R"
    quote "$tenants_database"
    INVENTORY_TENANTS="$INVENTORY_TENANTS,\"database\":$R}"
  done <<END
$2
END
}
