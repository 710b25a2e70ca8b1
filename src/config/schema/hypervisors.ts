import { names, secret, text } from './values.ts'

const url = { ...text, pattern: '^https://[^\\s]+$' } as const
const trust = {
  ca: {
    ...text,
    description:
      'File with the certificate authority that signed the server’s certificate; default: those of the system.',
    examples: ['/etc/stillshot/pve-ca.pem'],
  },
  fingerprint: {
    ...text,
    // `…` as examples print it: it stands for a fingerprint that is yet to be filled in, and no certificate has it.
    pattern: '^SHA256:(…|[A-Za-z0-9+/=:]+)$',
    description: 'SHA-256 fingerprint of the server’s certificate, instead of an authority.',
    examples: ['SHA256:…'],
  },
} as const

const libvirt = {
  type: 'object',
  description: 'The libvirt of this machine, reached through `virsh`.',
  additionalProperties: false,
  required: ['kind'],
  properties: {
    kind: { const: 'libvirt', description: 'Which adapter speaks to it.', examples: ['libvirt'] },
    uri: {
      ...text,
      pattern: '^[a-z][a-z0-9+]*://[^\\s]*$',
      description: 'Connection URI of libvirt. Rolling back needs the files of the disks to be on this machine.',
      default: 'qemu:///system',
      examples: ['qemu:///system'],
    },
    overlayFolder: {
      ...text,
      description: 'Where the overlays of disks on block devices go; those of disk images stay beside the image.',
      examples: ['/var/lib/libvirt/overlays'],
    },
  },
} as const

const proxmox = {
  type: 'object',
  description:
    'A node or cluster of Proxmox VE, reached through its API: with a `token`, or with `username` and `password`.',
  additionalProperties: false,
  required: ['kind', 'url'],
  properties: {
    kind: { const: 'proxmox', description: 'Which adapter speaks to it.', examples: ['proxmox'] },
    url: { ...url, description: 'Address of the API.', examples: ['https://pve1.example:8006'] },
    ...trust,
    others: {
      type: 'array',
      description: 'Other nodes of the same cluster, asked in this order when the first does not answer.',
      maxItems: 32,
      examples: [[{ url: 'https://pve2.example:8006' }]],
      items: {
        type: 'object',
        description: 'One node. `ca` holds for all of them; a fingerprint is each one’s own.',
        additionalProperties: false,
        required: ['url'],
        properties: {
          url: { ...url, description: 'Address of the API.', examples: ['https://pve2.example:8006'] },
          fingerprint: trust.fingerprint,
        },
      },
    },
    token: {
      ...secret,
      description: 'API token by reference: the whole `user@realm!name=uuid`.',
      examples: ['file:/etc/stillshot/pve.token'],
    },
    username: { ...text, description: 'User, where there is no token.', examples: ['stillshot@pve'] },
    password: { ...secret, description: 'The user’s password by reference.', examples: ['env:PVE_PASSWORD'] },
  },
} as const

const vsphere = {
  type: 'object',
  description: 'A vCenter or an ESXi host, reached through its SOAP API.',
  additionalProperties: false,
  required: ['kind', 'url', 'username', 'password'],
  properties: {
    kind: { const: 'vsphere', description: 'Which adapter speaks to it.', examples: ['vsphere'] },
    url: { ...url, description: 'Address of the API.', examples: ['https://vcenter.example/sdk'] },
    ...trust,
    username: { ...text, description: 'User with the rights to snapshot.', examples: ['stillshot@vsphere.local'] },
    password: { ...secret, description: 'The user’s password by reference.', examples: ['env:VC_PASSWORD'] },
  },
} as const

export const hypervisors = {
  type: 'object',
  description: 'What makes the snapshots. Each has a name of your choice, which VMs refer to.',
  minProperties: 1,
  propertyNames: names,
  additionalProperties: {
    type: 'object',
    required: ['kind'],
    discriminator: { propertyName: 'kind' },
    oneOf: [libvirt, proxmox, vsphere],
  },
} as const

/** What a hypervisor has where the configuration says nothing. */
export const libvirtDefaults = { uri: libvirt.properties.uri.default } as const
