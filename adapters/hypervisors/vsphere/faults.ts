import { field, text, typeOf, type Value } from './values.ts'

/** What each fault is a kind of, as far as something follows from it. The API answers with the narrowest kind. */
const KIND_OF: Readonly<Record<string, string>> = {
  NotAuthenticated: 'NoPermission',
  NoPermission: 'SecurityError',
  InvalidLogin: 'SecurityError',
  InvalidLocale: 'SecurityError',
  RestrictedVersion: 'SecurityError',
  PasswordExpired: 'InvalidLogin',
  NoDiskSpace: 'FileFault',
  FileLocked: 'FileFault',
  FileNotFound: 'FileFault',
  CannotAccessFile: 'FileFault',
  InsufficientStorageSpace: 'InsufficientResourcesFault',
  InsufficientDisks: 'InsufficientResourcesFault',
  ApplicationQuiesceFault: 'SnapshotFault',
  FilesystemQuiesceFault: 'SnapshotFault',
  MemorySnapshotOnIndependentDisk: 'SnapshotFault',
  MultipleSnapshotsNotSupported: 'SnapshotFault',
  SnapshotDisabled: 'SnapshotFault',
  SnapshotIncompatibleDeviceInVm: 'SnapshotFault',
  SnapshotLocked: 'SnapshotFault',
  SnapshotNoChange: 'SnapshotFault',
  TooManySnapshotLevels: 'SnapshotFault',
  InvalidPowerState: 'InvalidState',
  SnapshotFault: 'VimFault',
  PhysCompatRDMNotSupported: 'RDMNotSupported',
  RDMNotSupported: 'DeviceNotSupported',
  DeviceNotSupported: 'VirtualHardwareCompatibilityIssue',
  VirtualHardwareCompatibilityIssue: 'VmConfigFault',
  DisallowedDiskModeChange: 'InvalidDeviceSpec',
  HostNotConnected: 'HostCommunication',
  HostNotReachable: 'HostCommunication',
  NotImplemented: 'NotSupported',
  MethodNotFound: 'InvalidRequest',
  InvalidType: 'InvalidRequest',
  InvalidGuestLogin: 'GuestOperationsFault',
  GuestAuthenticationChallenge: 'GuestOperationsFault',
  GuestOperationsUnavailable: 'GuestOperationsFault',
  GuestProcessNotFound: 'GuestOperationsFault',
  GuestPermissionDenied: 'GuestOperationsFault',
  GuestComponentsOutOfDate: 'GuestOperationsFault',
  OperationNotSupportedByGuest: 'GuestOperationsFault',
  OperationDisabledByGuest: 'GuestOperationsFault',
}

/** A fault of the API, in the answer to a call or at the end of a task. */
export class VimFault extends Error {
  /** Its own type, as `FileLocked`. */
  readonly type: string
  readonly detail: Value

  constructor(type: string, message: string, detail: Value) {
    super(message.trim() === '' ? type : message.trim())
    this.name = 'VimFault'
    this.type = type
    this.detail = detail
  }
}

/** True when the fault's type is one of these, or a kind of one of them. */
export function isKindOf(type: string, ...kinds: readonly string[]): boolean {
  for (let each: string | undefined = type; each !== undefined; each = KIND_OF[each])
    if (kinds.includes(each)) return true
  return false
}

/** The fault in what `soap` gives as an error; undefined when there is none in it. */
export function faultIn(error: unknown): VimFault | undefined {
  const fault = field(error, 'root', 'Envelope', 'Body', 'Fault')
  if (fault === undefined) return undefined
  const [name = '', detail] = Object.entries((field(fault, 'detail') ?? {}) as Record<string, Value>)[0] ?? []
  const message = text(field(fault, 'faultstring'))
  // Servers older than the call say so without a type.
  const unknown = /Unable to resolve WSDL method name/.test(message) ? 'MethodNotFound' : 'UnknownFault'
  return new VimFault(typeOf(detail) || name.replace(/Fault$/, '') || unknown, message, detail)
}

/** The fault at the end of a task (`LocalizedMethodFault`). */
export function taskFault(error: Value): VimFault {
  const fault = field(error, 'fault')
  return new VimFault(typeOf(fault) || 'UnknownFault', text(field(error, 'localizedMessage')), fault)
}
