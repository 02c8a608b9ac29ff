import type { AppCaller, Operation } from '../../http/caller.ts'
import type { JsonObject } from '../../protocol/json.ts'
import type { KeyExchange } from './exchange.ts'
import { keyExchangeShape, serverKeysShape } from './wire.ts'

export const createKeyExchangeOperations = ({ exchange, publicKeys }: KeyExchange): Operation[] => [
  {
    ...keyExchangeShape,
    handle: async (input: JsonObject, caller: AppCaller) => ({
      code: 'OK',
      ...(await exchange(input, caller)),
    }),
  },
  { ...serverKeysShape, handle: async () => ({ code: 'OK', ...publicKeys() }) },
]
