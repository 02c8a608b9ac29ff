/**
 * The vendors of config/providers.json as their documents describe them: what each takes and answers, with its oddities.
 * The host is the first step of the path. No test calls a vendor.
 */
import { type Answers, type Asked, form, json, jsonp } from './plain-provider.ts'

export const clientId = 'our-id'
export const clientSecret = 'planted-vendor-secret'
const token = 'vendor-access-token'
export const goodCode = 'good-code'

/** Who the vendor says that the user is. */
export type Vendor = {
  answers: Answers
  /** Names of the authorization request, in order. */
  asks: string[]
  subject: string
  name: string
  email?: { address: string; isVerified: boolean }
}

const bearer = ({ headers }: Asked) => headers.authorization === `Bearer ${token}`
const standard = ['response_type', 'client_id', 'redirect_uri', 'scope', 'state']
const pkce = ['code_challenge', 'code_challenge_method']

type Names = { id?: string; secret?: string; redirect?: boolean; grant?: string; verifier?: boolean }
const isGood = (
  sent: Record<string, string>,
  {
    id = 'client_id',
    secret = 'client_secret',
    grant = 'grant_type',
    redirect = true,
    verifier = false,
  }: Names,
) =>
  sent[id] === clientId &&
  sent[secret] === clientSecret &&
  sent.code === goodCode &&
  sent[grant] === 'authorization_code' &&
  (!redirect || sent.redirect_uri === 'https://login.example/oauth/callback/x') &&
  (!verifier || sent.code_verifier === 'the-verifier')

const weChat: Answers = {
  // JSON as text, and errors with the status 200.
  'GET /api.weixin.qq.com/sns/oauth2/access_token': ({ query }) => ({
    type: 'text/plain',
    text: JSON.stringify(
      isGood(query, { id: 'appid', secret: 'secret', redirect: false })
        ? {
            access_token: token,
            expires_in: 7200,
            refresh_token: 'r',
            openid: 'oX',
            scope: 's',
            unionid: 'u-1',
          }
        : { errcode: 40029, errmsg: 'invalid code, rid: 6543' },
    ),
  }),
  'GET /api.weixin.qq.com/sns/userinfo': ({ query }) => ({
    type: 'text/plain',
    text: JSON.stringify(
      query.access_token === token && query.openid === 'oX'
        ? { openid: 'oX', nickname: '小明', sex: 0, headimgurl: 'https://thirdwx.example/1', unionid: 'u-1' }
        : { errcode: 40003, errmsg: 'invalid openid' },
    ),
  }),
}
const ofWeChat: Vendor = {
  answers: weChat,
  asks: ['appid', 'redirect_uri', 'response_type', 'scope', 'state'],
  subject: 'u-1',
  name: '小明',
}

