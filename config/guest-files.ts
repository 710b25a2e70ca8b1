import { ssh } from '../src/config/schema/ssh.ts'
import { HELPER_PATH } from '../src/guest/helper-path.ts'

/** What `stillshot guest install` puts into the guest, for those who do it by hand. */
export const SUDOERS = `# /etc/sudoers.d/stillshot in the guest, mode 0440: the only right that stillshot's user needs.
# The helper takes verbs, not commands; it cannot be replaced through this line.
${ssh.properties.user.default} ALL=(root) NOPASSWD: ${HELPER_PATH}
`

export const AUTHORIZED_KEYS = `# ~${ssh.properties.user.default}/.ssh/authorized_keys in the guest: the key can do nothing but the helper's verbs.
# With \`stillshot guest install VM --forced-command\` the options before the key are printed.
restrict,command="${HELPER_PATH} gate" ssh-ed25519 AAAA… ${ssh.properties.user.default}@coordinator
`
