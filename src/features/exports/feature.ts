/** Exports: everything that is held about a user, as JSON. */
import { Failure } from '../../protocol/errors.ts'
import { type AdminWorld, feature, operation, type Personal, type World } from '../feature.ts'
import { createMake, placeOf } from './make.ts'
import { findExport, findPart, insertExport, removeExportsOf, removeOldExports } from './repo.ts'
import type { ExportRow } from './tables.ts'
import { exportPartShape, exportShape } from './wire.ts'

const everyMs = 1_000
/** An export that could not be made in this time is forgotten. */
const makingMs = 24 * 3_600_000

const noRows = async () => ({ rows: [] })

/** An export holds what others hold; it is erased with them. */
export const exportAdmin = feature({
  create: (_world: AdminWorld) => {
    const personal: Personal[] = [
      { name: 'exports', collect: noRows, removeSome: removeExportsOf },
      // With its export.
      { name: 'exportParts', collect: noRows },
    ]
    return { api: {}, personal, retention: [{ name: 'exports', keptMs: 0, remove: removeOldExports }] }
  },
})

const seconds = (ms: number) => Math.floor(ms / 1_000)

const describe = ({ readyAt, askedAt, expiresAt, parts, bytes, isComplete }: ExportRow) => ({
  state: readyAt === null ? 'making' : 'ready',
  askedAt: seconds(askedAt),
  expiresAt: seconds(expiresAt),
  parts,
  bytes,
  isComplete: isComplete === 1,
})

export const userExports = feature({
  create: (world: World, { personal }: { personal: readonly Personal[] }) => {
    const { db, clock, random, sealer, config } = world
    const { keptSeconds, ...bounds } = config.exports
    const make = createMake({ ...world, ...bounds, personal, keptMs: keptSeconds * 1_000 })

    const findLive = async (userId: number): Promise<ExportRow | undefined> => {
      const found = await findExport(db.write, userId)
      return found && found.expiresAt > clock.now() ? found : undefined
    }

    const begin = async (userId: number): Promise<ExportRow> => {
      await removeExportsOf(db.write, userId, Number.MAX_SAFE_INTEGER)
      const askedAt = clock.now()
      const row: ExportRow = {
        userId,
        exportId: random.bytes(16),
        askedAt,
        readyAt: null,
        expiresAt: askedAt + makingMs,
        claimedUntil: askedAt,
        section: '',
        behind: null,
        parts: 0,
        bytes: 0,
        isComplete: 1,
      }
      if (await insertExport(db.write, row, bounds)) return row
      const cause = new Error('exports.maxWaiting or exports.maxBytesInAll is reached')
      throw new Failure('OVERLOADED', { retryAfterSeconds: 600, cause })
    }

    return {
      api: {},
      jobs: [{ everyMs, name: 'make exports', work: make }],
      operations: [
        operation(exportShape)(async (_input, { ticket: { userId } }) => {
          const row =
            (await findLive(userId)) ??
            (await begin(userId).catch(async (error) => {
              // Asked twice at this moment; the other one may have taken the last room.
              const mayBeTwice = db.isDuplicate(error) || error instanceof Failure
              const other = mayBeTwice ? await findLive(userId) : undefined
              if (!other) throw error
              return other
            }))
          return { code: 'OK', ...describe(row) }
        }),
        operation(exportPartShape)(async ({ exportPart }, { ticket: { userId } }) => {
          const row = await findLive(userId)
          const body =
            row && row.readyAt !== null ? await findPart(db.write, row.exportId, exportPart) : undefined
          if (!body) throw new Failure('PARAMETER_INVALID', { info: 'exportPart' })
          return { code: 'OK', part: sealer.open(placeOf(userId, exportPart), body).toString() }
        }),
      ],
    }
  },
})
