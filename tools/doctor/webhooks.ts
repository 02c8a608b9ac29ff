/** Webhooks that fail, that gave up deliveries, or that their receivers do not want. */
import type { Db } from '../../src/adapters/db/index.ts'
import type { Config } from '../../src/config/index.ts'
import { readCounts, shareOf } from '../../src/features/webhooks/deliveries/counts.ts'
import { countDeliveries } from '../../src/features/webhooks/deliveries/repo.ts'
import { findTroubles } from '../../src/features/webhooks/health.ts'
import { findWebhooks } from '../../src/features/webhooks/repo.ts'
import { nameOf } from '../../src/features/webhooks/summary.ts'
import { broken, type Finding, ok, warning } from './finding.ts'

export const checkWebhooks = async (db: Db, { webhooks }: Config): Promise<Finding[]> => {
  const rows = await findWebhooks(db.write)
  if (rows.length === 0) return []
  const counts = readCounts(await countDeliveries(db.write))
  const waiting = [...counts.values()].map((count) => count.waiting)
  // Servers keep all together at the bound: one that would have to give up one more is full.
  const most = Math.min(webhooks.maxWaiting, shareOf(waiting, webhooks.maxWaitingInAll - 1))
  const isFull = (webhookId: string) => (counts.get(webhookId)?.waiting ?? 0) >= most
  const full = new Set(rows.map(({ webhookId }) => webhookId).filter(isFull))
  const troubles = findTroubles(rows, full, Date.now()).map(({ webhook, problem, advice }) =>
    broken(webhook, problem, advice),
  )
  const letters = rows.flatMap((row) => {
    const dead = counts.get(row.webhookId)?.dead ?? 0
    const id = row.webhookId
    const advice = `"torii webhook dead ${id}" lists them, "torii webhook replay ${id} --all" sends them again`
    return dead > 0 ? [warning(nameOf(row), `${dead} dead letters`, advice)] : []
  })
  const findings = [...troubles, ...letters]
  return findings.length > 0 ? findings : [ok('webhooks', `${rows.length}, and none fails`)]
}
