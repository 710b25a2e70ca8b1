/**
 * What of a configuration may be shown: settings that are known to hold no secret, each with the shape of its values. Whatever
 * has another name, or a value of another shape, is not shown.
 */
export type Shape = 'number' | 'flag' | 'word' | 'path' | 'address'

const SHAPES: Readonly<Record<Shape, RegExp>> = {
  number: /^-?\d{1,20}(\.\d{1,6})?[KMGT]?B?$/i,
  flag: /^(0|1|on|off|yes|no|true|false)$/i,
  word: /^(?=.{1,40}$)((utf8(mb[34])?|latin1|ascii|binary|uca1400)(_(unicode|general|uca1400|0900|520|german[12]|swedish|bin|ai|as|ci|cs|nopad)){0,5}|InnoDB|Aria|MyISAM|ROW|MIXED|STATEMENT|UTC|SYSTEM|Europe\/[A-Za-z]+|O_DIRECT|O_DSYNC|fsync|Prod|Full|Major|Minor|Minimal|none|Lax|Strict|dynamic|static|ondemand)$/i,
  path: /^\/(etc|var|usr|run|srv|opt|tmp|lib)(\/[A-Za-z0-9._+-]{1,40}){0,8}\/?$/,
  address: /^(\*|localhost|_default_|(\d{1,3}\.){3}\d{1,3}|\[?[0-9a-f:]{2,39}\]?)?(:?(\*|\d{1,5}))?$/i,
}

function named(shape: Shape, names: string): readonly (readonly [string, Shape])[] {
  return names.split(' ').map((name) => [name, shape])
}

const PHP = new Map([
  ...named('number', 'memory_limit upload_max_filesize post_max_size max_execution_time max_input_time max_input_vars'),
  ...named('number', 'max_file_uploads session.gc_maxlifetime session.cookie_lifetime opcache.memory_consumption'),
  ...named('number', 'opcache.max_accelerated_files error_reporting default_socket_timeout realpath_cache_ttl'),
  ...named('number', 'pm.max_children pm.start_servers pm.min_spare_servers pm.max_spare_servers pm.max_requests'),
  ...named('flag', 'allow_url_fopen allow_url_include display_errors log_errors file_uploads short_open_tag engine'),
  ...named('flag', 'register_argc_argv html_errors expose_php opcache.enable opcache.enable_cli implicit_flush'),
  ...named('word', 'date.timezone pm session.cookie_samesite'),
  ...named('path', 'mysqli.default_socket pdo_mysql.default_socket error_log'),
])

const DATABASE = new Map([
  ...named(
    'number',
    'innodb_buffer_pool_size innodb_buffer_pool_instances innodb_log_file_size innodb_log_buffer_size',
  ),
  ...named('number', 'innodb_flush_log_at_trx_commit innodb_fast_shutdown innodb_lock_wait_timeout innodb_io_capacity'),
  ...named('number', 'max_allowed_packet max_connections key_buffer_size query_cache_size query_cache_limit port'),
  ...named('number', 'tmp_table_size max_heap_table_size sort_buffer_size join_buffer_size table_open_cache server_id'),
  ...named('number', 'wait_timeout sync_binlog expire_logs_days binlog_expire_logs_seconds thread_cache_size'),
  ...named('flag', 'innodb_file_per_table skip_name_resolve slow_query_log skip_networking innodb_stats_on_metadata'),
  ...named('word', 'character_set_server collation_server default_storage_engine binlog_format innodb_flush_method'),
  ...named('path', 'datadir socket pid_file tmpdir basedir log_error slow_query_log_file'),
  ...named('address', 'bind_address'),
])

const APACHE = new Map([
  ...named('number', 'timeout keepalivetimeout maxkeepaliverequests maxrequestworkers limitrequestbody startservers'),
  ...named('flag', 'sslengine keepalive serversignature rewriteengine hostnamelookups'),
  ...named('word', 'servertokens'),
  ...named('path', 'documentroot serverroot sslcertificatefile'),
  ...named('address', 'listen'),
])

export type Kind = 'php' | 'database' | 'apache'
const KNOWN: Readonly<Record<Kind, ReadonlyMap<string, Shape>>> = { php: PHP, database: DATABASE, apache: APACHE }

/** The name as it is shown; undefined for one that nobody knows to be harmless: it may be a part of a secret itself. */
export function knownName(kind: Kind, name: string): string | undefined {
  const plain = kind === 'database' ? name.toLowerCase().replaceAll('-', '_') : name.toLowerCase()
  return KNOWN[kind].has(plain) ? plain : undefined
}

/** The value where it has the shape that the setting has, else undefined. */
export function knownValue(kind: Kind, name: string, value: string): string | undefined {
  const shape = KNOWN[kind].get(name)
  return shape !== undefined && SHAPES[shape].test(value) ? value : undefined
}
