import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { type LogLevel, WinstonLog } from '../../../adapters/log/winston-log.ts'
import { StillshotError } from '../../../src/errors.ts'
import { Redaction } from '../../../src/log/redaction.ts'

const CANARY = 'c4n4ry/with+signs"and=more'

async function written(level: LogLevel, write: (log: WinstonLog, redaction: Redaction) => void): Promise<string> {
  const stream = new PassThrough()
  const redaction = new Redaction()
  const log = new WinstonLog({ level, redaction, stream, now: () => '2026-11-22T21:00:00.000Z' })
  write(log, redaction)
  await log.close()
  return String(stream.read() ?? '')
}

test('a line is one JSON document with time, level, message and facts', async () => {
  const text = await written('info', (log) => log.warn('slow stop', { vm: 'db1', stopMs: 1200 }))
  assert.equal(
    text,
    '{"at":"2026-11-22T21:00:00.000Z","level":"warn","message":"slow stop","vm":"db1","stopMs":1200}\n',
  )
})

test('lines below the level are not written', async () => {
  const text = await written('warn', (log) => {
    log.debug('a')
    log.info('b')
    log.warn('c')
    log.error('d')
  })
  assert.deepEqual(
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).message),
    ['c', 'd'],
  )
})

test('facts cannot overwrite time, level and message', async () => {
  const text = await written('info', (log) => log.info('kept', { level: 'x', message: 'y', at: 'z' }))
  assert.deepEqual(JSON.parse(text), { at: '2026-11-22T21:00:00.000Z', level: 'info', message: 'kept' })
})

test('a fetched secret is found nowhere: message, facts, keys, errors, causes, encodings', async () => {
  const text = await written('debug', (log, redaction) => {
    redaction.add(CANARY)
    const cause = new Error(`cause ${CANARY}`)
    log.error(`message ${CANARY}`, {
      deep: [{ list: [`x${CANARY}y`] }],
      [CANARY]: 1,
      error: new StillshotError('defect', `error ${CANARY}`, { cause }),
      base64: Buffer.from(CANARY).toString('base64'),
      url: encodeURIComponent(CANARY),
      nested: JSON.stringify({ a: CANARY }),
    })
  })
  assert.equal(text.includes('c4n4ry'), false, text)
  assert.equal(text.includes(Buffer.from(CANARY).toString('base64')), false, text)
})

test('keys named like a secret are redacted although nothing was fetched', async () => {
  const text = await written('info', (log) =>
    log.info('x', {
      password: 'abc',
      dbPassword: 'abc',
      token: ['abc'],
      passphrase: 'abc',
      secret: { a: 'abc' },
      passwordGiven: true,
    }),
  )
  assert.equal(text.includes('abc'), false, text)
  assert.equal(JSON.parse(text).passwordGiven, true)
})

test('key material is redacted wherever it stands', async () => {
  const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n-----END OPENSSH PRIVATE KEY-----'
  const text = await written('info', (log) => log.info(`read ${key}`, { cut: key.slice(0, 50) }))
  assert.equal(text.includes('b3BlbnNz'), false, text)
})

test('a line steers no terminal, and is read back as it was', async () => {
  const words = 'a\nb\u001b[2J\u202e\u009b1m\u{e0041}'
  const text = await written('info', (log) => log.info(words, { words }))
  assert.match(text, /^[\u0020-\u007e]+\n$/)
  assert.deepEqual([JSON.parse(text).message, JSON.parse(text).words], [words, words])
})
