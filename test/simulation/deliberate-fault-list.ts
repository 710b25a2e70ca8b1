/** A way to break the code, as a change of its text. What it looks for must be there exactly once. */
export interface DeliberateFault {
  readonly name: string
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** Each must be seen by the simulation within {@link MOST_SEEDS} seeds. */
export const DELIBERATE_FAULTS: readonly DeliberateFault[] = [
  {
    name: 'journal after the act',
    file: 'src/saga/saga.ts',
    find: 'await this.#world.journal.write(events, { durable: true })\n',
    replace: 'setImmediate(() => this.#world.journal.write(events, { durable: true }).catch(() => {}))\n',
  },
  {
    name: 'journal not synced',
    file: 'src/saga/journal.ts',
    find: 'if (durable) await this.#file.sync()',
    replace: 'if (!durable) await this.#file.sync()',
  },
  {
    name: 'database start not urgent',
    file: 'src/coordinator/guest-steps.ts',
    find: 'urgent: true, timeoutMs: holdTtlMs',
    replace: 'urgent: false, timeoutMs: holdTtlMs',
  },
  {
    name: 'undo not idempotent',
    file: 'src/coordinator/undo-actions.ts',
    find: 'if (!snapshots.some((candidate) => candidate.name === name)) return\n',
    replace:
      "if (!snapshots.some((candidate) => candidate.name === name)) throw new StillshotError('snapshot-not-found', name)\n",
  },
  {
    name: 'frozen guest left so',
    file: 'src/coordinator/undo-actions.ts',
    find: "if (vm.power === 'running') await guestAgent.thaw(vm, { signal, timeoutMs: THAW_LIMIT_MS })",
    replace: '',
  },
  {
    name: 'undo due only after success',
    file: 'src/saga/journal-event.ts',
    find: 'if (event.undo !== undefined) open.set(event.step, event.undo)',
    replace:
      "if (event.undo !== undefined && events.some((other) => other.event === 'done' && other.step === event.step)) open.set(event.step, event.undo)",
  },
  {
    name: 'undo stopped by what stopped the run',
    file: 'src/saga/carry-out-undos.ts',
    find: 'for (const { step, undo } of open) {',
    replace: 'for (const { step, undo } of open.slice(0, 1)) {',
  },
  {
    name: 'blind repeat of a create',
    file: 'src/coordinator/create-or-find.ts',
    find: 'return await lookFor(hypervisor, vm, request.name, limits, thrown)',
    replace: 'return await hypervisor.createSnapshot(vm, request, options)',
  },
  {
    name: 'fence skipped',
    file: 'src/coordinator/evidence.ts',
    find: '...application.proveStoodStill(hold, release),',
    replace:
      "...(['stood-still', 'one-server'] as const).map((claim): Proof => ({ claim, verdict: 'proven', code: '', message: '' })),",
  },
  {
    name: 'machine not asked who it is',
    file: 'src/guest/guest-helper.ts',
    find: 'if (wanted === undefined || answers === null || isSameUuid(wanted, answers)) return',
    replace: 'if (wanted === undefined || answers !== null || isSameUuid(wanted, answers)) return',
  },
  {
    name: 'helper not asked which it is',
    file: 'src/guest/one-helper.ts',
    find: 'answers.filter((answer) => answer.sha256 !== sha256)',
    replace: "answers.filter((answer) => answer.sha256 === '')",
  },
  {
    name: 'disks of the snapshot not counted',
    file: 'src/coordinator/evidence.ts',
    find: 'withSnapshotDisks(seen.coverage, snapshot.disks),',
    replace: 'seen.coverage.proof,',
  },
  {
    name: 'sync taken for granted',
    file: 'src/coordinator/evidence.ts',
    find: 'return synced && markers.length > 0',
    replace: 'return synced || markers.length > 0',
  },
  {
    name: 'watchdog not checked',
    file: 'src/coordinator/evidence.ts',
    find: "if (fence.watchdog === 'missing') {",
    replace: 'if (fence.takenUptimeMs < 0) {',
  },
  {
    name: 'lock not taken',
    file: 'src/coordinator/run.ts',
    find: 'await (patience === undefined ? ports.catalog.lockVm(lock) : lockInTurn(ports, lock, patience))',
    replace: 'void lock',
  },
  {
    name: 'lock never given back',
    file: 'src/coordinator/run.ts',
    find: '() => ports.catalog.unlockVm(vmKey(vm), run.id)',
    replace: 'async () => {}',
  },
  {
    name: 'lock broken while its run is open',
    file: 'src/coordinator/recover-locks.ts',
    find: "if (!isSettled(events)) return state === 'alive' ? 'its run is under way' : 'its run is not settled'",
    replace: '',
  },
  {
    name: 'description not written',
    file: 'src/coordinator/label-point.ts',
    find: 'await ports.hypervisor.describeSnapshot(vm, point.snapshot, description, { signal })',
    replace: 'void description',
  },
  {
    name: 'no safety snapshot',
    file: 'src/coordinator/restore-snapshot.ts',
    find: 'const safety = safetySnapshot\n',
    replace: 'const safety = safetySnapshot && outlook.plan.length === 0\n',
  },
  {
    name: 'half roll back left',
    file: 'src/coordinator/undo-actions.ts',
    find: "if (wasRunning === 'true') await again(",
    replace: "if (wasRunning === 'never') await again(",
  },
  {
    name: 'recover takes a run that lives',
    file: 'src/coordinator/recover-runs.ts',
    find: "if (state === 'alive' && !ended)",
    replace: "if (state === 'unknown' && !ended)",
  },
  {
    name: 'late snapshots not looked for',
    file: 'src/coordinator/recover-runs.ts',
    find: 'await removeLateSnapshots(open, world, takenBack, { signal })',
    replace: '[]',
  },
  {
    name: 'secret in the words of a command',
    file: 'src/guest/guest-helper.ts',
    find: 'this.#run(this.#command(verb, args), limitMs',
    replace: 'this.#run([...this.#command(verb, args), String(password)], limitMs',
  },
  {
    name: 'retention that counts suspect points',
    file: 'src/policy/retention.ts',
    find: "return kind === 'snapshot' && COUNTED.has(grade)",
    replace: "return kind === 'snapshot' || COUNTED.has(grade)",
  },
  {
    name: 'retention that takes any newer point for as good',
    file: 'src/policy/retention.ts',
    find: 'return newer.every(({ grade }) => isWorse(grade, point.grade))',
    replace: 'return newer.every(({ grade }) => isWorse(grade, point.grade)) && newer.length === 0',
  },
  {
    name: 'removed point not forgotten',
    file: 'src/coordinator/remove-point.ts',
    find: 'await catalog.removePoint(id)',
    replace: 'void id',
  },
  {
    name: 'point forgotten while its snapshot is there',
    file: 'src/coordinator/remove-point.ts',
    find: 'if (after === undefined) {',
    replace: 'if (after === undefined || tried instanceof StillshotError) {',
  },
  {
    name: 'removal that is not ended',
    file: 'src/coordinator/undo-actions.ts',
    find: 'const limits = { signal, tryForMs: END_REMOVAL_MS, timeoutMs: END_REMOVAL_MS }',
    replace:
      "if (id !== '') return undefined\n      const limits = { signal, tryForMs: END_REMOVAL_MS, timeoutMs: END_REMOVAL_MS }",
  },
  {
    name: 'word of the backup not waited for',
    file: 'src/coordinator/hold-for-backup.ts',
    find: 'await job.started(deadline.signal)\n',
    replace: 'job.started(deadline.signal).catch(() => {})\n',
  },
  {
    name: 'backup that is not whole counts',
    file: 'src/coordinator/unfinished-backup.ts',
    find: "grade: 'suspect',\n",
    replace: '',
  },
  {
    name: 'backup without a word of its host',
    file: 'src/cli/hook/job-session.ts',
    find: "if (kind === 'given-up') throw",
    replace: "if (kind === 'given-up') return\n    if (kind !== 'alive') throw",
  },
  {
    name: 'aborted backup not forgotten',
    file: 'src/coordinator/finish-backup.ts',
    find: 'await catalog.removePoint(point.id)',
    replace: 'void catalog',
  },
  {
    name: 'copy not destroyed',
    file: 'src/coordinator/run-drill.ts',
    find: 'const remove = () => clones.remove(vm, name, { signal, timeoutMs: REMOVE_LIMIT_MS })',
    replace: 'const remove = async () => void clones',
  },
  {
    name: 'drill without evidence fails',
    file: 'src/coordinator/judge-drill.ts',
    find: "if (proof.claim === 'came-back') return [asUnknown(proof)]",
    replace: "if (proof.claim === 'came-back') return [bare(proof)]",
  },
  {
    name: 'hold of a restore not journalled',
    file: 'src/coordinator/safety-snapshot.ts',
    find: "{ step: 'hold', undo: releaseSafetyHold(run, settings, vm, target) }",
    replace: "{ step: 'hold' }",
  },
  {
    name: 'freeze forgotten before it is kept',
    file: 'src/coordinator/collect-freezes.ts',
    find: 'if (record === undefined) return\n',
    replace: 'if (record !== undefined) return\n',
  },
  {
    name: 'point of a snapshot that is gone',
    file: 'src/coordinator/collect-freezes.ts',
    find: "point.kind === 'foreign' && !foreign.some((snapshot) => isOf(point, snapshot))",
    replace: 'false',
  },
  {
    name: 'name of a snapshot taken for the snapshot',
    file: 'src/coordinator/collect-freezes.ts',
    find: "point.snapshot === name && (kind === 'backup' || point.createdAt === createdAt)",
    replace: 'point.snapshot === name && createdAt !== undefined',
  },
  {
    name: 'copy made without a way back',
    file: 'src/coordinator/restore-as.ts',
    find: "{ step: 'create-clone', undo: settleCopy(ports, vm, request.name, as) }",
    replace: "{ step: 'create-clone' }",
  },
]
