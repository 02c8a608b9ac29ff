/** The user operations of the old chat protocol: register, log in, give a code, change an address, log out. */
import { feature, operation } from '../feature.ts'
import { userOpShape } from './wire.ts'

export const userOps = feature({
  create: () => ({
    api: {},
    operations: [
      operation(userOpShape)(async () => {
        // The stage carryFrame has put the operation that the frame stands for in its place.
        throw new Error('a frame without its operation')
      }),
    ],
  }),
})
