/** What processes that share a database have put into its outbox. */
import { createSealer, nodeCrypto } from '../../src/adapters/crypto.ts'
import { systemRandom } from '../../src/adapters/random.ts'
import { openServerKey } from '../../src/adapters/server-key.ts'
import { loadConfig } from '../../src/config/load.ts'
import { openBody } from '../../src/features/outbox/body.ts'
import { writeFlow } from '../../src/features/verification/flow-name.ts'
import type { openShared } from './test-server.ts'

type Shared = Pick<Awaited<ReturnType<typeof openShared>>, 'db' | 'environment'>

const readKey = ({ environment }: Shared) =>
  openServerKey(loadConfig(environment).security, { create: false, random: systemRandom })

/** The newest first. */
export const readOutbox = async (shared: Shared) => {
  const sealer = createSealer(readKey(shared).atRest, systemRandom)
  const rows = await shared.db.write.selectFrom('outbox').selectAll().orderBy('messageId', 'desc').execute()
  return rows.flatMap(({ messageId, kind, body }) =>
    body ? [{ kind, ...openBody(sealer, messageId, body) }] : [],
  )
}

/** The code of each flow. A mail does not name its flow; what is kept of a code tells which one it belongs to. */
export const readCodes = async (shared: Shared): Promise<Map<string, string>> => {
  const { hmacSha256 } = nodeCrypto
  const key = hmacSha256(readKey(shared).ticket, Buffer.from('codes'))
  const sent = (await readOutbox(shared)).flatMap(({ variables: { code } }) => code ?? [])
  const flows = await shared.db.write.selectFrom('codeFlows').select(['flowId', 'purpose', 'mac']).execute()
  return new Map(
    flows.flatMap(({ flowId, purpose, mac }) => {
      const isIts = (code: string) => mac.equals(hmacSha256(key, Buffer.concat([flowId, Buffer.from(code)])))
      const code = sent.find(isIts)
      return code === undefined ? [] : [[writeFlow(purpose, flowId), code] as const]
    }),
  )
}
