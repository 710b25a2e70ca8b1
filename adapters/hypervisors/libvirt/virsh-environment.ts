/** What virsh needs of the caller's environment: its way to sockets, ssh and certificates. */
const PASSED_ON = ['PATH', 'HOME', 'XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME', 'SSH_AUTH_SOCK']

/**
 * The environment of every virsh. Its texts are read, so they must be the untranslated ones, in UTF-8 because readline
 * mangles other bytes; readline's own settings and virsh's history file stay out.
 */
export function virshEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const passedOn = PASSED_ON.flatMap((name): [string, string][] => {
    const value = environment[name]
    return value === undefined ? [] : [[name, value]]
  })
  return {
    ...Object.fromEntries(passedOn),
    LC_ALL: 'C.UTF-8',
    TERM: 'dumb',
    INPUTRC: '/dev/null',
    VIRSH_HISTSIZE: '0',
  }
}
