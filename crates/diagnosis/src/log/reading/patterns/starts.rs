//! What stops a program before it begins: its arguments, its configuration, its memory.

use crate::log::reading::Trouble;

/// Read as `super::PATTERNS` says.
pub(in super::super) const PATTERNS: &[(Trouble, &str)] = &[
    (
        Trouble::Script,
        r#"missing script:? "?([^"\s]+)|^(?:\S+ )?(?:error )?command "([^"\s]+)" not found\.?$"#,
    ),
    (
        Trouble::Module,
        r#"cannot find package '([^']+)'|could not import(?: module)? ['"]([^'"]+)|the module (\S+) was not found|cannot import name '([^']+)'|cannot load such file -- (\S+)|module not found "([^"]+)""#,
    ),
    (
        Trouble::Part,
        r#"attribute ['"]([^'"]+)['"] (?:not found )?in|class uri '([^']+)' invalid|class "([^"]+)" not found|no main manifest attribute, in (\S+)|invalid or corrupt jarfile (\S+)|(\S+) has been compiled by a more recent|the application '([^']+\.dll)' does not exist"#,
    ),
    (Trouble::Argument, r"missing option '([^']+)'|required flag (-\S+) not provided"),
    (
        Trouble::Flag,
        r#"unknown (?:long |short )?(?:flag|variable|argument):? [`'"]([^`'"]+)|unknown argument: (\S+)|field not found, node: ([^\s'"]+)|argument: (-\S+).{0,20}couldn't find match|(\S+) is not a recognized option|no such command '([^']+)'|unrecogni[sz]ed subcommand '([^']+)'|no commands defined in the "([^"]+)" namespace|^\s*command "([^"]+)" is not defined"#,
    ),
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
    (
        Trouble::Config,
        r"syntax error (on line [0-9]+ of /[^\s:]+[:;\s]+[^\s:;][^\n,]{0,80})|(invalid command '[^']+'), perhaps misspelled",
    ),
    (
        Trouble::Config,
        r#"(unrecognized configuration parameter "[^"]+"(?: in file "[^"]+"(?: line [0-9]+)?)?)|\[emerg\] (unknown "[^"]+" variable)|(unknown keyword '[^']+'(?: in '[^']+' section)?)|(unknown entry '[^']+')|(unknown setting \[[^\]]+\])|(unknown configuration (?:variable|option|key|parameter|setting) "[^"]+")|tried to set (\S+), but there is no setting"#,
    ),
    (
        Trouble::Config,
        r"error initializing configuration '(/[^']+)'|config is invalid\. ([^\n]+)|YAMLException: ([^\n]+)|TOMLDecodeError: ([^\n]+)|(TOML parse error [^\n]+)|MissingSectionHeaderError: ([^\n]+)|SAXParseException;.*; ([^;\n]+)$|JsonParseException: ([^\n]+)",
    ),
    (Trouble::Config, r#"(?P<what>unknown directive "[^"]+" in \S+)"#),
    (
        Trouble::Config,
        r#"(unknown type: "[^"]+") for id|tried to instance a (plugin name that doesn't exist: '[^']+')|error initializing config '\s*(/[^\s']+)'"#,
    ),
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
        r"(?:error (?:loading|parsing|reading)|failed to (?:load|parse|read)|invalid) config(?:uration)?(?: file)?[^\n]{0,20}?(?P<what>/[^\s:'\x22)]+)",
    ),
    (Trouble::Config, r"(?P<what>toml: [^\n]{1,120})|TOMLDecodeError"),
    (
        Trouble::Config,
        r#"yaml-cpp: ([^\n]+)|(invalid yaml\b[^\n]+)|(?:^|\s)while (?:parsing|scanning) an? [a-z ]+$|invalid configuration: ([^\n]+)|config(?:uration)? error[.:] (?:error=)?([^\n]+)|config error (?:file=|in )["']?(/[^\s"':]+)"#,
    ),
    // A file of configuration by its name, with the line or with what was tried.
    (
        Trouble::Config,
        r"(?:syntax error (?:occurred )?(?:while parsing |in |at )?|(?:error|failed|unable|cannot|could not)(?: to)? (?:load|pars|read|merg)(?:e|ing)?\b[^\n/]{0,40})((?:on line [0-9]+ of )?/(?:[^\s:'\x22]*\.(?:ya?ml|toml|conf|cfg|ini|hcl|cnf|vcl|properties)|[^\s:'\x22]*(?:config|settings)[^\s:'\x22]*\.(?:json|xml)|etc/[^\s:'\x22]+))",
    ),
    (
        Trouble::Config,
        r"(/(?:[^\s:'\x22]*\.(?:ya?ml|toml|conf|cfg|ini|hcl|cnf|vcl|properties)|[^\s:'\x22]*(?:config|settings)[^\s:'\x22]*\.(?:json|xml)|etc/[^\s:'\x22]+)(?::[0-9]+|:? line [0-9]+)).*(?:error|unknown|unrecogni[sz]ed|invalid|unexpected|illegal|undefined|mismatched|duplicate)|(?:error|fatal|unknown|invalid|unexpected|illegal|cannot|could not|failed)\b.*?(/(?:[^\s:'\x22]*\.(?:ya?ml|toml|conf|cfg|ini|hcl|cnf|vcl|properties)|[^\s:'\x22]*(?:config|settings)[^\s:'\x22]*\.(?:json|xml)|etc/[^\s:'\x22]+)(?::[0-9]+|:? line [0-9]+))",
    ),
    (Trouble::Syntax, r"syntax ?error:? (?P<what>[^\n]{1,80})"),
    (Trouble::Memory, r"(gc heap initialization failed)"),
    (Trouble::Memory, r"OutOfMemoryError:? (?P<what>[a-zA-Z0-9_ ]{1,40})"),
    (
        Trouble::Memory,
        r"heap out of memory|runtime: out of memory|\bMemoryError\b|cannot allocate memory",
    ),
    (
        Trouble::Memory,
        r"could not reserve enough space|allowed memory size of [0-9]+ bytes exhausted|\bNoMemoryError\b",
    ),
];
