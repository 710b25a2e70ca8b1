import { StillshotError } from '../errors.ts'

/** Questions to a person; only asked on a terminal. All reject with `cancelled` when the person gives up. */
export interface Prompts {
  confirm(message: string): Promise<boolean>
  text(
    message: string,
    options?: { initial?: string; validate?: (text: string) => string | undefined },
  ): Promise<string>
  /** The id of the chosen one; `initial` is marked at first. */
  choose(message: string, choices: readonly Choice[], initial: string): Promise<string>
}

export interface Choice {
  readonly id: string
  readonly label: string
}

/** Questions through @clack/prompts, loaded when the first is asked. They are put on standard error: stdout is for results. */
export function clackPrompts(): Prompts {
  return {
    async confirm(message) {
      const { confirm, isCancel } = await import('@clack/prompts')
      const answer = await confirm({ message, initialValue: false, output: process.stderr })
      if (isCancel(answer)) throw given()
      return answer
    },
    async text(message, { initial, validate } = {}) {
      const { text, isCancel } = await import('@clack/prompts')
      const answer = await text({
        message,
        output: process.stderr,
        ...(initial === undefined ? {} : { defaultValue: initial, placeholder: initial }),
        validate: (value) => validate?.(value === undefined || value === '' ? (initial ?? '') : value),
      })
      if (isCancel(answer)) throw given()
      return answer
    },
    async choose(message, choices, initial) {
      const { select, isCancel } = await import('@clack/prompts')
      const options = choices.map(({ id, label }) => ({ value: id, label }))
      const answer = await select({ message, options, initialValue: initial, maxItems: 10, output: process.stderr })
      if (isCancel(answer)) throw given()
      return answer
    },
  }
}

function given(): StillshotError {
  return new StillshotError('cancelled', 'cancelled at the question', { hint: 'nothing was changed' })
}
