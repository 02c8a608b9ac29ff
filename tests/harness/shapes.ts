import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { OperationShape } from '../../src/http/caller.ts'

/** Every operation of the rooms: what each `wire.ts` exports. */
export const readShapes = async (): Promise<OperationShape[]> => {
  const features = fileURLToPath(import.meta.resolve('#root/dist/src/features'))
  const shapes: OperationShape[] = []
  for (const room of readdirSync(features)) {
    if (!existsSync(join(features, room, 'wire.js'))) continue
    const exported = Object.values(await import(join(features, room, 'wire.js'))) as Partial<OperationShape>[]
    shapes.push(...exported.filter((it): it is OperationShape => !!it.path && !!it.replay))
  }
  return shapes
}
