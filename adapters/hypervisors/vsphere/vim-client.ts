import { EventEmitter, once } from 'node:events'
import { Client } from 'node-vsphere-soap'
import { type IOptions, Client as SoapClient, WSDL } from 'soap'
import { faultIn } from './faults.ts'
import { changes, type Operation } from './operations.ts'
import { asValue, field, type Ref, type Value } from './values.ts'
import type { Errand, Fields, Vim } from './vim.ts'
import type { VimHttp } from './vim-http.ts'
import { wsdl } from './wsdl.ts'

type SoapMethod = (
  parameters: object,
  done: (error: unknown, result: Value) => void,
  options: { readonly errand: Errand; readonly change: boolean },
) => void

/**
 * `node-vsphere-soap`’s client, mended: the original ends the process on every fault, switches off the verification of
 * certificates for all of it, keeps the password, and removes other people’s listeners when it logs out.
 * docs/decisions/0015-vsphere-through-a-mended-client.md says why it is kept, and what would replace it.
 */
export class VimClient extends Client implements Vim {
  readonly #http: VimHttp
  #made: Promise<void> | undefined

  constructor(http: VimHttp) {
    // Without `true` the original would write NODE_TLS_REJECT_UNAUTHORIZED into the environment. User and password are
    // parameters of the one call that needs them: the original would keep them for as long as it lives.
    super(http.host, '', '', true)
    this.#http = http
  }

  async invoke(operation: Operation, target: Ref, fields: Fields, errand: Errand): Promise<Value> {
    this.#made ??= this.#make()
    await this.#made
    errand.call.signal.throwIfAborted()
    const [result] = await once(this.runCommand(operation, { _this: asValue(target), ...fields }, errand), 'result')
    return field(result, 'returnval')
  }

  forget(): void {
    this.#http.forget()
  }

  disconnect(): void {
    this.#http.close()
  }

  /** As the original: an emitter of `result` or `error`; but a fault is an event, and nothing is thrown at the process. */
  override runCommand(command: string, parameters: object = {}, errand: Errand = nobody(command)): EventEmitter {
    const emitter = new EventEmitter()
    const soap = this.client as SoapClient
    const method = field(soap, 'VimService', 'VimPort', command) as SoapMethod
    const done = (error: unknown, result: Value) => {
      wipe(soap)
      if (error) emitter.emit('error', faultIn(error) ?? error)
      else emitter.emit('result', result)
    }
    method(parameters, done, { errand, change: changes(command as Operation) })
    return emitter
  }

  /** The original’s constructor calls this before our fields exist; session.ts connects, when something is to be asked. */
  override _connect(): void {}

  /** Logging out is session.ts’s. */
  override _close(): void {}

  async #make(): Promise<void> {
    const description = new WSDL(wsdl(), '', {})
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    description.onReady((error) => (error ? reject(error) : resolve()))
    await promise
    const options = { httpClient: { request: this.#request.bind(this) }, preserveWhitespace: true }
    this.client = new SoapClient(description, this.#http.address, options as unknown as IOptions)
    this.status = 'ready'
  }

  /** `soap`’s own way to the network takes proxies from the environment and has no pin; ours does not and has. */
  #request(
    _address: string,
    xml: string,
    done: (error: unknown, response?: object, body?: string) => void,
    headers: Readonly<Record<string, string>>,
    { errand, change }: { errand: Errand; change: boolean },
  ): void {
    wipe(this.client as SoapClient)
    const wire = { 'content-type': 'text/xml; charset=utf-8', soapaction: headers.SOAPAction ?? '' }
    this.#http.post({ xml, headers: wire, change }, errand).then(
      (body) => done(null, { status: 200, headers: {} }, body),
      (error: unknown) => done(error),
    )
  }
}

function nobody(command: string): Errand {
  return { call: { signal: new AbortController().signal, changeSent: false }, doing: command }
}

/** `soap` remembers the last request and answer, and with them the password of a login. */
function wipe(soap: SoapClient): void {
  Object.assign(soap, { lastRequest: undefined, lastMessage: undefined, lastResponse: undefined })
}
