import type { CommandResult } from '../../src/guest/guest-shell.ts'

type Document = Record<string, unknown>

/** One way in which a guest says the password back that it was sent. */
type Echo = (result: CommandResult, password: string) => CommandResult

const inDocument =
  (change: (document: Document, password: string) => Document): Echo =>
  (result, password) => {
    const document = JSON.parse(result.stdout) as Document
    return { ...result, stdout: JSON.stringify(change(document, password)) }
  }
const asError = (text: (password: string) => string, code = 'broken'): Echo =>
  inDocument((document, password) => ({ ...document, ok: false, error: { code, message: text(password) } }))
const asText =
  (text: (password: string) => string, exitStatus = 1): Echo =>
  (_, password) => ({
    exitStatus,
    stdout: '',
    stderr: text(password),
  })
const inFacts = (text: (password: string) => string): Echo =>
  inDocument((document, password) => {
    const dbms = (document.dbms ?? {}) as { unit?: Document; variables?: Document; log?: Document }
    const { unit = {}, variables = {}, log = {} } = dbms
    const said = text(password)
    return {
      ...document,
      helper: said,
      more: [{ [said]: said }],
      ...(document.dbms === undefined || document.dbms === null
        ? {}
        : { dbms: { ...dbms, unit: { ...unit, Said: said }, variables: { ...variables, said }, log: { ...log } } }),
    }
  })
const base64 = (text: string) => Buffer.from(text).toString('base64')

/** By name. What is encoded in another way than these is not looked for (src/log/redaction.ts). */
export const ECHOES: Readonly<Record<string, Echo>> = {
  'on standard error of a command that fails': asText((password) => `sh: ${password}: not possible`),
  'as words of sudo': asText((password) => `sudo: ${password} is not allowed`),
  'cut by the length of a message': asText(
    (password) => `${'x'.repeat(500 - Math.floor(password.length / 2))}${password}`,
  ),
  'instead of an answer': (_, password) => ({ exitStatus: 0, stdout: password, stderr: '' }),
  'around an answer': ({ stdout }, password) => ({
    exitStatus: 0,
    stdout: `${password}${stdout}${password}`,
    stderr: '',
  }),
  'behind the first letters of what is no JSON': (_, password) => ({
    ...{ exitStatus: 0, stderr: '' },
    stdout: `${'x'.repeat(200 - Math.floor(password.length / 2))}${password}`,
  }),
  'as the message of a refusal': asError((password) => `cannot log in with ${password}`),
  'as the code of a refusal': inDocument((document, password) => ({
    ...document,
    ok: false,
    error: { code: password, message: 'no' },
  })),
  'as the verb': inDocument((document, password) => ({ ...document, verb: password })),
  'as the hold': inDocument((document, password) => ({ ...document, hold: password })),
  'as a fact': inFacts((password) => `x${password}y`),
  'as a fact in base64': inFacts(base64),
  'as a fact in the base64 of more': inFacts((password) => base64(`say ${password} again`)),
  'as a fact in the base64 of more, moved': inFacts((password) => base64(`says ${password} again`)),
  'as a fact in the base64 of more, moved again': inFacts((password) => base64(`saying${password}`)),
  'as a fact in base64 for addresses': inFacts((password) => Buffer.from(password).toString('base64url')),
  'as a fact in hexadecimal': inFacts((password) => Buffer.from(password).toString('hex')),
  'as a fact of an address': inFacts((password) => `mysql://u:${encodeURIComponent(password)}@h`),
  'as a fact in JSON': inFacts((password) => JSON.stringify({ password })),
  'in the log of the server': inDocument((document, password) => {
    const dbms = document.dbms as { log?: Document } | null | undefined
    if (dbms?.log === undefined) return document
    return { ...document, dbms: { ...dbms, log: { ...dbms.log, textBase64: base64(`[Note] ${password} [Note]`) } } }
  }),
  'as a fact of the wrong kind': inDocument((document, password) => ({ ...document, components: password })),
  'as the boot’s id': inDocument((document, password) => ({ ...document, bootId: password })),
}
