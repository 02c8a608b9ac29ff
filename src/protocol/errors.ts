/**
 * The catalogue: every code that a reply may carry. Numbers are `ABBCCDD` (A: 1 done, 2 refused, 3 warning;
 * BB module; CC kind; DD detail); they are appended, never reused. A row is
 * `[number, HTTP status of a JSON body, Chinese, English, number in err of a frame?]`.
 */
const rows = {
  OK: [1000000, 200, '完成', 'Done'],
  REGISTERED: [1020000, 200, '注册成功', 'Registered'],
  REGISTERED_MAIL_SENT: [1020001, 200, '注册成功，验证邮件已发送', 'Registered, a mail code was sent'],
  REGISTERED_SMS_SENT: [1020002, 200, '注册成功，验证短信已发送', 'Registered, an SMS code was sent'],
  LOGGED_IN: [1020100, 200, '登录成功', 'Logged in'],
  LOGGED_OUT: [1020103, 200, '已退出登录', 'Logged out'],
  TICKET_VALID: [1030200, 200, '登录有效', 'The ticket is valid'],
  TICKET_ENDED: [1030201, 401, '登录已失效', 'The ticket has ended'],

  INTERNAL: [2000000, 500, '未知错误', 'Unknown error'],
  PARAMETER_MISSING: [2000101, 400, '缺少参数', 'More parameters are needed', 14],
  PARAMETER_INVALID: [2000102, 400, '参数无效', 'A parameter is not valid', 14],
  METHOD_NOT_SUPPORTED: [2000103, 405, '不支持该请求方法', 'This method is not supported', 14],
  NOT_IN_LIST: [2000104, 400, '不在允许的列表中', 'Not in the list', 14],
  OPERATION_UNKNOWN: [2000105, 404, '没有这个操作', 'There is no such operation', 14],
  DATABASE_UNREACHABLE: [2010100, 503, '数据库暂时无法连接', 'The database cannot be reached', 9],
  DATABASE_ERROR: [2010101, 500, '数据库错误', 'The database failed'],
  STORE_UNREACHABLE: [2010201, 503, '缓存服务暂时无法连接', 'The store cannot be reached', 9],
  TEXT_INVALID: [2020100, 400, '文本不符合要求', 'The text is not valid'],
  TEXT_CHARACTERS: [2020101, 400, '含有不允许的字符', 'The text has characters that are not allowed'],
  MAIL_INVALID: [2020201, 400, '邮箱地址格式错误', 'The e-mail address is not valid', 19],
  PHONE_INVALID: [2020205, 400, '手机号码格式错误', 'The phone number is not valid', 20],
  ADDRESS_INVALID: [
    2020206,
    400,
    '需要邮箱地址或手机号码',
    'This is neither an e-mail address nor a phone number',
  ],
  WORD_FORBIDDEN: [2020300, 400, '含有不允许使用的词语', 'A word in it is not allowed'],
  WORD_FILTER: [2020301, 500, '敏感词过滤器未配置', 'The word filter has no list'],
  CREDENTIALS_MALFORMED: [2020400, 400, '应用编号或密钥格式错误', 'n or s is malformed'],
  APP_REFUSED: [2020401, 401, '应用编号或密钥错误', 'App id or secret is wrong'],
  ADDRESS_UNKNOWN: [2020402, 403, '无法识别客户端地址', 'Your address is not known'],
  ADDRESS_BANNED: [2020403, 403, '该地址已被封禁', 'Your address is banned'],
  TOO_OFTEN: [2020407, 429, '操作过于频繁，请稍后再试', 'Too often, try again later'],
  ENVELOPE_REFUSED: [2020408, 403, '无法打开请求', 'The envelope cannot be opened'],
  API_VERSION: [2020412, 400, '不支持该接口版本', 'This apiver is not supported'],
  CLOCK_OFF: [2020413, 400, '设备时间误差过大', 'Your clock is too far off', 2],
  TOO_LONG: [2020414, 413, '请求内容过长', 'The request is too long'],
  ENCRYPTION_REQUIRED: [2020415, 403, '需要加密传输', 'Encryption is required'],
  APP_RIGHT: [2020416, 403, '应用没有此权限', 'The app has no right to this'],
  APP_DISABLED: [2020500, 403, '应用已停用', 'The app is disabled'],
  CAPTCHA_MISSING: [2020501, 400, '缺少验证码', 'A captcha is needed'],
  CAPTCHA_EXPIRED: [2020502, 400, '验证码已过期', 'The captcha is over'],
  CAPTCHA_WRONG: [2020503, 400, '验证码错误', 'The captcha is wrong'],
  CODE_WRONG: [2020600, 400, '验证码错误', 'The code is wrong', 5],
  CODE_TOO_SOON: [2020601, 429, '发送过于频繁，请稍后再试', 'A code was sent a moment ago, try again later'],
  CODE_TRIES: [
    2020603,
    429,
    '验证码错误次数过多，请重新获取',
    'Too many wrong codes, ask for a new one later',
  ],
  CODE_EXPIRED: [2020604, 400, '验证码已过期', 'The code has expired'],
  PASSWORD_CHARACTERS: [
    2030100,
    400,
    '密码含有不允许的字符',
    'The password has characters that are not allowed',
  ],
  PASSWORD_COMMON: [2030101, 400, '密码过于常见，请更换', 'This password is too common'],
  PASSWORD_LENGTH: [2030102, 400, '密码长度不符合要求', 'The password is too short or too long'],
  OLD_PASSWORD_WRONG: [2030103, 401, '原密码错误', 'The old password is wrong'],
  PASSWORD_MUST_CHANGE: [2030105, 403, '请先修改密码', 'The password must be changed first'],
  MAIL_FAILED: [2030200, 503, '邮件发送失败', 'The mail could not be sent', 19],
  SMS_FAILED: [2030201, 503, '短信发送失败', 'The SMS could not be sent', 20],
  ALREADY_REGISTERED: [2040102, 409, '该用户名已被注册', 'This name is already registered'],
  REGISTER_MODE: [2040103, 403, '不允许以这种方式注册', 'This way of registering is not allowed'],
  NAME_LENGTH: [2040105, 400, '名称或文本长度不符合要求', 'The name or text is too short or too long'],
  LAST_LOGIN: [2040106, 409, '不能移除最后一种登录方式', 'The last way to log in cannot be removed'],
  LOGIN_MODE: [2040115, 403, '不允许以这种方式登录', 'This way of logging in is not allowed'],
  CAPTCHA_NEEDED: [2040202, 400, '需要图形验证码', 'A captcha is needed'],
  LOGIN_FAILED: [2040204, 401, '用户名或密码错误', 'Login or password is wrong', 4],
  ACCOUNT_DISABLED: [2040205, 403, '账户已停用或注销', 'The account is disabled or deleted', 17],
  ROLE_NEEDED: [2040510, 403, '需要相应的角色权限', 'The user has no role that may do this', 16],
  USER_PROTECTED: [2040511, 403, '不能对该用户进行此操作', 'This cannot be done to this user', 16],
  CAPABILITY_WITHHELD: [2040512, 403, '该功能已被限制使用', 'The user may not do this at present', 17],
  NOT_LOGGED_IN: [2040400, 401, '尚未登录', 'Not logged in', 15],
  USER_UNKNOWN: [2070001, 404, '用户不存在', 'User not found', 14],
  EVENT_WAITS: [
    2070030,
    429,
    '等待事件的请求过多，请稍后再试',
    'Too many calls wait for events, try again later',
  ],
  KX_VERSION: [2090001, 400, '客户端版本过旧，请更新', 'Update the client', 1],
  KX_KEY_PRINT: [
    2090002,
    401,
    '密钥指纹无效，请重新协商密钥',
    'This key is not known, negotiate a new one',
    2,
  ],
  KX_REDIRECT: [2090003, 400, '请改用另一服务器', 'Continue at another server', 3],
  KX_RSA_PRINT: [2090006, 400, '未知的 RSA 公钥指纹', 'This RSA key is not known', 6],
  KX_TEMP_KEY: [2090007, 400, '临时密钥无法解密', 'tempKey cannot be opened', 7],
  KX_ENC_TYPE: [2090008, 400, '不支持该加密方式', 'This encType is not supported', 8],
  KX_STAGE: [2090010, 400, '协商阶段错误', 'This stage is not expected', 10],
  KX_PUBLIC_KEY: [2090011, 400, '公钥无效', 'The public key is not valid', 11],
  KX_KEY_CONFLICT: [2090012, 409, '密钥指纹冲突，请重试', 'The fingerprint is taken, try again', 12],
  KX_CHECK_DATA: [2090013, 400, '校验数据已使用过', 'This proof was used before', 13],
  KX_CONTENT: [2090014, 400, '消息内容不完整', 'A part of the message is missing or wrong', 14],
  TIER_WANTED: [2100400, 403, '需要另一种登录票据', 'A ticket of another tier is needed', 16],
  FRESH_LOGIN_NEEDED: [2100401, 403, '请重新登录后再操作', 'Log in again first', 16],
  BUSINESS_UNKNOWN: [2100402, 403, '该业务未对此应用开放', 'This business does not serve this app or path'],
  NO_DEVICE_SLOT: [2100430, 409, '登录设备数已达上限', 'Too many devices are logged in'],
  DEVICE_UNKNOWN: [2100431, 404, '没有这个登录设备', 'The user is not logged in there'],
  OTHER_DEVICE: [2100432, 403, '请在登录所用的设备上操作', 'Only the device that logged in can do this'],
  PROVIDER_UNKNOWN: [2120100, 404, '没有这种第三方登录', 'There is no such provider'],
  TARGET_REFUSED: [2120101, 400, '跳转地址未登记', 'This redirect target is not listed'],
  OAUTH_EXPIRED: [2120102, 400, '第三方登录已过期，请重新开始', 'The login by a provider has expired'],
  PROVIDER_FAILED: [2120103, 502, '第三方登录暂不可用', 'The provider did not answer as it should'],
  PROVIDER_REFUSED: [2120104, 403, '第三方登录被取消或拒绝', 'The provider or its user refused'],
  IDENTITY_TAKEN: [2120105, 409, '该第三方账户已绑定其他用户', 'Another user has this identity'],
  IDENTITY_LINKED: [2120106, 409, '已绑定该平台的其他账户', 'The user has another identity of this provider'],
  IDENTITY_UNKNOWN: [2120107, 403, '该第三方账户尚未绑定用户', 'No user has this identity'],
  WEB_CODE_INVALID: [2100420, 400, '网页登录码无效或已过期', 'The web code is not valid, or is over'],
  SCOPE_MISSING: [2100422, 403, '需要用户授权更多权限', 'The user has not agreed to this scope'],
  JUMP_REFUSED: [2100421, 403, '不允许把登录带到该应用', 'A login may not be taken to this app'],
  THIRD_PARTY: [2100410, 403, '第三方应用不能进行此操作', 'Third-party apps cannot do this'],
  CONSENT_NEEDED: [2100411, 403, '需要用户同意授权', 'The user has to agree first'],
  FRIENDS_OFF: [2110000, 403, '该应用未开启好友功能', 'This app has no friends'],
  REQUEST_UNKNOWN: [2110001, 404, '没有这个好友申请', 'There is no such friend request'],
  FRIEND_SELF: [2110002, 400, '不能对自己进行此操作', 'This cannot be done with oneself', 14],
  REQUESTS_CLOSED: [2110003, 403, '对方不接受申请或关注', 'This user takes no requests'],
  ANSWER_NEEDED: [2110004, 403, '请回答对方的问题', 'This user asks a question first'],
  ANSWER_WRONG: [2110005, 403, '回答错误', 'The answer is wrong'],
  ANSWER_TRIES: [2110006, 429, '回答错误次数过多', 'Too many answers, try again later'],
  REFUSED_BEFORE: [2110007, 409, '暂时不能再次申请，请稍后再试', 'This user cannot be asked again yet'],
  TOO_MANY_RELATIONS: [2110008, 409, '数量已达上限', 'There are too many of these already'],
  BLOCKED_BY_YOU: [2110009, 409, '请先解除屏蔽', 'Unblock this user first'],
  RELATION_UNKNOWN: [2110025, 404, '你们之间没有好友或关注关系', 'There is no relation to this user', 21],
  OVERLOADED: [2140503, 503, '服务繁忙，请稍后再试', 'Overloaded, try again later', 9],
} as const satisfies Record<string, readonly [number, number, string, string, number?]>

