/** An error of the API itself: what Perl's `die` and `raise` become on the wire. */
export class Refusal extends Error {
  readonly status: number
  /** One message per parameter. */
  readonly errors: Readonly<Record<string, string>> | undefined

  /** `message` without the newline at the end, which the answer adds. */
  constructor(status: number, message: string, errors?: Readonly<Record<string, string>>) {
    super(message)
    this.status = status
    this.errors = errors
  }
}

/** A plain `die`: HTTP 500 in a call, the exit status in a task. */
export function die(message: string): never {
  throw new Refusal(500, message)
}

/** 400 with what is wrong with each parameter. */
export function parameterRefusal(errors: Readonly<Record<string, string>>): Refusal {
  return new Refusal(400, 'Parameter verification failed.', errors)
}
