/** Calls as JSON bodies. Nothing is sealed, and no replay guard stands behind them: nothing is sent twice. */
import type { Post } from './post.ts'
import { createRid, readReply, type Send } from './reply.ts'

export type JsonNeeds = { post: Post; appId: string; appSecret: string | undefined }

export const createJsonTransport = ({ post, appId, appSecret }: JsonNeeds): Send => {
  return async (path, members) => {
    const rid = createRid()
    // A public app has no secret; it is known by its origin, which the browser sends.
    const app = { appid: appId, ...(appSecret !== undefined && { appsecret: appSecret }) }
    const body = JSON.stringify({ apiver: 1, ...app, ...members, rid, op: path })
    const answer = await post(path, 'json', body)
    return readReply(answer.text, rid, answer)
  }
}
