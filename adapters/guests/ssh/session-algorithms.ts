import type { Algorithms } from 'ssh2'

/**
 * How keys are agreed on and packets sealed, strongest first. Named here, so that no default of a library decides: no SHA-1,
 * no MD5, no CBC, no group that the server chooses. OpenSSH has something of each list since 5.9 (2011).
 */
export const SESSION_ALGORITHMS: Readonly<Algorithms> = {
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group18-sha512',
    'diffie-hellman-group14-sha256',
  ],
  cipher: ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr', 'aes192-ctr', 'aes256-ctr'],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  compress: ['none'],
}
