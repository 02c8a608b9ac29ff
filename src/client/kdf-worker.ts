/** bcrypt in a thread of its own: one message in, one out. Starting it by importing it is what a Worker does. */
import { bcryptText } from '../protocol/password-kdf.ts'
import type { KdfJob } from './kdf.ts'

addEventListener('message', async ({ data }: MessageEvent<KdfJob>) => {
  postMessage(await bcryptText(data.text, data.salt, data.cost).catch(() => ''))
})