type Rows = typeof rows
export type ErrorName = keyof Rows
/** The codes that say "done": what a handler may return. All others are thrown. */
export type SuccessName = {
  [Name in ErrorName]: `${Rows[Name][0]}` extends `2${string}` ? never : Name
}[ErrorName]
export type Language = 'zh-CN' | 'en'
export type CatalogueEntry = {
  name: ErrorName
  code: number
  status: number
  text: Record<Language, string>
  /** `err.number` of a frame. */
  number?: number
}

/** Every entry of the catalogue, by name. */
export const catalogue = Object.fromEntries(
  Object.entries<readonly [number, number, string, string, number?]>(rows).map(
    ([name, [code, status, chinese, english, number]]) => [
      name,
      { name, code, status, text: { 'zh-CN': chinese, en: english }, ...(number && { number }) },
    ],
  ),
) as Record<ErrorName, CatalogueEntry>

const byCode = new Map(Object.values(catalogue).map((entry) => [entry.code, entry]))

/** The entry with this number, or undefined for the code of a newer server. */
export const findEntry = (code: number) => byCode.get(code)

/** True for a code that says "done", also with a warning. */
export const isSuccess = (code: number) => !String(code).startsWith('2')

export type FailureOptions = {
  cause?: unknown
  /** Tells the caller what to do. Never repeats input, never shows an internal fault. */
  info?: string
  /** Sent as `Retry-After`, in seconds. */
  retryAfterSeconds?: number
  /** Further members of the reply, such as `reason` or `tier`. */
  members?: Record<string, unknown>
}

/** A refusal with its code. Thrown anywhere in the server, it becomes the reply. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly entry: CatalogueEntry
  readonly options: FailureOptions

  constructor(name: ErrorName, options: FailureOptions = {}) {
    super(catalogue[name].text.en, options.cause === undefined ? {} : { cause: options.cause })
    this.entry = catalogue[name]
    this.options = options
  }
}
