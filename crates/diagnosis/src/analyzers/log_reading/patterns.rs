//! What programs write before they end, and what of it matters.

use super::Trouble;

/// A trouble and a line that tells it. The group `what` is what it is about; `host` and `port` are an address.
///
/// The first that fits a line decides: what names its object stands before what does not.
pub(super) const PATTERNS: &[(Trouble, &str)] = &[
    (Trouble::Platform, r"(?P<what>/\S+): exec format error"),
    (Trouble::Platform, r"exec format error|cannot execute binary file"),
    // Who is rejected. The word before the name differs from server to server.
    (Trouble::Rejected, r#"password authentication failed for user "(?P<what>[^"]+)""#),
    (Trouble::Rejected, r#"role "(?P<what>[^"]+)" does not exist"#),
    (Trouble::Rejected, r"access denied for user '(?P<what>[^']*)'"),
    (Trouble::Rejected, r"no pg_hba\.conf entry for host"),
    (Trouble::Rejected, r"\b(?:WRONGPASS|NOAUTH|ACCESS_REFUSED)\b"),
    (Trouble::Rejected, r"invalid (?:user ?name|credentials|api ?key|password|username-password)"),
    (Trouble::Rejected, r"\bauthentication (?:failed|failure|error)|\bbad credentials\b"),
    (Trouble::Rejected, r"(?P<what>[\w.-]+@[\w.-]+): permission denied \([a-z,-]+\)"),
    (Trouble::Rejected, r"permission denied \([a-z]+(?:[,-][a-z]+)*\)"),
    (
        Trouble::Rejected,
        r"\b401 unauthorized|status(?:[ _]?code)?[:=]? ?401\b|\b(?:invalid_client|unauthorized_client|invalid_grant|invalid_token)\b",
    ),
    (
        Trouble::Barred,
        r"\b(?:GET|PUT|POST|PATCH|DELETE|LIST|HEAD) https?://(?P<what>[^/\s'\x22]+).*\b(?:status|code)(?:[ _]?code)?[:=]? ?403\b",
    ),
    (Trouble::Barred, r"\b403 forbidden|\b(?:status|code)(?:[ _]?code)?[:=]? ?403\b"),
    (Trouble::Database, r#"database "(?P<what>[^"]+)" does not exist"#),
    (Trouble::Database, r"unknown database '(?P<what>[^']+)'"),
    (Trouble::Schema, r#"relation "(?P<what>[^"]+)" does not exist"#),
    (Trouble::Schema, r"table '(?P<what>[^']+)' doesn't exist|no such table: (?P<table>\S+)"),
    (
        Trouble::Forbidden,
        r#"user "system:serviceaccount:[^"]+" cannot (?P<what>[a-z]+ resource "[^"]+")"#,
    ),
    // Names that do not resolve.
    (
        Trouble::Unresolved,
        r"lookup (?P<host>[a-zA-Z0-9_.-]+)(?: on \S+)?:.*(?:no such host|server misbehaving|i/o timeout|try again)",
    ),
    (Trouble::Unresolved, r#"could not translate host name "(?P<host>[^"]+)""#),
    (Trouble::Unresolved, r"(?:ENOTFOUND|EAI_AGAIN) (?P<host>[a-zA-Z0-9_.-]+)"),
    (Trouble::Unresolved, r"UnknownHostException: (?P<host>[a-zA-Z0-9_.-]+)"),
    (
        Trouble::Unresolved,
        r"(?:could not|couldn't) resolve (?:host|proxy)(?: name)?:? '?(?P<host>[a-zA-Z0-9_.-]+)",
    ),
    (Trouble::Unresolved, r"can't (?:resolve|find) '?(?P<host>[a-zA-Z0-9_.-]+)"),
    (Trouble::Unresolved, r"bad address '(?P<host>[^']+)'"),
    (Trouble::Unresolved, r#"host not found in upstream "(?P<host>[^":]+)"#),
    (Trouble::Unresolved, r"unknown (?:mysql server )?host '(?P<host>[^']+)'"),
    (
        Trouble::Unresolved,
        r"host='(?P<host>[^']+)', port=(?P<port>[0-9]+)\).*(?:name or service not known|failed to resolve|name resolution)",
    ),
    (
        Trouble::Unresolved,
        r"(?:error -?[0-9]+ connecting to|connect to) (?P<host>[a-zA-Z0-9_.-]+):(?P<port>[0-9]+).*(?:name or service not known|name resolution|name does not resolve)",
    ),
    (Trouble::Unresolved, r"getaddrinfo (?:for )?(?P<host>[a-zA-Z0-9_.-]+) failed: "),
    (
        Trouble::Unresolved,
        r"(?P<host>[a-zA-Z0-9_-]+(?:\.[a-zA-Z0-9_-]+)*): (?:name or service not known|name does not resolve|temporary failure in name resolution)",
    ),
    (
        Trouble::Unresolved,
        r"no such host|name or service not known|name does not resolve|temporary failure in name resolution|getaddrinfo failed|could not resolve host",
    ),
    // Connections that are refused.
    (Trouble::Refused, r"dial (?:tcp|udp)[0-9]? (?P<what>\S+): connect: connection refused"),
    (Trouble::Refused, r"ECONNREFUSED (?P<what>[a-zA-Z0-9_.:\[\]-]+:[0-9]+)"),
    (
        Trouble::Refused,
        r#"connection to server at "(?P<host>[^"]+)".* port (?P<port>[0-9]+) failed: connection refused"#,
    ),
    (Trouble::Refused, r"connect call failed \('(?P<host>[^']+)', (?P<port>[0-9]+)"),
    (Trouble::Refused, r"connection to (?P<what>[a-zA-Z0-9_.-]+:[0-9]+) refused"),
    (Trouble::Refused, r"error (?:111|61|99) connecting to (?P<what>[a-zA-Z0-9_.-]+:[0-9]+)"),
    (Trouble::Refused, r"connect to \S+ at (?P<what>[a-zA-Z0-9_.-]+:[0-9]+): connection refused"),
    (Trouble::Refused, r"can't connect to (?:mysql )?server on '(?P<what>[^']+)' \(111"),
    (
        Trouble::Refused,
        r"host='(?P<host>[^']+)', port=(?P<port>[0-9]+)\).*(?:connection refused|errno 111)",
    ),
    (Trouble::Refused, r"can't connect to remote host \((?P<what>[^)]+)\): connection refused"),
    (Trouble::Refused, r"failed to connect to (?P<host>[a-zA-Z0-9_.-]+) port (?P<port>[0-9]+)"),
    (
        Trouble::Refused,
        r"connect to (?:host )?(?P<host>[a-zA-Z0-9_.-]+) port (?P<port>[0-9]+).*refused",
    ),
    (Trouble::Refused, r"\((?P<what>[a-zA-Z0-9_.-]+/[0-9.]+:[0-9]+)\) could not be established"),
    (
        Trouble::Refused,
        r"(?P<host>[a-zA-Z0-9_.-]+) \([0-9.]+:(?P<port>[0-9]+)\): connection refused",
    ),
    // What stands right behind the words, what stands last before them, what stands anywhere.
    (
        Trouble::Refused,
        r"(?:connection refused|ECONNREFUSED)(?: to| by| at| from|:)? \(?(?P<what>[a-zA-Z0-9_-][a-zA-Z0-9_.-]*:[0-9]{2,5})\b",
    ),
    (
        Trouble::Refused,
        r"^(?:.*[^a-zA-Z0-9_.-])?(?P<what>[a-zA-Z0-9_-][a-zA-Z0-9_.-]*:[0-9]{2,5})\b.*?(?:connection refused|ECONNREFUSED)",
    ),
    (
        Trouble::Refused,
        r"(?:connection refused|ECONNREFUSED).*[^a-zA-Z0-9_.-](?P<what>[a-zA-Z0-9_-][a-zA-Z0-9_.-]*:[0-9]{2,5})\b",
    ),
    (Trouble::Refused, r"(?P<host>[a-zA-Z0-9_.-]+) \([^)]*\): connection refused"),
    (Trouble::Refused, r"connection refused|ECONNREFUSED"),
    (
        Trouble::Unanswered,
        r"dial tcp (?P<what>\S+): (?:i/o timeout|connect: (?:connection timed out|no route to host))",
    ),
    (
        Trouble::Unanswered,
        r"(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH) (?P<what>[a-zA-Z0-9_.:\[\]-]+:[0-9]+)",
    ),
    (Trouble::Unanswered, r"connection to (?P<what>[a-zA-Z0-9_.-]+:[0-9]+) timed out"),
    (
        Trouble::Unanswered,
        r"(?:connection|connect|connecting).{0,60}timed out|ConnectTimeout|no route to host|network is unreachable",
    ),
    (Trouble::Certificate, r"x509: (?P<what>[^\n]{1,120})"),
    (
        Trouble::Certificate,
        r"certificate verify failed(?:: (?P<what>[^(]{1,80}))?|SSLHandshakeException|self.signed certificate|unable to get local issuer certificate|PKIX path building failed",
    ),
    // Addresses of its own.
    (
        Trouble::InUse,
        r"(?:listen|bind|listening socket)\b[^.\w].*?:(?P<port>[0-9]{1,5})\b.*(?:address (?:already )?in use|EADDRINUSE)",
    ),
    (Trouble::InUse, r"(?:address already in use|EADDRINUSE).*?:(?P<port>[0-9]{1,5})\b"),
    (Trouble::InUse, r"port (?P<port>[0-9]{1,5}) (?:was|is) already in use"),
    (Trouble::InUse, r"connection in use: \('[^']*', (?P<port>[0-9]{1,5})\)"),
    (Trouble::InUse, r"address (?:already )?in use|EADDRINUSE"),
    (
        Trouble::Denied,
        r"(?:listen|bind)\b[^.\w].*?:(?P<port>[0-9]{1,5})\b.*(?:permission denied|\bEACCES\b)",
    ),
    (
        Trouble::Denied,
        r"(?:listen|bind)\b.*(?:permission denied|\bEACCES\b).*\bport (?P<port>[0-9]{1,5})\b",
    ),
    (
        Trouble::Denied,
        r"(?:listen|bind)\b.*\bport (?P<port>[0-9]{1,5})\b.*(?:permission denied|\bEACCES\b)",
    ),
    (Trouble::Denied, r"EACCES: permission denied[^:]*?:(?P<port>[0-9]{1,5})$"),
    // Files.
    (Trouble::ReadOnly, r#"(?P<what>/[^\s:'",]+)['"]?(?: failed \(30)?: read-only file system"#),
    (Trouble::ReadOnly, r"read-only file system[^/]*(?P<what>/[^\s'\x22]+)"),
    (Trouble::ReadOnly, r"read-only file system|\bEROFS\b"),
    // Of /dev/shm, which is no disk.
    (
        Trouble::DiskFull,
        r"could not resize (?P<what>shared memory) segment.*no space left on device|(?:insufficient|not enough|out of) (?P<table>shared memory)\b",
    ),
    (Trouble::DiskFull, r#"(?P<what>/[^\s:'",]+)['"]?: no space left on device"#),
    (Trouble::DiskFull, r"no space left on device|\bENOSPC\b|disk quota exceeded|disk is full"),
    (
        Trouble::Denied,
        r#"data directory "(?P<what>[^"]+)" has (?:wrong ownership|invalid permissions)"#,
    ),
    (Trouble::Denied, r"AccessDeniedException: (?P<what>/\S+)"),
    (
        Trouble::Denied,
        r#"\("(?P<what>/[^"]+)"[^)]{0,40}\) failed \((?:1|13): (?:operation not permitted|permission denied)"#,
    ),
    (Trouble::Denied, r"(?P<what>/[^\s:'\x22]+) \(permission denied\)"),
    (
        Trouble::Denied,
        r#"(?P<what>/[^\s:'",]+)['"]?(?: failed \(13)?: (?:permission denied|operation not permitted)"#,
    ),
    (
        Trouble::Denied,
        r"(?:permission denied|operation not permitted)[^/]{0,20}(?P<what>/[^\s'\x22]+)",
    ),
    (Trouble::Denied, r"permission denied|\bEACCES\b|\bEPERM\b|operation not permitted"),
    (Trouble::Module, r"no module named '?(?P<what>[a-zA-Z0-9_.]+)"),
    (Trouble::Module, r"cannot find module '(?P<what>[^']+)'"),
    (
        Trouble::Module,
        r"(?:ClassNotFoundException|NoClassDefFoundError):? (?P<what>[a-zA-Z0-9_./$]+)",
    ),
    (Trouble::Module, r"could not find or load main class (?P<what>\S+)"),
    (Trouble::Module, r"error (?:while )?loading shared librar(?:ies|y):? (?P<what>[^\s:]+)"),
    (Trouble::Command, r#"exec: "?(?P<what>[a-zA-Z0-9_./-]+)"?: (?:executable file )?not found"#),
    (
        Trouble::Command,
        r"(?:^|\s)\S*sh: (?:line )?(?:[0-9]+: )?(?P<what>[a-zA-Z0-9_./-]+): (?:command )?not found",
    ),
    (Trouble::Command, r"env: .?(?P<what>[a-zA-Z0-9_./-]+).?: no such file or directory"),
    (Trouble::File, r"unable to access jarfile (?P<what>\S+)"),
    (Trouble::File, r"can't open (?:config )?file '(?P<what>[^']+)'"),
    (Trouble::File, r"cannot load certificate(?: key)? \x22(?P<what>[^\x22]+)\x22"),
    (Trouble::File, r"(?:FileNotFoundException|NoSuchFileException): (?P<what>[^\s(]+)"),
    (Trouble::File, r"no such file or directory[^/]{0,20}'(?P<what>[^']+)'"),
    (
        Trouble::File,
        r"open (?:file )?['\x22`]?(?P<what>[^\s:'\x22`]+)['\x22`]?: no such file or directory",
    ),
    (Trouble::File, r#"(?P<what>/[^\s:'"`]+)['"`]?(?: failed \(2)?: no such file or directory"#),
    (Trouble::File, r"(?:^|: )'?(?P<what>[a-zA-Z0-9_./-]+)'?: no such file or directory"),
    (Trouble::File, r"no such file or directory|\bENOENT\b"),
    // Variables. Their names are in capitals, so these patterns look at the case.
    (
        Trouble::Malformed,
        r#"(?-i)(?i:invalid|bad|illegal|malformed|unsupported|wrong) (?i:value|format|setting|number|port|url|duration)(?: ["'`]?[^"'`\s]{1,60}["'`]?)? (?i:for|of|in) (?i:(?:the )?(?:environment |env )?(?:variable |setting )?)["'`]?(?P<what>[A-Z][A-Z0-9_]{2,})\b"#,
    ),
    (
        Trouble::Malformed,
        r"(?-i)(?i:unknown|invalid|unsupported|unrecogni[sz]ed|illegal|bad) (?P<what>[A-Z][A-Z0-9_]{2,})=\S",
    ),
    (
        Trouble::Malformed,
        r"(?-i)\b(?P<what>[A-Z][A-Z0-9_]{2,}): (?i:unknown|invalid|unsupported|illegal) (?i:variant|value|option|choice)\b",
    ),
    (Trouble::Unset, r"(?-i)\bKeyError: '?(?P<what>[A-Z][A-Z0-9_]{2,})'?\s*$"),
    (
        Trouble::Unset,
        r"(?-i)(?P<what>[A-Za-z_][A-Za-z0-9_]*): (?:parameter (?:null or )?not set|unbound variable)",
    ),
    // What a shell says of `${NAME:?words}`, whatever the words are.
    (
        Trouble::Unset,
        r"(?-i)(?:^|\s)\S*sh: (?:line )?(?:[0-9]+: )?(?P<what>[A-Z][A-Z0-9_]{2,}): \S",
    ),
    (Trouble::Unset, r"(?-i)(?:^|\s)\S+: line [0-9]+: (?P<what>[A-Z][A-Z0-9_]{2,}): \S"),
    (
        Trouble::Unset,
        r#"(?-i)\b(?P<what>[A-Z][A-Z0-9_]{2,})["'`]?: (?i:(?:is |this )?(?:required|field required|must (?:not )?be (?:set|empty|blank|defined|given)|not set|missing|undefined|cannot be (?:empty|blank|null)))"#,
    ),
    (
        Trouble::Unset,
        r#"(?-i)["'`](?P<what>[A-Z][A-Z0-9_]{2,})["'`] (?i:(?:is |was )?(?:required|missing|not set|unset|undefined|not defined|not found|empty))"#,
    ),
    (Trouble::Unset, r"(?-i)key not found: :?[\x22'](?P<what>[A-Z][A-Z0-9_]{2,})[\x22']"),
    (
        Trouble::Unset,
        r"(?-i)(?i:environment variable|variable|env var) (?i:not found|is missing|missing|not set)[: ]+[\x22'`]?(?P<what>[A-Z][A-Z0-9_]{2,})",
    ),
    // A model of settings, with the name of the field beside the words or before them.
    (Trouble::Unset, r"(?-i)\b[Rr]equired \(.*\bpath=(?P<what>[A-Z][A-Z0-9_]{2,})\b"),
    (
        Trouble::Unset,
        r"validation errors? for [\w ]+;? (?P<what>[A-Za-z_][A-Za-z0-9_]{2,});? field required",
    ),
    (Trouble::Unset, r"(?-i)required key (?P<what>[A-Z][A-Z0-9_]+) missing"),
    (Trouble::Unset, r"(?-i)[Cc]ould not resolve placeholder '(?P<what>[^']+)'"),
    (
        Trouble::Unset,
        r#"(?-i)(?i:environment|env(?: ?vars?)?|variables?)(?i: variables?| vars?)?:? ["'`]?(?P<what>[A-Z][A-Z0-9_]{2,})\b"#,
    ),
    (
        Trouble::Unset,
        r#"(?-i)\b(?P<what>[A-Z][A-Z0-9_]{2,})["'`]? (?i:(?:environment |env )?(?:variable )?(?:is|was|has|must|not|needs)(?: not| to)? (?:be )?(?:set|unset|been set|defined|undefined|provided|specified))"#,
    ),
    (
        Trouble::Unset,
        r#"(?-i)\b(?P<what>[A-Z][A-Z0-9]*_[A-Z0-9_]+)["'`]? (?i:(?:environment |env )?(?:variable )?(?:is |was )?(?:required|missing|unset|empty|undefined|not found|not set))"#,
    ),
    (
        Trouble::Unset,
        r"(?-i)(?i:missing|required|must (?:set|define|provide|specify)|(?:set|specify) one of)\b[^A-Z]{0,40}(?P<what>[A-Z][A-Z0-9]*_[A-Z0-9_]+)",
    ),
    (
        Trouble::Unset,
        r"superuser password is not specified|not found in environment|environment variable not found",
    ),
    (Trouble::Malformed, r"(?-i)assigning (?P<what>[A-Z][A-Z0-9_]+) to"),
    (
        Trouble::Malformed,
        r"(?-i)(?i:invalid (?:value|format)|(?:failed|unable|cannot|could not) (?:to )?parse|invalid)[^A-Z]{0,20}\b(?P<what>[A-Z][A-Z0-9]*_[A-Z0-9_]+)",
    ),
    (
        Trouble::Malformed,
        r#"(?-i)\b(?P<what>[A-Z][A-Z0-9_]{2,})["'`]?:? (?:= ?\S+ )?(?i:(?:must|should|has to|needs to) (?:be|contain|match) (?:an?|one of|in|between|of|valid)\b|is (?:not (?:an? (?:valid|number|integer|int|float|boolean|bool|port|url|duration|positive)|one of)|an invalid)\b)"#,
    ),
    (Trouble::Malformed, r#"strconv\.[a-zA-Z0-9_]+: parsing (?P<what>"[^"]*"): "#),
    (Trouble::Malformed, r"invalid literal for int\(\) with base 10: (?P<what>'[^']*')"),
    (Trouble::Malformed, r#"NumberFormatException: For input string: (?P<what>"[^"]*")"#),
    (Trouble::Malformed, r#"time: invalid duration (?P<what>"?[^"\s]*"?)"#),
    // What it is told on its command line.
    (
        Trouble::Argument,
        r"(?:required|missing)[^:\n]{0,60}\b(?:arguments?|options?|flags?)\b[^:\n]{0,40}: ?['\x22]?(?P<what>-{0,2}[a-zA-Z<][^\n;'\x22]{1,60})",
    ),
    (
        Trouble::Argument,
        r"(?:arguments?|options?|flags?) (?:is|are) required: (?P<what>[^\n;]{1,60})",
    ),
    (Trouble::Argument, r"required flag\(s\) (?P<what>[^\n]{1,60}) not set"),
    (Trouble::Flag, r"flag provided but not defined: (?P<what>-\S+)"),
    (Trouble::Flag, r"unknown (?:shorthand )?flag:? (?P<what>[^\n]{1,60})"),
    (Trouble::Flag, r"unrecogni[sz]ed arguments?:? (?P<what>[^\n]{1,60})"),
    (
        Trouble::Flag,
        r"(?:unrecogni[sz]ed|unknown|invalid|illegal|bad|no such) (?:vm )?option(?: --)?:? ?['\x22`]?(?P<what>[^\s'\x22`]+)",
    ),
    (Trouble::Flag, r"unexpected argument '(?P<what>[^']+)'"),
    (Trouble::Flag, r#"unknown command:? ["'](?P<what>[^"']+)["']"#),
    // Configuration.
    (Trouble::Config, r#"(?P<what>unknown directive "[^"]+" in \S+)"#),
    (Trouble::Config, r"\[emerg\][^\n]* in (?P<what>/\S+:[0-9]+|command line)"),
    (Trouble::Config, r#"configuration file "(?P<what>/[^"]+)" contains errors"#),
    (Trouble::Config, r"(?:yaml: )+(?P<what>yaml: [^\n]{1,120})"),
    (Trouble::Config, r"(?P<what>yaml: [^\n]{1,120})"),
    (
        Trouble::Config,
        r"yaml\.(?:scanner|parser|constructor)\.[a-zA-Z0-9_]+: (?P<what>[^\n]{1,120})",
    ),
    (
        Trouble::Config,
        r"(?P<what>invalid character .{1,6} looking for [^\n]{1,60}|unexpected end of JSON input)",
    ),
    (Trouble::Config, r"JSONDecodeError: (?P<what>[^\n]{1,120})"),
    (
        Trouble::Config,
        r"SyntaxError: (?P<what>[^\n]{0,60}(?:in JSON|is not valid JSON|JSON input)[^\n]{0,40})",
    ),
    (Trouble::Config, r#"syntax error in file "(?P<what>[^"]+)""#),
    (Trouble::Config, r#"(?P<what>unrecognized configuration parameter "[^"]+")"#),
    (Trouble::Config, r">>> '(?P<what>[^'\n]{1,80})'"),
    (Trouble::Config, r"fatal config file error|bad directive or wrong number of arguments"),
    (
        Trouble::Config,
        r"(?:error (?:loading|parsing|reading)|failed to (?:load|parse|read)|invalid) config(?:uration)?(?: file)?[^\n]{0,20}(?P<what>/[^\s:'\x22)]+)",
    ),
    (Trouble::Config, r"(?P<what>toml: [^\n]{1,120})|TOMLDecodeError"),
    (Trouble::Syntax, r"syntax ?error:? (?P<what>[^\n]{1,80})"),
    (Trouble::Memory, r"OutOfMemoryError:? (?P<what>[a-zA-Z0-9_ ]{1,40})"),
    (
        Trouble::Memory,
        r"heap out of memory|runtime: out of memory|\bMemoryError\b|cannot allocate memory",
    ),
];
