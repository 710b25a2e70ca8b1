import { type ErrorCode, StillshotError } from '../../../src/errors.ts'
import { isKindOf, type VimFault } from './faults.ts'
import { field, list, text } from './values.ts'

interface Row {
  readonly kinds: readonly string[]
  readonly code: ErrorCode
  readonly hint?: string
}

/** Faults of vSphere, in answers and at the end of tasks; first match wins. This file alone gives them a code. */
const ROWS: readonly Row[] = [
  {
    kinds: ['InvalidLogin'],
    code: 'hypervisor-refused',
    hint: 'a wrong, expired or locked password, and a user of another domain, all look like this; the user is written as user@domain',
  },
  { kinds: ['NoPermission'], code: 'hypervisor-refused' },
  {
    kinds: ['RestrictedVersion'],
    code: 'not-supported',
    hint: 'the licence of this ESXi host lets programs only look (the free edition does): use a licensed one, or vCenter',
  },
  {
    kinds: ['TaskInProgress', 'MethodDisabled', 'SnapshotLocked', 'ConcurrentAccess', 'FileLocked', 'ResourceInUse'],
    code: 'vm-locked',
    hint: 'another task works on the VM, a backup for one: its tasks in vSphere say which; wait for it, or end it there',
  },
  { kinds: ['NoDiskSpace', 'InsufficientStorageSpace', 'InsufficientDisks'], code: 'storage-full' },
  {
    kinds: ['TooManySnapshotLevels'],
    code: 'hypervisor-refused',
    hint: 'vSphere takes 32 snapshots on top of each other: remove old ones first',
  },
  {
    kinds: [
      'SnapshotIncompatibleDeviceInVm',
      'SnapshotDisabled',
      'MultipleSnapshotsNotSupported',
      'MemorySnapshotOnIndependentDisk',
      'DeviceNotSupported',
      'VirtualHardwareCompatibilityIssue',
    ],
    code: 'snapshot-unsupported',
  },
  {
    kinds: ['ApplicationQuiesceFault', 'FilesystemQuiesceFault'],
    code: 'hypervisor-refused',
    hint: 'VMware Tools could not freeze the guest, or a freeze script in it failed: the journal in the guest says why',
  },
  {
    kinds: ['InvalidGuestLogin', 'GuestAuthenticationChallenge'],
    code: 'guest-login-refused',
    hint: 'VMware Tools in the guest do not take this user and password: see `tools:` of the VM',
  },
  {
    kinds: ['GuestOperationsUnavailable', 'GuestProcessNotFound'],
    code: 'guest-unreachable',
    hint: 'VMware Tools do not answer in the guest: it boots, or open-vm-tools does not run in it',
  },
  {
    kinds: ['OperationNotSupportedByGuest', 'OperationDisabledByGuest', 'GuestComponentsOutOfDate'],
    code: 'not-supported',
    hint: 'VMware Tools in the guest do not run programs: install a newer open-vm-tools, and let guest operations on',
  },
  { kinds: ['NotSupported', 'MethodNotFound'], code: 'not-supported' },
  {
    kinds: ['HostNotConnected', 'HostNotReachable'],
    code: 'hypervisor-unreachable',
    hint: 'vCenter has lost the ESXi host that runs the VM',
  },
  {
    kinds: ['InvalidState'],
    code: 'hypervisor-refused',
    hint: 'the VM, its host or its datastore is not in a state for this: its summary in vSphere says what is wrong',
  },
]

const LONGEST_MESSAGE = 500

/** A fault as an error of the table. `who`: whose credentials were used. */
export function answerError(fault: VimFault, { doing, who }: { doing: string; who?: string }): StillshotError {
  const words = wordsOf(fault)
  const details = { fault: fault.type, words, ...placeOf(fault) }
  const row = ROWS.find(({ kinds }) => isKindOf(fault.type, ...kinds))
  const code = gone(fault) ?? row?.code ?? 'hypervisor-refused'
  const hint = missingPrivilege(fault, who) ?? row?.hint
  const options = { cause: fault, details, ...(hint === undefined ? {} : { hint }) }
  return new StillshotError(code, `${doing}: ${words}`, options)
}

/** How a task ended. vCenter loses sight of a host in the middle of a task: then it is not known what became of it. */
export function taskError(fault: VimFault, { doing, task }: { doing: string; task: string }): StillshotError {
  const error = answerError(fault, { doing })
  const details = { ...error.details, task }
  const code = isKindOf(fault.type, 'HostCommunication') ? 'answer-lost' : error.code
  return new StillshotError(code, error.message, { cause: fault, details, hint: error.hint })
}

/** True for an error of ours that came from a fault of one of these types. */
export function isFault(error: unknown, ...types: readonly string[]): error is StillshotError {
  return error instanceof StillshotError && types.includes(String(error.details.fault))
}

export function isCode(error: unknown, ...codes: readonly ErrorCode[]): error is StillshotError {
  return error instanceof StillshotError && codes.includes(error.code)
}

/** What an object that is not there any more means, by its type. */
function gone({ type, detail }: VimFault): ErrorCode | undefined {
  if (type !== 'ManagedObjectNotFound') return undefined
  const missing = text(field(detail, 'obj', 'attributes', 'type'))
  if (missing === 'VirtualMachineSnapshot') return 'snapshot-not-found'
  return missing === 'VirtualMachine' ? 'vm-not-found' : undefined
}

function missingPrivilege({ type, detail }: VimFault, who = 'the user'): string | undefined {
  const privilege = text(field(detail, 'privilegeId'))
  if (!isKindOf(type, 'NoPermission') || privilege === '') return undefined
  return `${who} lacks ${privilege}: give a role that has it, on the VM or a folder above it`
}

function placeOf({ type, detail }: VimFault): Readonly<Record<string, string>> {
  const privilege = text(field(detail, 'privilegeId'))
  const object = text(field(detail, 'object')) || text(field(detail, 'obj'))
  return {
    ...(isKindOf(type, 'NoPermission') && privilege !== '' ? { privilege } : {}),
    ...(object === '' ? {} : { object }),
  }
}

/** The server's sentence, then the type if the sentence does not say it, then what each part of the fault adds. */
function wordsOf(fault: VimFault): string {
  const more = list(field(fault.detail, 'faultMessage')).map((each) => text(field(each, 'message')))
  const parts = [fault.message, ...more]
    .map((words) => words.trim().replace(/\s+/g, ' '))
    .filter((words) => words !== '')
  const sentence = [...new Set(parts)].join('; ').slice(0, LONGEST_MESSAGE)
  return sentence.includes(fault.type) ? sentence : `${sentence} (${fault.type})`
}
