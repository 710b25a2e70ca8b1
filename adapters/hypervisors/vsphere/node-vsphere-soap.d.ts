/** The package has no types of its own. Only what vim-client.ts builds on. */
declare module 'node-vsphere-soap' {
  import { EventEmitter } from 'node:events'

  export class Client extends EventEmitter {
    constructor(host: string, user: string, password: string, verify: boolean)
    status: 'disconnected' | 'connecting' | 'ready'
    client: unknown
    _connect(): void
    _close(): void
    close(): void
    runCommand(command: string, parameters?: object): EventEmitter
  }
}
