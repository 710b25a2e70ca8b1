/** Where `guest install` puts the helper, and what the one line of sudoers names. */
export const HELPER_PATH = '/usr/local/sbin/stillshot-guest'
