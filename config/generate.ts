import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { commandLineReference } from '../src/cli/reference.ts'
import { annotate } from '../src/config/annotate.ts'
import { BUILT_IN_PROFILES } from '../src/config/profiles.ts'
import { configurationReference } from '../src/config/reference.ts'
import { configSchema } from '../src/config/schema.ts'
import { profileFile } from '../src/guest/profile.ts'
import { copyTranscript, restoreTranscript } from '../test/docs/restore-transcript.ts'
import { errorsReference } from './errors-reference.ts'
import { EXAMPLE } from './example.ts'
import { AUTHORIZED_KEYS, SUDOERS } from './guest-files.ts'

const ROOT = join(import.meta.dirname, '..')

/** Every generated file of the project by its path; test/config/generated.test.ts compares them with what is committed. */
export async function generatedFiles(): Promise<Readonly<Record<string, string>>> {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const profiles = Object.fromEntries(
    Object.values(BUILT_IN_PROFILES).map((profile) => [`config/profiles/${profile.name}`, profileFile(profile)]),
  )
  return {
    'config/schema.json': `${JSON.stringify(configSchema, null, 2)}\n`,
    'config/stillshot.example.yaml': `# An example with everything that there is. ${configSchema.description}\n\n${annotate(configSchema, EXAMPLE)}`,
    'config/sudoers.example': SUDOERS,
    'config/authorized_keys.example': AUTHORIZED_KEYS,
    ...profiles,
    'docs/reference/configuration.md': configurationReference(configSchema),
    'docs/reference/errors.md': errorsReference(),
    'docs/reference/command-line.md': commandLineReference(version),
    'docs/how-to/restore.md': await withTranscripts('docs/how-to/restore.md', [
      await restoreTranscript(),
      await copyTranscript(),
    ]),
  }
}

const BEGIN = '<!-- transcript: made by a run; `npm run generate` -->'
const END = '<!-- transcript: end -->'

/** The page with each transcript between its marks, in their order; everything else is written by hand. */
async function withTranscripts(path: string, transcripts: readonly string[]): Promise<string> {
  const [first = '', ...places] = (await readFile(join(ROOT, path), 'utf8')).split(BEGIN)
  if (places.length !== transcripts.length) throw new Error(`${path} has ${places.length} places for transcripts`)
  const filled = places.map((place, index) => {
    const after = place.split(END)[1]
    if (after === undefined) throw new Error(`${path} has a place for a transcript that does not end`)
    return `${BEGIN}\n\n\`\`\`\n${transcripts[index]}\n\`\`\`\n\n${END}${after}`
  })
  return [first, ...filled].join('')
}

if (import.meta.main) {
  for (const [path, content] of Object.entries(await generatedFiles())) {
    await mkdir(dirname(join(ROOT, path)), { recursive: true })
    await writeFile(join(ROOT, path), content)
    process.stdout.write(`${path}\n`)
  }
}
