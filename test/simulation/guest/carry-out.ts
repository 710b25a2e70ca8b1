import type { SimulatedHelper } from './helper.ts'

/** What the helper prints; a release that waited for its word and was not given it does nothing and is silent. */
export async function carryOut(
  helper: SimulatedHelper,
  [verb = '', ...words]: readonly string[],
  stdin: string,
): Promise<string> {
  const waited = verb === 'release' && words[1] === 'when-told'
  return waited && stdin.split('\n')[0] !== 'release' ? '' : helper.carryOut(verb, words)
}
