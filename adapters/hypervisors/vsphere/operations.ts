/**
 * The calls of the SOAP API that this adapter makes, with their parameters: names in the order in which the API wants
 * them, and `name:Type` where the parameter is an object. A `?` or the like is not needed: what is not given is left out.
 */
export const OPERATIONS = {
  RetrieveServiceContent: [],
  Login: ['userName', 'password'],
  Logout: [],
  CurrentTime: [],
  FindByInventoryPath: ['inventoryPath'],
  FindAllByUuid: ['datacenter', 'uuid', 'vmSearch', 'instanceUuid'],
  CreateContainerView: ['container', 'type', 'recursive'],
  DestroyView: [],
  RetrievePropertiesEx: ['specSet:PropertyFilterSpec', 'options:RetrieveOptions'],
  ContinueRetrievePropertiesEx: ['token'],
  CreatePropertyCollector: [],
  DestroyPropertyCollector: [],
  CreateFilter: ['spec:PropertyFilterSpec', 'partialUpdates'],
  WaitForUpdatesEx: ['version', 'options:WaitOptions'],
  HasPrivilegeOnEntities: ['entity', 'sessionId', 'privId'],
  CreateSnapshot_Task: ['name', 'description', 'memory', 'quiesce'],
  CreateSnapshotEx_Task: ['name', 'description', 'memory', 'quiesceSpec:VirtualMachineGuestQuiesceSpec'],
  RenameSnapshot: ['name', 'description'],
  RemoveSnapshot_Task: ['removeChildren', 'consolidate'],
  RevertToSnapshot_Task: ['host', 'suppressPowerOn'],
  ConsolidateVMDisks_Task: [],
  PowerOnVM_Task: ['host'],
  PowerOffVM_Task: [],
  CloneVM_Task: ['folder', 'name', 'spec:VirtualMachineCloneSpec'],
  ReconfigVM_Task: ['spec:VirtualMachineConfigSpec'],
  Destroy_Task: [],
  ValidateCredentialsInGuest: ['vm', 'auth:GuestAuthentication'],
  StartProgramInGuest: ['vm', 'auth:GuestAuthentication', 'spec:GuestProgramSpec'],
  ListProcessesInGuest: ['vm', 'auth:GuestAuthentication', 'pids'],
  CreateTemporaryDirectoryInGuest: ['vm', 'auth:GuestAuthentication', 'prefix', 'suffix', 'directoryPath'],
  DeleteDirectoryInGuest: ['vm', 'auth:GuestAuthentication', 'directoryPath', 'recursive'],
  InitiateFileTransferToGuest: [
    'vm',
    'auth:GuestAuthentication',
    'guestFilePath',
    'fileAttributes:GuestFileAttributes',
    'fileSize',
    'overwrite',
  ],
  InitiateFileTransferFromGuest: ['vm', 'auth:GuestAuthentication', 'guestFilePath'],
} as const satisfies Readonly<Record<string, readonly string[]>>

/** The objects among the parameters, written in the same way. */
export const TYPES: Readonly<Record<string, readonly string[]>> = {
  PropertyFilterSpec: ['propSet:PropertySpec', 'objectSet:ObjectSpec', 'reportMissingObjectsInResults'],
  PropertySpec: ['type', 'all', 'pathSet'],
  ObjectSpec: ['obj', 'skip', 'selectSet'],
  VirtualMachineGuestQuiesceSpec: ['timeout'],
  VirtualMachineCloneSpec: [
    'location:VirtualMachineRelocateSpec',
    'template',
    'config:VirtualMachineConfigSpec',
    'powerOn',
    'snapshot',
  ],
  VirtualMachineRelocateSpec: ['diskMoveType'],
  VirtualMachineConfigSpec: [
    'name',
    'annotation',
    'memoryMB',
    'deviceChange:VirtualDeviceConfigSpec',
    'extraConfig:OptionValue',
  ],
  VirtualDeviceConfigSpec: ['operation', 'device:VirtualDevice'],
  VirtualDevice: ['key'],
  OptionValue: ['key', 'value'],
  GuestAuthentication: ['interactiveSession', 'username', 'password'],
  GuestProgramSpec: ['programPath', 'arguments'],
  GuestFileAttributes: ['permissions'],
  RetrieveOptions: ['maxObjects'],
  WaitOptions: ['maxWaitSeconds', 'maxObjectUpdates'],
}

export type Operation = keyof typeof OPERATIONS

const OTHER_CHANGES: readonly Operation[] = ['RenameSnapshot', 'StartProgramInGuest']

/** Whether the call changes something of a VM, so that it must not be sent twice. */
export function changes(operation: Operation): boolean {
  return operation.endsWith('_Task') || OTHER_CHANGES.includes(operation)
}
