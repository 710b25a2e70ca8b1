import { open } from 'node:fs/promises'

/** The names in the folder survive a crash. Some shares cannot sync a folder: they keep names by themselves. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } catch (thrown) {
    if (!['EINVAL', 'ENOTSUP', 'EBADF'].includes((thrown as { code?: string }).code ?? '')) throw thrown
  } finally {
    await folder.close()
  }
}
