import type { AppCaller, Operation } from '../../http/caller.ts'
import type { JsonObject } from '../../protocol/json.ts'
import { helloShape } from './wire.ts'

export const createHelloOperations = (
  hello: (input: JsonObject, caller: AppCaller) => Promise<JsonObject>,
): Operation[] => [
  {
    ...helloShape,
    handle: async (input: JsonObject, caller: AppCaller) => ({ code: 'OK', ...(await hello(input, caller)) }),
  },
]
