/** A file system of a test's own that can really be full, or read-only. Mounting needs root. */
import { execFile } from 'node:child_process'
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { guard } from '../../tools/test/guard.ts'

const run = promisify(execFile)

const blockSizes = [65_536, 4_096]

/** Writes until nothing more fits, then leaves so much room. */
const writeAll = (file: string, roomBytes = 0) => {
  const descriptor = openSync(file, 'w')
  for (const size of blockSizes) {
    const block = Buffer.alloc(size)
    try {
      for (;;) writeSync(descriptor, block)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }
  ftruncateSync(descriptor, fstatSync(descriptor).size - roomBytes)
  closeSync(descriptor)
}

export const mountSmallDisk = async (t: { teardown(end: () => unknown): void }, megabytes: number) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-disk-'))
  const release = guard('umount -l "$1"; rmdir "$1"', folder)
  const filler = join(folder, 'filler')
  await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'torii-test', folder])
  t.teardown(async () => {
    await run('umount', ['-l', folder])
    await rm(folder, { recursive: true })
    release()
  })
  return {
    folder,
    fill: (roomBytes = 0) => writeAll(filler, roomBytes),
    free: () => rm(filler),
    /** As long as no process has a file open for writing. */
    makeReadOnly: () => run('mount', ['-o', 'remount,ro', folder]),
  }
}
