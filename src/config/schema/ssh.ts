import { LIMITS } from './limits.ts'
import { duration, secret, text } from './values.ts'

export const ssh = {
  type: 'object',
  description: 'How guests are reached. Host keys are always verified; `stillshot trust VM` records them.',
  additionalProperties: false,
  properties: {
    user: {
      ...text,
      description: 'User in the guests; needs the helper’s one line of sudoers.',
      default: 'stillshot',
      examples: ['stillshot'],
    },
    key: {
      ...text,
      description: 'Private key, readable by its owner only. Without it, `agent` must be true.',
      examples: ['/etc/stillshot/id_ed25519'],
    },
    passphrase: {
      ...secret,
      description: 'Passphrase of the key, by reference.',
      examples: ['env:STILLSHOT_KEY_PASSPHRASE'],
    },
    agent: { type: 'boolean', description: 'Use the agent of SSH_AUTH_SOCK.', default: false, examples: [false] },
    knownHosts: {
      ...text,
      description: 'Host keys of the guests, in the format of OpenSSH.',
      default: 'known_hosts',
      examples: ['/etc/stillshot/known_hosts'],
    },
    connectTimeout: {
      ...duration,
      description: `Longest wait for a connection and its login; ${LIMITS.connectTimeout.least} to ${LIMITS.connectTimeout.most}.`,
      default: '10s',
      examples: ['10s'],
    },
    keepAlive: {
      ...duration,
      description: `Silence after which the connection is probed; three unanswered probes end it. ${LIMITS.keepAlive.least} to ${LIMITS.keepAlive.most}.`,
      default: '5s',
      examples: ['5s'],
    },
  },
} as const
