/** Makes a call of a port; `work` is the call itself. */
export type MakeCall = (work: () => unknown) => unknown

type Port = Record<string | symbol, unknown>
type Method = (...args: readonly unknown[]) => unknown
type Wrap = new (port: Port, makeCall: MakeCall) => object

const wraps = new WeakMap<object, Wrap>()
const NONE: ReadonlySet<string | symbol> = new Set()

/**
 * The port with each of its functions called by `makeCall`, but those in `pure`, which are passed through as its values are.
 * `pure` is the same for every port of a class: what a class has is looked up once, since a world wraps ports by the dozen.
 */
export function wrapPort<T extends object>(port: T, makeCall: MakeCall, pure = NONE): T {
  const prototype = Object.getPrototypeOf(port)
  let wrap = wraps.get(prototype)
  if (wrap === undefined) {
    wrap = wrapOf(port as Port, pure)
    wraps.set(prototype, wrap)
  }
  return new wrap(port as Port, makeCall) as T
}

function wrapOf(example: Port, pure: ReadonlySet<string | symbol>): Wrap {
  class Wrapped {
    readonly port: Port
    readonly makeCall: MakeCall

    constructor(port: Port, makeCall: MakeCall) {
      this.port = port
      this.makeCall = makeCall
    }
  }
  for (const name of namesOf(example)) {
    const member: PropertyDescriptor & ThisType<Wrapped> =
      typeof example[name] !== 'function'
        ? {
            get() {
              return this.port[name]
            },
          }
        : {
            value: pure.has(name)
              ? function (this: Wrapped, ...args: readonly unknown[]) {
                  return (this.port[name] as Method)(...args)
                }
              : function (this: Wrapped, ...args: readonly unknown[]) {
                  return this.makeCall(() => (this.port[name] as Method)(...args))
                },
          }
    Object.defineProperty(Wrapped.prototype, name, member)
  }
  return Wrapped
}

/** Its own, and those of its classes. */
function namesOf(port: object): ReadonlySet<string | symbol> {
  const names = new Set<string | symbol>()
  for (let at = port; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Reflect.ownKeys(at)) names.add(name)
  }
  names.delete('constructor')
  return names
}