export const vendors: Record<string, Vendor> = {
  github: {
    asks: [...standard, ...pkce],
    subject: '583231',
    name: 'octocat',
    email: { address: 'octo@mail.example', isVerified: true },
    answers: {
      // A form unless JSON is asked for, and errors with the status 200.
      'POST /github.com/login/oauth/access_token': ({ body, headers }) => {
        const answer: Record<string, string> = isGood(body, { verifier: true })
          ? { access_token: token, scope: 'read:user,user:email', token_type: 'bearer' }
          : { error: 'bad_verification_code', error_description: 'The code passed is incorrect or expired.' }
        return headers.accept === 'application/json' ? json(answer) : form(answer)
      },
      'GET /api.github.com/user': (asked) =>
        bearer(asked) && asked.headers['user-agent']
          ? json({ login: 'octocat', id: 583_231, avatar_url: 'https://a.example/1', email: null })
          : json({ message: 'Bad credentials' }, 401),
      'GET /api.github.com/user/emails': (asked) =>
        bearer(asked)
          ? json([
              { email: 'old@mail.example', primary: false, verified: true, visibility: null },
              { email: 'octo@mail.example', primary: true, verified: true, visibility: 'private' },
            ])
          : json({ message: 'Bad credentials' }, 401),
    },
  },
  qq: {
    asks: standard,
    subject: 'OPENID1',
    name: '小红',
    answers: {
      // A form even though fmt asks for JSON: both are seen.
      'GET /graph.qq.com/oauth2.0/token': ({ query }) =>
        isGood(query, {})
          ? form({ access_token: token, expires_in: '7776000', refresh_token: 'r' })
          : jsonp({ error: 100_020, error_description: 'code is reused error' }),
      'GET /graph.qq.com/oauth2.0/me': ({ query }) =>
        query.access_token === token
          ? jsonp({ client_id: clientId, openid: 'OPENID1', unionid: 'UID_1' })
          : jsonp({ error: 100_016, error_description: 'access token check failed' }),
      'GET /graph.qq.com/user/get_user_info': ({ query }) =>
        query.oauth_consumer_key === clientId && query.openid === 'OPENID1'
          ? json({ ret: 0, msg: '', is_lost: 0, nickname: '小红', figureurl_qq_2: 'http://q.example/1' })
          : json({ ret: 100_030, msg: 'user has not granted' }),
    },
  },
  wechat: ofWeChat,
  wechatinside: ofWeChat,
  weibo: {
    asks: standard.filter((name) => name !== 'scope'),
    subject: '1404376560',
    name: 'zaku',
    answers: {
      'POST /api.weibo.com/oauth2/access_token': ({ body }) =>
        isGood(body, {})
          ? { type: 'text/plain', text: JSON.stringify({ access_token: token, uid: '1404376560' }) }
          : json({ error: 'invalid_grant', error_code: 21_325, request: '/oauth2/access_token' }, 400),
      'GET /api.weibo.com/2/users/show.json': ({ query }) =>
        query.access_token === token && query.uid === '1404376560'
          ? json({ id: 1_404_376_560, screen_name: 'zaku', avatar_hd: 'http://w.example/1' })
          : json({ error: 'invalid_access_token', error_code: 21_332 }, 403),
    },
  },
  dingtalk: {
    asks: [...standard, 'prompt'],
    subject: 'z21HjQliSz',
    name: 'zhangsan',
    email: { address: 'zhang@corp.example', isVerified: false },
    answers: {
      'POST /api.dingtalk.com/v1.0/oauth2/userAccessToken': ({ body }) =>
        isGood(body, { id: 'clientId', secret: 'clientSecret', grant: 'grantType', redirect: false })
          ? json({ accessToken: token, refreshToken: 'r', expireIn: 7200, corpId: 'c' })
          : json({ code: 'invalidParameter.authCode.notFound', message: '不合法的临时授权码' }, 400),
      'GET /api.dingtalk.com/v1.0/contact/users/me': ({ headers }) =>
        headers['x-acs-dingtalk-access-token'] === token
          ? json({ nick: 'zhangsan', unionId: 'z21HjQliSz', openId: 'o', email: 'zhang@corp.example' })
          : json({ code: 'InvalidAuthentication', message: '不合法的access_token' }, 401),
    },
  },
  feishu: {
    asks: [...standard.filter((name) => name !== 'scope'), ...pkce],
    subject: 'on_1',
    name: '张三',
    email: { address: 'zhang@fei.example', isVerified: false },
    answers: {
      'POST /open.feishu.cn/open-apis/authen/v2/oauth/token': ({ body, headers }) =>
        headers['content-type']?.startsWith('application/json') && isGood(body, { verifier: true })
          ? json({ code: 0, access_token: token, expires_in: 7200, token_type: 'Bearer' })
          : json({ code: 20_003, error: 'invalid_grant', error_description: 'The code is invalid.' }, 400),
      'GET /open.feishu.cn/open-apis/authen/v1/user_info': (asked) =>
        bearer(asked)
          ? json({
              code: 0,
              msg: 'success',
              data: { name: '张三', union_id: 'on_1', open_id: 'ou', email: 'zhang@fei.example' },
            })
          : json({ code: 99_991_668, msg: 'Invalid access token' }),
    },
  },
}
