/** What differs between releases of the product, as far as it is stood in for. */
export interface Release {
  readonly version: string
  readonly release: string
  /** Older ones have the message in the status line alone. */
  readonly messageInBody: boolean
  /** Older ones have VM.Monitor for everything about the guest agent. */
  readonly agentPrivileges: 'VM.GuestAgent' | 'VM.Monitor'
}

export const RELEASE_9: Release = {
  version: '9.2.11',
  release: '9.2',
  messageInBody: true,
  agentPrivileges: 'VM.GuestAgent',
}

export const RELEASE_8: Release = {
  version: '8.4.1',
  release: '8.4',
  messageInBody: false,
  agentPrivileges: 'VM.Monitor',
}
