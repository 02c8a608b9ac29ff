/** A frame of the old chat protocol stands for a call of one of our operations: from here on the call is that one. */
import type {
  FastifySchemaValidationError,
  preHandlerHookHandler,
  preValidationAsyncHookHandler,
} from 'fastify'
import type { CarriedCall } from '../../protocol/carried.ts'
import type { FrameKind } from '../../protocol/frame.ts'
import { readFriendOp } from '../../protocol/friend-op.ts'
import type { JsonObject } from '../../protocol/json.ts'
import { readUserOp } from '../../protocol/user-op.ts'
import type { Address, Operation } from '../caller.ts'
import { inputSchemaOf } from '../input-schema.ts'
import { shapeOf } from '../request.ts'

/** By what the operation of the frame declares. */
const readers: { [Kind in FrameKind]?: (members: JsonObject) => CarriedCall } = {
  userOp: readUserOp,
  friendOp: readFriendOp,
}

export type CarryNeeds = {
  findOperation(path: string): Operation | undefined
  /** One trip to the store: throws TOO_OFTEN. */
  checkRateLimit(limit: string, address: Address): Promise<void>
}

/** The operation that the frame stands for has a limit of its own, so that no frame gets around it. */
export const carryFrame =
  ({ findOperation, checkRateLimit }: CarryNeeds): preValidationAsyncHookHandler =>
  async (request) => {
    const { opened, caller } = request
    const { frame } = shapeOf(request)
    const read = frame && readers[frame]
    if (!opened || !read) return
    const call = read(opened.input)
    const target = findOperation(call.path)
    if (!target) throw new Error(`no operation at ${call.path}`)
    await checkRateLimit(target.limit, caller.address)
    // A frame of protobuf has no text that an equal call could be known by.
    if (opened.text === '') opened.text = JSON.stringify(opened.input)
    request.carried = { ...call, target }
    request.body = call.input
  }

/** Validation has seen the frame; this is the one of the operation that it stands for. */
export const checkCarried = (): preHandlerHookHandler => (request, _reply, done) => {
  const { carried, body } = request
  if (!carried) return done()
  const validate = request.compileValidationSchema(inputSchemaOf(carried.target) as Record<string, unknown>)
  if (validate(body)) return done()
  const validation = validate.errors as FastifySchemaValidationError[]
  done(Object.assign(new Error('the operation of a frame'), { validation }))
}
