import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { guard } from './guard.ts'

const place = '/dev/shm'
const leastBytes = 2 ** 31

/** A folder in memory, for databases that would else wait for the disk at each commit; nothing where there is none. */
export async function createMemoryFolder(): Promise<{
  found: { memoryFolder?: string }
  remove(): Promise<void>
}> {
  const none = { found: {}, remove: async () => {} }
  const room = await statfs(place).catch(() => undefined)
  if (room === undefined || room.bavail * room.bsize < leastBytes) return none
  const folder = await mkdtemp(join(place, 'torii-test-')).catch(() => undefined)
  if (folder === undefined) return none
  const release = guard('sleep 3; rm -rf -- "$1"', folder)
  return {
    found: { memoryFolder: folder },
    remove: async () => {
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
      release()
    },
  }
}
