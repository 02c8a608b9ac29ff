/** The user and friend operations of the old chat protocol, as frames. */
import { feature, operation } from '../feature.ts'
import { friendOpShape, userOpShape } from './wire.ts'

const refuseToRun = async (): Promise<never> => {
  // The stage carryFrame has put the operation that the frame stands for in its place.
  throw new Error('a frame without its operation')
}

export const userOps = feature({
  create: () => ({
    api: {},
    operations: [operation(userOpShape)(refuseToRun), operation(friendOpShape)(refuseToRun)],
  }),
})
