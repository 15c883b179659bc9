//! What is told of keys and of files with them before a server says no: the mode of a file, the key of a host.

use crate::log::reading::Trouble;

/// Read as `super::PATTERNS` says.
pub(in super::super) const PATTERNS: &[(Trouble, &str)] = &[
    (
        Trouble::Mode,
        r#"permissions (?:0?[0-7]{3} )?(?:for|of|on) (?:directory |file |folder )?['"`]?(/[^'"`\s]+)['"`]? (?:(?:are|is) )?(?:too |insecure|unsafe|bad\b|incorrect|not (?:safe|secure))|load key ['"]([^'"]+)['"]: bad permissions|bad owner(?:ship)? or (?:modes|permissions) (?:on|for) (?:file )?['"]?(/[^'"\s]+)"#,
    ),
    (
        Trouble::Mode,
        r#"(/[^'"`\s]+)['"`]? (?:has|have) (?:group or world access|(?:invalid|insecure|unsafe|bad|wrong|loose|(?:too|overly) (?:open|permissive|broad|loose|wide)) (?:file )?(?:permissions|mode))|(/[^'"`\s]+)['"`]? (?:is|are) (?:group|world)[ -](?:or[ -](?:group|world|others?)[ -])?(?:readable|accessible|writable)|config file \("([^"]+)"\) (?:can only be writable by the owner|must be owned by)"#,
    ),
    (
        Trouble::Mode,
        r#"(/[^'"`\s]+)['"`]?:? (?:must|should) (?:only )?be (?:accessible|readable|writable) (?:only )?by (?:its |the )?owner|(/[^'"`\s]+)['"`]?:? (?:must|should) (?:be|have) (?:owned by|(?:mode |permissions? )?0?[4-7][04]0\b)|(?:mode|permissions?) (?:of|for|on) ['"`]?(/[^'"`\s]+)['"`]?:? (?:must|should) be\b"#,
    ),
    (
        Trouble::Mode,
        r"unprotected private key file|private key files are not accessible by others|group or world access|(?:permissions?|mode)\b.{0,40}\btoo (?:open|permissive|loose|broad)\b|permissions (?:should|must) be (?:u=rw|0?[4-7][04]0\b)",
    ),
    (
        Trouble::HostKey,
        r#"host key for (?:server )?\[?['"]?([a-z0-9][a-z0-9_.-]*)['"]?\]?(?::[0-9]+)? (?:has changed|does not match)|no \S+ host key is known for \[?([a-z0-9][a-z0-9_.-]*)|server '([^']+)' not found in known_hosts|(?:reject HostKey|UnknownHostKey): ([a-z0-9][a-z0-9_.-]*)|authenticity of host '([^' ]+)"#,
    ),
    (
        Trouble::HostKey,
        r"host ?key verification failed|remote host identification has changed|knownhosts: key (?:is unknown|mismatch)|host ?key (?:mismatch|is (?:unknown|not (?:trusted|known))|not (?:found|verified))|unable to (?:verify|find) (?:the )?host ?key",
    ),
    // That it is there, and no key or certificate.
    (
        Trouble::Part,
        r#"cannot load certificate(?: key)? "([^"]+)".*(?:PEM[ _]|no start line|bad end line|key values mismatch)"#,
    ),
];
