/** Hello: what a client says of itself, and resuming the login that was made on its key. */

import { feature, operation, type World } from '../feature.ts'
import type { HelloFacts, Keys } from '../key-exchange/api.ts'
import type { Tickets } from '../tickets/api.ts'
import { createHello } from './hello.ts'
import { helloShape } from './wire.ts'

export type HelloFeatureNeeds = {
  keys: Pick<Keys, 'prove' | 'note'>
  tickets: Pick<Tickets, 'resume'>
  /** Remembers what a provisioned device said of itself. */
  noteDevice(deviceId: string, facts: HelloFacts): void
}

export const hello = feature({
  create: ({ clock, chooseLanguage }: World, { keys, tickets, noteDevice }: HelloFeatureNeeds) => {
    const greet = createHello({ clock, keys, tickets, noteDevice, chooseLanguage })
    return {
      api: {},
      operations: [
        operation(helloShape)(async (input, caller) => ({ code: 'OK', ...(await greet(input, caller)) })),
      ],
    }
  },
})
