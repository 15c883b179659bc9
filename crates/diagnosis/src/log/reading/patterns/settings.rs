//! Variables that are missing, and values that cannot be read.

use crate::log::reading::Trouble;

/// Read as `super::PATTERNS` says.
pub(in super::super) const PATTERNS: &[(Trouble, &str)] = &[
    (
        Trouble::Malformed,
        r#"(?-i)[\"'`]([A-Z][A-Z0-9_]{2,})[\"'`] (?i:(?:is )?(?:invalid|malformed|not valid|could not be parsed)\b)"#,
    ),
    // A flag and the variable that stands for it, or the file that reads it.
    (
        Trouble::Unset,
        r"(?-i)(?i:required|missing|must be|not (?:set|specified|given)).*[\[(](?i:(?:or )?\$|(?:or )?env(?:ironment)?(?: var(?:iable)?)?:? \$?)(?P<what>[A-Z][A-Z0-9_]{2,})[\])=]",
    ),
    (
        Trouble::Unset,
        r#"(?-i)(?i:required|missing|must|please|not set|undefined).*\benv(?:\.\w+)?\(['"`](?P<what>[A-Z][A-Z0-9_]{2,})['"`]"#,
    ),
    (Trouble::Malformed, r"invalid DSN\b|\bBadDsn\b"),
    (Trouble::Malformed, r"\bur[il] must (?:specify|start with|begin with|have|use|include)\b"),
    (
        Trouble::Malformed,
        r#"(?:non-?existent|no such|unknown|unsupported|invalid) (["'`][a-z][\w+.-]*["'`]) (?:adapter|driver|dialect|engine)\b"#,
    ),
    // A section of the settings of .NET, whose members are parted by two underscores in variables.
    (Trouble::Unset, r"(?-i)\bThe '?(?P<what>[A-Z]\w*(?::\w+)+)'? field is required"),
    // Of a scheme, which its address begins with.
    (
        Trouble::Malformed,
        r#"unsupported (?:protocol|url) scheme:? ["']?([a-z][a-z0-9+.-]*)|\bprotocol ["']?([a-z][a-z0-9+.-]*):?["']? (?:is )?not supported|unknown url type: ["']?([a-z][a-z0-9+.-]*)|no connection adapters were found for ["']([a-z][a-z0-9+.-]*)://|unsupported protocol:? ["']?([a-z][a-z0-9+.-]*)"#,
    ),
    (Trouble::Malformed, r#"origin: system environment property "([^"]+)""#),
    (
        Trouble::Unset,
        r#"(?-i)\b([A-Z][A-Z0-9_]{2,})[\"'`]? (?i:(?:environment |env )?variable (?:is|was|must|has|needs))"#,
    ),
    (
        Trouble::Unset,
        r#"(?-i)\b([A-Z][A-Z0-9_]{2,}): ?\[ ?['\"](?i:required)|[\"'`]([A-Z][A-Z0-9_]{2,})[\"'`] is a required|\b[Ff]ield \"([^\"]+)\" is required|[Cc]onfiguration key \"([^\"]+)\" does not exist"#,
    ),
    (
        Trouble::Unset,
        r#"(?-i)\b(?i:set|setting|define|provide) (?i:the )?[\"'`]?([A-Z][A-Z0-9_]{2,})[\"'`]? (?i:environment variable)|[\"'`]([A-Z][A-Z0-9_]{2,})[\"'`] (?i:env(?:ironment)? var)|\b[Tt]he ([A-Z][A-Z0-9_]{2,}) setting must not be empty|[Ee]ither ['\"]([A-Z][A-Z0-9_]{2,})['\"] or\b|\bENV\[['\"]([A-Z][A-Z0-9_]{2,})['\"]\]"#,
    ),
    (
        Trouble::Unset,
        r#"config(?:uration)? property (\S+) is required|missing required (?:configuration|config|setting)(?: key| property| option| entry| field| value)?(?:: ?\[?"?([a-zA-Z0-9_.-]+)| \[?"([a-zA-Z0-9_.-]+)| ([a-zA-Z0-9]+[_.-][a-zA-Z0-9_.-]+))"#,
    ),
    (
        Trouble::Unset,
        r"\bno ([a-z][\w-]*(?:\.[\w-]+)+) (?:was |is )?(?:found|defined|specified|provided|configured|set) in (?:the )?(?:consumer|producer|admin|client|connector|broker) (?:config|properties)",
    ),
    (Trouble::Unset, r"could not resolve substitution to a value: \$\{\??([\w.-]+)\}"),
    (Trouble::Malformed, r#"(?-i)\b([A-Z][A-Z0-9_]{2,}): ?\[ ?['\"]"#),
    (Trouble::Unset, r"invalid environment variables?$"),
    // Of a file, which has lines.
    (Trouble::Config, r"(missing field `[^`]+` at line [0-9]+(?: column [0-9]+)?)"),
    (
        Trouble::Unset,
        r"missing (?:value for )?field `?([a-zA-Z_][a-zA-Z0-9_.]*)|Missing(?:Value|Field|Key|Env|Var)[a-z]*\(\x22([a-zA-Z_][a-zA-Z0-9_.]*)|missing environment variable.{0,20} name = \x22([a-zA-Z_][a-zA-Z0-9_.]*)|an `Err` value: (?:NotPresent|VarError)",
    ),
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
    (
        Trouble::Unset,
        r"(?-i)[Cc]ould not resolve placeholder ['\x22]?(?:\$\{)?(?P<what>[A-Za-z_][A-Za-z0-9_.-]*)",
    ),
    (
        Trouble::Unset,
        r#"(?-i)(?i:environment|env(?: ?vars?)?|variables?)(?i: variables?| vars?)?:? (?:- ?)?["'`]?(?P<what>[A-Z][A-Z0-9_]{2,})\b"#,
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
        r#"(?-i)\b(?P<what>[A-Z][A-Z0-9_]{2,})["'`]?:?(?: ?= ?\S+)? (?i:(?:must|should|has to|needs to) (?:be|contain|match) (?:an?|one of|in|between|of|valid)\b|is (?:not (?:an? (?:valid|number|integer|int|float|boolean|bool|port|url|duration|positive)|one of)|an invalid)\b)"#,
    ),
    (Trouble::Malformed, r#"strconv\.[a-zA-Z0-9_]+: parsing (?P<what>"[^"]*"): "#),
    (Trouble::Malformed, r"invalid literal for int\(\) with base 10: (?P<what>'[^']*')"),
    (Trouble::Malformed, r#"NumberFormatException: For input string: (?P<what>"[^"]*")"#),
    (Trouble::Malformed, r#"time: invalid duration (?P<what>"?[^"\s]*"?)"#),
    (
        Trouble::Malformed,
        r#"time: (?:missing unit in|unknown unit \S+ in|invalid) duration ("[^"]*"|\S+)|not a valid duration string: ("[^"]*")"#,
    ),
    (
        Trouble::Malformed,
        r#"\bparse ("[^"]*"): |cannot parse (`[^`]*`)|address ([^\s:]+): (?:missing port in address|invalid port)|lookup tcp/(\S+): unknown port|invalid URL scheme: (\S+)|unknown time zone (\S+)|no time zone found with key ([^\s']+)"#,
    ),
    (
        Trouble::Malformed,
        r#"(?:unknown|invalid|unrecogni[sz]ed) (?:log(?:ging)? ?)?level(?: string)?:? (['"`][\w-]+['"`]|\S+)|logrus level: (\S+)|level string (\S+): unknown|default level:(\S+) must be"#,
    ),
    (
        Trouble::Malformed,
        r#"invalid (?:value|argument) ("[^"]*"|'[^']*') for|invalid value for (?:'[^']+'|-\S+)(?: / '[^']+')?: (['"][^'"]*['"]) is not|argument [^:]+: invalid \w+(?: value)?: ('[^']*')"#,
    ),
    (
        Trouble::Malformed,
        r#"convert string to float: ('[^']*')|input string ('[^']*') was not in a correct format|expected an? [a-z]+ value, (?:but )?(?:got|found) ("[^"]*")|invalid truth value:? (\S+)|(?:input should be|unable to parse).*input_value=('[^']*')|SQLAlchemy URL from string ('[^']*')|sqlalchemy\.dialects:(\S+)|('[^']+') isn't an available|(['"`][^'"`]+['"`]) is not (?:an? )?(?:valid|known|allowed)"#,
    ),
    (
        Trouble::Malformed,
        r"received type \w+ \(([^)]+)\)|^\s*input: ('[^']*'),?$|no enum constant [\w.$]*\.(\w+)|text ('[^']*') (?:cannot|could not) be parsed|claims to not accept jdbcUrl, (\S+)|no suitable driver found for (\S+)|invalid (?:maximum|initial) heap size: (\S+)",
    ),
    (
        Trouble::Malformed,
        r#"invalid value (\S+) for configuration|invalid url in \S+: (\S+)|failed to parse value \[([^\]]*)\]|invalid value for \w+\(\): ("[^"]*")|bad URI ?\(is not URI\?\): ("[^"]*")|invalid value for parameter "[^"]+": ("[^"]*")|invalid port number: ("[^"]*")|setting value ('[^']*') to|bad digit .* while parsing (\S+)"#,
    ),
    (
        Trouble::Malformed,
        r"\bParse(?:Int|Float|Bool)Error\b|RelativeUrlWithoutBase|: invalid URL\b|could not parse SQLAlchemy URL|URL must specify one of the following schemes|must start with the protocol|expected connection string to start with|invalid connection string",
    ),
    // Keys, and what is to become one.
    (
        Trouble::Malformed,
        r"\b(?:DECODER|PEM|asn1 encoding) routines\b|\bno start line\b|bad base64 decode|(?:illegal|invalid|malformed) base64|illegal character in base64|base64[^\n]{0,20}(?:incorrect|invalid) padding|\bincorrect padding\b|could not deserialize key data|invalid key ?format|\bInvalidKey(?:Spec)?Exception\b|secretOrPrivateKey must be|invalid (?:private|public|signing|secret|encryption) key\b|invalid key (?:length|size)\b|(?:\b|_)(?:key|secret) must (?:be|have|contain) (?:at least |exactly )?[0-9]+|(?:invalid|no valid|not a valid|failed to decode|unable to decode) PEM\b|(?:failed|unable|could not|cannot) (?:to )?(?:parse|decode|deserialize) (?:the |a )?(?:\w+ )?(?:private|public|signing|encryption) key\b",
    ),
];
