import type { Fault } from '../fault.ts'

/** The calls that a layer strikes, by boundary, stand in ../layers/hypervisor-task.ts. */
const parts = {
  at: { snapshot: ['preflight', 'snapshot', 'grade'], restore: ['roll-back', 'boot'], prune: ['remove'] },
  elsewhere:
    'at the other boundaries no task of the hypervisor begins before the next one; restore/safety-snapshot: the same call as snapshot/snapshot; recover: calls are repeated until they work, as at snapshot/grade',
  ground: 'libvirt',
  layer: 'hypervisor-task.ts',
} as const

export const taskFails: Fault = {
  ...parts,
  name: 'task-fails',
  about: 'the hypervisor’s task fails, having done nothing',
}

export const taskSlow: Fault = {
  ...parts,
  name: 'task-slow',
  about: 'the hypervisor’s task takes 25 s longer',
}

export const taskAnswerLost: Fault = {
  ...parts,
  name: 'task-answer-lost',
  about: 'the hypervisor’s task works, its answer is lost',
}
