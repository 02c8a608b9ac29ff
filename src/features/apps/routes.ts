import type { Operation } from '../../http/caller.ts'
import { catalogue } from '../../protocol/errors.ts'
import type { createProvisioning } from './provisioning.ts'
import { echoShape, provisionShape } from './wire.ts'

const notEchoed = [
  'apiver',
  'appid',
  'appsecret',
  'token',
  'code',
  'msg',
  'info',
  'status',
  'timestamp',
  'rid',
]

export const createAppOperations = (provision: ReturnType<typeof createProvisioning>): Operation[] => [
  {
    ...provisionShape,
    handle: async (input: Parameters<typeof provision>[0], caller: Parameters<typeof provision>[1]) => ({
      code: 'OK',
      ...(await provision(input, caller)),
    }),
  },
  {
    ...echoShape,
    handle: async (input: Record<string, unknown>) => {
      const members = Object.entries(input).filter(([name]) => !notEchoed.includes(name))
      return { code: 'OK', ...Object.fromEntries(members), status: catalogue.OK.code }
    },
  },
]
